"""Free text: a name, a reason."""

from typing import Literal

from dialog_fsm.slots.base import Moment, Reading, SlotSpec
from dialog_fsm.utterance import Utterance, words_of
from dialog_fsm.words import Language

_OPENINGS: dict[Language, tuple[str, ...]] = {
    "ru": ("меня зовут", "мое имя", "это", "я", "зовут меня", "здравствуйте", "да", "ну"),
    "en": ("my name is", "this is", "i am", "im", "its", "the name is", "it is", "hello", "yes", "well"),
}
_UNSURE = 0.6


class FreeSlot(SlotSpec):
    """What was said, less an opening such as "меня зовут"; ``min_words`` to ``max_words`` long."""

    type: Literal["free"] = "free"
    min_words: int = 1
    max_words: int = 40

    def read(
        self, utterance: Utterance, moment: Moment, *, asked: bool, taken: frozenset[int] = frozenset()
    ) -> Reading | None:
        """The whole sentence, only when it was asked for."""
        del moment, taken
        text = " ".join(utterance.text.split()).strip(" .,!?…;:-")
        text = _without_opening(text, utterance.language)
        if not asked or not self.min_words <= len(words_of(text)) <= self.max_words:
            return None
        return Reading(text, _UNSURE, frozenset(range(len(utterance.words))))

    def faults(self) -> list[tuple[str, str]]:
        """Lengths that hold nothing."""
        if self.min_words > self.max_words:
            return [("min_words", f"min_words {self.min_words} is above max_words {self.max_words}")]
        return []


def _without_opening(text: str, language: Language) -> str:
    """The text after the openings, unless nothing would be left."""
    parts = text.split()
    spelled = [words_of(part) for part in parts]
    for opening in sorted(_OPENINGS[language], key=len, reverse=True):
        wanted = words_of(opening)
        head = tuple(word for words in spelled[: len(wanted)] for word in words)
        if head == wanted and len(parts) > len(wanted):
            return _without_opening(" ".join(parts[len(wanted) :]), language)
    return text
