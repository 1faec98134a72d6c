"""Dates as callers say them and as recognisers write them. Today is Wednesday, 10 June 2026."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from dialog_fsm.slots import DateSlot, Moment
from dialog_fsm.utterance import Utterance
from dialog_fsm.words import Language

MOMENT = Moment(datetime(2026, 6, 10, 9, 30, tzinfo=ZoneInfo("Europe/Moscow")))


def read(text: str, language: Language, spec: DateSlot | None = None, *, asked: bool = True) -> object:
    reading = (spec or DateSlot()).read(Utterance(text, language), MOMENT, asked=asked)
    return None if reading is None else reading.value


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Сегодня.", "2026-06-10"),
        ("завтра в десять утра", "2026-06-11"),
        ("завтра в 10 утра", "2026-06-11"),
        ("послезавтра", "2026-06-12"),
        ("после завтра", "2026-06-12"),
        ("пятнадцатого июня", "2026-06-15"),
        ("на пятнадцатое июня", "2026-06-15"),
        ("15 июня", "2026-06-15"),
        ("15-го июня", "2026-06-15"),
        ("двадцать первого сентября", "2026-09-21"),
        ("первого января", "2027-01-01"),
        ("девятого июня", "2027-06-09"),
        ("десятого июня", "2026-06-10"),
        ("15 июля 2027 года", "2027-07-15"),
        ("пятнадцатого июля две тысячи двадцать седьмого года", "2027-07-15"),
        ("29 февраля", "2028-02-29"),
        ("15.06", "2026-06-15"),
        ("15.06.2026", "2026-06-15"),
        ("15.06.26", "2026-06-15"),
        ("2026-06-15", "2026-06-15"),
        ("пятнадцатого", "2026-06-15"),
        ("на пятнадцатое", "2026-06-15"),
        ("15 числа", "2026-06-15"),
        ("пятого", "2026-07-05"),
        ("тридцать первого", "2026-07-31"),
        ("пятнадцать", "2026-06-15"),
        ("на 15", "2026-06-15"),
        ("в пятницу", "2026-06-12"),
        ("в среду", "2026-06-17"),
        ("в эту среду", "2026-06-10"),
        ("во вторник", "2026-06-16"),
        ("в следующий понедельник", "2026-06-15"),
        ("в следующую пятницу", "2026-06-19"),
        ("через два дня", "2026-06-12"),
        ("через 3 дня", "2026-06-13"),
        ("через неделю", "2026-06-17"),
        ("через две недели", "2026-06-24"),
        ("через месяц", "2026-07-10"),
        ("не завтра, а послезавтра", "2026-06-12"),
        ("завтра, нет, лучше в пятницу", "2026-06-12"),
        ("не в понедельник, а во вторник", "2026-06-16"),
        ("пятнацатого сентебря", "2026-09-15"),
        ("в понедельнек", "2026-06-15"),
        ("завтра в половине третьего", "2026-06-11"),
        ("запишите меня, пожалуйста, на двадцатое июня на три часа", "2026-06-20"),
        ("в половине третьего", None),
        ("в десять утра", None),
        ("не завтра", None),
        ("тридцать второго июня", None),
        ("31 июня", None),
        ("терапевт", None),
        ("", None),
    ],
)
def test_russian(text: str, day: str | None) -> None:
    assert read(text, "ru") == day


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Today.", "2026-06-10"),
        ("tomorrow at 10", "2026-06-11"),
        ("the day after tomorrow", "2026-06-12"),
        ("june fifteenth", "2026-06-15"),
        ("June 15th", "2026-06-15"),
        ("June 15", "2026-06-15"),
        ("June the fifteenth", "2026-06-15"),
        ("the fifteenth of June", "2026-06-15"),
        ("15 June 2027", "2027-06-15"),
        ("june fifteenth at ten thirty", "2026-06-15"),
        ("the twenty-first", "2026-06-21"),
        ("on the 15th", "2026-06-15"),
        ("6/15", "2026-06-15"),
        ("15/6/2026", "2026-06-15"),
        ("on Friday", "2026-06-12"),
        ("next Friday", "2026-06-19"),
        ("this Wednesday", "2026-06-10"),
        ("in two days", "2026-06-12"),
        ("in a week", "2026-06-17"),
        ("not tomorrow but on Friday", "2026-06-12"),
        ("tomorrow, no, sorry, on Friday", "2026-06-12"),
        ("fifteen", "2026-06-15"),
        ("half past two", None),
        ("at ten", None),
        ("10 am", None),
        ("not tomorrow", None),
    ],
)
def test_english(text: str, day: str | None) -> None:
    assert read(text, "en") == day


def test_a_bare_number_is_no_day_unless_a_day_was_asked_for() -> None:
    assert read("пятнадцать", "ru", asked=False) is None
    assert read("пятнадцатого", "ru", asked=False) == "2026-06-15"


def test_a_past_slot_looks_back() -> None:
    past = DateSlot(past=True)
    assert read("пятнадцатого июня", "ru", past) == "2025-06-15"
    assert read("пятого мая тысяча девятьсот восемьдесят пятого года", "ru", past) == "1985-05-05"
    assert past.read_keys("05051985", "ru", MOMENT).value == "1985-05-05"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("keys", "language", "day"),
    [("1506", "ru", "2026-06-15"), ("0615", "en", "2026-06-15"), ("9999", "ru", None), ("15", "ru", None)],
)
def test_keys(keys: str, language: Language, day: str | None) -> None:
    reading = DateSlot().read_keys(keys, language, MOMENT)
    assert (reading and reading.value) == day


def test_accepts_only_its_days() -> None:
    spec = DateSlot(from_days=1, to_days=30, weekdays=("mon", "tue", "wed", "thu", "fri"))
    assert spec.accepts("2026-06-11", MOMENT)
    assert not spec.accepts("2026-06-10", MOMENT)
    assert not spec.accepts("2026-06-13", MOMENT)
    assert not spec.accepts("2026-08-10", MOMENT)


def test_an_unsure_choice_has_a_lower_confidence() -> None:
    reading = DateSlot().read(Utterance("завтра или послезавтра", "ru"), MOMENT, asked=True)
    assert reading is not None
    assert reading.value == "2026-06-11"
    assert reading.confidence < 1
