"""The one address that all of AWS is at: who is called by a request, and what becomes of it.

Beanstalk is ours, and so is what concerns images; all else goes to moto. Faults are the same for all, each in
the form of the protocol that was spoken.
"""

import json
import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

import urllib3
from werkzeug.wrappers import Request, Response

from infra.standin.faults import Fault, Faults

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/\d{8}/[^/]+/([^/]+)/aws4_request")
_JSON_CODES = {
    "AccessDenied": "AccessDeniedException",
    "ExpiredToken": "ExpiredTokenException",
    "InvalidClientTokenId": "UnrecognizedClientException",
    "Throttling": "ThrottlingException",
}
_S3_CODES = {"InvalidClientTokenId": "InvalidAccessKeyId", "Throttling": "SlowDown"}
_S3_STATUSES = {"ExpiredToken": 400, "Throttling": 503}
_NOT_PASSED_ON = ("connection", "content-length", "transfer-encoding", "content-encoding", "server", "date")


@dataclass(frozen=True)
class Call:
    """A call, as its request tells."""

    service: str
    action: str
    key: str
    form: tuple[tuple[str, str], ...]
    is_json: bool

    @property
    def name(self) -> str:
        """As in a policy."""
        return f"{self.service}:{self.action}"


def read_call(request: Request) -> Call | None:
    """Tell which call a request is; None if nobody has signed it, as a link to S3 that was given away."""
    signed = _CREDENTIAL.search(request.headers.get("Authorization", ""))
    if signed is None:
        return None
    key, service = signed.groups()
    target = request.headers.get("X-Amz-Target")
    if target:
        return Call(service, target.rpartition(".")[2], key, (), is_json=True)
    if service == "s3":
        return Call(service, _s3_action(request), key, (), is_json=False)
    form = tuple(parse_qsl(request.get_data(as_text=True), keep_blank_values=True))
    return Call(service, dict(form).get("Action", request.method), key, form, is_json=False)


def _s3_action(request: Request) -> str:
    _, _, key = request.path.strip("/").partition("/")
    if key:
        return {"GET": "GetObject", "HEAD": "GetObject", "PUT": "PutObject", "DELETE": "DeleteObject"}.get(
            request.method, request.method
        )
    if request.path.strip("/"):
        kinds = {"GET": "ListBucket", "HEAD": "ListBucket", "PUT": "CreateBucket", "DELETE": "DeleteBucket"}
        return kinds.get(request.method, request.method)
    return "ListAllMyBuckets"


def refusal(call: Call, fault: Fault) -> Response:
    """Write a fault as the service that was called does."""
    if call.is_json:
        told = {"__type": _JSON_CODES.get(fault.code, fault.code), "message": fault.message}
        status = 400 if fault.status < 500 else fault.status
        return Response(json.dumps(told), status, content_type="application/x-amz-json-1.1")
    if call.service == "s3":
        code = _S3_CODES.get(fault.code, fault.code)
        body = f"<Error><Code>{escape(code)}</Code><Message>{escape(fault.message)}</Message></Error>"
        return Response(body, _S3_STATUSES.get(fault.code, fault.status), content_type="application/xml")
    body = (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{escape(fault.code)}</Code>"
        f"<Message>{escape(fault.message)}</Message></Error><RequestId>0</RequestId></ErrorResponse>"
    )
    return Response(body, fault.status, content_type="text/xml")


Answer = Callable[[Call, Request], Response | None]


class Front:
    """A WSGI application.

    :param moto: where moto is.
    :param faults: asked before each call.
    :param own: what answers calls of a service here, by its name; where it does not (None), moto does.
    :param rewrite: changes what moto answers to JSON calls, by the service.
    :param elsewhere: where a service is, if not at moto.
    """

    def __init__(
        self,
        moto: str,
        faults: Faults,
        own: dict[str, Answer],
        rewrite: dict[str, Callable[[bytes], bytes]],
        elsewhere: dict[str, str] | None = None,
    ) -> None:
        self._moto = moto
        self._elsewhere = elsewhere or {}
        self._faults = faults
        self._own = own
        self._rewrite = rewrite
        self._pool = urllib3.PoolManager(retries=False)
        # moto's conditional writes are not atomic where threads make them.
        self._one_at_a_time = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        request.get_data()
        call = read_call(request)
        return self._answer(call, request)(environ, start_response)

    def _answer(self, call: Call | None, request: Request) -> Response:
        if call is None:
            return self._pass_on(request)
        try:
            self._faults.check(call.name, call.key)
        except Fault as fault:
            return refusal(call, fault)
        answer = self._own[call.service](call, request) if call.service in self._own else None
        if answer is not None:
            return answer
        if call.service in self._elsewhere:
            return self._pass_on(request, self._elsewhere[call.service])
        if call.service == "dynamodb":
            with self._one_at_a_time:
                return self._pass_on(request)
        answer = self._pass_on(request)
        if call.service in self._rewrite:
            answer.set_data(self._rewrite[call.service](answer.get_data()))
        return answer

    def _pass_on(self, request: Request, to: str = "") -> Response:
        query = f"?{request.query_string.decode()}" if request.query_string else ""
        path = request.environ.get("RAW_URI", request.path).partition("?")[0]
        said = self._pool.request(
            request.method,
            f"{to or self._moto}{path}{query}",
            headers=dict(request.headers),
            body=request.get_data(),
            preload_content=True,
            decode_content=False,
            redirect=False,
        )
        headers = [
            (name, value) for name, value in said.headers.items() if name.lower() not in _NOT_PASSED_ON
        ]
        response = Response(said.data, said.status, headers)
        length = said.headers.get("Content-Length")
        if request.method == "HEAD" and length:
            response.headers["Content-Length"] = length
        return response

    def close(self) -> None:
        """Close the connections to moto."""
        self._pool.clear()
