"""Yes or no, with everything that people say instead."""

from typing import Literal

from dialog_fsm.slots.base import Moment, Reading, SlotSpec, Value
from dialog_fsm.spoken import SPEECH
from dialog_fsm.utterance import Utterance, words_of
from dialog_fsm.words import Language
from dialog_fsm.words.forms import Forms
from dialog_fsm.words.small import NEGATIONS

_YES = {
    "ru": "да ага угу верно правильно подтверждаю подтвердить конечно хорошо согласен согласна согласны точно именно "
    "разумеется ок окей подходит устраивает естественно безусловно записывайте ладно давайте давай можно хочу годится "
    "непременно обязательно продолжайте удобно",
    "en": "yes yeah yep yup yea sure correct right ok okay confirm confirmed confirming absolutely definitely exactly "
    "certainly fine great perfect good agree agreed indeed affirmative works alright",
}
_NO = {
    "ru": "нет неа неверно неправильно отмена отменить отмените ошибка ошиблись нисколько отказываюсь против неудобно",
    "en": "no nope nah incorrect wrong cancel negative",
}
# Whole expressions come first and use their words up.
_IDIOMS_YES = {
    "ru": ("не возражаю", "не против", "почему бы и нет", "почему нет", "да да", "ну да", "нет проблем", "все верно",
           "так и есть", "нет возражений", "не ошиблись", "не ошибка"),
    "en": ("why not", "no problem", "no objection", "i dont mind", "not a problem", "go ahead", "thats right",
           "of course", "sounds good", "not wrong", "no objections", "all right", "i do", "i am", "it is"),
}  # fmt: skip
_IDIOMS_NO = {
    "ru": ("да нет", "не совсем", "не очень", "ни в коем случае", "не надо", "не нужно", "не то", "не так", "не стоит",
           "не сейчас", "не хочу", "конечно нет", "нет нет", "ничего подобного", "не буду", "совсем не", "нет не"),
    "en": ("not really", "of course not", "i dont think so", "not now", "not quite", "no thanks", "no thank you",
           "not at all", "id rather not",
           "i do not", "i dont", "i am not", "yeah no", "absolutely not", "not exactly", "no way", "not yet"),
}  # fmt: skip
_NEITHER = {
    "ru": ("не знаю", "не уверен", "не уверена", "не понимаю", "не поняла", "не понял", "не помню", "не слышу",
           "не расслышал", "не расслышала", "не могу сказать"),
    "en": ("dont know", "not sure", "dont understand", "not certain", "didnt hear", "cant hear", "dont remember"),
}  # fmt: skip
_NEGATION_REACH_WORDS = 2
_DENIAL = "\0"


class YesNoSlot(SlotSpec):
    """``true`` or ``false``; the keys are 1 and 2."""

    type: Literal["yes_no"] = "yes_no"

    def read(
        self, utterance: Utterance, moment: Moment, *, asked: bool, taken: frozenset[int] = frozenset()
    ) -> Reading | None:
        """None where both or neither were said: asking again beats a wrong record."""
        del moment, asked
        words = tuple("" if index in taken else word for index, word in enumerate(utterance.words))
        said = _verdicts(words, utterance.language)
        if len(set(said)) != 1:
            return None
        return Reading(said[0], 1.0, frozenset(range(len(words))) - taken)

    def read_keys(self, keys: str, language: Language, moment: Moment) -> Reading | None:
        """1 is yes, 2 is no."""
        del language, moment
        return {"1": Reading(True), "2": Reading(False)}.get(keys)

    def complete_keys(self) -> int | None:
        """One key."""
        return 1

    def spoken(self, value: Value, language: Language) -> str:
        """да, нет."""
        return SPEECH[language].yes_no(bool(value))


def _verdicts(words: tuple[str, ...], language: Language) -> list[bool]:
    """What each telling word or expression says."""
    rest, said = _idioms(words, language)
    negated = 0
    for word in rest:
        if word == _DENIAL or word in NEGATIONS[language]:
            negated = _NEGATION_REACH_WORDS
            continue
        verdict = _MEANINGS[language].find(word) if word else None
        if verdict is None:
            negated = max(0, negated - 1)
            continue
        said.append(verdict and not negated)
        negated = 0
    return said


def _idioms(words: tuple[str, ...], language: Language) -> tuple[tuple[str, ...], list[bool]]:
    """The words less the expressions, and what those say; a denial goes on: "не очень удобно" is no."""
    said: list[bool] = []
    for expression, verdict in _EXPRESSIONS[language]:
        at = _position(expression, words)
        while at >= 0:
            used = ("",) * (len(expression) - 1) + (_DENIAL if verdict is False else "",)
            words = (*words[:at], *used, *words[at + len(expression) :])
            if verdict is not None:
                said.append(verdict)
            at = _position(expression, words)
    return words, said


def _position(expression: tuple[str, ...], words: tuple[str, ...]) -> int:
    length = len(expression)
    return next((at for at in range(len(words) - length + 1) if words[at : at + length] == expression), -1)


def _expressions(language: Language) -> list[tuple[tuple[str, ...], bool | None]]:
    """All expressions, the longest first, of equals those that say neither."""
    listed: list[tuple[tuple[str, ...], bool | None]] = [
        *((words_of(text), True) for text in _IDIOMS_YES[language]),
        *((words_of(text), False) for text in _IDIOMS_NO[language]),
        *((words_of(text), None) for text in _NEITHER[language]),
    ]
    return sorted(listed, key=lambda one: (-len(one[0]), one[1] is not None))


def _meanings(language: Language) -> Forms[bool]:
    return Forms({**dict.fromkeys(_YES[language].split(), True), **dict.fromkeys(_NO[language].split(), False)})


_EXPRESSIONS = {"ru": _expressions("ru"), "en": _expressions("en")}
_MEANINGS = {"ru": _meanings("ru"), "en": _meanings("en")}
