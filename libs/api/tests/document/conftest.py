"""Fixtures of the tests of documents."""

import textwrap

import pytest

from libs.api.document.errors import ContractError
from libs.api.document.source import read_source


@pytest.fixture
def written(tmp_path):
    """Write files, each a name and its text or bytes, into a folder; return the path of the first."""

    def write(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else textwrap.dedent(text).lstrip("\n").encode())
        return tmp_path / next(iter(files))

    return write


@pytest.fixture
def read(written):
    """Read a contract of one file or several."""

    def read(text, **files):
        return read_source(
            written({"shop.yaml": text, **{n.replace("__", "."): t for n, t in files.items()}})
        )

    return read


@pytest.fixture
def faults(written):
    """Return what is said of a contract that cannot be read."""

    def faults(text, name="shop.yaml", **files):
        path = written({name: text, **{n.replace("__", "."): t for n, t in files.items()}})
        with pytest.raises(ContractError) as caught:
            read_source(path)
        assert str(caught.value) == "\n".join(caught.value.faults)
        return list(caught.value.faults)

    return faults
