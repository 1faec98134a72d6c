"""Phrases are found in what a recogniser makes of telephone speech, and not where they are denied."""

import pytest

from dialog_fsm.phrases import PhraseIndex
from dialog_fsm.utterance import Utterance, normalise, words_of
from dialog_fsm.words import Language
from dialog_fsm.words.forms import Forms
from dialog_fsm.words.small import denied

RUSSIAN = PhraseIndex(
    [
        ("book", "записаться"),
        ("book", "хочу записаться на приём"),
        ("cancel", "отменить запись"),
        ("hours", "часы работы"),
        ("hours", "до скольки вы работаете"),
        ("operator", "соедините с оператором"),
        ("operator", "живой человек"),
        ("address", "какой у вас адрес"),
        ("confirm", "подтверждаю"),
        ("broken", "телефон не работает"),
    ],
    "ru",
)
ENGLISH = PhraseIndex(
    [
        ("book", "book an appointment"),
        ("cancel", "cancel my appointment"),
        ("person", "speak to a person"),
        ("nothing", "nothing"),
        ("repeat", "once more"),
    ],
    "en",
)


def best(text: str, language: Language = "ru") -> str | None:
    index = RUSSIAN if language == "ru" else ENGLISH
    return next((match.key for match in index.matches(Utterance(text, language))), None)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Я хочу записаться к терапевту", "book"),
        ("запишите меня", "book"),
        ("за писаться", "book"),
        ("записатся на прием", "book"),
        ("отмените мою запись", "cancel"),
        ("до скольки работаете", "hours"),
        ("во сколько вы работаете", "hours"),
        ("соедините меня, пожалуйста, с оператором", "operator"),
        ("саедините с аператором", "operator"),
        ("хочу поговорить с живым человеком", "operator"),
        ("какой у вас адрис", "address"),
        ("Подтверждаю.", "confirm"),
        ("потверждаю", "confirm"),
        ("телефон у меня не работает", "broken"),
        ("телефон работает", None),
        ("не подтверждаю", None),
        ("неподтверждаю", None),
        ("за пи саться", "book"),
        ("каковувас адрес", "address"),
        ("не хочу записываться", None),
        ("не надо меня записывать", None),
        ("не знаю, можно записаться", "book"),
        ("не отменить, а записаться", "book"),
        ("добрый день", None),
        ("", None),
        ("?!", None),
    ],
)
def test_russian(text: str, key: str | None) -> None:
    assert best(text) == key


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("I'd like to book an appointment please", "book"),
        ("booking an apointment", "book"),
        ("cancel the appointment", "cancel"),
        ("I don't want to book an appointment", None),
        ("can I speak to a real person", "person"),
        ("good morning", None),
        ("yes, one more thing", None),
        ("look here", None),
    ],
)
def test_english(text: str, key: str | None) -> None:
    assert best(text, "en") == key


def test_coverage_is_the_share_of_the_sentence() -> None:
    alone, within = (
        RUSSIAN.matches(Utterance(text, "ru"))[0]
        for text in ("записаться", "моя соседка Клавдия просила записаться вместо Петра Ильича")
    )
    assert alone.coverage == 1.0
    assert within.coverage < 0.3


def test_words() -> None:
    assert normalise("Ёлка, 10 A.M.") == "елка, 10 am"
    assert words_of("15-го июня, в 10:30! I'd кое-что 10am 8-912") == (
        *("15", "июня", "в", "10:30", "id", "кое", "что", "10", "am", "8-912"),
    )


def test_what_is_denied() -> None:
    words = words_of("не завтра а послезавтра")
    assert denied(words, "ru") == {1}
    assert denied(words_of("я не хочу записываться завтра"), "ru") == {2, 3, 4}


def test_forms_forgive_slips_of_long_words_only() -> None:
    forms = Forms.of({6: ("июня", "июнь"), 7: ("июля",), 9: ("сентября",), 10: ("октября",)})
    assert forms.find("сентебря") == 9
    assert forms.find("июна") is None
    assert forms.find("ентября") is None
