"""DynamoDB as the services see it: models bound to tables, transactions, errors as problems."""

from libs.dynamodb.database import Database, TableMismatch
from libs.dynamodb.errors import as_problem, error_code, is_condition_failure
from libs.dynamodb.transaction import Transaction, current_transaction

__all__ = [
    "Database",
    "TableMismatch",
    "Transaction",
    "as_problem",
    "current_transaction",
    "error_code",
    "is_condition_failure",
]
