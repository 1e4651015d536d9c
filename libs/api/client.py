"""HTTP clients made from published contracts: ``profiles.get_profile(profile_id="me")``."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import httpx
import orjson

from libs.api.files import read_published
from libs.api.objects import ApiModels
from libs.api.operation import JSON_MEDIA_TYPE, METHODS
from libs.api.parameters import argument_name, is_comma_list
from libs.api.paths import path_segment
from libs.api.schemas import JSON, resolve
from libs.api.serving import dump_json
from libs.errors import Problem, ServiceUnavailable, current_request_id
from libs.jwt import current_caller


class RemoteProblem(Problem):
    """Another service refused a call; unhandled, it is a 502 here, for the fault is not our client's.

    :param remote_status: the status the other service answered.
    :param remote_code: the stable code of its problem, or None where it sent none.
    """

    status, title, code = 502, "Bad gateway", "UPSTREAM_ERROR"

    def __init__(self, api: str, operation_id: str, remote_status: int, remote_code: str | None) -> None:
        told = f"{api}.{operation_id} answered {remote_status} {remote_code or ''}".rstrip()
        super().__init__(f"Another service refused a call: {told}.")
        self.remote_status = remote_status
        self.remote_code = remote_code


class ApiClient:
    """Call another service; each operation it serves is a method.

    Path, query and header parameters and `body` are keyword arguments; `auth` is the token to send, by
    default that of the present caller. The request id goes with every call. Answers come back as the
    contract's objects. A subclass names the service, whose apis/published/<api>.json the operations are read
    from: those of its contract, of its resources, and of every service::

        class Profiles(ApiClient, api="profiles"): ...

        profiles = Profiles("http://profiles:8080")
        profiles.create_profile(body=models.profiles.NewProfile(profile_id="u1", name="Ada"), auth=token)

    :param base_url: where the service is.
    :param timeout: seconds for connecting, and for each wait for an answer.
    :param transport: another way to send, such as `httpx.WSGITransport` in tests.
    :param document: the service's complete document, instead of the published one.
    :raises ContractError: if the published document cannot be read.
    :raises ServiceUnavailable: from a call, if the service cannot be reached, is too slow, or answers 503.
    :raises RemoteProblem: from a call, if it answers another error.
    """

    api: ClassVar[str]

    def __init_subclass__(cls, *, api: str) -> None:
        cls.api = api

    def __init__(
        self,
        base_url: str,
        *,
        timeout: float = 3.0,
        transport: httpx.BaseTransport | None = None,
        document: JSON | None = None,
    ) -> None:
        document = read_published(self.api) if document is None else document
        self._calls = {
            node["operationId"]: _Call(path, method, node, document)
            for path, item in document["paths"].items()
            for method, node in item.items()
            if method in METHODS
        }
        self._models = ApiModels(document)
        self._http = httpx.Client(base_url=base_url, timeout=timeout, transport=transport, trust_env=False)

    def __getattr__(self, operation_id: str) -> Callable[..., Any]:
        call = self._calls.get(operation_id)
        if call is None:
            raise AttributeError(f"{self.api} has no operation {operation_id!r}")
        return lambda **arguments: self._send(operation_id, call, arguments)

    def _send(self, operation_id: str, call: "_Call", arguments: dict[str, Any]) -> Any:
        headers = {"X-Request-ID": request_id} if (request_id := current_request_id()) else {}
        caller = current_caller()
        token = arguments.pop("auth", caller.token if caller else None)
        if token and call.needs_token:
            headers["Authorization"] = f"Bearer {token}"
        request = call.request(self._http, arguments, headers)
        try:
            answer = self._http.send(request)
        except httpx.TransportError as error:
            raise ServiceUnavailable(f"The {self.api} service does not answer. Try again.") from error
        if answer.status_code == 503:
            raise ServiceUnavailable(f"The {self.api} service is not available. Try again.")
        if not answer.is_success:
            raise RemoteProblem(self.api, operation_id, answer.status_code, _problem_code(answer))
        media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if media_type != JSON_MEDIA_TYPE:
            return answer.content or None
        try:
            body = orjson.loads(answer.content)
        except orjson.JSONDecodeError:
            raise RemoteProblem(self.api, operation_id, answer.status_code, None) from None
        return self._models.wrap(call.answers.get(answer.status_code), body)


class _Call:
    """How one operation is put on the wire."""

    def __init__(self, path: str, method: str, node: JSON, document: JSON) -> None:
        self._path = path
        self._method = method.upper()
        declared = [resolve(one, document) for one in node.get("parameters", [])]
        self._places = {argument_name(one["name"], one["in"]): (one["in"], one["name"]) for one in declared}
        self._comma_lists = {one["name"] for one in declared if is_comma_list(one)}
        self.needs_token = bool(node.get("security", document.get("security", [])))
        self.answers = {
            int(status): resolve(answer, document).get("content", {}).get(JSON_MEDIA_TYPE, {}).get("schema")
            for status, answer in node["responses"].items()
            if str(status).isdigit()
        }

    def request(
        self, http: httpx.Client, arguments: Mapping[str, Any], headers: dict[str, str]
    ) -> httpx.Request:
        path, query, content = self._path, {}, None
        for argument, value in arguments.items():
            place, name = ("body", "") if argument == "body" else self._places.get(argument, ("", ""))
            if place == "path":
                path = path.replace(f"{{{name}}}", path_segment(value))
            elif place == "query":
                listed = name in self._comma_lists and isinstance(value, list | tuple)
                query[name] = ",".join(map(_text, value)) if listed else value
            elif place == "header":
                headers[name] = str(value)
            elif place == "body":
                content = dump_json(value)
                headers["Content-Type"] = JSON_MEDIA_TYPE
            else:
                raise TypeError(f"{self._method} {self._path} has no parameter {argument!r}")
        for argument, (place, _) in self._places.items():
            if place == "path" and argument not in arguments:
                raise TypeError(f"{self._method} {self._path} needs the parameter {argument!r}")
        return http.build_request(self._method, path, params=query, content=content, headers=headers)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _problem_code(answer: httpx.Response) -> str | None:
    try:
        code = answer.json().get("code")
    except (ValueError, AttributeError):
        return None
    return code if isinstance(code, str) else None
