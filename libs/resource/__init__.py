"""The resource framework: one model and one class are list, create, read, update, delete, and more.

Follow a request through the modules in this order::

    schema           the model's attributes as marshmallow fields         fields, storable
    scope            whose rows the caller may reach                      permissions
    where            which rows a client asks for                         operators, geo, sorting, query
    plan             the cheapest way to them                             layout, condition, derived
    store            reading and writing them on DynamoDB                 reading, row, totals
    pages            full to the last, with cursors                       cursor, listing
    representation   what a client sees of a row                          serializer, answers, etag

and how they are put together::

    configuration    every setting of a resource
    resource         the class, and the steps of its actions              bodies, hooks, parser
    actions          list, create, retrieve, update, replace, delete, group, stats, sample
    operations       the OpenAPI description of it all                    components
"""

from libs.resource.actions import (
    Create,
    Delete,
    Group,
    List,
    Replace,
    Retrieve,
    Sample,
    Stats,
    Update,
)
from libs.resource.answers import Listing
from libs.resource.cursor import CursorSigner
from libs.resource.derived import DerivedAttribute, LowercaseAttribute
from libs.resource.events import after, after_parse, around, before, handles, on_problem
from libs.resource.operations import describe
from libs.resource.parser import Parser, parse_value, processor
from libs.resource.permissions import (
    AllowAny,
    HasScopes,
    IsAuthenticated,
    IsOwner,
    Permission,
    ReadOnly,
)
from libs.resource.query import ParameterNames, Query
from libs.resource.resource import ModelResource
from libs.resource.row import Row
from libs.resource.scope import Everyone, Extent, OwnedBy, Scope, Within
from libs.resource.serializer import Serializer
from libs.resource.totals import Total, Totals

__all__ = [
    "AllowAny",
    "Create",
    "CursorSigner",
    "Delete",
    "DerivedAttribute",
    "Everyone",
    "Extent",
    "Group",
    "HasScopes",
    "IsAuthenticated",
    "IsOwner",
    "List",
    "Listing",
    "LowercaseAttribute",
    "ModelResource",
    "OwnedBy",
    "ParameterNames",
    "Parser",
    "Permission",
    "Query",
    "ReadOnly",
    "Replace",
    "Retrieve",
    "Row",
    "Sample",
    "Scope",
    "Serializer",
    "Stats",
    "Total",
    "Totals",
    "Update",
    "Within",
    "after",
    "after_parse",
    "around",
    "before",
    "describe",
    "handles",
    "on_problem",
    "parse_value",
    "processor",
]
