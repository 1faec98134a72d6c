"""Intents that every scenario has, unless it defines its own of the same name."""

from dialog_fsm.scenario import Intent
from dialog_fsm.words import Language

YES = "yes"
NO = "no"
ANSWERS = (YES, NO)
"""Understood as the answers to a question; they have no phrases of their own."""

_RUSSIAN = {
    "repeat": ("повторите", "повтори", "ещё раз", "скажите ещё раз", "не расслышал", "не расслышала", "что вы сказали"),
    "operator": (
        *("оператор", "соедините с оператором", "живой человек", "соедините с человеком", "переключите на оператора"),
        *("позовите оператора", "хочу говорить с человеком", "диспетчер", "администратор", "сотрудник"),
    ),
    "goodbye": ("до свидания", "всего доброго", "всего хорошего", "пока", "спасибо до свидания", "ничего не нужно"),
    "help": ("помощь", "помогите", "что можно сказать", "что мне сказать", "какие варианты", "не понимаю"),
}
_ENGLISH = {
    "repeat": ("repeat", "repeat please", "say that again", "once more", "come again", "i did not hear", "pardon"),
    "operator": (
        *("operator", "human", "real person", "speak to a person", "talk to a person", "talk to someone"),
        *("agent", "representative", "receptionist", "transfer me"),
    ),
    "goodbye": ("goodbye", "bye", "bye bye", "thanks bye", "nothing else", "have a nice day"),
    "help": ("help", "help me", "what can i say", "what are my options", "i do not understand"),
}


def standard_intents(language: Language) -> dict[str, Intent]:
    """``repeat``, ``operator``, ``goodbye`` and ``help`` by phrases; ``yes`` and ``no``."""
    phrases = _RUSSIAN if language == "ru" else _ENGLISH
    standard = {name: Intent(phrases=texts) for name, texts in phrases.items()}
    return {**standard, YES: Intent(dtmf="1"), NO: Intent(dtmf="2")}
