"""Finding dates in a sentence: named, counted, relative or by weekday."""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import cache

from dialog_fsm.numerals import Numeral
from dialog_fsm.slots.base import Moment
from dialog_fsm.slots.choosing import Found
from dialog_fsm.utterance import Utterance
from dialog_fsm.words import Language, english, russian
from dialog_fsm.words.forms import Forms

_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_DAY_FIRST = re.compile(r"(\d{1,2})[./-](\d{1,2})(?:[./-](\d{4}|\d{2}))?")
_NEXT = {"ru": "следующ", "en": "next"}
_THIS = {"ru": ("эт", "ближайш"), "en": ("this", "coming")}
_UNITS_AHEAD = {
    "ru": {"день": 1, "дня": 1, "дней": 1, "неделю": 7, "недели": 7, "недель": 7},
    "en": {"day": 1, "days": 1, "week": 7, "weeks": 7},
}
_AHEAD = {"ru": ("через",), "en": ("in", "within")}
_MONTH_WORDS = {"ru": ("месяц", "месяца"), "en": ("month", "months")}
# Before these a bare number is a time of day, after those as well.
_TIME_BEFORE = frozenset(
    {"в", "к", "at", "by", "половине", "половина", "пол", "без", "четверть", "past", "to", "минут", "минуты"}
)
_TIME_AFTER = frozenset(
    {"утра", "дня", "вечера", "ночи", "час", "часа", "часов", "минут", "минуты", "am", "pm", "oclock", "половины"}
)
_DAY_WORDS = frozenset({"числа", "число"})
_LEAP_SEARCH_YEARS = 8


class _Search:
    """One sentence searched once."""

    def __init__(self, utterance: Utterance, today: date, *, past: bool, lenient: bool) -> None:
        self.words = utterance.words
        self.language: Language = utterance.language
        self.today = today
        self.past = past
        self.lenient = lenient
        self.utterance = utterance
        self.at = {numeral.start: numeral for numeral in utterance.numerals}

    def word(self, index: int) -> str:
        return self.words[index] if 0 <= index < len(self.words) else ""

    def found(self) -> Iterator[Found[date]]:
        index = 0
        while index < len(self.words):
            one = next((hit for kind in _KINDS if (hit := kind(self, index))), None)
            if one is not None:
                yield one
            index = one.end if one is not None else index + 1

    def nearest_year(self, month: int, day: int) -> date | None:
        """The next such day, or the last one when the slot looks back."""
        step = -1 if self.past else 1
        for years in range(_LEAP_SEARCH_YEARS):
            candidate = _date(self.today.year + step * years, month, day)
            if candidate and (candidate <= self.today if self.past else candidate >= self.today):
                return candidate
        return None

    def nearest_month(self, day: int) -> date | None:
        """The next such day of a month."""
        for months in range(_LEAP_SEARCH_YEARS):
            year, month = divmod(self.today.year * 12 + self.today.month - 1 + months, 12)
            candidate = _date(year, month + 1, day)
            if candidate and candidate >= self.today:
                return candidate
        return None


def find_dates(utterance: Utterance, moment: Moment, *, past: bool = False, lenient: bool = False) -> list[Found[date]]:
    """All dates in the order in which they were said; ``lenient`` takes a bare number for a day of the month."""
    return list(_Search(utterance, moment.today, past=past, lenient=lenient).found())


def firm_positions(utterance: Utterance, moment: Moment) -> frozenset[int]:
    """The words that can be nothing but a date."""
    return frozenset(index for one in find_dates(utterance, moment) for index in one.positions)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


@cache
def _months(language: Language) -> Forms[int]:
    return Forms.of(russian.MONTHS if language == "ru" else english.MONTHS)


@cache
def _weekdays(language: Language) -> Forms[int]:
    return Forms.of(russian.WEEKDAYS if language == "ru" else english.WEEKDAYS)


@cache
def _relative(language: Language) -> Forms[int]:
    return Forms(russian.RELATIVE_DAYS if language == "ru" else english.RELATIVE_DAYS)


def _written(search: _Search, index: int) -> Found[date] | None:
    """15.06, 15.06.2026, 2026-06-15; in English 6/15 is the fifteenth of June."""
    word = search.word(index)
    iso = _ISO.fullmatch(word)
    if iso:
        return _hit(_date(int(iso[1]), int(iso[2]), int(iso[3])), index, index + 1)
    match = _DAY_FIRST.fullmatch(word)
    if match is None or (match[3] is None and _is_clock(search, index)):
        return None
    day, month = int(match[1]), int(match[2])
    if (search.language == "en" and day <= 12) or month > 12:
        day, month = month, day
    if match[3] is None:
        return _hit(_valid(search, month, day), index, index + 1)
    year = int(match[3]) + (2000 if len(match[3]) == 2 else 0)
    return _hit(_date(year, month, day), index, index + 1)


def _is_clock(search: _Search, index: int) -> bool:
    """ "в 10.30", "10-30 утра" are times, and so is what has no such day."""
    minutes = int(re.split(r"[./-]", search.word(index))[1])
    return (search.word(index - 1) in _TIME_BEFORE or search.word(index + 1) in _TIME_AFTER or minutes > 12) and not (
        search.language == "en" and "/" in search.word(index)
    )


def _valid(search: _Search, month: int, day: int) -> date | None:
    return search.nearest_year(month, day) if 1 <= month <= 12 and 1 <= day <= 31 else None


def _day_and_month(search: _Search, index: int) -> Found[date] | None:
    """пятнадцатого июня, fifteenth of June, June the fifteenth; a year may follow."""
    numeral = search.at.get(index)
    if numeral is not None and 1 <= numeral.value <= 31:
        return _with_month(search, numeral)
    month = _months(search.language).find(search.word(index))
    if search.language != "en" or month is None:
        return None
    after = index + 1 + (search.word(index + 1) == "the")
    numeral = search.at.get(after)
    if numeral is None or not 1 <= numeral.value <= 31:
        return None
    return _with_year(search, month, numeral.value, index, numeral.end)


def _with_month(search: _Search, numeral: Numeral) -> Found[date] | None:
    after = numeral.end + (search.word(numeral.end) in ("of", "числа"))
    month = _months(search.language).find(search.word(after))
    if month is None:
        return None
    return _with_year(search, month, numeral.value, numeral.start, after + 1)


def _with_year(search: _Search, month: int, day: int, start: int, end: int) -> Found[date] | None:
    numeral = search.at.get(end)
    if numeral is None or not 1900 <= numeral.value <= 2199:
        return _hit(_valid(search, month, day), start, end)
    end = numeral.end + (search.word(numeral.end) in ("год", "года", "году"))
    return _hit(_date(numeral.value, month, day), start, end)


def _named_day(search: _Search, index: int) -> Found[date] | None:
    """сегодня, завтра, the day after tomorrow."""
    if search.words[index : index + 3] == ("day", "after", "tomorrow"):
        return _hit(search.today + timedelta(2), index, index + 3)
    if search.words[index : index + 2] == ("после", "завтра"):
        return _hit(search.today + timedelta(2), index, index + 2)
    ahead = _relative(search.language).find(search.word(index))
    return None if ahead is None else _hit(search.today + timedelta(ahead), index, index + 1)


def _counted(search: _Search, index: int) -> Found[date] | None:
    """через два дня, через неделю, in a week."""
    if search.word(index) not in _AHEAD[search.language]:
        return None
    numeral = search.at.get(index + 1)
    number, after = (
        (numeral.value, numeral.end) if numeral else (1, index + 1 + (search.word(index + 1) in ("a", "an")))
    )
    unit = search.word(after)
    if unit in _MONTH_WORDS[search.language] and number == 1:
        year, month = divmod(search.today.year * 12 + search.today.month, 12)
        return _hit(_last_valid(year, month + 1, search.today.day), index, after + 1)
    days = _UNITS_AHEAD[search.language].get(unit)
    if days is None or number > 366:
        return None
    return _hit(search.today + timedelta(days * number), index, after + 1)


def _last_valid(year: int, month: int, day: int) -> date | None:
    return next((found for less in range(4) if (found := _date(year, month, day - less))), None)


def _weekday(search: _Search, index: int) -> Found[date] | None:
    """в пятницу is the next one; в следующую пятницу that of the next week."""
    weekday = _weekdays(search.language).find(search.word(index))
    if weekday is None:
        return None
    before = search.word(index - 1)
    ahead = (weekday - search.today.weekday()) % 7
    if before.startswith(_NEXT[search.language]):
        ahead = 7 - search.today.weekday() + weekday
    elif ahead == 0 and not before.startswith(_THIS[search.language]):
        ahead = 7
    return _hit(search.today + timedelta(ahead), index, index + 1)


def _day_of_month(search: _Search, index: int) -> Found[date] | None:
    """пятнадцатого, на пятнадцатое, the fifteenth, 15 числа; bare numbers only when a day was asked for."""
    numeral = search.at.get(index)
    if numeral is None or not 1 <= numeral.value <= 31 or _tells_time(search, numeral):
        return None
    if _months(search.language).find(search.word(numeral.end)) is not None:
        return None
    named = search.word(numeral.end) in _DAY_WORDS
    ordinal = _is_day_ordinal(search, numeral)
    if not (named or ordinal or (search.lenient and _is_bare(search, numeral))):
        return None
    return _hit(search.nearest_month(numeral.value), index, numeral.end + named, firm=named or ordinal)


def _tells_time(search: _Search, numeral: Numeral) -> bool:
    return search.word(numeral.start - 1) in _TIME_BEFORE or search.word(numeral.end) in _TIME_AFTER


def _is_day_ordinal(search: _Search, numeral: Numeral) -> bool:
    """ "пятнадцатого", "15-го"; not "пятнадцатый", which is number fifteen of something else."""
    last = search.word(numeral.end - 1)
    if numeral.written:
        return last in search.utterance.ordinal_digits
    if not numeral.ordinal or (search.at.get(numeral.start - 1) and search.language == "ru"):
        return False
    return search.language == "en" or last.endswith(("ого", "его", "ое", "ье"))


def _is_bare(search: _Search, numeral: Numeral) -> bool:
    lone = len(search.utterance.numerals) == 1 or search.word(numeral.start - 1) in ("на", "on")
    return lone and (not numeral.written or search.word(numeral.start).isdecimal())


def _hit(found: date | None, start: int, end: int, *, firm: bool = True) -> Found[date] | None:
    return None if found is None else Found(found, start, end, firm)


_KINDS: tuple[Callable[[_Search, int], Found[date] | None], ...] = (
    _written,
    _day_and_month,
    _counted,
    _named_day,
    _weekday,
    _day_of_month,
)
