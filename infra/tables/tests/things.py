"""A model to change in tests, and what tests say of its table."""

from typing import Any

from pynamodb.attributes import NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, IncludeProjection, LocalSecondaryIndex
from pynamodb.models import Model

from infra.tables.templates import Template, template

KINDS = {"local": LocalSecondaryIndex, "global": GlobalSecondaryIndex}


def index(kind: str, name: str, *, projected: list[str] | None = None, by: str = "branch") -> Any:
    """Return an index by owner and another attribute."""
    projection = AllProjection() if projected is None else IncludeProjection(projected)
    meta = type("Meta", (), {"index_name": name, "projection": projection})
    keys = {"owner": UnicodeAttribute(hash_key=True), by: UnicodeAttribute(range_key=True)}
    return type("Index", (KINDS[kind],), {"Meta": meta, **keys})()


def model(*, table: str = "things", meta: dict[str, Any] | None = None, **changed: Any) -> type[Model]:
    """Return a model keyed by owner and id; an attribute that is None is left out."""
    attributes: dict[str, Any] = {
        "owner": UnicodeAttribute(hash_key=True),
        "id": UnicodeAttribute(range_key=True),
        "branch": UnicodeAttribute(null=True),
        "title": UnicodeAttribute(),
        "size": NumberAttribute(null=True),
        "expires_at": TTLAttribute(null=True),
        "by_branch": index("global", "by-branch"),
        **changed,
    }
    kept = {name: one for name, one in attributes.items() if one is not None}
    return type("Thing", (Model,), {"Meta": type("Meta", (), {"table_name": table, **(meta or {})}), **kept})


def things(**changed: Any) -> Template:
    """Return the template of a service with that model alone."""
    return template("shop", [model(**changed)])
