"""The ways of a body to be bytes: JSON, text, the two kinds of forms, and bytes as they are."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from libs.api.document.references import resolve
from libs.api.schema import Schema
from libs.api.wire.forms import MultipartForm, UrlencodedForm, object_faults
from libs.api.wire.json_text import dump_json, load_json, plain
from libs.api.wire.media_types import FORM, MULTIPART, essence, is_json, is_text
from libs.api.wire.streams import BodyStream
from libs.api.wire.texts import Unreadable, Unwritable
from libs.api.wire.uploads import UploadedFile, close_files, read_parts
from libs.errors import Fault, InvalidBody, MalformedBody

Content = bytes | Iterable[bytes]
NOTHING = object()
"""What is read from a body of no bytes, where that is no value."""


class Media(Protocol):
    """One way of a value to be bytes.

    :param is_text: whether a charset makes a difference to it.
    :param may_be_empty: whether no bytes are a value, where the Content-Type is given.
    """

    is_text: bool
    may_be_empty: bool

    def read(self, stream: BodyStream, options: Mapping[str, str]) -> Any: ...

    def write(self, value: Any) -> tuple[str | None, Content]: ...


def media_of(media_type: str, content: Mapping[str, Any], document: Mapping[str, Any]) -> Media:
    node = content.get("schema", {})
    kind = essence(media_type)
    compiled = Schema(node, document, "request")
    if is_json(kind):
        return _Json(compiled)
    if kind == FORM:
        return _Urlencoded(compiled, UrlencodedForm(node, content.get("encoding", {}), document))
    if kind == MULTIPART:
        return _Multipart(compiled, MultipartForm(node, content.get("encoding", {}), document))
    if is_text(kind):
        return _Text(compiled)
    resolved = resolve(node, document)
    whole = isinstance(resolved, Mapping) and resolved.get("type") == "string"
    return _Bytes(resolved.get("maxLength")) if whole else _Stream()


class _Json:
    is_text, may_be_empty = True, False

    def __init__(self, schema: Schema) -> None:
        self._faults = schema.faults

    def read(self, stream: BodyStream, options: Mapping[str, str]) -> Any:
        raw = stream.readall()
        if not raw:
            return NOTHING
        value = load_json(raw)
        if faults := self._faults(value):
            raise InvalidBody(errors=faults)
        return value

    def write(self, value: Any) -> tuple[str | None, Content]:
        content = dump_json(value)
        _refuse(self._faults(load_json(content)))
        return None, content


class _Text:
    is_text, may_be_empty = True, True

    def __init__(self, schema: Schema) -> None:
        self._faults = schema.faults

    def read(self, stream: BodyStream, options: Mapping[str, str]) -> Any:
        try:
            value = stream.readall().decode()
        except UnicodeDecodeError:
            raise MalformedBody("The body is not UTF-8.") from None
        if "\0" in value:
            raise MalformedBody("The body holds a NUL.")
        if faults := self._faults(value):
            raise InvalidBody(errors=faults)
        return value

    def write(self, value: Any) -> tuple[str | None, Content]:
        if not isinstance(value, str):
            raise Unwritable("is no text")
        _refuse(self._faults(value))
        return None, value.encode()


class _Urlencoded:
    is_text, may_be_empty = True, True

    def __init__(self, schema: Schema, form: UrlencodedForm) -> None:
        self._schema = schema
        self._form = form

    def read(self, stream: BodyStream, options: Mapping[str, str]) -> Any:
        try:
            value, told = self._form.read(stream.readall().decode("ascii"))
        except UnicodeDecodeError:
            raise MalformedBody("The form is not percent-encoded.") from None
        except Unreadable as error:
            raise MalformedBody(f"The form {error}.") from None
        if faults := object_faults(self._schema, value, told):
            raise InvalidBody(errors=faults)
        return value

    def write(self, value: Any) -> tuple[str | None, Content]:
        data = plain(value)
        _refuse(self._schema.faults(data))
        return FORM, self._form.write(data).encode()


class _Multipart:
    is_text, may_be_empty = False, False

    def __init__(self, schema: Schema, form: MultipartForm) -> None:
        self._schema = schema
        self._form = form

    def read(self, stream: BodyStream, options: Mapping[str, str]) -> Any:
        if not options.get("boundary"):
            raise MalformedBody("The Content-Type of the form has no boundary.")
        value, told = self._form.read(read_parts(stream, options["boundary"], self._form.is_file))
        if faults := object_faults(self._schema, value, told):
            close_files(value)
            raise InvalidBody(errors=faults)
        return value

    def write(self, value: Any) -> tuple[str | None, Content]:
        if not isinstance(value, Mapping):
            value = plain(value)
        data = {name: _without_files(one) for name, one in value.items() if one is not None}
        _refuse(object_faults(self._schema, data, ()))
        body = self._form.write(data)
        return body.content_type, body


def _without_files(value: Any) -> Any:
    """Return a value as JSON has it; files stay what they are."""
    if isinstance(value, UploadedFile | bytes):
        return value
    if isinstance(value, list | tuple) and any(isinstance(one, UploadedFile | bytes) for one in value):
        return list(value)
    return plain(value)


class _Bytes:
    is_text, may_be_empty = False, True

    def __init__(self, longest: int | None) -> None:
        self._longest = longest

    def read(self, stream: BodyStream, options: Mapping[str, str]) -> Any:
        value = stream.readall()
        if self._longest is not None and len(value) > self._longest:
            raise InvalidBody(errors=[Fault(f"is longer than {self._longest} bytes", pointer="")])
        return value

    def write(self, value: Any) -> tuple[str | None, Content]:
        if not isinstance(value, bytes):
            raise Unwritable("is no bytes")
        return None, value


class _Stream:
    is_text, may_be_empty = False, True

    def read(self, stream: BodyStream, options: Mapping[str, str]) -> Any:
        return stream

    def write(self, value: Any) -> tuple[str | None, Content]:
        if isinstance(value, str) or not isinstance(value, Iterable):
            raise Unwritable("is neither bytes nor an iterable of bytes")
        return None, value


def _refuse(faults: list[Fault]) -> None:
    if faults:
        told = "; ".join(f"{fault.pointer} {fault.detail}".strip() for fault in faults)
        raise Unwritable(told)
