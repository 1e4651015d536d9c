"""One connection to DynamoDB for all models of a service."""

from collections.abc import Sequence

from botocore.exceptions import ClientError
from pynamodb.exceptions import GetError, TableError
from pynamodb.models import Model

from libs.dynamodb.connection import ItemConnection
from libs.dynamodb.errors import error_code, is_throttled
from libs.dynamodb.mismatch import TableMismatch, check_table
from libs.dynamodb.stored import plain_name
from libs.dynamodb.transaction import Transaction


class Database:
    """Bind PynamoDB models to the tables of this environment.

    A model names its table plainly (``Meta.table_name = "users"``); binding puts `table_prefix` before
    the name and gives all models one client, one connection pool, one circuit breaker and one budget of
    retries (`Calls`). Credentials
    come from where botocore finds them (environment, instance role).

    :param models: the models to bind; a model is bound to one database at a time.
    :param region: AWS region, also where `endpoint` is a local one.
    :param endpoint: URL of DynamoDB Local; None for AWS.
    :param max_connections: size of the pool: the number of threads that use it at once.
    """

    def __init__(
        self,
        models: Sequence[type[Model]],
        *,
        region: str,
        endpoint: str | None = None,
        table_prefix: str = "",
        max_connections: int = 16,
    ) -> None:
        self.models = tuple(models)
        self.table_prefix = table_prefix
        self.max_connections = max_connections
        self.connection = ItemConnection(region, endpoint, max_connections=max_connections)
        self.bind()

    def bind(self) -> None:
        """Bind the models, again if another database has bound one of them since."""
        for model in self.models:
            self._bind(model, self.table_prefix)

    def _bind(self, model: type[Model], prefix: str) -> None:
        meta = model.Meta
        plain = plain_name(model)
        meta.plain_table_name = plain  # type: ignore[attr-defined]  # bound again, it gets one prefix, not two
        meta.table_name = prefix + plain
        model._connection = None
        table = model._get_connection()
        if meta.table_name not in self.connection._tables:  # several models may share one
            self.connection.add_meta_table(table.get_meta_table())
        table.connection = self.connection

    def create_tables(self) -> None:
        """Create the tables that are missing. Several processes may do so at once.

        :raises TableMismatch: if one that is there has other keys or indexes than its model.
        """
        for model in self.models:
            try:
                # Setting the time to live of a table that has one already is an error to AWS.
                model.create_table(wait=True, billing_mode="PAY_PER_REQUEST", ignore_update_ttl_errors=True)
            except TableError as error:
                if error_code(error) != "ResourceInUseException":
                    raise
                # Another process is making it.
                ready = self.connection.client.get_waiter("table_exists")
                ready.wait(TableName=model.Meta.table_name, WaiterConfig={"Delay": 1})

            described = self.connection.dispatch("DescribeTable", {"TableName": model.Meta.table_name})
            check_table(model, described["Table"])

    def check_tables(self) -> None:
        """Check that every table is there, as its model takes it, and can be used.

        :raises TableMismatch: naming everything that is missing or differs.
        :raises ClientError: as DynamoDB says, such as that they may not be described.
        :raises BotoCoreError: if nobody answers.
        """
        faults = []
        for model in self.models:
            name = model.Meta.table_name
            try:
                described = self.connection.dispatch("DescribeTable", {"TableName": name})["Table"]
                check_table(model, described)
                if described["TableStatus"] == "CREATING":
                    faults.append(f"table {name} is still being made.")
            except TableMismatch as fault:
                faults.append(str(fault))
            except ClientError as error:
                if error_code(error) != "ResourceNotFoundException":
                    raise
                faults.append(f"table {name} is missing.")
        if faults:
            raise TableMismatch("\n".join(dict.fromkeys(faults)))

    def delete_tables(self) -> None:
        """Delete the tables that are there, and all they hold."""
        for model in {model.Meta.table_name: model for model in self.models}.values():
            try:
                model.delete_table()
            except TableError as error:
                if error_code(error) != "ResourceNotFoundException":
                    raise

    def ping(self) -> None:
        """Read a row that is not there: half a read unit, and proof that tables can be read.

        Raises what `as_problem` understands where DynamoDB is away. Throttled, it is there: one busy table
        would else turn away those who ask for others.
        """
        has_range_key = any(one.is_range_key for one in self.models[0].get_attributes().values())
        with self.connection.calls.once():
            try:
                self.connection.get_item(self.models[0].Meta.table_name, "-", "-" if has_range_key else None)
            except GetError as error:
                if not (isinstance(error.cause, ClientError) and is_throttled(error.cause)):
                    raise

    def transaction(self) -> Transaction:
        """Return a transaction; see there."""
        return Transaction(self.connection)
