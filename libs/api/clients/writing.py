"""What a call sends: its arguments, as the request that the contract asks for."""

import io
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

import httpx

from libs.api.clients.declared import Declared
from libs.api.clients.documents import ClientDocument, DocumentedOperation
from libs.api.clients.identity import headers_of_call, token_to_send
from libs.api.clients.retries import IDEMPOTENT
from libs.api.clients.sending import Outgoing
from libs.api.idempotency.header import HEADER
from libs.api.objects.models import ApiModels
from libs.api.wire.bodies import Body
from libs.api.wire.parameters import Parameters
from libs.api.wire.paths import expand_path
from libs.errors import Fault, pointer

_NOT_GIVEN: Any = object()


class RequestWriter:
    """Writes the requests of one operation.

    :param url: where the service is.
    :param accept: the media types that are wanted as an answer.
    :ivar arguments: what the contract takes, in Python's spelling: its parameters, and `body`.
    :ivar takes_media_type: whether a body may have one of several.
    """

    def __init__(
        self,
        source: ClientDocument,
        operation: DocumentedOperation,
        declared: Declared,
        models: ApiModels,
        url: str,
        accept: str,
    ) -> None:
        self._api, self._ours = source.api, source.ours
        self._name = f"{source.api}.{operation.name}"
        self._method, self._path = operation.method, operation.path
        self._decorators = source.decorators.get(operation.name, ())
        self._parameters, self._body = declared.parameters, declared.body
        self._takes_token = declared.takes_token
        self._url, self._accept = url, accept
        self._key = None if self._method in IDEMPOTENT else _key_argument(self._parameters)
        self._kinds = {one.argument: models.kind(one.node, one.argument, ("",)) for one in self._parameters}
        self.arguments = {*self._kinds, *(["body"] if self._body else [])}
        self.takes_media_type = self._body is not None and len(self._body.media_types) > 1

    def write(self, arguments: Mapping[str, Any], beside: Mapping[str, Any]) -> Outgoing:
        """Return the request of a call.

        :param beside: what was said beside the arguments: `auth` and `media_type`.
        :raises TypeError: for an argument that is missing, or of a class that has no form to be sent in.
        :raises ValueError: if the contract refuses an argument, or the URL becomes too long.
        """
        body, sent = None, dict(arguments)
        if self._body is not None:
            body = sent.pop("body", None)
        if self._key is not None and sent.get(self._key) is None:
            sent[self._key] = str(uuid.uuid4())  # so that it may be sent again
        try:
            written = self._parameters.write(self._as_json(sent))
            headers, content = list(written.headers), None
            if body is not None and self._body is not None:
                content_type, content = _written(self._body, body, beside.get("media_type"))
                headers.append(("Content-Type", content_type))
            elif self._body is not None and self._body.required:
                raise TypeError("needs the parameter 'body'")
        except (TypeError, ValueError) as error:
            raise type(error)(f"{self._name}() {error}") from None
        headers += headers_of_call(self._accept, headers)
        if self._takes_token:
            auth = beside.get("auth", _NOT_GIVEN)
            token = token_to_send(self._api, ours=self._ours) if auth is _NOT_GIVEN else auth
            if token:
                headers.append(("Authorization", f"Bearer {token}"))
        path = expand_path(self._path, written.path)
        try:
            url = httpx.URL(f"{self._url}{path}?{written.query}" if written.query else f"{self._url}{path}")
        except httpx.InvalidURL:
            raise ValueError(f"{self._name}() makes a URL of more than 65536 characters") from None
        is_keyed = any(name.lower() == HEADER.lower() for name, _ in headers)
        return Outgoing(
            self._method,
            url,
            headers,
            content,
            self._method in IDEMPOTENT or is_keyed,
            self._decorators,
            tells_budget=self._ours,
            keyed=is_keyed,
        )

    def _as_json(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return Python values as what their schemas make of them, as objects take them."""
        faults: list[Fault] = []
        made = {
            name: one if name not in self._kinds else self._kinds[name].json(one, pointer(name), faults)
            for name, one in arguments.items()
        }
        if faults:
            raise ValueError("; ".join(f"{(one.pointer or '')[1:]}: {one.detail}" for one in faults))
        return made


def _key_argument(parameters: Parameters) -> str | None:
    """Return the argument that is sent as Idempotency-Key; None if there is none that may be a UUID."""
    for one in parameters:
        if one.location == "header" and one.name.lower() == HEADER.lower():
            return None if one.schema.faults(str(uuid.uuid4())) else one.argument
    return None


def _written(declared: Body, body: Any, media_type: str | None) -> tuple[str, bytes | Iterable[bytes]]:
    """Return the Content-Type and the bytes of a body.

    :raises TypeError: for what has no JSON form, or if a field of a form is an open file.
    :raises ValueError: see `Body.write`.
    """
    for name, one in body.items() if isinstance(body, Mapping) else ():
        if any(isinstance(item, io.IOBase) for item in (one if isinstance(one, list | tuple) else [one])):
            raise TypeError(
                f"body: {pointer(name)} is an open file, without a name and a media type: "
                'UploadedFile(file, "name.pdf", "application/pdf") has them'
            )
    try:
        return declared.write(body, media_type)
    except TypeError as error:
        raise TypeError(f"body: {error}") from None
