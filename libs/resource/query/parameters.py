"""What a client asks of a list: which rows, in which order, which of the pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Count = Literal["none", "bounded", "exact"]


@dataclass(frozen=True)
class Query:
    """The parameters of a list, or of what is computed of one; None where a default is to be taken.

    :param where: see `libs.resource.query.where`.
    :param sort_by: see `libs.resource.query.sorting`.
    :param limit: rows on a page, with `cursor`; the same as `page_size`, which goes with `page`.
    :param cursor: of another page of the same question.
    :param page: the number of a page, from 1.
    :param count: whether to tell how many rows there are: ``bounded`` counts as far as a request may look,
        ``exact`` is refused where that is not far enough.
    :param explain: whether to tell how the rows were found.
    """

    where: str | None = None
    sort_by: str | None = None
    limit: int | None = None
    cursor: str | None = None
    page: int | None = None
    page_size: int | None = None
    count: Count | None = None
    explain: bool = False


@dataclass(frozen=True)
class ParameterNames:
    """What the parameters of a `Query` are called in URLs."""

    where: str = "where"
    sort_by: str = "sort_by"
    limit: str = "limit"
    cursor: str = "cursor"
    page: str = "page"
    page_size: str = "page_size"
    count: str = "count"
    explain: str = "explain"

    def query(self, values: Mapping[str, Any]) -> Query:
        """Return the query that parameters by these names are; those that are None are left out."""
        fields = {field: values.get(name) for field, name in vars(self).items()}
        if isinstance(fields["sort_by"], list):
            fields["sort_by"] = ",".join(fields["sort_by"])
        return Query(**{field: value for field, value in fields.items() if value is not None})
