"""A string of digits: a code, the last digits of a policy."""

from typing import Literal

from dialog_fsm.slots.base import Moment, Reading, SlotSpec, Value
from dialog_fsm.slots.digitruns import digits_of
from dialog_fsm.spoken import SPEECH
from dialog_fsm.utterance import Utterance
from dialog_fsm.words import Language


class DigitsSlot(SlotSpec):
    """A string of ``length`` digits, or of ``min_length`` to ``max_length``; leading noughts are kept."""

    type: Literal["digits"] = "digits"
    length: int | None = None
    min_length: int = 1
    max_length: int = 20

    keys_end = True

    def read(
        self, utterance: Utterance, moment: Moment, *, asked: bool, taken: frozenset[int] = frozenset()
    ) -> Reading | None:
        """All digits that were said, in one string; unasked only at the exact ``length``."""
        del moment
        digits, positions = digits_of(utterance, taken)
        if not digits or (not asked and len(digits) != self.length):
            return None
        return Reading(digits, 1.0, positions)

    def read_keys(self, keys: str, language: Language, moment: Moment) -> Reading | None:
        """The keys as they are."""
        del language, moment
        return Reading(keys) if keys.isdecimal() else None

    def complete_keys(self) -> int | None:
        """``length``, or ``max_length`` where it was given."""
        return self.length or self.max_length

    def accepts(self, value: Value, moment: Moment) -> bool:
        """The length."""
        del moment
        count = len(str(value))
        return count == self.length if self.length else self.min_length <= count <= self.max_length

    def spoken(self, value: Value, language: Language) -> str:
        """один, два, три."""
        return SPEECH[language].digits(str(value))

    def faults(self) -> list[tuple[str, str]]:
        """Lengths that hold nothing."""
        if self.length is not None and self.length < 1:
            return [("length", f"length {self.length} is below 1")]
        if self.min_length > self.max_length:
            return [("min_length", f"min_length {self.min_length} is above max_length {self.max_length}")]
        return []
