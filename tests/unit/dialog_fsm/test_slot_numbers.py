"""Numbers, telephone numbers and strings of digits."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialog_fsm.slots import DigitsSlot, Moment, NumberSlot, PhoneSlot, SlotSpec
from dialog_fsm.spoken import SPEECH
from dialog_fsm.utterance import Utterance
from dialog_fsm.words import Language

MOMENT = Moment(datetime(2026, 6, 10, 9, 30, tzinfo=ZoneInfo("Europe/Moscow")))


def read(spec: SlotSpec, text: str, language: Language, *, asked: bool = True) -> object:
    reading = spec.read(Utterance(text, language), MOMENT, asked=asked)
    return None if reading is None else reading.value


@pytest.mark.parametrize(
    ("text", "language", "number"),
    [
        ("двадцать пять", "ru", 25),
        ("25", "ru", 25),
        ("двадцать 5", "ru", 25),
        ("тысяча двести", "ru", 1200),
        ("1 200 рублей", "ru", 1200),
        ("1,200", "en", 1200),
        ("15 тысяч", "ru", 15000),
        ("минус пять", "ru", -5),
        ("нас будет трое", "ru", None),
        ("нас двое взрослых и один ребёнок", "ru", 1),
        ("пятнадцатого июня, пять человек", "ru", 5),
        ("a hundred and five", "en", 105),
        ("two thousand and twenty six", "en", 2026),
        ("2,5", "ru", None),
        ("много", "ru", None),
    ],
)
def test_numbers(text: str, language: Language, number: int | None) -> None:
    assert read(NumberSlot(), text, language) == number


def test_number_limits() -> None:
    spec = NumberSlot(min=1, max=12)
    assert spec.accepts(12, MOMENT)
    assert not spec.accepts(13, MOMENT)
    assert not spec.accepts(0, MOMENT)
    assert spec.complete_keys() == 2


def test_a_number_that_was_not_asked_for_is_the_whole_sentence() -> None:
    assert read(NumberSlot(), "двадцать пять", "ru", asked=False) == 25
    assert read(NumberSlot(), "запишите на двадцать пять", "ru", asked=False) is None


@pytest.mark.parametrize(
    ("text", "language", "number"),
    [
        (
            "восемь девятьсот двенадцать триста сорок пять шестьдесят семь восемьдесят девять",
            "ru",
            "+79123456789",
        ),
        ("девятьсот двенадцать три четыре пять шесть семь восемь девять", "ru", "+79123456789"),
        ("8 912 345-67-89", "ru", "+79123456789"),
        ("+7 912 345 67 89", "ru", "+79123456789"),
        ("плюс семь девятьсот двенадцать триста сорок пять ноль семь ноль девять", "ru", "+79123450709"),
        ("мой номер 89123456789, спасибо", "ru", "+79123456789"),
        ("8(912)345-67-89", "ru", "+79123456789"),
        ("девять один два три четыре", "ru", None),
        ("nine one two three four five six seven double eight", "en", "+19123456788"),
        ("555 123 4567", "en", "+15551234567"),
        ("plus four four two oh seven one two three four five six seven", "en", "+442071234567"),
        ("nine one one", "en", None),
    ],
)
def test_phones(text: str, language: Language, number: str | None) -> None:
    assert read(PhoneSlot(), text, language) == number


@pytest.mark.parametrize(
    ("keys", "number"),
    [("89123456789", "+79123456789"), ("9123456789", "+79123456789"), ("00442071234567", "+442071234567"), ("1", None)],
)
def test_phone_keys(keys: str, number: str | None) -> None:
    reading = PhoneSlot().read_keys(keys, "ru", MOMENT)
    assert (reading and reading.value) == number


@pytest.mark.parametrize(
    ("text", "language", "digits"),
    [
        ("один два три четыре", "ru", "1234"),
        ("двенадцать тридцать четыре", "ru", "1234"),
        ("ноль ноль семь", "ru", "007"),
        ("1234", "ru", "1234"),
        ("12 34", "ru", "1234"),
        ("double oh seven", "en", "007"),
        ("four five six", "en", "456"),
        ("нет", "ru", None),
    ],
)
def test_digits(text: str, language: Language, digits: str | None) -> None:
    assert read(DigitsSlot(), text, language) == digits


def test_digits_lengths() -> None:
    exact = DigitsSlot(length=4)
    assert exact.accepts("0012", MOMENT)
    assert not exact.accepts("123", MOMENT)
    assert exact.complete_keys() == 4
    assert read(exact, "код один два три четыре", "ru", asked=False) == "1234"
    assert read(exact, "один два три", "ru", asked=False) is None
    assert DigitsSlot(min_length=2, max_length=3).accepts("12", MOMENT)


@given(st.integers(min_value=0, max_value=10_000_000))
def test_every_spoken_number_is_understood_again(number: int) -> None:
    languages: tuple[Language, ...] = ("ru", "en")
    for language in languages:
        assert read(NumberSlot(), SPEECH[language].cardinal(number), language) == number


@given(st.from_regex(r"\+7[3489][0-9]{9}", fullmatch=True))
def test_every_spoken_phone_is_understood_again(number: str) -> None:
    assert read(PhoneSlot(), SPEECH["ru"].phone(number), "ru") == number


@given(st.from_regex(r"\+1[2-9][0-9]{9}", fullmatch=True))
def test_every_spoken_english_phone_is_understood_again(number: str) -> None:
    assert read(PhoneSlot(), SPEECH["en"].phone(number), "en") == number
