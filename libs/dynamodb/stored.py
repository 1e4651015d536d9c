"""What a model says of its table without being bound to one: its plain name, and what its items have."""

from collections.abc import Mapping

from pynamodb.models import Model

OPTIONAL = "?"
"""Behind the type of an attribute that an item may be without."""


def plain_name(model: type[Model]) -> str:
    """Return the name of a model's table without a prefix, whether the model is bound or not."""
    meta = model.Meta
    name: str = vars(meta).get("plain_table_name", meta.table_name)
    return name


def stored_attributes(model: type[Model]) -> dict[str, str]:
    """Return what items of a model have, by name: ``{"title": "S", "due_at": "S?"}``, in order of names.

    The types are DynamoDB's; an `OPTIONAL` one may be missing, as ``null=True`` and ``default=`` have it: a
    row from before there was the attribute can be read, and be written again. A model that is no more than
    the keys of its table says in ``Meta.stored_attributes`` what else is stored; ``*`` is any type.
    """
    told: Mapping[str, str] | None = getattr(model.Meta, "stored_attributes", None)
    if told is None:
        told = {
            one.attr_name: one.attr_type + (OPTIONAL if one.null or one.default is not None else "")
            for one in model.get_attributes().values()
        }
    return dict(sorted(told.items()))
