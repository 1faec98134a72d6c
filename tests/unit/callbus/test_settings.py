import json
import logging
import sys
from pathlib import Path

import pytest
from pydantic import Field

from callbus.logs import JsonFormatter, PrettyFormatter
from callbus.settings import Settings, load


class Example(Settings):
    ari_password: str = Field(alias="ASTERISK_ARI_PASSWORD")
    tick_ms: int = Field(default=20, gt=0)


def test_a_secret_comes_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "password").write_text("s3cret\n")
    monkeypatch.setenv("ASTERISK_ARI_PASSWORD", "")
    monkeypatch.setenv("ASTERISK_ARI_PASSWORD_FILE", str(tmp_path / "password"))

    assert load(Example, "gateway").ari_password == "s3cret"


def test_each_bad_setting_is_one_line_without_its_value(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ASTERISK_ARI_PASSWORD", raising=False)
    monkeypatch.setenv("TRUNKLINE_TICK_MS", "hunter2")

    with pytest.raises(SystemExit) as exit_:
        load(Example, "gateway")

    assert exit_.value.code == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "gateway: setting ASTERISK_ARI_PASSWORD: is not set; it has no default"
    assert lines[1].startswith("gateway: setting TRUNKLINE_TICK_MS: Input should be a valid integer")
    assert "hunter2" not in "".join(lines)


def test_an_unreadable_secret_file_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ASTERISK_ARI_PASSWORD_FILE", str(tmp_path / "nowhere"))

    with pytest.raises(SystemExit):
        load(Example, "gateway")

    assert "setting ASTERISK_ARI_PASSWORD_FILE: cannot read" in capsys.readouterr().err


def record(**extra: object) -> logging.LogRecord:
    made = logging.LogRecord("a.b", logging.INFO, __file__, 1, "said %s", ("да",), None)
    for key, value in extra.items():
        setattr(made, key, value)
    return made


def test_a_json_line_carries_the_call() -> None:
    line = json.loads(JsonFormatter("gateway").format(record(call_id="c1", frames=3)))

    assert line["message"] == "said да"
    assert (line["service"], line["call_id"], line["frames"]) == ("gateway", "c1", 3)


def test_a_pretty_line_carries_the_call_and_the_traceback() -> None:
    made = record(call_id="c1")
    try:
        raise ValueError("boom")
    except ValueError:
        made.exc_info = sys.exc_info()

    text = PrettyFormatter("gateway").format(made)
    assert "INFO    gateway [c1] said да" in text
    assert "ValueError: boom" in text
