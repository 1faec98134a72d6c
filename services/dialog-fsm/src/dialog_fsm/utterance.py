"""What a caller said, as words that can be compared."""

import re
from dataclasses import dataclass
from functools import cached_property

from dialog_fsm.numerals import Numeral, read_numerals
from dialog_fsm.words import Language

# A number with its inner marks ("10:30", "15.06.2026", "345-67-89"), or a word.
_TOKEN = re.compile(r"\d+(?:[.:,/-]\d+)*|[^\W\d_]+")
_APOSTROPHES = re.compile(r"(?<=[^\W\d_])['’`](?=[^\W\d_])")
_DAY_HALF = re.compile(r"\b([ap])\.\s?m\b\.?")
# "15-го", "15ое", "15th": how the recogniser writes an ordinal.
_ORDINAL_SUFFIX = re.compile(r"(\d)-?(?:st|nd|rd|th|го|ого|ое|ой|ого|ому|му|е|й|ый|я|ая)\b")

# Heard as one word where two were said.
_RUN_TOGETHER = (
    (re.compile(r"\bвсем(?=\s+(?:утра|вечера|час|тридцать|ноль))"), "в семь"),
    (re.compile(r"\bводин(?=надцать|\s+час|\b)"), "в один"),
    (re.compile(r"\bв(?=(?:десять|девять|восемь|пять|шесть|три|четыре|двенадцать)\b)"), "в "),
)


def normalise(text: str) -> str:
    """Lower case, ``ё`` as ``е``, apostrophes closed up, "a.m." as "am"."""
    text = text.lower().replace("ё", "е")
    text = _APOSTROPHES.sub("", text)
    for pattern, words in _RUN_TOGETHER:
        text = pattern.sub(words, text)
    return _DAY_HALF.sub(r"\1m", text)


def words_of(text: str) -> tuple[str, ...]:
    """The words and numbers of a text, without punctuation; words joined by a hyphen come apart."""
    return tuple(_TOKEN.findall(_ORDINAL_SUFFIX.sub(r"\1 ", normalise(text))))


@dataclass(frozen=True)
class Utterance:
    """One sentence of the caller."""

    text: str
    language: Language

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words in order; all spans of readings are indices into this."""
        return words_of(self.text)

    @cached_property
    def numerals(self) -> tuple[Numeral, ...]:
        """The numbers in order, said in words or written in digits."""
        return read_numerals(self.words, self.language)

    @cached_property
    def ordinal_digits(self) -> frozenset[str]:
        """The digits that were written as ordinals ("15" of "15-го")."""
        marked = re.finditer(r"\d+(?=-?(?:st|nd|rd|th|го|ого|ое|ой|ому|му|е|й|ый)\b)", normalise(self.text))
        return frozenset(match[0] for match in marked)
