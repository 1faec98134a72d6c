"""Options with inflected and mistaken words, and free text."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from dialog_fsm.slots import ChoiceSlot, FreeSlot, Moment, Option, SlotSpec
from dialog_fsm.utterance import Utterance
from dialog_fsm.words import Language

MOMENT = Moment(datetime(2026, 6, 10, 9, 30, tzinfo=ZoneInfo("Europe/Moscow")))
DOCTORS = ChoiceSlot(
    options={
        "therapist": Option(say="терапевт", phrases=("участковый врач", "общий врач"), dtmf="1"),
        "dentist": Option(say="стоматолог", phrases=("зубной врач", "болит зуб"), dtmf="2"),
        "surgeon": Option(say="хирург", dtmf="3"),
        "eyes": Option(say="офтальмолог", phrases=("окулист", "глазной врач")),
    }
)


def read(spec: SlotSpec, text: str, language: Language = "ru", *, asked: bool = True) -> object:
    reading = spec.read(Utterance(text, language), MOMENT, asked=asked)
    return None if reading is None else reading.value


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("Я хочу записаться к терапевту", "therapist"),
        ("терапефту", "therapist"),
        ("к стоматологу, пожалуйста", "dentist"),
        ("стаматологу", "dentist"),
        ("у меня болит зуб", "dentist"),
        ("зубному врачу", "dentist"),
        ("к хирургу", "surgeon"),
        ("к акулисту", "eyes"),
        ("не к терапевту, а к хирургу", "surgeon"),
        ("к терапевту, нет, лучше к хирургу", "surgeon"),
        ("к терапевту или к хирургу", None),
        ("не к терапевту", None),
        ("к врачу", None),
        ("здравствуйте", None),
        ("", None),
    ],
)
def test_options(text: str, option: str | None) -> None:
    assert read(DOCTORS, text) == option


def test_option_keys_and_speech() -> None:
    assert DOCTORS.read_keys("2", "ru", MOMENT).value == "dentist"  # type: ignore[union-attr]
    assert DOCTORS.read_keys("9", "ru", MOMENT) is None
    assert DOCTORS.complete_keys() == 1
    assert DOCTORS.spoken("surgeon", "ru") == "хирург"
    assert "стоматолог" in DOCTORS.recogniser_hints()


@pytest.mark.parametrize(
    ("text", "language", "value"),
    [
        ("Меня зовут Иван Петров.", "ru", "Иван Петров"),
        ("Здравствуйте, это Анна", "ru", "Анна"),
        ("Иван", "ru", "Иван"),
        ("My name is John Smith", "en", "John Smith"),
        ("It's Mary", "en", "Mary"),
        ("...", "ru", None),
    ],
)
def test_free(text: str, language: Language, value: str | None) -> None:
    assert read(FreeSlot(), text, language) == value


def test_free_is_only_read_when_asked() -> None:
    assert read(FreeSlot(), "Иван", asked=False) is None
    assert read(FreeSlot(min_words=2), "Иван") is None
