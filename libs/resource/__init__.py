"""The resource framework: one model and one class are list, create, read, update, delete, and more.

Follow a request through it in this order::

    schema           a model as marshmallow fields, and as JSON schema         schema/from_model, bodies
    permissions      what a caller may do
    scope            whose rows they may reach
    query/where      which of these they ask for, in which order               query/sorting
    query/plan       the cheapest way to them                                  query/layout, condition
    store            reading, page by page; writing, on conditions; totals     store/reading, pages, store
    answers          what a client sees of a row                               schema/representation, etag

and see how it is put together::

    configuration    every setting of a resource, checked at start             start
    resource         the steps of an action, each to be overridden             hooks/events
    actions          list, create, retrieve, update, replace, delete, group, stats, sample
    operations       the OpenAPI description of them                           components

`libs.resource.geo` has places; it needs shapely and is imported by who uses it.
"""

from libs.dynamodb import CursorSigner
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
from libs.resource.hooks.events import after, after_parse, around, before, handles, on_problem
from libs.resource.operations import describe
from libs.resource.permissions import (
    AllowAny,
    HasRoles,
    HasScopes,
    IsAuthenticated,
    IsOwner,
    Permission,
    ReadOnly,
)
from libs.resource.query.derived import DerivedAttribute, LowercaseAttribute
from libs.resource.query.parameters import ParameterNames, Query
from libs.resource.resource import ModelResource
from libs.resource.schema.parser import Parser, parse_value, processor
from libs.resource.schema.serializer import Serializer
from libs.resource.scope import Everyone, Extent, OwnedBy, Scope, Within
from libs.resource.store.row import Row
from libs.resource.store.totals import Total, Totals

__all__ = [
    "AllowAny",
    "Create",
    "CursorSigner",
    "Delete",
    "DerivedAttribute",
    "Everyone",
    "Extent",
    "Group",
    "HasRoles",
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
