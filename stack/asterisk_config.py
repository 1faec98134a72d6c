"""Fill in the configuration templates of deploy/asterisk: a pure function and one that writes the files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

TEMPLATES = Path(__file__).resolve().parent.parent / "deploy" / "asterisk"
# Only these prefixes are the templates'; any other ${NAME} belongs to the dialplan.
_NAME = re.compile(r"\$\{((?:ASTERISK|NOVOFON)_[A-Z0-9_]+)\}")
_EMPTY_SETTING = re.compile(r"^\s*[A-Za-z_]+\s*=>?\s*$")


class MissingValue(KeyError):
    """A template names a value that was not given."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"the Asterisk templates need {self.name}, which has no value; set it"


def render(template: str, values: Mapping[str, str]) -> str:
    """Return `template` with every ${ASTERISK_...} and ${NOVOFON_...} replaced by its value.

    A setting whose value comes out empty loses its line. Raises MissingValue for a name without a value, ValueError for
    a value with a line break.
    """
    lines = template.splitlines(keepends=True)
    filled = [(line, line if _is_comment(line) else _fill(line, values)) for line in lines]
    return "".join(new for old, new in filled if new == old or not _EMPTY_SETTING.match(new))


def write(values: Mapping[str, str], folder: Path, *, loopback: bool, trunk: bool) -> None:
    """Render every template into `folder`, readable by its owner alone; `loopback` and `trunk` add those two files."""
    optional = {"pjsip_loopback.conf": loopback, "pjsip_trunk.conf": trunk}
    folder.mkdir(parents=True, exist_ok=True)
    for template in sorted(TEMPLATES.glob("*.conf")):
        if optional.get(template.name, True):
            target = folder / template.name
            target.touch(mode=0o600)
            target.write_text(render(template.read_text(encoding="utf-8"), values), encoding="utf-8")


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith(";")


def _fill(line: str, values: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in values:
            raise MissingValue(name)
        if "\n" in values[name] or "\r" in values[name]:
            raise ValueError(f"{name}: must not hold a line break")
        return values[name].replace(";", "\\;")

    return _NAME.sub(value, line)
