"""The PynamoDB model of a class: what `Database` binds, creates and checks the table of."""

from collections.abc import Collection, Mapping
from typing import Any

from pynamodb.attributes import Attribute, BinaryAttribute, NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, LocalSecondaryIndex
from pynamodb.models import Model

from libs.api.persistence.declaration import Declaration, Index
from libs.api.persistence.forms import Form
from libs.dynamodb.stored import OPTIONAL

_KINDS: Mapping[str, type[Attribute[Any]]] = {"S": UnicodeAttribute, "N": NumberAttribute}


def table_model(
    name: str, declaration: Declaration, forms: Mapping[str, Form], required: Collection[str] = ()
) -> type[Model]:
    """Return a model with the keys, indexes and time to live of a declaration, and no other attributes.

    :param name: the schema's.
    :param forms: how each property is stored.
    :param required: the properties that every object has.
    """
    has = {
        one: (form.type or "*") + ("" if one in required or one in declaration.keys else OPTIONAL)
        for one, form in forms.items()
    }

    def key(attribute: str, *, is_hash: bool) -> Attribute[Any]:
        if forms[attribute].type == "B":
            return BinaryAttribute(
                hash_key=is_hash, range_key=not is_hash, attr_name=attribute, legacy_encoding=False
            )
        kind = _KINDS[str(forms[attribute].type)]
        return kind(hash_key=is_hash, range_key=not is_hash, attr_name=attribute)

    def keys(of: Declaration | Index) -> dict[str, Attribute[Any]]:
        # By names of our own: a property may be called `save`.
        made = {"stored_hash_key": key(of.hash_key, is_hash=True)}
        if of.range_key is not None:
            made["stored_range_key"] = key(of.range_key, is_hash=False)
        return made

    body: dict[str, Any] = {
        "__doc__": f"The table of {name}.",
        "Meta": type("Meta", (), {"table_name": declaration.table, "stored_attributes": has}),
        **keys(declaration),
    }
    if declaration.ttl:
        body["stored_ttl"] = TTLAttribute(attr_name=declaration.ttl, null=True)
    for number, (index_name, index) in enumerate(declaration.indexes.items()):
        base = LocalSecondaryIndex if index.local else GlobalSecondaryIndex
        meta = type("Meta", (), {"index_name": index_name, "projection": AllProjection()})
        body[f"stored_index_{number}"] = type(
            f"{name}Index{number}", (base,), {"Meta": meta, **keys(index)}
        )()
    return type(f"{name}Table", (Model,), body)
