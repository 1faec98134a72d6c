"""Digits that stand in a text as it was written: each is given to the language's own way of saying it."""

import re
from collections.abc import Callable
from datetime import date, time

_WRITTEN = re.compile(
    r"(?P<clock>\b(?:[01]?\d|2[0-3]):[0-5]\d\b)"
    r"|(?P<date>\b\d{4}-\d{2}-\d{2}\b)"
    r"|(?P<phone>\+\d[\d ()-]{8,}\d)"
    r"|(?P<number>\d+)"
)
_LONGEST_NUMBER = 9


def without_digits(
    text: str,
    *,
    clock: Callable[[time, str], str],
    day: Callable[[date], str],
    phone: Callable[[str], str],
    cardinal: Callable[[int, str], str],
    digits: Callable[[str], str],
) -> str:
    """The text with every number in words: times, ISO dates and telephone numbers (with +) as such.

    ``clock`` and ``cardinal`` also get the word before the number, on which a case may depend.
    """

    def say(match: "re.Match[str]") -> str:
        written, before = match[0], _word_before(text, match.start())
        if match["clock"]:
            return clock(time.fromisoformat(written.zfill(5)), before)
        if match["date"]:
            return _day(written, day, digits)
        if match["phone"]:
            return phone("+" + "".join(filter(str.isdecimal, written)))
        number = _spaced(text, match)
        return number(digits(written) if _as_digits(written) else cardinal(int(written), before))

    return _WRITTEN.sub(say, text)


def _word_before(text: str, at: int) -> str:
    return next(iter(re.findall(r"(\w+)\W*$", text[:at])), "").lower()


def _as_digits(written: str) -> bool:
    return len(written) > _LONGEST_NUMBER or (len(written) > 1 and written.startswith("0"))


def _day(written: str, day: Callable[[date], str], digits: Callable[[str], str]) -> str:
    try:
        return day(date.fromisoformat(written))
    except ValueError:
        return digits(written)


def _spaced(text: str, match: "re.Match[str]") -> Callable[[str], str]:
    """Words must not run into a letter that touched the digits ("А12")."""
    before = " " if match.start() and text[match.start() - 1].isalnum() else ""
    after = " " if match.end() < len(text) and text[match.end()].isalnum() else ""
    return lambda words: f"{before}{words}{after}"
