"""Russian as it is said: cases, genders and plurals by the rules of the numeral."""

from datetime import date, time
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from num2words import num2words

from dialog_fsm.spoken.leftovers import without_digits
from dialog_fsm.words.russian import MONTHS, WEEKDAYS

Gender = Literal["m", "f", "n"]
Case = Literal["n", "g"]

CURRENCIES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "RUB": (("рубль", "рубля", "рублей"), ("копейка", "копейки", "копеек")),
    "USD": (("доллар", "доллара", "долларов"), ("цент", "цента", "центов")),
    "EUR": (("евро", "евро", "евро"), ("евроцент", "евроцента", "евроцентов")),
}
_MASCULINE_IN_A = frozenset({"мужчина", "папа"})
_NEUTER_FOREIGN = frozenset({"кофе"})
_MASCULINE_FOREIGN = frozenset({"евро"})
_HOURS: dict[Case, tuple[str, str, str]] = {"n": ("час", "часа", "часов"), "g": ("часа", "часов", "часов")}
_BEFORE_GENITIVE = frozenset({"с", "со", "до", "после", "около", "от", "из", "без", "для"})
_NEAR_DAYS = ("сегодня", "завтра", "послезавтра")


@lru_cache(maxsize=4096)
def _words(number: int, *, ordinal: bool, case: Case, gender: Gender) -> str:
    kind = "ordinal" if ordinal else "cardinal"
    text = str(num2words(number, lang="ru", to=kind, case=case, gender=gender))
    # One says "тысяча двести", not "одна тысяча двести", and so with the millions.
    for one, bare in (("одна тысяча", "тысяча"), ("один миллион", "миллион")):
        if text.startswith(one):
            return bare + text[len(one) :]
    return text


def cardinal(number: int, gender: Gender = "m", case: Case = "n") -> str:
    """двадцать один."""
    return _words(number, ordinal=False, case=case, gender=gender)


def ordinal(number: int, case: Case = "n", gender: Gender = "m") -> str:
    """пятый."""
    return _words(number, ordinal=True, case=case, gender=gender)


def plural(number: int, forms: tuple[str, ...]) -> str:
    """The form of a noun after a number: рубль, рубля, рублей."""
    one, few, many = forms
    if 11 <= number % 100 <= 14:
        return many
    return {1: one, 2: few, 3: few, 4: few}.get(number % 10, many)


def count(number: int, forms: tuple[str, ...]) -> str:
    """двадцать одна минута; the gender is that of the first form."""
    return f"{cardinal(number, _gender(forms[0]))} {plural(number, forms)}"


def _gender(noun: str) -> Gender:
    if noun in _MASCULINE_FOREIGN or noun in _MASCULINE_IN_A:
        return "m"
    if noun.endswith(("а", "я")):
        return "f"
    return "n" if noun.endswith(("о", "е")) and noun not in _NEUTER_FOREIGN else "m"


def money(amount: str, currency: str = "RUB") -> str:
    """тысяча пятьсот рублей пятьдесят копеек."""
    hundredths = round(Decimal(amount.replace(",", ".")) * 100)
    whole, part = CURRENCIES[currency]
    said = count(hundredths // 100, whole)
    return f"{said} {count(hundredths % 100, part)}" if hundredths % 100 else said


def day(day: date) -> str:
    """пятнадцатого июня."""
    return f"{ordinal(day.day, 'g')} {MONTHS[day.month][1]}"


def day_on(day: date) -> str:
    """пятнадцатое июня, as after "на"."""
    return f"{ordinal(day.day, 'n', 'n')} {MONTHS[day.month][1]}"


def day_with_year(day_: date) -> str:
    """пятнадцатого июня две тысячи двадцать шестого года."""
    return f"{day(day_)} {ordinal(day_.year, 'g')} года"


def weekday(day: date) -> str:
    """среда."""
    first, second, *_ = WEEKDAYS[day.weekday()]
    return second if first.endswith("у") else first


def weekday_on(day: date) -> str:
    """в среду, во вторник."""
    return f"{'во' if day.weekday() == 1 else 'в'} {WEEKDAYS[day.weekday()][0]}"


def near_day(day_: date, today: date) -> str:
    """сегодня, завтра, послезавтра; later days by their date."""
    ahead = (day_ - today).days
    return _NEAR_DAYS[ahead] if 0 <= ahead < len(_NEAR_DAYS) else day(day_)


def clock(at: time, case: Case = "n") -> str:
    """десять часов, десять тридцать, десять ноль пять: also right after "в"; genitive after "с" and "до"."""
    hour = cardinal(at.hour, "m", case)
    if at.minute == 0:
        return f"{hour} {plural(at.hour, _HOURS[case])}"
    minutes = cardinal(at.minute, "f", case)
    return f"{hour} {minutes}" if at.minute > 9 else f"{hour} {cardinal(0, 'm', case)} {minutes}"


def phone(number: str) -> str:
    """восемь, девятьсот двенадцать, триста сорок пять, шестьдесят семь, восемьдесят девять."""
    bare = "".join(filter(str.isdecimal, number))
    if len(bare) == 11 and bare[0] in "78":
        bare = "8" + bare[1:]
    groups = _groups(bare)
    said = ", ".join(_group(group) for group in groups)
    return f"плюс {said}" if number.startswith("+") and bare[0] != "8" else said


def _groups(bare: str) -> list[str]:
    """From the end: pairs, two threes, the rest."""
    if len(bare) <= 4:
        return [bare] if len(bare) < 4 else [bare[:2], bare[2:]]
    head, tail = bare[:-4], [bare[-4:-2], bare[-2:]]
    threes = [head[max(0, end - 3) : end] for end in range(len(head), 0, -3)][::-1]
    return threes + tail


def _group(group: str) -> str:
    noughts = len(group) - len(group.lstrip("0"))
    said = ["ноль"] * noughts
    if noughts < len(group):
        said.append(cardinal(int(group)))
    return " ".join(said)


def digits(number: str) -> str:
    """один, два, три: each digit by itself."""
    return ", ".join(cardinal(int(one)) for one in number if one.isdecimal())


def yes_no(yes: bool) -> str:
    """да or нет."""
    return "да" if yes else "нет"


def plain(text: str) -> str:
    """The text without digits; after "с", "до", "после" and their like in the genitive."""
    return without_digits(
        text,
        clock=lambda at, before: clock(at, _case_after(before)),
        day=day,
        phone=phone,
        cardinal=lambda number, before: cardinal(number, "m", _case_after(before)),
        digits=digits,
    )


def _case_after(word: str) -> Case:
    return "g" if word in _BEFORE_GENITIVE else "n"
