"""Times of day as callers say them and as recognisers write them. Today is Wednesday, 10 June 2026."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from dialog_fsm.slots import Moment, TimeSlot
from dialog_fsm.utterance import Utterance
from dialog_fsm.words import Language

MOMENT = Moment(datetime(2026, 6, 10, 9, 30, tzinfo=ZoneInfo("Europe/Moscow")))
OFFICE = TimeSlot(earliest="08:00", latest="20:00", step_minutes=15)


def read(text: str, language: Language, spec: TimeSlot = OFFICE, *, asked: bool = True) -> object:
    reading = spec.read(Utterance(text, language), MOMENT, asked=asked)
    return None if reading is None else reading.value


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("в десять", "10:00"),
        ("десять", "10:00"),
        ("Десять.", "10:00"),
        ("10", "10:00"),
        ("в 10:30", "10:30"),
        ("в 10.30", "10:30"),
        ("10-30", "10:30"),
        ("10 30", "10:30"),
        ("1030", "10:30"),
        ("десять тридцать", "10:30"),
        ("девять ноль ноль", "09:00"),
        ("девять ноль пять", "09:05"),
        ("в десять часов тридцать минут", "10:30"),
        ("завтра в десять утра", "10:00"),
        ("завтра в 10 утра", "10:00"),
        ("в семь вечера", "19:00"),
        ("вечером в семь", "19:00"),
        ("в три", "15:00"),
        ("в три часа дня", "15:00"),
        ("в час дня", "13:00"),
        ("в час", "13:00"),
        ("в два", "14:00"),
        ("в восемь", "08:00"),
        ("в половине третьего", "14:30"),
        ("половина десятого утра", "09:30"),
        ("полтретьего", "14:30"),
        ("пол третьего", "14:30"),
        ("без четверти три", "14:45"),
        ("без пятнадцати десять", "09:45"),
        ("без десяти минут десять", "09:50"),
        ("четверть третьего", "14:15"),
        ("пятнадцать минут третьего", "14:15"),
        ("в полдень", "12:00"),
        ("тогда всем вечера", "19:00"),
        ("водиннадцать", "11:00"),
        ("вдесять тридцать", "10:30"),
        ("в двенадцать дня", "12:00"),
        ("15:00", "15:00"),
        ("в пятнадцать тридцать", "15:30"),
        ("пятнадцатого июня в десять тридцать", "10:30"),
        ("15 июня в 10 утра", "10:00"),
        ("не в десять, а в одиннадцать", "11:00"),
        ("в десять, нет, лучше в двенадцать", "12:00"),
        ("в двадцать ноль ноль", "20:00"),
        ("пятнадцатого июня", None),
        ("завтра", None),
        ("утром", None),
        ("двадцать пять", None),
        ("", None),
    ],
)
def test_russian(text: str, at: str | None) -> None:
    assert read(text, "ru") == at


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("at ten", "10:00"),
        ("10", "10:00"),
        ("10 a.m.", "10:00"),
        ("10am", "10:00"),
        ("ten o'clock", "10:00"),
        ("ten thirty", "10:30"),
        ("ten oh five", "10:05"),
        ("half past two", "14:30"),
        ("quarter to three", "14:45"),
        ("a quarter past three", "15:15"),
        ("ten to four", "15:50"),
        ("twenty past four", "16:20"),
        ("noon", "12:00"),
        ("3 pm", "15:00"),
        ("three in the afternoon", "15:00"),
        ("seven in the evening", "19:00"),
        ("tomorrow at 10", "10:00"),
        ("June fifteenth at ten thirty", "10:30"),
        ("at half past nine in the morning", "09:30"),
        ("not at ten but at eleven", "11:00"),
        ("tomorrow morning at nine", "09:00"),
        ("June fifteenth", None),
        ("tomorrow", None),
    ],
)
def test_english(text: str, at: str | None) -> None:
    assert read(text, "en") == at


def test_a_bare_number_is_no_time_unless_a_time_was_asked_for() -> None:
    assert read("десять", "ru", asked=False) is None
    assert read("в десять", "ru", asked=False) == "10:00"
    assert read("десять утра", "ru", asked=False) == "10:00"


def test_without_a_range_small_hours_are_the_afternoon() -> None:
    anytime = TimeSlot()
    assert read("в три", "ru", anytime) == "15:00"
    assert read("в три ночи", "ru", anytime) == "03:00"
    assert read("в девять", "ru", anytime) == "09:00"
    assert read("в двенадцать ночи", "ru", anytime) == "00:00"
    assert read("в полночь", "ru", anytime) == "00:00"


@pytest.mark.parametrize(("keys", "at"), [("1030", "10:30"), ("930", "09:30"), ("2460", None), ("10", None)])
def test_keys(keys: str, at: str | None) -> None:
    reading = OFFICE.read_keys(keys, "ru", MOMENT)
    assert (reading and reading.value) == at


def test_accepts_only_the_range_on_the_grid() -> None:
    assert OFFICE.accepts("20:00", MOMENT)
    assert not OFFICE.accepts("20:15", MOMENT)
    assert not OFFICE.accepts("10:05", MOMENT)
