"""Numbers in a sentence, said in words ("двадцать первого") or written in digits ("21")."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from dialog_fsm.words import Language, english, russian
from dialog_fsm.words.forms import Forms
from dialog_fsm.words.numberword import NumberWord, Rank

_PLAIN_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number over words ``start`` to ``end`` (exclusive).

    ``digits`` keeps what a value loses: leading noughts, and the marks' order in "345-67-89". ``written`` says that it
    came as digits.
    """

    value: int
    digits: str
    start: int
    end: int
    ordinal: bool = False
    written: bool = False


def read_numerals(words: Sequence[str], language: Language) -> tuple[Numeral, ...]:
    """All numbers in the order in which they were said; neighbours that do not make one number stay apart."""
    found: list[Numeral] = []
    at = 0
    while at < len(words):
        numeral = _read_one(words, at, language)
        if numeral is None:
            at += 1
        else:
            found.append(numeral)
            at = numeral.end
    return tuple(found)


def _read_one(words: Sequence[str], at: int, language: Language) -> Numeral | None:
    if words[at][0].isdecimal():
        return _read_written(words, at, language)
    if number_word(words[at], language) is None:
        return None
    return _read_spoken(words, at, language)


def _read_written(words: Sequence[str], at: int, language: Language) -> Numeral:
    digits = "".join(_PLAIN_DIGITS.findall(words[at]))
    times = number_word(words[at + 1], language) if at + 1 < len(words) else None
    if times is not None and times.rank is Rank.TIMES and words[at].isdecimal():
        value = int(digits) * times.value
        return Numeral(value, str(value), at, at + 2, ordinal=times.ordinal, written=True)
    return Numeral(int(digits), digits, at, at + 1, written=True)


def _read_spoken(words: Sequence[str], at: int, language: Language) -> Numeral:
    sum_ = _Sum()
    end = at
    while end < len(words):
        skip = 1 if language == "en" and words[end] == "and" and sum_.takes_and and end + 1 < len(words) else 0
        word = _part(words[end + skip], language, sum_)
        if word is None or not sum_.fits(word):
            break
        sum_.add(word)
        end += skip + 1
        if word.ordinal:
            break
    return Numeral(sum_.value, str(sum_.value), at, end, ordinal=sum_.ordinal)


def _part(word: str, language: Language, so_far: "_Sum") -> NumberWord | None:
    # "двадцать 5": the recogniser wrote the last part in digits.
    if len(word) == 1 and word.isdecimal() and word != "0" and so_far.last in (Rank.TEN, Rank.HUNDRED):
        return NumberWord(int(word), Rank.UNIT)
    return number_word(word, language)


@dataclass(slots=True)
class _Sum:
    """A number as it grows."""

    done: int = 0
    current: int = 0
    last: Rank | None = None
    multiplier: int = 0
    ordinal: bool = False

    @property
    def value(self) -> int:
        return self.done + self.current

    @property
    def takes_and(self) -> bool:
        return self.last in (Rank.HUNDRED, Rank.TIMES)

    def fits(self, word: NumberWord) -> bool:
        if self.last is None:
            return True
        if self.value == 0 or word.value == 0:
            return False
        if word.rank is Rank.TIMES:
            return self._may_multiply(word)
        # A teen leaves no room for units; "семь двенадцать" are two numbers.
        return self.last is Rank.TIMES or (word.rank < self.last and self.last is not Rank.TEEN and self._room(word))

    def _room(self, word: NumberWord) -> bool:
        return not (self.last is Rank.TEN and word.rank is Rank.TEEN)

    def _may_multiply(self, word: NumberWord) -> bool:
        if word.value == 100:
            return self.last is Rank.UNIT and 0 < self.current < 10
        return self.current > 0 and (self.multiplier == 0 or word.value < self.multiplier)

    def add(self, word: NumberWord) -> None:
        self.ordinal = word.ordinal
        if word.rank is not Rank.TIMES:
            self.current += word.value
            self.last = word.rank
        elif word.value == 100:
            self.current = max(self.current, 1) * 100
            self.last = Rank.HUNDRED
        else:
            self.done += max(self.current, 1) * word.value
            self.current = 0
            self.multiplier = word.value
            self.last = Rank.TIMES


@cache
def _forms(language: Language) -> Forms[NumberWord]:
    return Forms(russian.number_words() if language == "ru" else english.number_words())


def number_word(word: str, language: Language) -> NumberWord | None:
    """The number word, a slip of the recogniser in a long one forgiven."""
    return _forms(language).find(word)
