"""Which scenario a call gets."""

import logging
from collections.abc import Iterator, Mapping

from callbus.events import CallStarted
from dialog_fsm.program import Program

log = logging.getLogger(__name__)


class UnknownScenario(Exception):
    """A setting names a scenario that there is not; the text says which there are."""


class Scenarios:
    """The scenarios by name, the usual one, and those of dialled numbers."""

    def __init__(self, programs: Mapping[str, Program], default: str, by_number: Mapping[str, str]) -> None:
        """:raises UnknownScenario: for ``default`` or one of ``by_number``."""
        for setting, name in (
            ("TRUNKLINE_SCENARIO", default),
            *(("TRUNKLINE_SCENARIO_BY_NUMBER", name) for name in by_number.values()),
        ):
            if name not in programs:
                raise UnknownScenario(f"setting {setting}: no scenario {name!r}; there are: {', '.join(programs)}")
        self._programs = programs
        self._default = default
        self._by_number = {_bare(number): name for number, name in by_number.items()}

    def __iter__(self) -> Iterator[Program]:
        return iter(self._programs.values())

    def named(self, name: str) -> Program:
        """The scenario of that name; the usual one when it is gone since the call began."""
        return self._programs.get(name) or self._programs[self._default]

    def chosen(self, call: CallStarted) -> Program:
        """What the call asks for, else what its number has, else the usual one in the call's language."""
        if call.scenario and call.scenario in self._programs:
            return self._programs[call.scenario]
        if call.scenario:
            log.warning(
                "no scenario %r; using another. There are: %s",
                call.scenario,
                ", ".join(self._programs),
                extra={"call_id": call.call_id},
            )
        by_number = self._by_number.get(_bare(call.dialled_number))
        return self._programs[by_number] if by_number else self._in_language(call.language)

    def _in_language(self, language: str | None) -> Program:
        """``clinic-en`` beside ``clinic-ru``, for a call in English."""
        usual = self._programs[self._default]
        wanted = (language or "").lower().replace("_", "-").partition("-")[0]
        sibling = f"{self._default.removesuffix(f'-{usual.language}')}-{wanted}"
        return self._programs.get(sibling, usual) if wanted else usual


def _bare(number: str) -> str:
    return "".join(sign for sign in number if sign.isalnum())
