"""Yes and no, and what only looks like one of them."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from dialog_fsm.slots import Moment, YesNoSlot
from dialog_fsm.utterance import Utterance
from dialog_fsm.words import Language

MOMENT = Moment(datetime(2026, 6, 10, 9, 30, tzinfo=ZoneInfo("Europe/Moscow")))


def read(text: str, language: Language) -> object:
    reading = YesNoSlot().read(Utterance(text, language), MOMENT, asked=True)
    return None if reading is None else reading.value


@pytest.mark.parametrize(
    "text",
    [
        "Да.", "да да", "Да, подтверждаю", "подтверждаю", "потверждаю", "подтверждай", "ага", "угу", "верно",
        "всё верно", "Да, всё верно.", "конечно", "правильно", "хорошо", "согласен", "не возражаю", "я не против",
        "почему бы и нет", "ну да", "да, конечно", "давайте", "нет проблем", "именно так", "ладно, записывайте",
        "Да, не возражаю",
    ],
)  # fmt: skip
def test_russian_yes(text: str) -> None:
    assert read(text, "ru") is True


@pytest.mark.parametrize(
    "text",
    [
        "Нет.", "нет, не надо", "да нет", "да нет, не надо", "не подтверждаю", "Нет, не подтверждаю", "не верно",
        "неверно", "неправильно", "не согласен", "не очень", "не очень удобно", "не совсем", "не совсем верно",
        "ни в коем случае", "конечно нет", "не надо", "отмена", "неа", "не сейчас", "не подходит", "это неверно",
        "мне это не подходит", "не потверждаю", "нет нет",
    ],
)  # fmt: skip
def test_russian_no(text: str) -> None:
    assert read(text, "ru") is False


@pytest.mark.parametrize(
    "text",
    ["не знаю", "я не уверен", "Нет, всё верно", "да, то есть нет", "может быть", "терапевт", "", "не слышу вас"],
)
def test_russian_neither(text: str) -> None:
    assert read(text, "ru") is None


@pytest.mark.parametrize(
    "text",
    [
        "Yes.", "yeah", "yep", "yes please", "sure", "of course", "that's right", "correct", "I confirm", "okay",
        "no problem", "why not", "I don't mind", "sounds good", "yes, that's correct", "absolutely", "go ahead",
    ],
)  # fmt: skip
def test_english_yes(text: str) -> None:
    assert read(text, "en") is True


@pytest.mark.parametrize(
    "text",
    [
        "No.", "nope", "not really", "no thanks", "of course not", "I don't think so", "that's not right",
        "not correct", "incorrect", "wrong", "I don't confirm", "don't confirm", "not quite right", "yeah no",
        "no, that's wrong", "absolutely not", "I do not", "not really good",
    ],
)  # fmt: skip
def test_english_no(text: str) -> None:
    assert read(text, "en") is False


@pytest.mark.parametrize("text", ["I don't know", "I'm not sure", "no, that's right", "maybe", "the dentist", ""])
def test_english_neither(text: str) -> None:
    assert read(text, "en") is None


@pytest.mark.parametrize(("keys", "value"), [("1", True), ("2", False), ("3", None), ("11", None)])
def test_keys(keys: str, value: bool | None) -> None:
    reading = YesNoSlot().read_keys(keys, "ru", MOMENT)
    assert (reading and reading.value) == value


def test_spoken() -> None:
    assert YesNoSlot().spoken(True, "ru") == "да"
    assert YesNoSlot().spoken(False, "en") == "no"
