"""A time of day: "в десять утра", "в половине третьего", "half past two"."""

from datetime import time
from typing import Annotated, Literal

from pydantic import Field

from dialog_fsm.slots.base import Moment, Reading, SlotSpec, Value
from dialog_fsm.slots.choosing import choose
from dialog_fsm.slots.dates import firm_positions
from dialog_fsm.slots.times import Clock, find_times
from dialog_fsm.spoken import SPEECH
from dialog_fsm.utterance import Utterance
from dialog_fsm.words import Language

ClockText = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
_LENIENT = 0.7
# "в три" without more means the afternoon.
_MORNING_FROM_HOUR = 7


class TimeSlot(SlotSpec):
    """``HH:MM`` from ``earliest`` to ``latest`` (inclusive), on a multiple of ``step_minutes``.

    Where the caller does not tell morning from afternoon, what lies within the range is taken. Keys are four digits.
    """

    type: Literal["time"] = "time"
    earliest: ClockText = "00:00"
    latest: ClockText = "23:59"
    step_minutes: int = Field(default=1, ge=1, le=60)

    keys_end = True

    def read(
        self, utterance: Utterance, moment: Moment, *, asked: bool, taken: frozenset[int] = frozenset()
    ) -> Reading | None:
        """The time that was meant, what belongs to a date left alone; a bare hour only when a time was asked for."""
        found = find_times(utterance, taken | firm_positions(utterance, moment), lenient=asked)
        chosen = choose(found, utterance)
        if chosen is None:
            return None
        one, confidence = chosen
        return Reading(self._in_range(one.value), confidence if one.firm else _LENIENT, one.positions)

    def _in_range(self, clock: Clock) -> str:
        both = [clock.hour, (clock.hour + 12) % 24] if clock.open_half else [clock.hour]
        if clock.open_half and clock.hour < _MORNING_FROM_HOUR:
            both.reverse()
        texts = [f"{hour:02d}:{clock.minute:02d}" for hour in both]
        return next((text for text in texts if self.earliest <= text <= self.latest), texts[0])

    def read_keys(self, keys: str, language: Language, moment: Moment) -> Reading | None:
        """1030."""
        del language, moment
        if len(keys) == 3:
            keys = f"0{keys}"
        valid = len(keys) == 4 and keys.isdecimal() and int(keys[:2]) < 24 and int(keys[2:]) < 60
        return Reading(f"{keys[:2]}:{keys[2:]}") if valid else None

    def complete_keys(self) -> int | None:
        """Four."""
        return 4

    def accepts(self, value: Value, moment: Moment) -> bool:
        """Within the range and on the grid."""
        del moment
        text = str(value)
        return self.earliest <= text <= self.latest and int(text[3:]) % self.step_minutes == 0

    def spoken(self, value: Value, language: Language) -> str:
        """десять тридцать."""
        return SPEECH[language].clock(time.fromisoformat(str(value)))

    def faults(self) -> list[tuple[str, str]]:
        """A range that holds nothing."""
        if self.earliest > self.latest:
            return [("earliest", f"earliest {self.earliest} is after latest {self.latest}")]
        return []
