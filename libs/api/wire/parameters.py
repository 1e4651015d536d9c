"""The parameters of an operation: read from a request, and written for one."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug import Request

from libs.api.document.references import resolve
from libs.api.schema import JSON
from libs.api.wire.declared_styles import SERVED
from libs.api.wire.deep_object import DeepObject
from libs.api.wire.parameter import Parameter
from libs.api.wire.styles import ManyTexts
from libs.api.wire.texts import QUERY, Sent, Unreadable, cookie_texts, query_texts
from libs.errors import Fault, InvalidParameters

_NOT_PARAMETERS = {"accept", "content-type", "authorization"}
"""Headers that OpenAPI describes elsewhere (3.1 section 4.8.12.1)."""


@dataclass(frozen=True)
class Written:
    """The parameters of one call, as they are sent.

    :param path: the percent-encoded text of each placeholder; see `paths.expand_path`.
    :param query: percent-encoded, without the question mark.
    :param headers: names and values, the Cookie header included.
    """

    path: Mapping[str, str]
    query: str
    headers: list[tuple[str, str]]


class Parameters:
    """The parameters of one operation.

    :raises ValueError: if two of them are the same argument, or are sent under the same name.
    """

    def __init__(self, parameters: Iterable[Parameter] = ()) -> None:
        self._all = tuple(parameters)
        self._in = {place: tuple(one for one in self._all if one.location == place) for place in SERVED}
        self._by_argument = {one.argument: one for one in self._all}
        names = [one.argument for one in self._all]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"its handler would be given {', '.join(twice)} twice")
        for place, declared in self._in.items():
            sent = [
                name.lower() if place == "header" else name for one in declared for name in one.style.names
            ]
            if twice := sorted({name for name in sent if sent.count(name) > 1}):
                raise ValueError(f"two parameters in {place} are sent as {', '.join(twice)}")
        self._names = {name for one in self._in["query"] for name in one.style.names}
        self._taking = tuple(
            one for one in self._in["query"] if isinstance(one.style, ManyTexts | DeepObject)
        )
        if len(open_ones := [one.name for one in self._taking if one.style.takes("")]) > 1:
            raise ValueError(f"{' and '.join(open_ones)} both take parameters of any name")

    @classmethod
    def from_document(cls, nodes: Iterable[Any], document: Mapping[str, Any]) -> "Parameters":
        """Read the Parameter Objects of an operation, those of its path included.

        One in a header that is described elsewhere (Accept, Content-Type, Authorization) is passed over.

        :raises ValueError: naming the parameter that cannot be served.
        """
        resolved: list[JSON] = [resolve(node, document) for node in nodes]
        return cls(
            Parameter.from_document(one, document)
            for one in resolved
            if one["in"] != "header" or one["name"].lower() not in _NOT_PARAMETERS
        )

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def read(self, request: Request, path_values: Mapping[str, str]) -> dict[str, Any]:
        """Return the handler's arguments.

        :param path_values: what stands for the placeholders of the path, percent-encoded as it was sent.
        :raises InvalidParameters: with every fault; a name in the query that is none of theirs is one.
        """
        values: dict[str, Any] = {}
        faults: list[Fault] = []
        for one in self._in["path"]:
            _take(one, {one.name: [path_values[one.name]]}, values, faults)
        try:
            query = query_texts(request.query_string.decode("latin-1")) if request.query_string else {}
        except Unreadable as error:
            raise InvalidParameters(f"The query {error}.") from None
        for one in self._in["query"]:
            _take(one, self._rest_of(query, one), values, faults)
        faults.extend(
            Fault("is not a known parameter", parameter=name)
            for name in query
            if name not in self._names and not any(one.style.takes(name) for one in self._taking)
        )
        for one in self._in["header"]:
            line = _line(request, one)
            _take(one, {} if line is None else {one.name: [line]}, values, faults)
        if cookies := self._in["cookie"]:
            sent = cookie_texts(request.environ.get("HTTP_COOKIE", ""))
            for one in cookies:
                _take(one, sent, values, faults)
        if faults:
            raise InvalidParameters(errors=faults)
        return values

    def sent_beside(self, request: Request) -> dict[str, Sent]:
        """Return the texts in headers and cookies that are one of theirs, as they were sent, by place."""
        lines = {one.name.lower(): _line(request, one) for one in self._in["header"]}
        names = {name for one in self._in["cookie"] for name in one.style.names}
        cookies = cookie_texts(request.environ.get("HTTP_COOKIE", "")) if names else {}
        return {
            "header": {name: [line] for name, line in sorted(lines.items()) if line is not None},
            "cookie": {name: cookies[name] for name in sorted(names & cookies.keys())},
        }

    def _rest_of(self, query: Sent, parameter: Parameter) -> Sent:
        """Return the query without what is another parameter's, for one that takes all names."""
        if not query or parameter not in self._taking:
            return query
        others = self._names - parameter.style.names
        return {name: texts for name, texts in query.items() if name not in others}

    def write(self, arguments: Mapping[str, Any]) -> Written:
        """Return what is sent for these arguments; None, and an empty list in `explode`, are not sent.

        :raises TypeError: for an argument that is none of theirs, or that is missing.
        :raises ValueError: naming the argument whose schema or style refuses its value.
        """
        if unknown := sorted(arguments.keys() - self._by_argument.keys()):
            raise TypeError(f"has no parameter {unknown[0]!r}")
        path: dict[str, str] = {}
        query: list[str] = []
        headers: list[tuple[str, str]] = []
        cookies: list[str] = []
        for one in self._all:
            value = arguments.get(one.argument)
            if value is None:
                if one.required:
                    raise TypeError(f"needs the parameter {one.argument!r}")
                continue
            pairs = one.write(value)
            if one.location == "path":
                path[one.name] = _segment(one, pairs[0][1])
            elif one.location == "query":
                query.extend(f"{QUERY.encode(name)}={text}" for name, text in pairs)
            elif one.location == "header":
                headers.extend(pairs)
            else:
                cookies.extend(f"{name}={text}" for name, text in pairs)
        if cookies:
            headers.append(("Cookie", "; ".join(cookies)))
        return Written(path, "&".join(query), headers)


def _line(request: Request, parameter: Parameter) -> str | None:
    # Of several lines of one name WSGI makes one (PEP 3333, RFC 9110 section 5.3).
    line: str | None = request.environ.get("HTTP_" + parameter.name.upper().replace("-", "_"))
    return line


def _take(parameter: Parameter, sent: Sent, values: dict[str, Any], faults: list[Fault]) -> None:
    value, wrong = parameter.read(sent)
    values[parameter.argument] = value
    faults.extend(wrong)


def _segment(parameter: Parameter, text: str) -> str:
    if not text or (text in (".", "..") and text.startswith(getattr(parameter.style, "prefix", "") or " ")):
        raise ValueError(f"{parameter.argument}: is empty, which no segment of a path may be")
    # They would mean another path.
    return text.replace(".", "%2E") if text in (".", "..") else text
