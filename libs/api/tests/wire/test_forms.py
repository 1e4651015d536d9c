"""Forms: fields become one object, files are kept on disk, and every fault has its place."""

import io
import tempfile
import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug import Request
from werkzeug.test import EnvironBuilder

from libs.api.document.source import read_document
from libs.api.wire.bodies import Body
from libs.api.wire.uploads import IN_MEMORY_BYTES, MAX_FIELD_BYTES, UploadedFile
from libs.errors import BodyTooLarge, InvalidBody, MalformedBody, Problem

FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
POINT = {"type": "object", "required": ["x"], "properties": {"x": {"type": "integer"}}}
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["title"],
    "properties": {
        "title": {"type": "string", "maxLength": 5},
        "count": {"type": "integer"},
        "sure": {"type": "boolean"},
        "tags": {"type": "array", "maxItems": 2, "items": {"type": "string"}},
        "point": POINT,
        "points": {"type": "array", "items": POINT},
    },
}
FILES = {
    **SCHEMA,
    "required": ["title", "avatar"],
    "properties": {
        **SCHEMA["properties"],
        "avatar": {"type": "string", "format": "binary", "maxLength": 200_000},
        "photos": {"type": "array", "minItems": 2, "items": {"contentMediaType": "image/png"}},
        "any": {},
    },
}


def form(media_type=FORM, schema=SCHEMA, encoding=None):
    content = {media_type: {"schema": schema, "encoding": encoding or {}}}
    return Body.from_document({"required": True, "content": content}, {})


def request(data, content_type):
    return Request(EnvironBuilder("/", method="POST", data=data, content_type=content_type).get_environ())


OPEN = []


@pytest.fixture(autouse=True)
def _closed():
    yield
    while OPEN:
        OPEN.pop().close()


def read(one, data, content_type=FORM):
    OPEN.append(one.read(request(data, content_type)))
    return OPEN[-1].value


def faults(one, data, content_type=FORM):
    with pytest.raises(InvalidBody) as caught:
        one.read(request(data, content_type))
    return {fault.pointer: fault.detail for fault in caught.value.errors}


def parts(*of, boundary="b"):
    """Return a multipart body of (name, headers, bytes), as a browser would send it."""
    made = b""
    for name, more, data in of:
        disposition = f'Content-Disposition: form-data; name="{name}"{more}'
        made += f"--{boundary}\r\n{disposition}\r\n\r\n".encode() + data + b"\r\n"
    return made + f"--{boundary}--\r\n".encode()


def send(one, *of):
    return read(one, parts(*of), f"{MULTIPART}; boundary=b")


def refused(one, *of):
    return faults(one, parts(*of), f"{MULTIPART}; boundary=b")


PNG = '; filename="a.png"\r\nContent-Type: image/png'
TITLE, AVATAR = ("title", "", b"t"), ("avatar", '; filename="a.png"', b"\x89PNG\0")


def test_a_form_is_an_object():
    text = 'title=a+b%26&count=5&sure=true&tags=a&tags=b%2Cc&point={"x":1}&points={"x":1}&points={"x":2}'
    assert read(form(), text) == {
        "title": "a b&",
        "count": 5,
        "sure": True,
        "tags": ["a", "b,c"],
        "point": {"x": 1},
        "points": [{"x": 1}, {"x": 2}],
    }


def test_every_fault_of_a_form_is_told_at_once():
    text = 'title=longer&count=x&sure=yes&tags=a&tags=b&tags=c&point={"x":"y"}&points={&z=1&z=2&w=%FF'
    assert faults(form(), text) == {
        "/title": "is longer than 5 characters",
        "/count": "is not of type integer",
        "/sure": "is not of type boolean",
        "/tags": "has more than 2 items",
        "/point/x": "is not of type integer",
        "/points": "is not JSON",
        "/z": "was sent more than once",
        "/w": "is not UTF-8",
    }
    assert faults(form(), "") == {"/title": "is required"}
    assert faults(form(), "title=a&title=b&z=1") == {
        "/title": "was sent more than once",
        "/z": "is not a known field",
    }


def test_an_encoding_says_the_style_of_a_field():
    encoding = {"tags": {"style": "pipeDelimited", "explode": False}, "point": {"style": "deepObject"}}
    one = form(encoding=encoding)
    assert read(one, "title=t&tags=a|b&point[x]=5") == {"title": "t", "tags": ["a", "b"], "point": {"x": 5}}


@pytest.mark.parametrize("raw", [b"\xff=1", b"%FF=1", b"a%00=1", b"&".join(b"a%d=" % n for n in range(1001))])
def test_what_is_no_form_is_malformed(raw):
    with pytest.raises(MalformedBody):
        read(form(), raw)


OBJECTS = st.fixed_dictionaries(
    {"title": TEXTS.filter(lambda text: len(text) <= 5)},
    optional={
        "count": st.integers(-(2**63), 2**63 - 1),
        "sure": st.booleans(),
        "tags": st.lists(TEXTS, min_size=1, max_size=2),
        "point": st.fixed_dictionaries({"x": st.integers(0, 9)}, optional={"é&=": TEXTS}),
        "points": st.lists(st.fixed_dictionaries({"x": st.integers(0, 9)}), min_size=1, max_size=3),
    },
)


@given(OBJECTS)
def test_a_form_arrives_as_it_was_written(value):
    content_type, content = form().write(value)
    assert content_type == FORM
    assert read(form(), content) == value
    content_type, content = form(MULTIPART).write(value)
    assert read(form(MULTIPART), b"".join(content), content_type) == value


def test_files_come_with_the_fields():
    found = send(form(MULTIPART, FILES), TITLE, AVATAR, ("count", "", b"5"), ("point", "", b'{"x":1}'))
    assert (found["title"], found["count"], found["point"]) == ("t", 5, {"x": 1})
    file = found["avatar"]
    assert (file.filename, file.media_type, file.size) == ("a.png", "application/octet-stream", 5)
    assert file.read() == b"\x89PNG\0"


def test_several_files_are_a_list():
    photos = [("photos", PNG, b"1"), ("photos", PNG, b"22")]
    found = send(form(MULTIPART, FILES), TITLE, AVATAR, *photos)
    assert [(one.media_type, one.size) for one in found["photos"]] == [("image/png", 1), ("image/png", 2)]


def test_every_fault_of_a_form_with_files_is_told_at_once():
    large = ("avatar", "", b"x" * 200_001)
    photo = ("photos", '; filename="x.gif"\r\nContent-Type: image/gif', b"x")
    wrong = [large, photo, ("count", "", b"x"), ("point", "", b"{"), ("z", PNG, b"1"), ("title", "", b"\xff")]
    assert refused(form(MULTIPART, FILES), *wrong) == {
        "/avatar": "is longer than 200000 bytes",
        "/photos": "has less than 2 items",
        "/photos/0": "is not of media type image/png",
        "/count": "is not of type integer",
        "/point": "is not JSON",
        "/z": "is not a known field",
        "/title": "is not UTF-8",
    }
    assert refused(form(MULTIPART, FILES), TITLE) == {"/avatar": "is required"}
    assert refused(form(MULTIPART, FILES), TITLE, AVATAR, AVATAR) == {"/avatar": "was sent more than once"}


@pytest.mark.parametrize("name", ["../../etc/passwd", "..\\\\x", "a/b\\\\passwd", "", "/"])
def test_a_file_name_has_no_folders(name):
    found = send(form(MULTIPART, FILES), TITLE, ("avatar", f'; filename="{name}"', b"x"))
    assert found["avatar"].filename in ("passwd", "x", "file")


@pytest.mark.parametrize("size", [0, 1, IN_MEMORY_BYTES, IN_MEMORY_BYTES + 1, 190_000])
def test_a_large_file_is_on_disk_and_gone_when_closed(size, tmp_path):
    one = form(MULTIPART, FILES)
    received = one.read(request(parts(TITLE, ("avatar", PNG, b"x" * size)), f"{MULTIPART}; boundary=b"))
    file = received.value["avatar"]
    assert file.stream._rolled is (size > IN_MEMORY_BYTES)
    assert (file.size, len(file.read())) == (size, size)
    file.save(tmp_path / "saved")
    assert (tmp_path / "saved").stat().st_size == size
    with pytest.raises(FileExistsError):
        file.save(tmp_path / "saved")
    received.close()
    assert file.stream.closed


def test_fields_are_bounded_and_files_are_not_counted():
    free = form(MULTIPART, {"type": "object", "properties": {"file": {"format": "binary", "type": "string"}}})
    assert send(free, ("file", PNG, b"x" * 3 * MAX_FIELD_BYTES))["file"].size == 3 * MAX_FIELD_BYTES
    half = b"x" * (MAX_FIELD_BYTES // 2 + 1)
    assert send(free, ("a", "", half))
    with pytest.raises(BodyTooLarge, match="fields of the form"):
        send(free, ("a", "", half), ("b", "", half))
    with pytest.raises(BodyTooLarge, match="more than 1000 parts"):
        send(free, *[(f"a{n}", "", b"") for n in range(1001)])
    with pytest.raises(BodyTooLarge, match="headers of a part"):
        send(free, ("a", "; x=" + "y" * (MAX_FIELD_BYTES + 100_000), b""))


GOOD = parts(TITLE)


@pytest.mark.parametrize(
    "raw",
    [b"", b"x", GOOD[:-3], GOOD[:20], GOOD.replace(b"--b", b"--c"), GOOD.replace(b'; name="title"', b""),
     GOOD.replace(b"Content-Disposition", b"X"), GOOD.replace(b"title", b"ti\0tle"),
     GOOD.replace(b"title", b"\xff")],
)  # fmt: skip
def test_what_is_no_multipart_form_is_malformed(raw):
    with pytest.raises((MalformedBody, InvalidBody)) as caught:
        read(form(MULTIPART), raw, f"{MULTIPART}; boundary=b")
    assert isinstance(caught.value, MalformedBody) or raw == b""
    with pytest.raises(MalformedBody, match="no boundary"):
        read(form(MULTIPART), raw or b"x", MULTIPART)


@pytest.mark.parametrize("missing", [3, 8, 40_000])
def test_a_file_that_ends_in_the_middle_leaves_nothing_open(missing, monkeypatch):
    made = []

    class Spooled(tempfile.SpooledTemporaryFile):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            made.append(self)

    monkeypatch.setattr(tempfile, "SpooledTemporaryFile", Spooled)
    raw = parts(TITLE, ("avatar", PNG, b"x" * 100_000))[:-missing]
    with pytest.raises(MalformedBody):
        read(form(MULTIPART, FILES), raw, f"{MULTIPART}; boundary=b")
    assert [file.closed for file in made] == [True]


@given(st.data())
@settings(max_examples=300)
def test_whatever_is_sent_as_a_form_is_read_or_refused(data):
    raw = bytearray(parts(TITLE, AVATAR, ("tags", PNG, b"1"), ("point", "", b'{"x":1}')))
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=4))
    try:
        read(form(MULTIPART, FILES), bytes(raw), f"{MULTIPART}; boundary=b")
    except Problem as problem:
        refused_with = problem.status
        assert refused_with in (400, 413, 422)


def test_a_client_sends_files():
    one = form(MULTIPART, FILES)
    avatar = UploadedFile.of(b"\x89PNG\r\n--b--", 'a "b"\r\n.png', "image/png")
    value = {"title": "é", "avatar": avatar, "photos": [b"1", UploadedFile.of(b"2", media_type="image/png")]}
    content_type, content = one.write(value)
    for _ in range(2):  # another attempt sends the same
        found = read(one, b"".join(content), content_type)
        assert (found["title"], found["avatar"].read()) == ("é", avatar.read())
        assert found["avatar"].filename == 'a "b"%0D%0A.png'
        assert [file.read() for file in found["photos"]] == [b"1", b"2"]


def test_a_file_of_a_client_is_read_as_it_is_sent():
    class Counting(io.BytesIO):
        largest = 0

        def read(self, size=-1):
            data = super().read(size)
            self.largest = max(self.largest, len(data))
            return data

    source = Counting(b"x" * 199_000)
    _, content = form(MULTIPART, FILES).write({"title": "t", "avatar": UploadedFile(source, size=199_000)})
    assert sum(map(len, content)) > 199_000
    assert source.largest < 100_000


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"title": "hunter2", "avatar": b"x"}, "^body: /title is longer than 5 characters"),
        ({"title": "t"}, "^body: /avatar is required"),
        ({"title": "t", "avatar": "hunter2"}, "^body: is neither an UploadedFile nor bytes"),
        ({"title": "t", "avatar": b"x", "photos": [b"1"]}, "^body: /photos has less than 2 items"),
    ],
)
def test_a_form_the_contract_does_not_take_is_not_sent(value, told):
    with pytest.raises(ValueError, match=told) as caught:
        b"".join(form(MULTIPART, FILES).write(value)[1])
    assert "hunter2" not in str(caught.value)


IN_EVERY_VERSION = {
    "2.0": """
        swagger: '2.0'
        info: {title: S, version: '1'}
        paths:
          /a:
            post:
              consumes: [multipart/form-data]
              parameters: [{name: file, in: formData, type: file, required: true}]
              responses: {200: {description: ok}}
    """,
    "3.0": """
        openapi: 3.0.3
        info: {title: S, version: '1'}
        paths:
          /a:
            post:
              requestBody: {required: true, content: {multipart/form-data: {schema: {type: object,
                properties: {file: {type: string, format: binary}}}}}}
              responses: {200: {description: ok}}
    """,
}
IN_EVERY_VERSION["3.1"] = IN_EVERY_VERSION["3.0"].replace("3.0.3", "3.1.0")


@pytest.mark.parametrize("version", IN_EVERY_VERSION)
def test_a_file_may_be_of_any_media_type_in_every_version(version, tmp_path):
    path = tmp_path / "files.yaml"
    path.write_text(textwrap.dedent(IN_EVERY_VERSION[version]))
    document = read_document(path)
    one = Body.from_document(document["paths"]["/a"]["post"]["requestBody"], document)
    sent = UploadedFile.of(b"\x89PNG", "p.png", "image/png")
    content_type, content = one.write({"file": sent})
    file = read(one, b"".join(content), content_type)["file"]
    assert (file.read(), file.media_type) == (b"\x89PNG", "image/png")


def test_brackets_tell_what_a_field_is():
    metadata = {"type": "object", "additionalProperties": {"type": "string"}}
    schema = {"properties": {"metadata": {"anyOf": [metadata, {"type": "string", "enum": [""]}]}}}
    one = form(schema={"type": "object", **schema}, encoding={"metadata": {"style": "deepObject"}})
    for value, written in (({"a": "1"}, b"metadata%5Ba%5D=1"), ("", b"metadata=")):
        assert one.write({"metadata": value}) == (FORM, written)
        assert read(one, written) == {"metadata": value}
