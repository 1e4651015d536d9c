"""The resource framework: one model and one class are list, create, read, update, delete.

Follow a request through the modules in this order::

    schema           the model's attributes as marshmallow fields
    scope            whose rows the caller may see
    permissions      what the caller may do
    where            which rows a client asks for, with the operators it may use
    store            reading and writing them on DynamoDB
    cursor           where the next page starts
    document         the OpenAPI description of it all
    resource         the class that puts them together
    actions          what it can do: list, create, retrieve, update, delete
"""

from libs.resource.actions import Create, Delete, List, Retrieve, Update
from libs.resource.cursor import CursorSigner
from libs.resource.permissions import HasScopes, Permission, ReadOnly
from libs.resource.resource import ModelResource
from libs.resource.scope import OwnedBy, Scope

__all__ = [
    "Create",
    "CursorSigner",
    "Delete",
    "HasScopes",
    "List",
    "ModelResource",
    "OwnedBy",
    "Permission",
    "ReadOnly",
    "Retrieve",
    "Scope",
    "Update",
]
