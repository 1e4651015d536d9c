"""Files in forms, and the bodies that carry them: ``multipart/form-data`` (RFC 7578)."""

import io
import re
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from libs.api.wire.media_types import media_type_of
from libs.api.wire.streams import CHUNK, BodyStream
from libs.api.wire.texts import MAX_FIELDS
from libs.errors import BodyTooLarge, MalformedBody

MAX_FIELD_BYTES = 512 * 1024
"""What all fields of a form that are no files may hold together, for they are held in memory."""
IN_MEMORY_BYTES = 64 * 1024
"""A larger file is kept on disk."""


@dataclass
class UploadedFile:
    """A file in a form: sent to a handler, or given to a client.

    :param stream: its bytes; on disk, and gone when the request is answered, if there are many.
    :param filename: as its sender calls it, without folders; not to be trusted as a path.
    :param media_type: as its sender says.
    :param size: in bytes.
    """

    stream: BinaryIO
    filename: str = "file"
    media_type: str = "application/octet-stream"
    size: int = 0

    @classmethod
    def of(
        cls, data: bytes, filename: str = "file", media_type: str = "application/octet-stream"
    ) -> "UploadedFile":
        """Return a file that holds `data`."""
        return cls(io.BytesIO(data), filename, media_type, len(data))

    def read(self) -> bytes:
        """Return all it holds."""
        self.stream.seek(0)
        return self.stream.read()

    def save(self, path: Path) -> None:
        """Write it to `path`, which must not be there yet.

        :raises FileExistsError: if it is.
        """
        self.stream.seek(0)
        with path.open("xb") as target:
            shutil.copyfileobj(self.stream, target, CHUNK)


@dataclass(frozen=True)
class Part:
    """One part of a form.

    :param text: its bytes; None if it is a file.
    """

    name: str
    media_type: str
    text: bytes | None = None
    file: UploadedFile | None = None


@dataclass
class _Open:
    """A part that is being read."""

    name: str
    filename: str
    media_type: str
    sink: BinaryIO
    is_file: bool
    size: int = field(default=0)

    def part(self) -> Part:
        self.sink.seek(0)
        if self.is_file:
            file = UploadedFile(self.sink, self.filename, self.media_type, self.size)
            return Part(self.name, self.media_type, file=file)
        return Part(self.name, self.media_type, text=self.sink.read())


def close_files(form: Mapping[str, Any]) -> None:
    """Remove the files of a form that are kept on disk."""
    for one in form.values():
        for item in one if isinstance(one, list) else [one]:
            if isinstance(item, UploadedFile):
                item.stream.close()


def read_parts(stream: BodyStream, boundary: str, is_file: Callable[[str], bool]) -> Iterator[Part]:
    """Yield the parts of a form as they arrive.

    :param is_file: tells by its name which part is a file.
    :raises MalformedBody: if it is no form.
    :raises BodyTooLarge: if it has more than `MAX_FIELDS` parts, or more than `MAX_FIELD_BYTES` in fields.
    """
    decoder = MultipartDecoder(boundary.encode(), max_parts=MAX_FIELDS)
    part: _Open | None = None
    in_memory, complete = 0, False
    try:
        while not complete:
            data = stream.read(CHUNK)
            decoder.receive_data(data or None)
            if part is None and len(decoder.buffer) > MAX_FIELD_BYTES:
                raise BodyTooLarge("The headers of a part are too large.")
            while not isinstance(event := decoder.next_event(), NeedData):
                if isinstance(event, Field | File):
                    part = _open(event, is_file)
                elif isinstance(event, Data) and part is not None:
                    part.sink.write(event.data)
                    part.size += len(event.data)
                    in_memory += 0 if part.is_file else len(event.data)
                    if in_memory > MAX_FIELD_BYTES:
                        raise BodyTooLarge("The fields of the form are too large.")
                    if not event.more_data:
                        yield part.part()
                        part = None
                elif isinstance(event, Epilogue):
                    complete = True
                    break
    except RequestEntityTooLarge:
        raise BodyTooLarge(f"The form has more than {MAX_FIELDS} parts.") from None
    except (ValueError, KeyError, AttributeError):
        raise MalformedBody("The body is no multipart/form-data as its Content-Type says.") from None
    finally:
        if part is not None:
            part.sink.close()


def _open(event: Field | File, is_file: Callable[[str], bool]) -> _Open:
    name = cast(str | None, event.name)
    if name is None or "\0" in name:
        raise MalformedBody("A part of the form has no name.")
    content_type = event.headers.get("Content-Type", "")
    filename = getattr(event, "filename", "") or ""
    wanted = is_file(name)
    return _Open(
        name,
        re.split(r"[/\\\0]", filename)[-1] or "file",
        media_type_of(content_type)[0] or ("application/octet-stream" if wanted else "text/plain"),
        cast(BinaryIO, tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES) if wanted else io.BytesIO()),
        wanted,
    )


class MultipartBody:
    """The bytes of a form, made as they are read. It can be read again, for another attempt."""

    def __init__(self, parts: Iterable[Part]) -> None:
        self._parts = list(parts)
        self._boundary = secrets.token_hex(16)

    @property
    def content_type(self) -> str:
        return f"multipart/form-data; boundary={self._boundary}"

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts:
            disposition = f'form-data; name="{_quoted(part.name)}"'
            if part.file is not None:
                disposition += f'; filename="{_quoted(part.file.filename)}"'
            head = f"Content-Disposition: {disposition}\r\nContent-Type: {_quoted(part.media_type)}"
            yield f"--{self._boundary}\r\n{head}\r\n\r\n".encode()
            if part.file is not None:
                part.file.stream.seek(0)
                while data := part.file.stream.read(CHUNK):
                    yield data
            else:
                yield part.text or b""
            yield b"\r\n"
        yield f"--{self._boundary}--\r\n".encode()


def _quoted(text: str) -> str:
    # As browsers do (HTML standard, multipart form data).
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
