"""What is wrong with the settings of a resource, told when it is made: each fault names class and setting."""

from collections.abc import Collection
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, get_args

from marshmallow import fields
from pynamodb.attributes import UTCDateTimeAttribute
from pynamodb.models import Model

from libs.resource.answers import SHOWING
from libs.resource.bodies import TAKING
from libs.resource.configuration import Configuration, about
from libs.resource.query.layout import indexes_of
from libs.resource.query.parameters import Count, ParameterNames
from libs.resource.query.where import WhereParser
from libs.resource.schema.fitting import check_fits
from libs.resource.scope import Scope
from libs.resource.store.aggregate import check_groups, check_stats

if TYPE_CHECKING:
    from libs.resource.resource import Resource

_ATTRIBUTES = ("read_only", "write_only", "required", "fields", "rest_rw")
_FIELDS = ("queryable", "sortable", "groupable", "measurable")
_ACTIONS = ("enabled", "disabled", "public")
_BOUNDS = ("default_limit", "largest_limit", "most_examined")
_ARGUMENTS = {"caller", "key", "body", "field", "fields", "if_match", "if_none_match"}
"""What the functions of operations are called with beside the parameters of a `Query`."""
_ORDERED = (fields.Boolean, fields.DateTime, fields.Number, fields.String)


def check_declared(resource: "Resource") -> None:
    """Check what can be checked before anything is made of it.

    :raises TypeError: naming the setting.
    """
    with about(resource, "model"):
        model = getattr(resource, "model", None)
        if not (isinstance(model, type) and issubclass(model, Model)):
            raise TypeError("must be a PynamoDB model")
    with about(resource, "scope"):
        if not isinstance(getattr(resource, "scope", None), Scope):
            raise TypeError("must say whose rows a caller may reach: Everyone(), OwnedBy(…), Within(…)")
        resource.scope.check(resource.model)
    _check_settings(resource)
    attributes = model.get_attributes()
    for setting in _ATTRIBUTES:
        _check_known(resource, setting, attributes)
    _check_known(resource, "complete_indexes", indexes_of(model))
    for name, field in resource.fields.items():
        with about(resource, "fields"):
            if not isinstance(field, fields.Field):
                raise TypeError(f"{name} must be a marshmallow field, not {field!r}")
    for setting in ("created", "updated"):
        name = getattr(resource, setting)
        with about(resource, setting):
            if name is not None and not isinstance(attributes.get(name), UTCDateTimeAttribute):
                raise TypeError(f"{name!r} is no UTCDateTimeAttribute of {model.__name__}")
    for setting in _BOUNDS:
        with about(resource, setting):
            if type(getattr(resource, setting)) is not int or getattr(resource, setting) < 1:
                raise TypeError("must be an integer, 1 or more")
    with about(resource, "default_count"):
        if resource.default_count not in get_args(Count):
            raise TypeError(f"must be one of {', '.join(get_args(Count))}, not {resource.default_count!r}")
    with about(resource, "default_limit"):
        if resource.default_limit > resource.largest_limit:
            raise TypeError("is more than largest_limit")
    _check_envelopes(resource)
    _check_parameters(resource)


def _check_settings(resource: "Resource") -> None:
    # A setting that is misspelt, `permission` for one, would leave open what was to be closed.
    known = set(Configuration.__annotations__)
    for one in type(resource).__mro__:
        for name, value in vars(one).items():
            is_method = hasattr(value, "__get__") or (callable(value) and not isinstance(value, type))
            is_setting = not name.startswith("_") and not is_method
            if is_setting and name not in known:
                near = get_close_matches(name, known, 1, cutoff=0.4)
                told = f"; is it {near[0]}?" if near else ""
                raise TypeError(f"{one.__name__}.{name}: there is no such setting{told}")


def check_actions(resource: "Resource", known: Collection[str]) -> None:
    """Check the settings that name actions.

    :param known: the actions its classes have.
    :raises TypeError: naming the setting.
    """
    for setting in _ACTIONS:
        if getattr(resource, setting) is not None:
            _check_known(resource, setting, known)
    _check_known(resource, "serializers", [action for action in known if action in SHOWING])
    _check_known(resource, "parsers", [action for action in known if action in TAKING])


def check_fields(resource: "Resource") -> None:
    """Check the settings that name what is shown and taken.

    :raises TypeError: naming the setting.
    """
    shown, codec = resource.bodies.whole.fields, resource.store.codec
    for setting in _FIELDS:
        _check_known(resource, setting, resource.bodies.readable)
    _check_known(resource, "required", resource.bodies.taken("create"))
    asked = {*resource.queryable, *resource.sortable}
    with about(resource, "fields"):
        for name, field in resource.fields.items():
            if name in shown and (name in asked or not field.dump_only):
                check_fits(field, codec.attributes[name], f"{resource.model.__name__}.{name}")
    with about(resource, "model"):
        if clash := _ARGUMENTS.difference({"key"}).intersection(resource.keys.parameters):
            raise TypeError(f"a parameter of a path cannot be called {', '.join(sorted(clash))}")
    with about(resource, "queryable"):
        WhereParser({name: shown[name] for name in resource.queryable})
    with about(resource, "sortable"):
        for name in resource.sortable:
            if not isinstance(shown[name], _ORDERED):
                raise TypeError(f"{name} has no order: it is a {type(shown[name]).__name__}")
    with about(resource, "groupable"):
        check_groups(codec, resource.groupable)
    with about(resource, "measurable"):
        check_stats(codec, resource.measurable)
    with about(resource, "require_if_match"):
        if resource.require_if_match and resource.store.version is None:
            raise TypeError("needs a VersionAttribute: without one no tag is strong enough to match")
    with about(resource, "default_sort"):
        for key in filter(None, resource.default_sort.split(",")):
            if key.removeprefix("-") not in resource.sortable:
                raise TypeError(f"{key!r} is not in sortable")


def _check_known(resource: "Resource", setting: str, known: Collection[str]) -> None:
    names: Any = getattr(resource, setting)
    with about(resource, setting):
        if isinstance(names, str) or not isinstance(names, Collection):
            raise TypeError(f"must be a tuple of names, not {names!r}")
        if unknown := [name for name in names if name not in known]:
            raise TypeError(
                f"there is no {', '.join(map(str, unknown))}; there are {', '.join(sorted(known))}"
            )


def _check_envelopes(resource: "Resource") -> None:
    for setting, may_be_none in (
        ("list_envelope", False),
        ("meta_envelope", True),
        ("single_envelope", True),
    ):
        name = getattr(resource, setting)
        with about(resource, setting):
            if not (name is None and may_be_none) and not (isinstance(name, str) and name):
                raise TypeError(f"must be the name of a member, not {name!r}")
    with about(resource, "meta_envelope"):
        if resource.meta_envelope in (resource.list_envelope, "stats"):
            raise TypeError(f"there is another {resource.meta_envelope!r} beside it")


def _check_parameters(resource: "Resource") -> None:
    with about(resource, "parameter_names"):
        if not isinstance(resource.parameter_names, ParameterNames):
            raise TypeError("must be ParameterNames(…)")
        names = list(vars(resource.parameter_names).values())
        if len(set(names)) < len(names) or not _ARGUMENTS.isdisjoint(names):
            raise TypeError(f"names must differ, and none be one of {', '.join(sorted(_ARGUMENTS))}")
