"""What clients see of operations."""

from pathlib import Path

from pynamodb.exceptions import DoesNotExist

from libs.api import Contribution, Result, read_document
from libs.errors import NotFound
from libs.jwt import Caller
from libs.tasks.operation import Operation


def accepted(operation: Operation) -> Result:
    """Return the answer to a request that started `operation`: 202 and where to follow it."""
    headers = {"Location": f"/operations/{operation.id}"}
    return Result(operation.to_json(), status=202, headers=headers)


def get_operation(operation_id: str, caller: Caller) -> Result:
    """Answer how far an operation is, to its owner only.

    :raises NotFound: if there is none, or it is somebody else's.
    """
    try:
        operation = Operation.get(operation_id, consistent_read=True)
    except DoesNotExist:
        raise NotFound from None
    if operation.owner != caller.subject:
        raise NotFound
    return Result(operation.to_json())


def operations_contribution() -> Contribution:
    """Return ``GET /operations/{operation_id}`` and the schemas of operations."""
    document = read_document(Path(__file__).with_name("operations.yaml"))
    schemas = document["components"]["schemas"]
    return Contribution(document["paths"], {"get_operation": get_operation}, schemas, document["tags"])
