"""Finding times of day in a sentence."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dialog_fsm.numerals import Numeral, number_word
from dialog_fsm.slots.choosing import Found
from dialog_fsm.utterance import Utterance
from dialog_fsm.words import Language

_WRITTEN = re.compile(r"([01]?\d|2[0-3])[:.-]([0-5]\d)(?::[0-5]\d)?")
_UNMARKED = re.compile(r"([01]?\d|2[0-3])([0-5]\d)")
_HOUR_WORDS = frozenset({"час", "часа", "часов", "часам", "oclock", "hours", "hour"})
_MINUTE_WORDS = frozenset({"минут", "минуты", "минута", "минуту", "minutes", "minute"})
_HALVES = frozenset({"половина", "половине", "половину", "пол"})
_NAMED = {
    "полдень": (12, 0), "полдня": (12, 0), "полночь": (0, 0), "noon": (12, 0), "midday": (12, 0), "midnight": (0, 0),
}  # fmt: skip
_BEFORE = frozenset({"в", "к", "на", "около", "at", "by", "around", "about", "ровно"})
# Part of the day by its words; English ones are followed over "in the" and "at".
_PARTS = {
    "утра": "morning", "утром": "morning", "утро": "morning", "am": "morning", "morning": "morning",
    "дня": "day", "днем": "day", "afternoon": "day", "pm": "later",
    "вечера": "evening", "вечером": "evening", "вечер": "evening", "evening": "evening", "tonight": "evening",
    "ночи": "night", "ночью": "night", "night": "night",
}  # fmt: skip
_PART_LINKS = frozenset({"in", "the", "at", "this"})


@dataclass(frozen=True, slots=True)
class Clock:
    """A time as it was said; ``open_half`` when neither the hour nor a word tells morning from afternoon."""

    hour: int
    minute: int
    open_half: bool


class _Search:
    """One sentence searched once."""

    def __init__(self, utterance: Utterance, taken: frozenset[int], *, lenient: bool) -> None:
        self.words = utterance.words
        self.language: Language = utterance.language
        self.lenient = lenient
        self.taken = taken
        self.at = {numeral.start: numeral for numeral in utterance.numerals if numeral.start not in taken}
        self.part_anywhere = next((_PARTS[word] for word in self.words if word in _PARTS), "")

    def word(self, index: int) -> str:
        return self.words[index] if 0 <= index < len(self.words) else ""

    def found(self) -> Iterator[Found[Clock]]:
        index = 0
        while index < len(self.words):
            hit = None if index in self.taken else next((hit for kind in _KINDS if (hit := kind(self, index))), None)
            if hit is None:
                index += 1
                continue
            yield hit
            index = hit.end

    def part_after(self, index: int) -> tuple[str, int]:
        """The part of the day that follows, and where it ends."""
        after = index
        while self.word(after) in _PART_LINKS:
            after += 1
        part = _PARTS.get(self.word(after), "")
        return (part, after + 1) if part else ("", index)

    def hit(self, hour: int, minute: int, start: int, end: int, *, firm: bool = True) -> Found[Clock] | None:
        """The time, with the part of the day that belongs to it."""
        part, end = self.part_after(end)
        clock = _clock(hour, minute, part or self.part_anywhere)
        if clock is None or not (firm or part or self.lenient):
            return None
        return Found(clock, start, end, firm=firm or bool(part))


def find_times(utterance: Utterance, taken: frozenset[int], *, lenient: bool) -> list[Found[Clock]]:
    """All times in the order in which they were said; ``lenient`` takes a bare number for an hour."""
    return list(_Search(utterance, taken, lenient=lenient).found())


def _clock(hour: int, minute: int, part: str) -> Clock | None:
    if not (0 <= hour <= 24 and 0 <= minute < 60):
        return None
    hour %= 24
    if not part:
        return Clock(hour, minute, open_half=1 <= hour <= 12)
    if part == "morning" or (part == "night" and hour <= 6) or hour == 12:
        return Clock(0 if hour == 12 and part in ("morning", "night") else hour, minute, open_half=False)
    if hour < 12 and not (part == "day" and hour > 6):
        hour += 12
    return Clock(hour, minute, open_half=False)


def _named(search: _Search, index: int) -> Found[Clock] | None:
    named = _NAMED.get(search.word(index))
    return None if named is None else Found(Clock(*named, open_half=False), index, index + 1)


def _half(search: _Search, index: int) -> Found[Clock] | None:
    """в половине третьего, полтретьего; half past two."""
    word = search.word(index)
    if search.language == "en":
        hour = search.at.get(index + 2)
        if (word, search.word(index + 1)) != ("half", "past") or hour is None:
            return None
        return search.hit(hour.value, 30, index, hour.end)
    if word in _HALVES:
        hour = search.at.get(index + 1)
        return search.hit(_before(hour.value), 30, index, hour.end) if hour and hour.ordinal else None
    joined = number_word(word[3:], "ru") if word.startswith("пол") and len(word) > 6 else None
    return search.hit(_before(joined.value), 30, index, index + 1) if joined and joined.ordinal else None


def _before(hour: int) -> int:
    return 12 if hour == 1 else hour - 1


def _part_of_hour(search: _Search, index: int) -> Found[Clock] | None:
    """четверть третьего, двадцать минут третьего, без десяти три."""
    if search.language == "en":
        return _past_or_to(search, index)
    less = search.word(index) == "без"
    minutes, after = _minutes(search, index + less)
    hour = search.at.get(after) if minutes else None
    if hour is None or not 1 <= hour.value <= 12:
        return None
    if less:
        return search.hit(_before(hour.value), 60 - minutes, index, hour.end)
    said_as_part = hour.ordinal and search.word(after - 1) in _MINUTE_WORDS | {"четверть"}
    return search.hit(_before(hour.value), minutes, index, hour.end) if said_as_part else None


def _past_or_to(search: _Search, index: int) -> Found[Clock] | None:
    """quarter past two, ten to three."""
    minutes, after = _minutes(search, index)
    way = search.word(after)
    hour = search.at.get(after + 1)
    if not minutes or way not in ("past", "after", "to", "of") or hour is None or not 1 <= hour.value <= 12:
        return None
    if way in ("past", "after"):
        return search.hit(hour.value, minutes, index, hour.end)
    return search.hit(_before(hour.value), 60 - minutes, index, hour.end)


def _minutes(search: _Search, index: int) -> tuple[int, int]:
    """A quarter or a number of minutes, and the index after it; (0, index) when there is none."""
    start = index + (search.word(index) == "a")
    if search.word(start) in ("четверть", "четверти", "quarter"):
        return 15, start + 1
    numeral = search.at.get(index)
    if numeral is None or not 1 <= numeral.value <= 59 or numeral.ordinal:
        return 0, index
    return numeral.value, numeral.end + (search.word(numeral.end) in _MINUTE_WORDS)


def _written(search: _Search, index: int) -> Found[Clock] | None:
    """10:30, 10.30, 10-30; 1030 only when a time was asked for."""
    word = search.word(index)
    match = _WRITTEN.fullmatch(word)
    if match:
        return search.hit(int(match[1]), int(match[2]), index, index + 1)
    match = _UNMARKED.fullmatch(word) if index in search.at and len(word) >= 3 else None
    return search.hit(int(match[1]), int(match[2]), index, index + 1, firm=False) if match else None


def _counted(search: _Search, index: int) -> Found[Clock] | None:
    """десять, десять тридцать, десять часов пять минут, девять ноль ноль; час дня."""
    hour = search.at.get(index)
    if hour is None:
        return _one_o_clock(search, index)
    if hour.ordinal or hour.value > 24 or not (hour.written is False or search.word(index).isdecimal()):
        return None
    unit = search.word(hour.end) in _HOUR_WORDS
    end = hour.end + unit
    minute, end = _minutes_after(search, end)
    firm = unit or search.word(index - 1) in _BEFORE
    return search.hit(hour.value, minute, index, end, firm=firm)


def _one_o_clock(search: _Search, index: int) -> Found[Clock] | None:
    if search.word(index) != "час" or search.language != "ru":
        return None
    minute, end = _minutes_after(search, index + 1)
    return search.hit(1, minute, index, end, firm=search.word(index - 1) in _BEFORE)


def _minutes_after(search: _Search, index: int) -> tuple[int, int]:
    """The minutes right after an hour; 0 when what follows is none."""
    index_after_and = index + (search.word(index) == "и")
    minute = search.at.get(index_after_and)
    if minute is None or minute.ordinal or minute.value > 59:
        return 0, index
    if minute.value == 0:
        unit = search.at.get(minute.end)
        minute = unit if unit is not None and unit.value <= 9 else minute
    elif not _is_minute(search, minute):
        return 0, index
    return minute.value, minute.end + (search.word(minute.end) in _MINUTE_WORDS)


def _is_minute(search: _Search, minute: Numeral) -> bool:
    """Minutes below ten are said with a nought or as minutes."""
    written_pair = minute.written and len(search.word(minute.start)) == 2
    return minute.value >= 10 or written_pair or search.word(minute.end) in _MINUTE_WORDS


_KINDS: tuple[Callable[[_Search, int], Found[Clock] | None], ...] = (_named, _half, _part_of_hour, _written, _counted)
