"""What a user reads of a problem, in their language."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from libs.errors import Conflict, ServiceUnavailable
from libs.service import Service, SettingsError
from libs.service import service as service_module
from libs.service.problems import ProblemAnswers
from libs.service.problems.texts import Texts
from libs.service.tests.problems import failing

TEXTS = Texts(
    {
        "en": {"NOT_FOUND": "It is not here.", "CONFLICT": "Somebody was faster."},
        "de": {"NOT_FOUND": "Das gibt es hier nicht."},
    },
    default="en",
)
ANSWERS = ProblemAnswers(TEXTS)


@pytest.fixture
def client() -> FlaskClient:
    return failing.application(problems=ANSWERS).test_client()


@pytest.mark.parametrize(
    ("accepted", "text", "language"),
    [
        (None, "It is not here.", "en"),
        ("de-AT, en;q=0.5", "Das gibt es hier nicht.", "de"),
        ("fr", "It is not here.", "en"),
    ],
)
def test_a_problem_tells_the_user_in_their_language(
    client: FlaskClient, accepted: str | None, text: str, language: str
) -> None:
    answer = client.get("/nowhere", headers={"Accept-Language": accepted} if accepted else {})
    assert answer.get_json()["user_message"] == text
    assert answer.headers["Content-Language"] == language
    assert "Accept-Language" in answer.headers.get_all("Vary")[0]


def test_what_has_no_text_in_a_language_has_that_of_another() -> None:
    answer = ANSWERS.response(Conflict(), request_id="request-1", accept_language="de")
    assert answer.json["user_message"] == "Somebody was faster."  # type: ignore[index]
    assert answer.headers["Content-Language"] == "en"


def test_what_has_no_text_says_nothing_of_languages(client: FlaskClient) -> None:
    answer = client.delete("/")
    assert answer.status_code == 405
    assert "user_message" not in answer.get_json()
    assert {"Content-Language", "Vary"}.isdisjoint(answer.headers.keys())


def test_what_was_said_where_it_was_raised_comes_first() -> None:
    problem = Conflict(user_message="Ada was faster.")
    problem.remote_message = "Bob was faster."
    answer = ANSWERS.response(problem, request_id="request-1")
    assert answer.json["user_message"] == "Ada was faster."  # type: ignore[index]
    assert "Content-Language" not in answer.headers


@pytest.mark.parametrize(
    ("problem", "text"), [(Conflict(), "Somebody was faster."), (ServiceUnavailable(), "Bob is tired.")]
)
def test_what_another_service_says_comes_last(problem: Conflict, text: str) -> None:
    problem.remote_message = "Bob is tired."
    answer = ANSWERS.response(problem, request_id="request-1")
    assert answer.json["user_message"] == text  # type: ignore[index]


def files(folder: Path, **texts: str) -> Path:
    """Make a service's folder with texts, and a code of its own."""
    (folder / "mine" / "texts").mkdir(parents=True)
    declared = "MINE: {status: 409, means: It is mine., advice: Ask.}"
    (folder / "mine/problems.yaml").write_text(declared)
    for language, text in texts.items():
        (folder / f"mine/texts/{language}.yaml").write_text(text)
    return folder


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(service_module, "SERVICES", tmp_path)
    return tmp_path


def test_texts_are_those_of_the_folder_of_the_service(services: Path) -> None:
    files(services, en="MINE: No.\nCONFLICT: Not so.\n", de="# Deutsch\nMINE: 'Nein.'\n")
    answers = Service("mine").problems()
    answer = answers.response(Conflict(code="MINE"), request_id="request-1", accept_language="de")
    assert answer.json["user_message"] == "Nein."  # type: ignore[index]


def test_a_service_may_speak_another_language(services: Path) -> None:
    files(services, en="MINE: 'No.'", de="MINE: Nein.")
    answers = Service("mine", language="de").problems()
    answer = answers.response(Conflict(code="MINE"), request_id="request-1")
    assert answer.json["user_message"] == "Nein."  # type: ignore[index]


def test_a_service_needs_no_texts(services: Path) -> None:
    answer = Service("mine").problems().response(Conflict(), request_id="request-1")
    assert "user_message" not in answer.json  # type: ignore[operator]


@pytest.mark.parametrize(
    ("texts", "fault"),
    [
        ({"en": "CONFLICT: a\nTYPO: b"}, "mine/texts/en.yaml:2: TYPO is no code of this service"),
        ({"en": "CONFLICT: a\nLINK_INVALID: b"}, "mine/texts/en.yaml:2: LINK_INVALID is no code of this"),
        ({"en": "\nMINE: ''"}, "mine/texts/en.yaml:2: MINE has no text."),
        ({"en": "MINE: '  '"}, "mine/texts/en.yaml:1: MINE has no text."),
        ({"en": "MINE:"}, "mine/texts/en.yaml:1: MINE has no text."),
        ({"en": "MINE: [a]"}, "mine/texts/en.yaml:1: MINE has no text."),
        ({"en": "MINE: {a: b}"}, "mine/texts/en.yaml:1: MINE has no text."),
        ({"en": "MINE: a\nMINE: b"}, "mine/texts/en.yaml:2: MINE is there twice"),
        ({"en": "MINE: 'a"}, "mine/texts/en.yaml:1: This is not YAML."),
        ({"en": "- MINE"}, "mine/texts/en.yaml:1: Not a mapping"),
        ({"de": "MINE: a"}, "services/mine/texts: There is no en.yaml, the language of the service."),
        ({"en": "MINE: a", "de": "CONFLICT: b"}, "mine/texts/en.yaml: CONFLICT is missing; de has it."),
        ({"en": "MINE: a", "German": "MINE: b"}, "mine/texts/German.yaml: Not named after a language"),
    ],
)
def test_a_wrong_text_stops_the_start_with_file_and_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, texts: dict[str, str], fault: str
) -> None:
    monkeypatch.setattr(service_module, "SERVICES", files(tmp_path / "services", **texts))
    with pytest.raises(SettingsError) as caught:
        Service("mine").problems()
    assert fault in str(caught.value)


def test_every_fault_is_told_at_once(services: Path) -> None:
    files(services, en="TYPO: a\nMINE: ''", de="OTHER: b")
    with pytest.raises(SettingsError) as caught:
        Service("mine").problems()
    assert len(str(caught.value).splitlines()) == 3


def test_a_file_of_another_kind_is_told(services: Path) -> None:
    files(services, en="MINE: a")
    (services / "mine/texts/de.yml").write_text("MINE: b")
    with pytest.raises(SettingsError, match=r"texts/de\.yml: Not named after a language"):
        Service("mine").problems()
