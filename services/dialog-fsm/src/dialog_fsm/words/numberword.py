"""A number word, whatever its language and form."""

from dataclasses import dataclass
from enum import IntEnum


class Rank(IntEnum):
    """The place that a number word takes; within a number, ranks fall from left to right."""

    UNIT = 0
    TEEN = 1
    TEN = 2
    HUNDRED = 3
    TIMES = 4
    """It multiplies what stands before it: hundred (English), thousand, million."""


@dataclass(frozen=True, slots=True)
class NumberWord:
    """One word's part in a number; an ordinal ("пятнадцатого", "fifteenth") ends it."""

    value: int
    rank: Rank
    ordinal: bool = False


def rank_of(value: int) -> Rank:
    """The rank of a number that is said in one word."""
    if value < 10:
        return Rank.UNIT
    if value < 20:
        return Rank.TEEN
    if value < 100:
        return Rank.TEN
    return Rank.HUNDRED if value < 1000 else Rank.TIMES
