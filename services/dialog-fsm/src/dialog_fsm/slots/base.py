"""What all slots have in common."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar

from callbus.commands import SlotType
from dialog_fsm.spoken import SPEECH
from dialog_fsm.strict import Strict, Texts
from dialog_fsm.utterance import Utterance
from dialog_fsm.words import Language

Value = str | int | bool


@dataclass(frozen=True, slots=True)
class Moment:
    """When something was said, in the scenario's own time zone."""

    now: datetime

    @property
    def today(self) -> date:
        """The day."""
        return self.now.date()


@dataclass(frozen=True, slots=True)
class Reading:
    """A slot's value as it was understood; ``positions`` are the indices of the words that it was read from."""

    value: Value
    confidence: float = 1.0
    positions: frozenset[int] = frozenset()


class SlotSpec(Strict):
    """A slot as a scenario describes it.

    ``read`` looks at the words that are not in ``taken``. With ``asked`` the question was for this slot, so a bare
    number may be taken for what was asked; without, only what can be nothing else is read.
    """

    type: SlotType
    secret: bool = False
    invalid: Texts = ()
    """Said when a value was understood and is not acceptable."""
    hints: Texts = ()
    """Words for the recogniser."""

    keys_end: ClassVar[bool] = False
    """Several keys make one value, ended by # or a pause."""

    def read(
        self, utterance: Utterance, moment: Moment, *, asked: bool, taken: frozenset[int] = frozenset()
    ) -> Reading | None:
        """The value in what was said, or None."""
        raise NotImplementedError

    def read_keys(self, keys: str, language: Language, moment: Moment) -> Reading | None:
        """The value of the pressed keys (without the ending #), or None."""
        del keys, language, moment
        return None

    def complete_keys(self) -> int | None:
        """So many keys are a whole value, so that nothing needs to be waited for; None when it is open."""
        return None

    def accepts(self, value: Value, moment: Moment) -> bool:
        """Whether the scenario can use the value."""
        del value, moment
        return True

    def spoken(self, value: Value, language: Language) -> str:
        """The value as a voice says it."""
        return SPEECH[language].plain(str(value))

    def recogniser_hints(self) -> tuple[str, ...]:
        """Words that the caller is likely to say."""
        return self.hints

    def faults(self) -> list[tuple[str, str]]:
        """What is wrong with the description itself: (key, what)."""
        return []

    def model_post_init(self, context: Any, /) -> None:
        """Nothing, but subclasses prepare their indices here."""
        del context
