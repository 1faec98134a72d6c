"""Which scenario a call gets, and settings that are refused."""

import logging
import re
from pathlib import Path

import pytest

from callbus.settings import load
from dialog_fsm.choice import Scenarios, UnknownScenario
from dialog_fsm.load import load_scenarios, parse_scenario
from dialog_fsm.settings import SERVICE, DialogSettings
from tests.unit.dialog_fsm.small_scenarios import call

ROOT = Path(__file__).parents[3]
PROGRAMS = load_scenarios(ROOT / "scenarios")


def chosen(by_number: dict[str, str] | None = None, **fields: object) -> str:
    return Scenarios(PROGRAMS, "clinic-ru", by_number or {}).chosen(call(**fields)).name


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({}, "clinic-ru"),
        ({"scenario": "clinic-en"}, "clinic-en"),
        ({"dialled_number": "74951234567"}, "clinic-en"),
        ({"dialled_number": "+7 495 123-45-67"}, "clinic-en"),
        ({"dialled_number": "100"}, "clinic-ru"),
        ({"language": "en"}, "clinic-en"),
        ({"language": "en_US"}, "clinic-en"),
        ({"language": "de"}, "clinic-ru"),
        ({"scenario": "clinic-ru", "dialled_number": "74951234567"}, "clinic-ru"),
    ],
)
def test_choice(fields: dict[str, object], name: str) -> None:
    assert chosen({"+74951234567": "clinic-en"}, **fields) == name


def test_a_scenario_that_there_is_not(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert chosen(scenario="nosuch") == "clinic-ru"
    assert "no scenario 'nosuch'" in caplog.text


@pytest.mark.parametrize(
    ("default", "by_number", "setting"),
    [("nosuch", {}, "TRUNKLINE_SCENARIO:"), ("clinic-ru", {"1": "nosuch"}, "TRUNKLINE_SCENARIO_BY_NUMBER:")],
)
def test_settings_that_name_none(default: str, by_number: dict[str, str], setting: str) -> None:
    with pytest.raises(
        UnknownScenario, match=f"setting {setting} no scenario 'nosuch'; there are: clinic-en, clinic-ru"
    ):
        Scenarios(PROGRAMS, default, by_number)


def test_settings(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("TRUNKLINE_SCENARIO_BY_NUMBER", "+74951234567=clinic-ru, 100 = clinic-en,")
    assert load(DialogSettings, SERVICE).scenario_by_number == {"+74951234567": "clinic-ru", "100": "clinic-en"}
    monkeypatch.setenv("TRUNKLINE_SCENARIO_BY_NUMBER", "100")
    with pytest.raises(SystemExit) as ended:
        load(DialogSettings, SERVICE)
    assert ended.value.code == 2
    assert "setting TRUNKLINE_SCENARIO_BY_NUMBER: '100' is no pair" in capsys.readouterr().err


def test_the_smallest_scenario_of_the_documentation_is_one() -> None:
    text = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
    example = re.search(r"```yaml\n(scenario:.*?)```", text, re.DOTALL)
    assert example is not None
    assert parse_scenario(example[1]).name == "hello"
