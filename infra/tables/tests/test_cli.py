"""Command lines that make no sense are refused before anything is asked of AWS."""

import pytest

from infra.tables.cli import main


@pytest.mark.parametrize("where", ["owner", "=ada"])
def test_which_items_are_copied_has_a_name_and_a_text(where: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["copy", "live", "live-todos-todos-restored", "live-todos-todos", "--where", where])
    assert ended.value.code == 2
    assert f"'{where}' is not NAME=TEXT" in capsys.readouterr().err
