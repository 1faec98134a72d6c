"""English as it is said."""

from datetime import date, time
from decimal import Decimal
from functools import lru_cache

from num2words import num2words

from dialog_fsm.spoken.leftovers import without_digits
from dialog_fsm.words.english import MONTHS, WEEKDAYS

CURRENCIES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "USD": (("dollar", "dollars"), ("cent", "cents")),
    "EUR": (("euro", "euros"), ("cent", "cents")),
    "GBP": (("pound", "pounds"), ("penny", "pence")),
    "RUB": (("rouble", "roubles"), ("kopeck", "kopecks")),
}
_NEAR_DAYS = ("today", "tomorrow", "the day after tomorrow")
_CENTURY_YEARS = (2000, 2010)


@lru_cache(maxsize=4096)
def cardinal(number: int) -> str:
    """forty-two."""
    return str(num2words(number)).replace(",", "")


@lru_cache(maxsize=4096)
def ordinal(number: int) -> str:
    """fifteenth."""
    return str(num2words(number, to="ordinal")).replace(",", "")


def plural(number: int, forms: tuple[str, ...]) -> str:
    """minute, minutes."""
    return forms[0] if number == 1 else forms[-1]


def count(number: int, forms: tuple[str, ...]) -> str:
    """five minutes."""
    return f"{cardinal(number)} {plural(number, forms)}"


def money(amount: str, currency: str = "USD") -> str:
    """fifteen dollars and fifty cents."""
    hundredths = round(Decimal(amount.replace(",", ".")) * 100)
    whole, part = CURRENCIES[currency]
    said = count(hundredths // 100, whole)
    return f"{said} and {count(hundredths % 100, part)}" if hundredths % 100 else said


def day(day: date) -> str:
    """June fifteenth."""
    return f"{MONTHS[day.month][0].capitalize()} {ordinal(day.day)}"


day_on = day


def day_with_year(day_: date) -> str:
    """June fifteenth, twenty twenty-six."""
    return f"{day(day_)}, {_year(day_.year)}"


def _year(year: int) -> str:
    if _CENTURY_YEARS[0] <= year < _CENTURY_YEARS[1]:
        return cardinal(year)
    return str(num2words(year, to="year"))


def weekday(day: date) -> str:
    """Monday."""
    return WEEKDAYS[day.weekday()][0].capitalize()


def weekday_on(day: date) -> str:
    """on Monday."""
    return f"on {weekday(day)}"


def near_day(day_: date, today: date) -> str:
    """today, tomorrow, the day after tomorrow; later days by their date."""
    ahead = (day_ - today).days
    return _NEAR_DAYS[ahead] if 0 <= ahead < len(_NEAR_DAYS) else day(day_)


def clock(at: time) -> str:
    """ten a.m.; half past stays "ten thirty"; midnight and noon by name."""
    if at.minute == 0 and at.hour in (0, 12):
        return "noon" if at.hour else "midnight"
    hour = cardinal((at.hour - 1) % 12 + 1)
    half = "a.m." if at.hour < 12 else "p.m."
    if at.minute == 0:
        return f"{hour} {half}"
    minute = cardinal(at.minute) if at.minute > 9 else f"oh {cardinal(at.minute)}"
    return f"{hour} {minute} {half}"


def phone(number: str) -> str:
    """nine one two, three four five, six seven eight nine: digit by digit, in groups."""
    bare = "".join(filter(str.isdecimal, number))
    groups = _groups(bare)
    return ", ".join(" ".join(cardinal(int(one)) for one in group) for group in groups)


def _groups(bare: str) -> list[str]:
    """From the end: four, then threes."""
    head, tail = bare[:-4], bare[-4:]
    threes = [head[max(0, end - 3) : end] for end in range(len(head), 0, -3)][::-1]
    return [*threes, tail] if tail else threes


def digits(number: str) -> str:
    """one, two, three: each digit by itself."""
    return ", ".join(cardinal(int(one)) for one in number if one.isdecimal())


def yes_no(yes: bool) -> str:
    """yes or no."""
    return "yes" if yes else "no"


def plain(text: str) -> str:
    """The text without digits."""
    return without_digits(
        text,
        clock=lambda at, _: clock(at),
        day=day,
        phone=phone,
        cardinal=lambda number, _: cardinal(number),
        digits=digits,
    )
