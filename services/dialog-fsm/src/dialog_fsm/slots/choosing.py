"""Which of several dates or times in one sentence was meant."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from dialog_fsm.utterance import Utterance
from dialog_fsm.words.small import CORRECTIONS, LIGHT, NEGATIONS

Value = TypeVar("Value")

_UNSURE = 0.6


@dataclass(frozen=True, slots=True)
class Found(Generic[Value]):
    """A value over words ``start`` to ``end`` (exclusive); ``firm`` when the words can mean nothing else."""

    value: Value
    start: int
    end: int
    firm: bool = True

    @property
    def positions(self) -> frozenset[int]:
        """The indices of its words."""
        return frozenset(range(self.start, self.end))


def choose(found: Sequence[Found[Value]], utterance: Utterance) -> tuple[Found[Value], float] | None:
    """The one that is not denied, and how sure that is; after a correction the last one.

    "не завтра, а послезавтра", "завтра, нет, лучше послезавтра".
    """
    meant = [one for one in found if not _denied(one.start, utterance)]
    if not meant:
        return None
    if len(meant) == 1:
        return meant[0], 1.0
    between = utterance.words[meant[0].end : meant[-1].start]
    corrected = not CORRECTIONS[utterance.language].isdisjoint(between)
    return (meant[-1], 1.0) if corrected else (meant[0], _UNSURE)


def _denied(start: int, utterance: Utterance) -> bool:
    """A negation right before, over small words: "не в понедельник"."""
    words, language = utterance.words, utterance.language
    for index in range(start - 1, -1, -1):
        if words[index] in NEGATIONS[language]:
            return True
        if words[index] not in LIGHT[language]:
            return False
    return False
