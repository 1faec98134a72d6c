"""A day: "завтра", "пятнадцатого июня", "next Friday"."""

from datetime import date, timedelta
from typing import Literal

from dialog_fsm.slots.base import Moment, Reading, SlotSpec, Value
from dialog_fsm.slots.choosing import choose
from dialog_fsm.slots.dates import find_dates
from dialog_fsm.spoken import SPEECH
from dialog_fsm.utterance import Utterance
from dialog_fsm.words import Language

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAY_NAMES: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LENIENT = 0.7


class DateSlot(SlotSpec):
    """An ISO date, ``from_days`` to ``to_days`` from today, on one of ``weekdays``.

    A day without a year is the next such day, with ``past`` (a date of birth) the last one. Keys are four digits: day
    and month in Russian, month and day in English; eight with a year.
    """

    type: Literal["date"] = "date"
    past: bool = False
    from_days: int | None = None
    to_days: int | None = None
    weekdays: tuple[Weekday, ...] = WEEKDAY_NAMES

    keys_end = True

    def read(
        self, utterance: Utterance, moment: Moment, *, asked: bool, taken: frozenset[int] = frozenset()
    ) -> Reading | None:
        """The day that was meant; a bare number only when a day was asked for."""
        found = [
            one for one in find_dates(utterance, moment, past=self.past, lenient=asked) if not one.positions & taken
        ]
        chosen = choose(found, utterance)
        if chosen is None:
            return None
        one, confidence = chosen
        return Reading(one.value.isoformat(), confidence if one.firm else _LENIENT, one.positions)

    def read_keys(self, keys: str, language: Language, moment: Moment) -> Reading | None:
        """1506, or 15062026."""
        if len(keys) not in (4, 8) or not keys.isdecimal():
            return None
        first, second, year = keys[:2], keys[2:4], keys[4:]
        month, day = (first, second) if language == "en" else (second, first)
        written = f"{year}-{month}-{day}" if year else (f"{month}/{day}" if language == "en" else f"{day}.{month}")
        found = find_dates(Utterance(written, language), moment, past=self.past)
        return Reading(found[0].value.isoformat()) if found else None

    def complete_keys(self) -> int | None:
        """Four; eight for a past day, which needs its year."""
        return 8 if self.past else 4

    def accepts(self, value: Value, moment: Moment) -> bool:
        """Within the days and weekdays."""
        day = date.fromisoformat(str(value))
        after = self.from_days is None or day >= moment.today + timedelta(self.from_days)
        before = self.to_days is None or day <= moment.today + timedelta(self.to_days)
        return after and before and WEEKDAY_NAMES[day.weekday()] in self.weekdays

    def spoken(self, value: Value, language: Language) -> str:
        """пятнадцатого июня."""
        return SPEECH[language].day(date.fromisoformat(str(value)))

    def faults(self) -> list[tuple[str, str]]:
        """Ranges that hold nothing."""
        if self.from_days is not None and self.to_days is not None and self.from_days > self.to_days:
            return [("from_days", f"from_days {self.from_days} is above to_days {self.to_days}")]
        return [] if self.weekdays else [("weekdays", "weekdays is empty")]
