"""docs/settings.md names every setting that there is, with its default, and none that there is not."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from ari_gateway.settings import GatewaySettings
from callbus.settings import Settings
from dialog_fsm.settings import DialogSettings
from speech_worker.settings import SpeechWorkerSettings
from tts_player.settings import TtsPlayerSettings

ROOT = Path(__file__).parents[3]
SERVICES: dict[str, type[Settings]] = {
    "ari-gateway": GatewaySettings,
    "speech-worker": SpeechWorkerSettings,
    "dialog-fsm": DialogSettings,
    "tts-player": TtsPlayerSettings,
}
SHARED = "every service"
COMPOSE = "docker compose"
ROW = re.compile(r"^\| `([A-Z][A-Z0-9_]+)` \| (.*?) \| (.*?) \|", re.MULTILINE)


@dataclass(frozen=True)
class Row:
    name: str
    values: str
    default: str


def sections() -> dict[str, list[Row]]:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return {
        title.lower(): [Row(*found) for found in ROW.findall(body)]
        for title, body in zip(parts[1::2], parts[2::2], strict=True)
    }


def fields(service: str) -> dict[str, FieldInfo]:
    """By environment name."""
    return {
        str(info.validation_alias or f"TRUNKLINE_{name.upper()}"): info
        for name, info in SERVICES[service].model_fields.items()
    }


def names(section: str) -> set[str]:
    return {row.name for row in sections()[section]}


def set_in(path: str, pattern: str) -> set[str]:
    return set(re.findall(pattern, (ROOT / path).read_text(encoding="utf-8"), flags=re.MULTILINE))


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_every_setting_of_a_service_has_a_row_and_every_row_a_setting(service: str) -> None:
    own = set(fields(service))

    assert own - names(service) - names(SHARED) == set(), "settings without a row"
    assert names(service) - own == set(), "rows of settings that there are not"
    assert names(SHARED) - own == set(), "not a setting of every service"


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_a_row_gives_the_default_of_the_code(service: str) -> None:
    rows = [*sections()[service], *sections()[SHARED]]

    wrong = {row.name: row.default for row in rows if not says(row.default, fields(service)[row.name])}

    assert wrong == {}


def says(cell: str, info: FieldInfo) -> bool:
    """Whether a cell of the page means the field's default."""
    if info.is_required():
        return cell == "required"
    if info.default is PydanticUndefined:
        return cell.startswith("`") or info.get_default(call_default_factory=True) in ({}, [])
    if info.default in (None, ""):
        return cell == "none"
    if isinstance(info.default, int | float):
        return float(cell.strip("`")) == info.default
    return cell == f"`{info.default}`"


def test_every_variable_of_compose_has_a_row_and_every_row_a_variable() -> None:
    example = set_in(".env.example", r"^(?:# )?([A-Z][A-Z0-9_]+)=")
    used = {
        name
        for path in ("compose.yaml", "deploy/compose.host-network.yaml")
        for name in set_in(path, r"\$\{([A-Z][A-Z0-9_]+)") | set_in(path, r"^ +([A-Z][A-Z0-9_]+):$")
    }

    assert names(COMPOSE) == example | used


def test_no_name_is_documented_twice_in_a_section() -> None:
    doubled = {
        title: listed
        for title, rows in sections().items()
        if len(listed := [row.name for row in rows]) != len(set(listed))
    }

    assert doubled == {}
