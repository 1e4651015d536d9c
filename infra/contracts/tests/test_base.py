"""What today's documents are compared with, in git repositories made for the test."""

import os
import subprocess
from pathlib import Path

import pytest

from infra.contracts.base import FOLDER, Base, History
from infra.local.errors import LocalError

ALONE = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


class Repository:
    """A git repository with a document in apis/published/."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.document = root / FOLDER / "todos.json"
        self.document.parent.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
        done = subprocess.run(["git", *who, *arguments], cwd=self.root, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def write(self, text: str) -> None:
        self.document.write_text(text)

    def commit(self, text: str | None = None) -> str:
        """Commit the document, or something else; return the commit's hash."""
        if text is None:
            with (self.root / "other").open("a") as other:
                other.write(".")
        else:
            self.write(text)
        self.git("add", ".")
        self.git("commit", "--quiet", "--message=-")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    for name, value in ALONE.items():
        monkeypatch.setenv(name, value)
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    return Repository(tmp_path)


def base(repository: Repository, wanted: str | None = None) -> Base:
    found = History(repository.root).base(wanted)
    assert isinstance(found, Base), found
    return found


def test_the_version_that_is_asked_for_goes_before_all(repository: Repository):
    asked = repository.commit("{}")
    repository.git("tag", "v1")
    repository.commit('{"a": 1}')
    assert base(repository, asked[:10]) == Base(asked, asked[:10])
    with pytest.raises(LocalError, match=r"BASE=v9: git knows no such version; try `git fetch --tags`\."):
        History(repository.root).base("v9")


def test_an_option_is_no_version(repository: Repository):
    repository.commit("{}")
    with pytest.raises(LocalError, match="BASE=--all: git knows no such version"):
        History(repository.root).base("--all")


def test_the_last_tag_goes_before_the_branch(repository: Repository):
    repository.commit("{}")
    repository.git("tag", "v1")
    tagged = repository.commit('{"a": 1}')
    repository.git("tag", "--annotate", "--message=-", "v2")
    repository.git("switch", "--quiet", "--create", "other")
    repository.commit('{"a": 2}')
    assert base(repository) == Base(tagged, "v2 (the last tag)")


def test_a_branch_is_compared_with_where_it_left_main(repository: Repository):
    repository.commit("{}")
    left = repository.commit('{"a": 1}')
    repository.git("switch", "--quiet", "--create", "other")
    repository.commit('{"a": 2}')
    repository.git("switch", "--quiet", "main")
    repository.commit('{"a": 3}')
    repository.git("switch", "--quiet", "other")
    assert base(repository) == Base(left, f"{left[:12]} (where this branch left main)")


def test_a_clone_is_compared_with_what_has_not_been_pushed(repository: Repository, tmp_path_factory):
    pushed = repository.commit("{}")
    folder = tmp_path_factory.mktemp("clone")
    repository.git("clone", "--quiet", ".", str(folder))
    clone = Repository.__new__(Repository)
    clone.root, clone.document = folder, folder / FOLDER / "todos.json"
    clone.commit('{"a": 1}')
    assert base(clone) == Base(pushed, f"{pushed[:12]} (where this branch left origin/main)")


def test_on_main_a_change_is_compared_with_the_last_one(repository: Repository):
    first = repository.commit("{}")
    repository.commit()
    second = repository.commit('{"a": 1}')
    repository.commit()
    assert base(repository) == Base(first, f"{first[:12]} (the last commit but one that changed {FOLDER})")
    repository.write('{"a": 2}')
    assert base(repository) == Base(second, f"{second[:12]} (the last commit that changed {FOLDER})")


def test_the_first_version_has_nothing_to_be_compared_with(repository: Repository):
    assert History(repository.root).base() == "nothing has been committed yet"
    repository.commit("{}")
    assert History(repository.root).base() == "apis/published has no earlier version"


def test_a_shallow_clone_says_what_it_lacks(repository: Repository, tmp_path_factory):
    repository.commit("{}")
    repository.commit('{"a": 1}')
    folder = tmp_path_factory.mktemp("shallow")
    repository.git("clone", "--quiet", "--depth=1", repository.root.as_uri(), str(folder))
    assert "`git fetch --unshallow --tags`" in str(History(folder).base())


def test_a_folder_that_is_in_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert History(tmp_path).base() == "this is no git repository"


def test_the_documents_are_those_of_the_version(repository: Repository):
    repository.commit('{"text": "ä\\n"}\n')
    before = base(repository, "HEAD")
    repository.write("{}")
    history = History(repository.root)
    assert history.documents(before) == {"todos": '{"text": "ä\\n"}'.encode()}
    assert history.text(before, f"{FOLDER}/todos.json") == '{"text": "ä\\n"}'
    assert history.text(before, "other") == ""


def test_a_repository_may_be_larger_than_what_is_published_from_it(repository: Repository):
    inner = repository.root / "backend" / FOLDER
    inner.mkdir(parents=True)
    (inner / "auth.json").write_text("[]")
    before = Base(repository.commit("{}"), "-")
    assert History(repository.root / "backend").documents(before) == {"auth": b"[]"}
