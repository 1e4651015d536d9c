"""What Schemathesis has to be told of our documents; named in schemathesis.toml beside it."""

import json
import os
import uuid
from datetime import UTC
from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from libs.api.idempotency.header import HEADER, read_key
from tests.known import (
    BACK,
    CLIENT,
    KNOWN,
    OTHER,
    PARKED,
    PASSWORD,
    SECRET_OF_CLIENT,
    USER,
    WAITING,
    address_of,
)

JSON = dict[str, Any]

TEXTS = 60
LONGEST_WHERE = 1000
MOST_NESTED = 9
MOST_EXAMINED = 1000

SQUARE = [[[13, 52], [14, 52], [14, 53], [13, 53], [13, 52]]]
KNOWING = {
    "/auth/login",
    "/auth/browser/login",
    "/auth/password",
    "/auth/me/deletion",
    "/auth/authorize",
}
"""Where auth has to be told what somebody knows."""
AUTHORIZATION = {
    "response_type": "code",
    "client_id": CLIENT,
    "redirect_uri": BACK,
    "code_challenge": "c" * 43,
    "code_challenge_method": "S256",
}
TAGS = st.sampled_from(['"1"', '"2"', 'W/"1"', '"1", "2"', "*"])
schemathesis.openapi.format("entity-tags", TAGS)


@schemathesis.hook
def before_load_schema(context: schemathesis.HookContext, raw_schema: JSON) -> None:
    """Make more of the document checkable than Schemathesis does by itself."""
    schemas: JSON = raw_schema["components"]["schemas"]
    grammar, taken = Grammar(schemas), set()
    contents: JSON = {}
    for operation in (one for item in raw_schema["paths"].values() for one in item.values()):
        # With it any status would do: each that is met has to be declared.
        operation["responses"].pop("default")
        for response in operation["responses"].values():
            # It takes the schema of a stream for that of each event (as OpenAPI 3.2 has `itemSchema`).
            response.get("content", {}).get("text/event-stream", {}).pop("schema", None)
        for parameter in operation.get("parameters", []):
            schema = parameter["schema"]
            if "contentSchema" in schema:
                # It does not look into the content of a text: it is given texts that follow the grammar.
                schema["format"] = _name(schema["contentSchema"])
                contents[schema["format"]] = schema
        if "requestBody" in operation:
            taken.update(_name(one["schema"]) for one in operation["requestBody"]["content"].values())
    for name, schema in contents.items():
        texts = _drawn(grammar.values(schema["contentSchema"]).map(json.dumps).filter(_is_small))
        # It wants some that just fit and one that just does not: JSON may end with any number of spaces.
        lengths = [schema["maxLength"] + more for more in (-1, 0, 1)]
        edges = [texts[0].ljust(length) for length in lengths]
        schemathesis.openapi.format(name, st.sampled_from([*texts, *edges]))
    for name, schema in schemas.items():
        if name not in taken:
            _drop_tuples(schema)


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case, kwargs: JSON) -> None:
    """Send each request under a key of its own: under the same one another is refused, as it has to be."""
    headers: Any = case.headers or {}
    key = headers.get(HEADER)
    if isinstance(key, str) and read_key(key) is not None:
        headers[HEADER] = str(uuid.uuid4())


def _name(reference: JSON) -> str:
    return str(reference["$ref"]).rpartition("/")[2]


def _drawn(texts: SearchStrategy[str]) -> list[str]:
    # Once: drawing from a grammar takes its time, and Schemathesis draws thousands that it does not send.
    found: list[str] = []

    @settings(
        max_examples=TEXTS,
        database=None,
        deadline=None,
        derandomize="FUZZ" not in os.environ,
        suppress_health_check=list(HealthCheck),
    )
    @given(texts)
    def draw(text: str) -> None:
        found.append(text)

    draw()
    return found


def _drop_tuples(node: Any) -> None:
    # Of an answer it makes a schema of an earlier draft, which the validator refuses (4.32).
    if isinstance(node, dict):
        if "prefixItems" in node:
            del node["prefixItems"], node["items"]
        node = list(node.values())
    if isinstance(node, list):
        for one in node:
            _drop_tuples(one)


def _is_small(text: str) -> bool:
    nested = sum(text.count(f'"${name}"') for name in ("and", "or", "not"))
    return len(text) <= LONGEST_WHERE and nested <= MOST_NESTED


class Grammar:
    """Values for the schemas of a where: few of the members an object may have, at once."""

    def __init__(self, schemas: JSON) -> None:
        self._schemas = schemas
        self._made: dict[str, SearchStrategy[Any]] = {}

    def values(self, schema: JSON) -> SearchStrategy[Any]:
        """Return the values of a schema."""
        if "$ref" in schema:
            name = _name(schema)
            return self._made.setdefault(name, st.deferred(lambda: self.values(self._schemas[name])))
        if "allOf" in schema:  # of an expression and that it is not empty
            return self.values(schema["allOf"][0]).filter(bool)
        if "anyOf" in schema:
            return st.one_of(*map(self.values, schema["anyOf"]))
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        kind = getattr(self, f"_{schema['type']}")
        return kind(schema)  # type: ignore[no-any-return]

    def _null(self, schema: JSON) -> SearchStrategy[None]:
        return st.none()

    def _boolean(self, schema: JSON) -> SearchStrategy[bool]:
        return st.booleans()

    def _number(self, schema: JSON) -> SearchStrategy[float]:
        least, most = schema.get("minimum", schema.get("exclusiveMinimum")), schema.get("maximum")
        floats = st.floats(
            least, most, allow_nan=False, allow_infinity=False, exclude_min="exclusiveMinimum" in schema
        )
        return floats | st.integers(
            None if least is None else int(least) + 1, None if most is None else int(most)
        )

    def _string(self, schema: JSON) -> SearchStrategy[str]:
        if schema.get("format") == "date-time":
            return st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.isoformat())
        return st.text(max_size=20)

    def _array(self, schema: JSON) -> SearchStrategy[list[Any]]:
        if "prefixItems" in schema:
            return st.tuples(*map(self.values, schema["prefixItems"])).map(list)
        least = schema.get("minItems", 0)
        return st.lists(self.values(schema["items"]), min_size=least, max_size=max(3, least))

    def _object(self, schema: JSON) -> SearchStrategy[JSON]:
        members = {name: self.values(one) for name, one in schema["properties"].items()}
        needed = schema.get("required", [])
        if needed:
            return st.fixed_dictionaries({name: members[name] for name in needed}).map(_valid_geometry)
        least = schema.get("minProperties", 0)
        names = st.lists(st.sampled_from(sorted(members)), min_size=least, max_size=2, unique=True)
        chosen = names.flatmap(lambda some: st.fixed_dictionaries({name: members[name] for name in some}))
        return chosen.map(_in_order)


def _in_order(conditions: JSON) -> JSON:
    # JSON Schema cannot say that one item is less than the next.
    return {name: [one[0]] * 2 if name == "$between" else one for name, one in conditions.items()}


def _valid_geometry(value: JSON) -> JSON:
    # Nor that a ring is closed and does not cross itself, and that a line goes somewhere.
    kinds = {"Polygon": SQUARE, "LineString": SQUARE[0]}
    return {**value, "coordinates": kinds[value["type"]]} if value.get("type") in kinds else value


@schemathesis.hook
def map_case(context: schemathesis.HookContext, case: schemathesis.Case) -> schemathesis.Case:
    """Keep requests that are to be accepted to what JSON Schema cannot say."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return case
    if case.path_parameters:
        case.path_parameters = _existing(case)
    if case.meta.phase.name.value == "fuzzing" and case.headers:
        case.headers.pop("If-Match", None)  # or few would be as the row is
    if case.path.startswith("/auth/"):
        _know(case)
    elif case.query:
        case.query = _compatible(dict(case.query))
        if case.path == "/admin/operations":
            case.query.pop("after", None)  # as of a cursor
    return case


def _existing(case: schemathesis.Case) -> JSON:
    """Return a path to what is there, except for who follows a link."""
    found = dict(case.path_parameters)
    if "profile_id" in found:
        # Nobody sees a profile that is not theirs, not even the service that makes it.
        found["profile_id"] = "me"
    if case.meta.phase.name.value == "stateful":
        return found
    if "user_id" in found:
        found["user_id"] = OTHER
    if "operation_id" in found:
        found["operation_id"] = PARKED if case.path.endswith(("/replay", "/discard")) else WAITING
    found |= dict.fromkeys(found.keys() & {"export_id", "session_id"}, KNOWN)
    if "key" in found:
        found["key"] = KNOWN
    return found


def _know(case: schemathesis.Case) -> None:
    """Have a request to auth say what only somebody knows who has an account, or a client."""
    if case.path in KNOWING and isinstance(case.body, dict):
        known = {"email": address_of(USER), "password": PASSWORD, "current_password": PASSWORD}
        case.body.update({name: one for name, one in known.items() if name in case.body})
    if case.path == "/auth/signup" and isinstance(case.body, dict) and "password" in case.body:
        case.body["password"] = PASSWORD
    if case.path == "/auth/authorize":
        case.query = {**dict(case.query or {}), **AUTHORIZATION}
    if case.path == "/auth/token":
        secret = os.environ.get(SECRET_OF_CLIENT, "")
        case.body = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": secret}


def _compatible(query: JSON) -> JSON:
    """Return the parameters of a list without those that do not go with each other."""
    query.pop("cursor", None)  # only the service can make one
    if "page" in query:
        query.pop("limit", None)
        query["page"] = min(int(query["page"]), MOST_EXAMINED // int(query.get("page_size", 20)))
    else:
        query.pop("page_size", None)
    sort_by = query.get("sort_by", [])
    keys = sort_by.split(",") if isinstance(sort_by, str) else sort_by
    if keys:
        query["sort_by"] = ",".join({key.removeprefix("-"): key for key in keys}.values())
    return query
