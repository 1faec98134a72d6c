"""Words without their endings, so that inflection does not hide that two are the same."""

from functools import lru_cache

from dialog_fsm.words import Language

_RUSSIAN_ENDINGS = (
    *("иваться", "ываться", "ироваться", "овать", "ивать", "ывать"),
    *("иться", "аться", "яться", "еться", "ться", "ются", "утся", "ится", "ется", "ого", "его", "ому", "ему"),
    *("ыми", "ими", "ами", "ями", "ешь", "ишь", "ете", "ите", "йте", "али", "или", "ать", "ять", "еть", "ить"),
    *(
        "ую",
        "юю",
        "ая",
        "яя",
        "ое",
        "ее",
        "ые",
        "ие",
        "ый",
        "ий",
        "ой",
        "ей",
        "ом",
        "ем",
        "ым",
        "им",
        "ых",
        "их",
        "ам",
        "ям",
        "ах",
        "ях",
    ),
    *("ов", "ев", "ть", "ся", "сь", "ла", "ло", "ли", "ет", "ит", "ут", "ют", "ат", "ят", "ия", "ию", "ии"),
    *("у", "ю", "а", "я", "о", "е", "ы", "и", "ь", "й"),
)
_ENGLISH_ENDINGS = ("ations", "ation", "ments", "ment", "ings", "ing", "ies", "ed", "es", "ly", "s", "e", "y")
_MIN_STEM_LETTERS = 3


@lru_cache(maxsize=8192)
def stem(word: str, language: Language) -> str:
    """The word less its longest known ending, never shorter than three letters."""
    for ending in _RUSSIAN_ENDINGS if language == "ru" else _ENGLISH_ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _MIN_STEM_LETTERS:
            return word[: -len(ending)]
    return word
