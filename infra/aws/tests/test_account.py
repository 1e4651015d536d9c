"""Who is calling; answers are given in STS' place, as a moto server would give only good ones."""

from typing import Any

import pytest
from botocore.stub import Stubber

from infra.aws.account import check_account
from infra.aws.clients import Aws
from infra.aws.errors import AwsError
from infra.aws.stage import load_stage

STAGE = load_stage("live")


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def login(monkeypatch: pytest.MonkeyPatch) -> tuple[Aws, Stubber]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    aws = Aws(STAGE.region)
    return aws, Stubber(aws.client("sts"))


def caller(account: str) -> dict[str, str]:
    return {"Account": account, "UserId": "AIDAEXAMPLE", "Arn": f"arn:aws:iam::{account}:user/ada"}


def test_without_credentials_three_lines_say_where_to_begin() -> None:
    with pytest.raises(AwsError) as caught:
        check_account(Aws(STAGE.region), STAGE)
    said = str(caught.value)
    assert len(said.splitlines()) == 3
    assert STAGE.account in said
    assert "AWS_PROFILE" in said
    assert "docs/production.md" in said


def test_credentials_that_have_expired_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    aws, stubber = login(monkeypatch)
    stubber.add_client_error("get_caller_identity", "ExpiredToken", "secret text")
    with stubber, pytest.raises(AwsError, match=r"(?s)ExpiredToken.*aws sso login") as caught:
        check_account(aws, STAGE)
    assert "secret text" not in str(caught.value)


def test_a_profile_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody-has-this")
    with pytest.raises(AwsError, match="nobody-has-this"):
        check_account(Aws(STAGE.region), STAGE)


def test_another_account_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    aws, stubber = login(monkeypatch)
    stubber.add_response("get_caller_identity", caller("999988887777"))
    with stubber, pytest.raises(AwsError, match=rf"999988887777 .*user/ada.* live is in {STAGE.account}"):
        check_account(aws, STAGE)


def test_the_right_account_tells_who_is_calling(monkeypatch: pytest.MonkeyPatch) -> None:
    aws, stubber = login(monkeypatch)
    stubber.add_response("get_caller_identity", caller(STAGE.account))
    with stubber:
        assert check_account(aws, STAGE) == f"arn:aws:iam::{STAGE.account}:user/ada"
