"""DynamoDB as the services see it: models bound to tables, transactions, errors as problems."""

from libs.dynamodb.cursor import CursorSigner, Position
from libs.dynamodb.database import Database
from libs.dynamodb.errors import as_problem, error_code, is_condition_failure
from libs.dynamodb.mismatch import TableMismatch
from libs.dynamodb.stored import plain_name, stored_attributes
from libs.dynamodb.table import Answer, Change, ConditionFailed, Item, Put, Remove, Table, Write
from libs.dynamodb.transaction import Transaction, current_transaction
from libs.dynamodb.usage import Call, Usage, usage_scope

__all__ = [
    "Answer",
    "Call",
    "Change",
    "ConditionFailed",
    "CursorSigner",
    "Database",
    "Item",
    "Position",
    "Put",
    "Remove",
    "Table",
    "TableMismatch",
    "Transaction",
    "Usage",
    "Write",
    "as_problem",
    "current_transaction",
    "error_code",
    "is_condition_failure",
    "plain_name",
    "stored_attributes",
    "usage_scope",
]
