"""A telephone number, said in groups or digit by digit."""

from typing import Literal

from dialog_fsm.slots.base import Moment, Reading, SlotSpec, Value
from dialog_fsm.slots.digitruns import digits_by_pause, digits_of
from dialog_fsm.spoken import SPEECH
from dialog_fsm.utterance import Utterance
from dialog_fsm.words import Language

_NATIONAL_DIGITS = 10
_COUNTRY: dict[Language, str] = {"ru": "7", "en": "1"}
_TRUNK_PREFIX: dict[str, str] = {"7": "8", "1": "1", "44": "0", "49": "0"}
_LONGEST = 15
_PLUS = frozenset({"плюс", "plus"})


class PhoneSlot(SlotSpec):
    """A number with + and country code; ``country`` is the code of numbers said without one."""

    type: Literal["phone"] = "phone"
    country: str | None = None
    national_digits: int = _NATIONAL_DIGITS

    keys_end = True

    def read(
        self, utterance: Utterance, moment: Moment, *, asked: bool, taken: frozenset[int] = frozenset()
    ) -> Reading | None:
        """None when the count of digits fits no number."""
        del moment, asked
        digits, positions = digits_of(utterance, taken)
        international = "+" in utterance.text or not _PLUS.isdisjoint(utterance.words)
        number = self.whole_number(digits, utterance.language, international=international)
        if number is None and "," in utterance.text and not taken:
            number = self.whole_number(digits_by_pause(utterance), utterance.language, international=international)
        return None if number is None else Reading(number, 1.0, positions)

    def read_keys(self, keys: str, language: Language, moment: Moment) -> Reading | None:
        """National or international digits; 00 stands for +."""
        del moment
        if not keys.isdecimal():
            return None
        number = self.whole_number(keys.removeprefix("00"), language, international=keys.startswith("00"))
        return None if number is None else Reading(number)

    def whole_number(self, digits: str, language: Language, *, international: bool = False) -> str | None:
        """The digits as +country number, or None."""
        country = self.country or _COUNTRY[language]
        if len(digits) == self.national_digits and not international:
            return f"+{country}{digits}"
        prefixes = (country,) if international else (country, _TRUNK_PREFIX.get(country, "0"))
        for prefix in prefixes:
            if digits.startswith(prefix) and len(digits) == self.national_digits + len(prefix):
                return f"+{country}{digits[len(prefix) :]}"
        if international and self.national_digits < len(digits) <= _LONGEST:
            return f"+{digits}"
        return None

    def spoken(self, value: Value, language: Language) -> str:
        """восемь, девятьсот двенадцать, ..."""
        return SPEECH[language].phone(str(value))
