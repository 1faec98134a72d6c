"""A whole number: "двадцать пять", "25", "1 200"."""

import re
from typing import Literal

from dialog_fsm.numerals import Numeral
from dialog_fsm.slots.base import Moment, Reading, SlotSpec, Value
from dialog_fsm.slots.dates import firm_positions
from dialog_fsm.spoken import SPEECH
from dialog_fsm.utterance import Utterance
from dialog_fsm.words import Language

_THOUSANDS = re.compile(r"\d{1,3}(?:[., ]\d{3})+|\d+")
_BARE_IS_UNSURE = 0.7


class NumberSlot(SlotSpec):
    """An integer from ``min`` to ``max``; keys are its digits, ended by # or a pause."""

    type: Literal["number"] = "number"
    min: int | None = None
    max: int | None = None

    keys_end = True

    def read(
        self, utterance: Utterance, moment: Moment, *, asked: bool, taken: frozenset[int] = frozenset()
    ) -> Reading | None:
        """The first number that is no part of a date; unasked only when the whole sentence is the number."""
        taken = taken | firm_positions(utterance, moment)
        for index, numeral in enumerate(utterance.numerals):
            if numeral.start in taken or numeral.ordinal:
                continue
            whole = self._whole(utterance, index)
            if whole is None or (not asked and whole[1] - numeral.start < len(utterance.words)):
                continue
            value, end = whole
            lone = end - numeral.start == len(utterance.words)
            return Reading(value, 1.0 if lone else _BARE_IS_UNSURE, frozenset(range(numeral.start, end)))
        return None

    def _whole(self, utterance: Utterance, index: int) -> tuple[int, int] | None:
        """The value and the end of it; thousands written apart ("1 200") belong together."""
        numeral = utterance.numerals[index]
        if not numeral.written:
            return _signed(utterance, numeral, numeral.value), numeral.end
        written, end = utterance.words[numeral.start], numeral.end
        for later in utterance.numerals[index + 1 :]:
            if later.start != end or not later.written or not re.fullmatch(r"\d{3}", utterance.words[later.start]):
                break
            written, end = f"{written} {utterance.words[later.start]}", later.end
        if _THOUSANDS.fullmatch(written) is None:
            return (numeral.value, numeral.end) if numeral.end - numeral.start > 1 else None
        value = numeral.value if numeral.end - numeral.start > 1 else int(re.sub(r"\D", "", written))
        return _signed(utterance, numeral, value), end

    def read_keys(self, keys: str, language: Language, moment: Moment) -> Reading | None:
        """The digits."""
        del language, moment
        return Reading(int(keys)) if keys.isdecimal() else None

    def complete_keys(self) -> int | None:
        """As many keys as ``max`` has digits."""
        return len(str(self.max)) if self.max is not None and self.max > 0 else None

    def accepts(self, value: Value, moment: Moment) -> bool:
        """From ``min`` to ``max``."""
        del moment
        number = int(value)
        return (self.min is None or number >= self.min) and (self.max is None or number <= self.max)

    def spoken(self, value: Value, language: Language) -> str:
        """двадцать пять."""
        return SPEECH[language].cardinal(int(value))

    def faults(self) -> list[tuple[str, str]]:
        """A range that holds nothing."""
        if self.min is not None and self.max is not None and self.min > self.max:
            return [("min", f"min {self.min} is above max {self.max}")]
        return []


def _signed(utterance: Utterance, numeral: Numeral, value: int) -> int:
    before = utterance.words[numeral.start - 1] if numeral.start else ""
    return -value if before in ("минус", "minus") else value
