"""What a resource is told about itself: every setting, its default and what it does, in one place."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

from marshmallow.fields import Field
from pynamodb.models import Model

from libs.resource.permissions import Permission
from libs.resource.query.parameters import Count, ParameterNames
from libs.resource.schema.parser import Parser
from libs.resource.schema.serializer import Serializer
from libs.resource.scope import Scope
from libs.resource.store.totals import Totals


class Configuration:
    """The settings of a resource are attributes of its class.

    A company's own defaults are a class between `ModelResource` and its resources::

        class OurDefaults(ModelResource):
            default_limit, largest_limit = 50, 200

        class TodoResource(List, Create, Retrieve, OurDefaults): ...
    """

    model: ClassVar[type[Model]]
    """What it serves; bound to a table by the service's `Database`."""
    scope: ClassVar[Scope]
    """Whose rows a caller may reach; there is no default."""

    # Who may do what
    permissions: ClassVar[tuple[Permission | type[Permission], ...]] = ()
    """All of them must allow an action, beside the token the contract asks for."""
    public: ClassVar[tuple[str, ...]] = ()
    """Actions that need no token. One that is sent is checked all the same, and the caller known."""
    enabled: ClassVar[tuple[str, ...] | None] = None
    """The actions that are served; None for all that its classes have."""
    disabled: ClassVar[tuple[str, ...]] = ()
    """Actions that are not served."""

    # What is shown and taken
    fields: ClassVar[Mapping[str, Field[Any]]] = {}
    """marshmallow fields to use instead of those that follow from the model, with limits and examples."""
    read_only: ClassVar[tuple[str, ...]] = ()
    """Attributes that are shown and never taken."""
    write_only: ClassVar[tuple[str, ...]] = ()
    """Attributes that are taken and never shown."""
    required: ClassVar[tuple[str, ...]] = ()
    """Attributes a new row must be sent with, though the model has a default or lets them be null."""
    rest_rw: ClassVar[Mapping[str, bool | tuple[bool, bool]]] = {}
    """Whether fields are readable and writable; more than the model's own `fields_rw` says."""
    created: ClassVar[str | None] = None
    """The attribute that is set to the time of creation."""
    updated: ClassVar[str | None] = None
    """The attribute that is set to the time of creation and of each change."""
    serializer: ClassVar[type[Serializer] | None] = None
    """Chooses and computes what is shown."""
    serializers: ClassVar[Mapping[str, type[Serializer]]] = {}
    """The same for single actions, by name."""
    parser: ClassVar[type[Parser] | None] = None
    """Chooses and computes what is taken."""
    parsers: ClassVar[Mapping[str, type[Parser]]] = {}
    """The same for single actions, by name."""

    # What may be asked
    queryable: ClassVar[tuple[str, ...]] = ()
    """Fields a client may ask about by ``where``."""
    sortable: ClassVar[tuple[str, ...]] = ()
    """Fields a client may sort by."""
    default_sort: ClassVar[str] = ""
    """The order of a list that asks for none; without it that of the plan: by the key of what is read."""
    groupable: ClassVar[tuple[str, ...]] = ()
    """Fields whose values may be counted (`Group`)."""
    measurable: ClassVar[tuple[str, ...]] = ()
    """Fields that may be summed up (`Stats`)."""
    totals: ClassVar[Totals | None] = None
    """Counts and sums that are kept with every write, and so are exact whatever the number of rows."""

    # What a request may cost
    allow_scan: ClassVar[bool] = False
    """Whether a query that no index serves may look at the whole table, up to `most_examined`."""
    complete_indexes: ClassVar[tuple[str, ...]] = ()
    """Indexes that are promised to hold every row the model says they hold.

    So they do if each row was written since the attributes of their keys were declared, or written again."""
    most_examined: ClassVar[int] = 1000
    """How many rows one request may look at for those it wants."""
    default_limit: ClassVar[int] = 20
    """Rows on a page that asks for no number."""
    largest_limit: ClassVar[int] = 100
    """Rows on a page at most."""
    default_count: ClassVar[Count] = "none"
    """What ``count`` is for a list that does not say: ``none``, ``bounded`` or ``exact``."""
    explainable: ClassVar[bool] = True
    """Whether ``explain=true`` tells how rows were found."""
    require_if_match: ClassVar[bool] = False
    """Whether who changes or deletes a row must say by If-Match which version they have seen (428)."""

    # How it looks
    parameter_names: ClassVar[ParameterNames] = ParameterNames()
    """What the parameters of lists are called."""
    list_envelope: ClassVar[str] = "items"
    """The member that holds the rows of a list, and the values of a group."""
    meta_envelope: ClassVar[str | None] = "meta"
    """The member that tells about a list; None to leave it to the Link header."""
    single_envelope: ClassVar[str | None] = None
    """The member that holds a row where one is answered; None for the row by itself."""
    noun: ClassVar[str | None] = None
    """What a row is called in the document (``Todo``); None for the model's name.

    Two resources of one model in one contract need two."""
    tag: ClassVar[str | None] = None
    """What its operations are grouped under in the document; None for its noun."""


@contextmanager
def about(resource: Configuration, setting: str) -> Iterator[None]:
    """Let a `TypeError` that is raised in the with-block name the class and the setting it is about."""
    try:
        yield
    except TypeError as error:
        raise TypeError(f"{type(resource).__name__}.{setting}: {error}") from error
