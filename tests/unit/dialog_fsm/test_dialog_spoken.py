"""Numbers, dates, times, telephone numbers and money as a voice says them."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialog_fsm.slots import DateSlot, Moment, TimeSlot
from dialog_fsm.spoken import english, russian
from dialog_fsm.utterance import Utterance

DAY = date(2026, 6, 15)
MOMENT = Moment(datetime(2026, 6, 10, 9, 30, tzinfo=ZoneInfo("Europe/Moscow")))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (russian.day(DAY), "пятнадцатого июня"),
        (russian.day_on(DAY), "пятнадцатое июня"),
        (russian.day_with_year(DAY), "пятнадцатого июня две тысячи двадцать шестого года"),
        (russian.weekday(DAY + timedelta(2)), "среда"),
        (russian.weekday_on(DAY), "в понедельник"),
        (russian.weekday_on(DAY + timedelta(1)), "во вторник"),
        (russian.weekday_on(DAY + timedelta(2)), "в среду"),
        (russian.near_day(DAY, DAY - timedelta(1)), "завтра"),
        (russian.near_day(DAY, DAY), "сегодня"),
        (russian.near_day(DAY, DAY - timedelta(5)), "пятнадцатого июня"),
        (russian.clock(time(10)), "десять часов"),
        (russian.clock(time(21)), "двадцать один час"),
        (russian.clock(time(10, 30)), "десять тридцать"),
        (russian.clock(time(10, 5)), "десять ноль пять"),
        (russian.clock(time(10, 1)), "десять ноль одна"),
        (russian.clock(time(9), "g"), "девяти часов"),
        (russian.clock(time(1), "g"), "одного часа"),
        (
            russian.phone("+79123456789"),
            "восемь, девятьсот двенадцать, триста сорок пять, шестьдесят семь, восемьдесят девять",
        ),
        (russian.phone("+74950050007"), "восемь, четыреста девяносто пять, ноль ноль пять, ноль ноль, ноль семь"),
        (russian.phone("+442071234567")[:36], "плюс сорок четыре, двести семь, сто "),
        (russian.phone("112"), "сто двенадцать"),
        (russian.digits("007"), "ноль, ноль, семь"),
        (russian.money("1500.50"), "тысяча пятьсот рублей пятьдесят копеек"),
        (russian.money("21,02"), "двадцать один рубль две копейки"),
        (russian.money("2", "EUR"), "два евро"),
        (russian.count(21, ("минута", "минуты", "минут")), "двадцать одна минута"),
        (russian.count(112, ("рубль", "рубля", "рублей")), "сто двенадцать рублей"),
        (russian.count(2, ("место", "места", "мест")), "два места"),
        (russian.ordinal(5), "пятый"),
        (russian.cardinal(1_000_000), "миллион"),
        (english.day(DAY), "June fifteenth"),
        (english.day_with_year(DAY), "June fifteenth, twenty twenty-six"),
        (english.day_with_year(date(2005, 6, 1)), "June first, two thousand and five"),
        (english.weekday_on(DAY), "on Monday"),
        (english.near_day(DAY, DAY - timedelta(2)), "the day after tomorrow"),
        (english.clock(time(10)), "ten a.m."),
        (english.clock(time(14, 30)), "two thirty p.m."),
        (english.clock(time(9, 5)), "nine oh five a.m."),
        (english.clock(time(12)), "noon"),
        (english.clock(time(0)), "midnight"),
        (english.clock(time(0, 15)), "twelve fifteen a.m."),
        (english.phone("+15551234567"), "one, five five five, one two three, four five six seven"),
        (english.money("1.01"), "one dollar and one cent"),
        (english.count(1, ("minute", "minutes")), "one minute"),
        (english.ordinal(21), "twenty-first"),
    ],
)  # fmt: skip
def test_words(said: str, words: str) -> None:
    assert said == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("с 9:00 до 18:30", "с девяти часов до восемнадцати тридцати"),
        ("в 9:00", "в девять часов"),
        ("после 5", "после пяти"),
        ("дом 5а", "дом пять а"),
        ("код 007", "код ноль, ноль, семь"),
        ("+7 (912) 345-67-89", "восемь, девятьсот двенадцать, триста сорок пять, шестьдесят семь, восемьдесят девять"),
        ("2026-06-15", "пятнадцатого июня"),
        ("2026-99-99", "два, ноль, два, шесть, девять, девять, девять, девять"),
        ("1234567890123", "один, два, три, четыре, пять, шесть, семь, восемь, девять, ноль, один, два, три"),
        ("без цифр", "без цифр"),
    ],
)
def test_no_digit_stays_in_a_text(text: str, words: str) -> None:
    assert russian.plain(text) == words


@given(st.text())
def test_any_text_loses_its_digits(text: str) -> None:
    for said in (russian.plain(text), english.plain(text)):
        assert not any(sign in "0123456789" for sign in said)


@given(st.integers(0, 60), st.booleans())
def test_every_spoken_day_is_understood_again(ahead: int, in_russian: bool) -> None:
    day = MOMENT.today + timedelta(ahead)
    text = russian.day(day) if in_russian else english.day(day)
    reading = DateSlot().read(Utterance(text, "ru" if in_russian else "en"), MOMENT, asked=True)
    assert reading is not None
    assert reading.value == day.isoformat()


@given(st.times(), st.booleans())
def test_every_spoken_time_is_understood_again(at: time, in_russian: bool) -> None:
    at = at.replace(second=0, microsecond=0)
    text = russian.clock(at) if in_russian else english.clock(at)
    office = TimeSlot(earliest="00:00" if at.hour < 12 else "12:00", latest="11:59" if at.hour < 12 else "23:59")
    reading = office.read(Utterance(text, "ru" if in_russian else "en"), MOMENT, asked=True)
    assert reading is not None, text
    assert reading.value == f"{at:%H:%M}", text
