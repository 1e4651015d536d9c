"""Bodies of requests: bytes on the wire, a value in the handler, and back, one way for each media type."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug import Request

from libs.api.document.references import resolve
from libs.api.schema import JSON
from libs.api.wire.media import NOTHING, Content, Media, media_of
from libs.api.wire.media_types import check_clear, declared_as, is_json, media_type_of
from libs.api.wire.streams import BodyStream, is_empty
from libs.api.wire.texts import Unwritable
from libs.api.wire.uploads import close_files
from libs.errors import Fault, InvalidBody, UnsupportedMediaType

_NONE: Mapping[str, str] = {}


@dataclass(frozen=True)
class Received:
    """A body that was read.

    :param schema: its schema in the document; None where nothing is said of it.
    """

    value: Any
    schema: Any
    media_type: str

    def close(self) -> None:
        """Remove the files of a form that are kept on disk."""
        if isinstance(self.value, dict):
            close_files(self.value)


class Body:
    """The body an operation takes.

    :param media_types: as the contract declares them, ranges (``image/*``) included.
    """

    def __init__(self, media: Mapping[str, Media], nodes: Mapping[str, Any], *, required: bool) -> None:
        self.required = required
        self.media_types = tuple(media)
        self._media = media
        self._nodes = nodes

    @classmethod
    def from_document(cls, node: Any, document: Mapping[str, Any]) -> "Body":
        """Read a Request Body Object.

        :raises ValueError: naming the media type whose schema it cannot be.
        """
        declared: JSON = resolve(node, document)
        media: dict[str, Media] = {}
        for media_type, content in declared["content"].items():
            try:
                media[media_type] = media_of(media_type, resolve(content, document), document)
            except ValueError as error:
                raise ValueError(f"its body as {media_type}: {error}") from None
        if not media:
            raise ValueError("its body has no media type")
        nodes = {name: resolve(one, document).get("schema") for name, one in declared["content"].items()}
        try:
            check_clear(nodes)
        except ValueError as error:
            raise ValueError(f"its body: {error}") from None
        return cls(media, nodes, required=bool(declared.get("required")))

    def schema(self, media_type: str) -> Any:
        """Return the schema of a body of this type as it stands in the document, or None."""
        declared = declared_as(media_type, self.media_types)
        return self._nodes[declared] if declared else None

    def read(self, request: Request) -> Received | None:
        """Return the body of a request, or None if it has none and needs none.

        :raises UnsupportedMediaType: naming what is taken.
        :raises MalformedBody: if it is not what its Content-Type says.
        :raises InvalidBody: with every fault, if it breaks its schema, or is needed and not there.
        :raises BodyTooLarge: if it is longer than `request.max_content_length`.
        :raises RequestTimeout: if it does not arrive in time.
        """
        content_type = request.environ.get("CONTENT_TYPE", "")
        if content_type in self._media:  # as most clients send it
            declared, media_type, options = content_type, content_type, _NONE
        else:
            media_type, options = media_type_of(content_type)
            declared = declared_as(media_type, self.media_types)
        if is_empty(request) and not (declared and self._media[declared].may_be_empty):
            return self._nothing()
        if declared is None:
            stream = BodyStream(request)
            if not media_type and not stream.read(1):
                return self._nothing()
            raise self._unsupported(f"Send the body with Content-Type: {' or '.join(self.media_types)}.")
        if request.environ.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
            raise self._unsupported("Send the body without a Content-Encoding.")
        media = self._media[declared]
        if media.is_text and options.get("charset", "utf-8").lower() not in ("utf-8", "utf8", "us-ascii"):
            raise self._unsupported("Send the body in UTF-8.")
        value = media.read(BodyStream(request), options)
        if value is NOTHING:
            return self._nothing()
        return Received(value, self._nodes[declared], media_type)

    def _nothing(self) -> Received | None:
        if self.required:
            raise InvalidBody("The request needs a body.", errors=[Fault("is required", pointer="")])
        return None

    def _unsupported(self, detail: str) -> UnsupportedMediaType:
        # RFC 9110 section 15.5.16.
        return UnsupportedMediaType(detail, headers={"Accept": ", ".join(self.media_types)})

    def write(self, value: Any, media_type: str | None = None) -> tuple[str, Content]:
        """Return the Content-Type and the bytes of a body.

        :param media_type: one of those declared; by default JSON, or else the first.
        :raises ValueError: if it is none of them, or the schema refuses the value; without the value.
        """
        if media_type is None:
            json_types = [one for one in self.media_types if is_json(one)]
            media_type = _concrete((json_types or list(self.media_types))[0])
        declared = declared_as(media_type_of(media_type)[0], self.media_types)
        if declared is None:
            raise ValueError(f"the body is taken as {' or '.join(self.media_types)}, not as {media_type}")
        try:
            content_type, content = self._media[declared].write(value)
        except Unwritable as error:
            raise ValueError(f"body: {error}") from None
        return content_type or media_type, content


def _concrete(media_type: str) -> str:
    kind = media_type.partition("/")[0]
    return (
        media_type
        if "*" not in media_type
        else "text/plain"
        if kind == "text"
        else "application/octet-stream"
    )
