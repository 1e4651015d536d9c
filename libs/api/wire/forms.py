"""Forms: one object, field by field (OpenAPI 3.1 section 4.8.15)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from libs.api.document.references import resolve
from libs.api.schema import Schema
from libs.api.wire.declared_styles import style_of
from libs.api.wire.json_text import dump_json, load_json
from libs.api.wire.media_types import is_json, is_text
from libs.api.wire.scalars import SCALARS, Scalar, types_of
from libs.api.wire.shapes import TEXT, first, properties_of, scalar_of
from libs.api.wire.styles import ABSENT, Style
from libs.api.wire.texts import QUERY, Sent, Unreadable, Unwritable, query_texts
from libs.api.wire.uploads import MultipartBody, Part, UploadedFile, close_files
from libs.errors import Fault, Problem, pointer


@dataclass(frozen=True)
class Field:
    """One field: a text, a JSON text or a file, or an array of such, each sent by itself.

    :param scalar: how it is text; None if it is JSON or a file.
    :param media_types: what it may be of; the first is what it is sent as, if it does not say.
    :param longest: of a file, in bytes.
    """

    many: bool
    scalar: Scalar | None
    is_file: bool = False
    media_types: tuple[str, ...] = ()
    longest: int | None = None

    @classmethod
    def from_document(
        cls, schema: Any, encoding: Mapping[str, Any], document: Mapping[str, Any], *, files: bool
    ) -> "Field":
        """Read a property of a form's schema, and its Encoding Object.

        :param files: whether there are files in such a form.
        """
        many = types_of(schema, document) - {"null"} == {"array"}
        node = (first(schema, "items", document) or {}) if many else schema
        media_types = tuple(
            one.strip().lower() for one in str(encoding.get("contentType", "")).split(",") if one.strip()
        )
        content = first(node, "contentMediaType", document)
        media_types = media_types or ((content.lower(),) if isinstance(content, str) else ())
        if files and _is_file(node, media_types, document):
            return cls(many, None, True, media_types, first(node, "maxLength", document))
        if types_of(node, document) <= frozenset(SCALARS) and not any(map(is_json, media_types)):
            return cls(many, scalar_of(node, document), media_types=media_types or ("text/plain",))
        return cls(many, None, media_types=media_types or ("application/json",))

    def read(self, text: bytes) -> Any:
        """Return the value of the bytes of one part.

        :raises Unreadable: if they have none.
        """
        if self.scalar is None:
            try:
                return load_json(text)
            except Problem:
                raise Unreadable("is not JSON") from None
        try:
            decoded = text.decode()
        except UnicodeDecodeError:
            raise Unreadable("is not UTF-8") from None
        if "\0" in decoded:
            raise Unreadable("holds a NUL")
        return self.scalar.read(decoded)

    def write(self, value: Any) -> bytes:
        """Return the bytes of one value.

        :raises Unwritable: if it has none.
        """
        return dump_json(value) if self.scalar is None else self.scalar.write(value).encode()


ANY = Field(False, TEXT, media_types=("text/plain",))
"""A field that the schema does not name; whether it may be there is for the schema to say."""


def _is_file(node: Any, media_types: Iterable[str], document: Mapping[str, Any]) -> bool:
    """Tell whether bytes are sent: so it is where nothing says text, JSON or base64 (section 4.8.14.4)."""
    resolved = resolve(node, document)
    if not isinstance(resolved, Mapping) or first(node, "contentEncoding", document):
        return False
    if any(not is_json(one) and not is_text(one) for one in media_types):
        return True
    if media_types:
        return False
    said = {"type", "enum", "const", "allOf", "oneOf", "anyOf", "properties", "items", "format", "pattern"}
    return first(node, "format", document) == "binary" or not said & resolved.keys()


class UrlencodedForm:
    """``application/x-www-form-urlencoded``: each property in a style, by default `form`."""

    def __init__(self, schema: Any, encoding: Mapping[str, Any], document: Mapping[str, Any]) -> None:
        self._styles: dict[str, Style] = {}
        self._json: dict[str, Field] = {}
        for name, node in properties_of(schema, document).items():
            said = encoding.get(name, {})
            plain_field = Field.from_document(node, said, document, files=False)
            if plain_field.scalar is None and not {"style", "explode"} & said.keys():
                self._json[name] = plain_field
            else:
                self._styles[name] = style_of(name, "query", node, said, document)
        self._names = {name for style in self._styles.values() for name in style.names} | self._json.keys()

    def read(self, text: str) -> tuple[dict[str, Any], list[Fault]]:
        """Return the object of a form, and what in it cannot be read.

        :raises Unreadable: if it is no form.
        """
        sent = query_texts(text)
        found: dict[str, Any] = {}
        faults: list[Fault] = []
        for name, style in self._styles.items():
            _put(found, faults, name, lambda style=style: style.read(sent))
        for name, one in self._json.items():
            _put(found, faults, name, lambda name=name, one=one: _json_of(one, sent, name))
        for name, texts in sent.items():
            if name not in self._names and not any(style.takes(name) for style in self._styles.values()):
                _put(found, faults, name, lambda texts=texts: _only(texts))
        return found, faults

    def write(self, value: Mapping[str, Any]) -> str:
        """Return the form of an object.

        :raises Unwritable: if a value in it cannot be read again.
        """
        pairs: list[tuple[str, str]] = []
        for name, one in value.items():
            if (style := self._styles.get(name)) is not None:
                pairs.extend(style.write(one) if one is not None else ())
            elif (declared := self._json.get(name)) is not None:
                values = one if declared.many else [one]
                pairs.extend((name, QUERY.encode(declared.write(item).decode())) for item in values)
            else:
                pairs.append((name, QUERY.encode(TEXT.write(one))))
        return "&".join(f"{QUERY.encode(name)}={text}" for name, text in pairs)


def _put(found: dict[str, Any], faults: list[Fault], name: str, read: Any) -> None:
    try:
        value = read()
    except Unreadable as error:
        faults.append(Fault(str(error), pointer=pointer(name)))
        return
    if value is not ABSENT:
        found[name] = value


def _json_of(one: Field, sent: Sent, name: str) -> Any:
    if name not in sent:
        return ABSENT
    texts = [QUERY.decode(text).encode() for text in sent[name]]
    if one.many:
        return [one.read(text) for text in texts]
    if len(texts) > 1:
        raise Unreadable("was sent more than once")
    return one.read(texts[0])


def _only(texts: Any) -> str:
    if len(texts) > 1:
        raise Unreadable("was sent more than once")
    return QUERY.decode(texts[0])


class MultipartForm:
    """``multipart/form-data``: each property is a part, each item of an array one of its own."""

    def __init__(self, schema: Any, encoding: Mapping[str, Any], document: Mapping[str, Any]) -> None:
        self._fields = {
            name: Field.from_document(node, encoding.get(name, {}), document, files=True)
            for name, node in properties_of(schema, document).items()
        }

    def is_file(self, name: str) -> bool:
        """Tell whether the part of this name is a file."""
        return self._fields.get(name, ANY).is_file

    def read(self, parts: Iterable[Part]) -> tuple[dict[str, Any], list[Fault]]:
        """Return the object of a form, and what in it cannot be read."""
        found: dict[str, Any] = {}
        try:
            return found, list(self._faults(parts, found))
        except Problem:
            close_files(found)
            raise

    def _faults(self, parts: Iterable[Part], found: dict[str, Any]) -> Iterator[Fault]:
        """Put the parts into `found`; yield what is wrong with them."""
        for part in parts:
            one = self._fields.get(part.name, ANY)
            place = pointer(part.name)
            if one.many:
                place = pointer(part.name, len(found.setdefault(part.name, [])))
            try:
                value = part.file or one.read(part.text or b"")
            except Unreadable as error:
                yield Fault(str(error), pointer=place)
                value = None
            if part.file is not None:
                yield from _file_faults(one, part.file, place)
            if one.many:
                found[part.name].append(value)
            elif part.name in found:
                yield Fault("was sent more than once", pointer=place)
                if part.file is not None:
                    part.file.stream.close()
            else:
                found[part.name] = value

    def write(self, value: Mapping[str, Any]) -> MultipartBody:
        """Return the form of an object.

        :raises Unwritable: if a value in it has no text.
        """
        return MultipartBody(part for name, one in value.items() for part in self._parts(name, one))

    def _parts(self, name: str, value: Any) -> Iterable[Part]:
        one = self._fields.get(name, ANY)
        if value is None and one.scalar is None:
            return
        if one.many and not isinstance(value, list):
            raise Unwritable("is no list")
        for item in value if one.many else [value]:
            if not one.is_file:
                yield Part(name, one.media_types[0], text=one.write(item))
                continue
            media_type = one.media_types[0] if one.media_types else "application/octet-stream"
            file = UploadedFile.of(item, media_type=media_type) if isinstance(item, bytes) else item
            if not isinstance(file, UploadedFile):
                raise Unwritable("is neither an UploadedFile nor bytes")
            yield Part(name, file.media_type, file=file)


def _file_faults(one: Field, file: UploadedFile, place: str) -> list[Fault]:
    faults = []
    if one.longest is not None and file.size > one.longest:
        faults.append(Fault(f"is longer than {one.longest} bytes", pointer=place))
    kind = file.media_type.partition("/")[0]
    if one.media_types and not {file.media_type, f"{kind}/*", "*/*"} & set(one.media_types):
        faults.append(Fault(f"is not of media type {' or '.join(one.media_types)}", pointer=place))
    return faults


def object_faults(schema: Schema, value: Mapping[str, Any], told: Iterable[Fault]) -> list[Fault]:
    """Return what is wrong with the object of a form, `told` included.

    Files are no JSON: the schema sees a text where they stand, and what it says of those does not count. Nor
    does it say more of what could not be read.
    """
    faults = list(told)
    passed = {fault.pointer for fault in faults}
    seen: dict[str, Any] = {}
    for name, one in value.items():
        files = [(number, item) for number, item in enumerate(one if isinstance(one, list) else [one])]
        passed |= {
            pointer(name, number) if isinstance(one, list) else pointer(name)
            for number, item in files
            if isinstance(item, UploadedFile | bytes)
        }
        seen[name] = [_shown(item) for item in one] if isinstance(one, list) else _shown(one)
    return [*faults, *(fault for fault in schema.faults(seen) if fault.pointer not in passed)]


def _shown(value: Any) -> Any:
    return "" if isinstance(value, UploadedFile | bytes) else value
