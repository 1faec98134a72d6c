"""The words that carry little: they weigh less when phrases are compared, and negations turn what follows."""

from dialog_fsm.words import Language


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


LIGHT: dict[Language, frozenset[str]] = {
    "ru": _set(
        "я мне меня мы нам вы вас вам у к ко в во на с со по за для до от о об и а но же бы ли ну вот это то так ка "
        "пожалуйста будьте добры просто давайте давай можно хочу хотел хотела бы нужно надо мой моя мое свой"
    ),
    "en": _set(
        "i me my we us you your it its a an the to of for on in at with by and but so is are am be do does please just "
        "can could would will like want need id lets well um uh this that"
    ),
}

NEGATIONS: dict[Language, frozenset[str]] = {
    "ru": frozenset({"не", "ни", "без", "нельзя", "кроме"}),
    "en": frozenset({"not", "dont", "doesnt", "didnt", "isnt", "arent", "never", "without", "cant", "cannot", "wont"}),
}

# What follows one of these is no longer denied: "не завтра, а послезавтра".
_TURNS: dict[Language, frozenset[str]] = {
    "ru": frozenset({"а", "но", "лучше", "только", "и"}),
    "en": frozenset({"but", "rather", "instead", "just", "and", "only"}),
}

# After one of these the later of two answers counts.
CORRECTIONS: dict[Language, frozenset[str]] = {
    "ru": frozenset({"нет", "точнее", "вернее", "ой", "лучше", "извините", "простите", "хотя", "нет-нет", "а"}),
    "en": frozenset({"no", "sorry", "rather", "actually", "wait", "instead", "better", "but", "mean"}),
}

# "не хочу записываться": the wish is not what is denied, what follows it is.
_WISHES = _set("хочу хотел хотела буду надо нужно можно want need like would wish going")


def denied(words: tuple[str, ...], language: Language) -> frozenset[int]:
    """The indices of the words that a negation before them denies: up to the next one of weight, two after a wish."""
    found: set[int] = set()
    reach = 0
    for index, word in enumerate(words):
        if word in NEGATIONS[language]:
            reach = 1
        elif word in _TURNS[language]:
            reach = 0
        elif reach:
            found.add(index)
            reach = 2 if word in _WISHES else reach - (word not in LIGHT[language])
    return frozenset(found)
