"""Every code that is raised is declared, once, and every one that is declared is raised."""

from textwrap import dedent

import pytest

from libs.service import Service, SettingsError
from libs.service.contracts import services
from libs.service.problems.codes import Code, declared_codes
from libs.service.problems.page import MARK, problems_page
from tests.problem_codes import Raised, faults, problem_classes, raised, sources


def test_what_is_raised_is_declared_and_what_is_declared_is_raised():
    paths = sources()
    classes = problem_classes(paths)
    found = [one for path in paths for one in raised(path, classes)]
    assert len(found) > 60
    assert faults(declared_codes(), found) == []


@pytest.mark.parametrize("name", services())
def test_the_texts_of_a_service_can_be_used(name):
    Service.named(name).problems()


def test_every_code_of_auth_that_has_a_text_has_it_in_every_language():
    texts = Service.named("auth").problems()._texts
    assert texts.by_language.keys() == {"en", "de", "fr"}
    codes = [set(one) for one in texts.by_language.values()]
    assert codes[0] == codes[1] == codes[2]


CODE = Code("MINE", 409, "It is mine.", "Ask.", "libs/x")
PLACE = "libs/x/y.py:1"


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        (
            [Raised("MINE", 409, PLACE), Raised("YOURS", 409, PLACE)],
            f"{PLACE}: declare YOURS in a problems.yaml",
        ),
        ([Raised("MINE", 403, PLACE)], f"{PLACE}: MINE is a 403 here, and declared as 409"),
        (
            [Raised("MINE", 409, "libs/z.py:1")],
            "libs/x/problems.yaml: MINE is not raised there, but in libs/z.py:1",
        ),
        ([], "libs/x/problems.yaml: MINE is raised nowhere"),
    ],
)
def test_each_fault_is_told(found, fault):
    (told,) = faults({"MINE": CODE}, found)
    assert told.startswith(fault)


def test_a_code_may_be_raised_at_several_places():
    places = [Raised("MINE", 409, PLACE), Raised("MINE", None, "libs/z.py:1")]
    assert faults({"MINE": CODE}, places) == []


def codes_in(tmp_path, monkeypatch, text):
    monkeypatch.setattr("tests.problem_codes.ROOT", tmp_path)
    path = tmp_path / "a.py"
    path.write_text(dedent(text))
    return [(one.code, one.status) for one in raised(path, problem_classes([]))]


def test_codes_are_found_wherever_a_problem_is_made(tmp_path, monkeypatch):
    text = """
        from libs import errors
        def f(code):
            g(conflict=Conflict("…", code="ONE"))
            raise errors.NotFound(
                code="TWO",
            ) from None
        def g(code):
            return Forbidden(code=code)
        other = g(code="THREE")
        dict(code="FOUR"); RemoteDetails(200, code="FIVE"); compile(code="in small letters")
    """
    found = codes_in(tmp_path, monkeypatch, text)
    assert sorted(found) == [("ONE", 409), ("THREE", None), ("TWO", 404)]


@pytest.mark.parametrize("code", ['f"A_{b}"', '"lower"', "codes[0]"])
def test_a_code_that_cannot_be_read_is_a_fault(tmp_path, monkeypatch, code):
    with pytest.raises(ValueError, match=r"a\.py:1"):
        codes_in(tmp_path, monkeypatch, f"Conflict(code={code})")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("MINE: {status: 409, means: a}", "x/problems.yaml:1: MINE needs status, means and advice"),
        ("MINE: {status: 409, means: a, advice: b, more: c}", "MINE needs status, means and advice"),
        ("MINE: {status: 409, means: '', advice: b}", "MINE needs status, means and advice"),
        ("MINE: no", "MINE needs status, means and advice"),
        ("\nMine: {status: 409, means: a, advice: b}", "x/problems.yaml:2: Mine is no code"),
        ("MINE: {status: 200, means: a, advice: b}", "MINE has the status 200"),
    ],
)
def test_a_wrong_declaration_is_told_with_file_and_line(tmp_path, text, fault):
    (tmp_path / "x").mkdir()
    (tmp_path / "x/problems.yaml").write_text(text)
    with pytest.raises(SettingsError) as caught:
        declared_codes([tmp_path / "x/problems.yaml"])
    assert fault in str(caught.value)


def test_a_code_has_one_meaning(tmp_path):
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "problems.yaml").write_text("MINE: {status: 409, means: a, advice: b}")
    with pytest.raises(SettingsError, match=r"y/problems\.yaml:1: MINE is declared in x, too"):
        declared_codes([tmp_path / "x/problems.yaml", tmp_path / "y/problems.yaml"])


def test_the_page_keeps_its_introduction():
    codes = [Code("B", 409, "One | other.", "Ask\nme.", "services/auth"), Code("A", 409, "a", "b", "libs/x")]
    page = problems_page(f"# Problems\n\n{MARK}old\n", codes)
    head, tables = page.split(MARK)
    assert head == "# Problems\n\n"
    assert tables.splitlines()[1:] == [
        "### 409 Conflict",
        "",
        "| code | of | it means | what to do |",
        "|---|---|---|---|",
        "| `A` | all services | a | b |",
        "| `B` | auth | One \\| other. | Ask me. |",
    ]
