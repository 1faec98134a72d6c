"""One of some options, each with its phrases."""

from typing import Any, Literal

from pydantic import Field, PrivateAttr, model_validator

from dialog_fsm.phrases import Match, PhraseIndex
from dialog_fsm.slots.base import Moment, Reading, SlotSpec, Value
from dialog_fsm.slots.choosing import Found, choose
from dialog_fsm.strict import Strict, Texts
from dialog_fsm.utterance import Utterance
from dialog_fsm.words import LANGUAGES, Language

_CLEARLY_BETTER = 0.12


class Option(Strict):
    """One option: how it is said, other ``forms`` of that by name, what callers say for it, its key."""

    say: str = Field(min_length=1)
    phrases: Texts = ()
    forms: dict[str, str] = Field(default_factory=dict)
    dtmf: str | None = Field(default=None, pattern=r"^[0-9*#]{1,4}$")

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, data: Any) -> Any:
        return {"say": data} if isinstance(data, str) else data


class ChoiceSlot(SlotSpec):
    """The name of one of ``options``."""

    type: Literal["choice"] = "choice"
    options: dict[str, Option] = Field(min_length=1)

    _indices: dict[Language, PhraseIndex[str]] = PrivateAttr(default_factory=dict)

    def model_post_init(self, context: Any, /) -> None:
        """Prepare the phrases of both languages: the slot does not know its scenario's."""
        super().model_post_init(context)
        phrases = [(name, text) for name, option in self.options.items() for text in _texts(option)]
        for language in LANGUAGES:
            self._indices[language] = PhraseIndex(phrases, language)

    def read(
        self, utterance: Utterance, moment: Moment, *, asked: bool, taken: frozenset[int] = frozenset()
    ) -> Reading | None:
        """The option that fits best; None when two fit as well, unless the second corrects the first."""
        del moment, asked, taken
        close = self._indices[utterance.language].matches(utterance)
        close = [match for match in close if close[0].score - match.score < _CLEARLY_BETTER]
        if not close:
            return None
        best = _meant(close, utterance)
        return None if best is None else Reading(best.key, best.score, best.positions)

    def read_keys(self, keys: str, language: Language, moment: Moment) -> Reading | None:
        """The option with these keys."""
        del language, moment
        return next((Reading(name) for name, option in self.options.items() if option.dtmf == keys), None)

    def complete_keys(self) -> int | None:
        """The longest key code of an option."""
        return max((len(option.dtmf) for option in self.options.values() if option.dtmf), default=None)

    def accepts(self, value: Value, moment: Moment) -> bool:
        """A name of an option."""
        del moment
        return value in self.options

    def spoken(self, value: Value, language: Language) -> str:
        """As the option's ``say``."""
        del language
        option = self.options.get(str(value))
        return option.say if option else str(value)

    def recogniser_hints(self) -> tuple[str, ...]:
        """How the options are called."""
        return (*self.hints, *(option.say for option in self.options.values()))


def _texts(option: Option) -> tuple[str, ...]:
    return (option.say, *option.forms.values(), *option.phrases)


def _meant(close: list[Match[str]], utterance: Utterance) -> Match[str] | None:
    """Of options that fit alike, the one that explains more, or that came last in a correction."""
    if len(close) == 1:
        return close[0]
    if close[0].positions & close[1].positions:
        # They found the same words: the one that explains more of the sentence.
        return close[0] if close[0].coverage > close[1].coverage + 0.01 else None
    found = sorted(
        (Found(match, min(match.positions), max(match.positions) + 1) for match in close), key=lambda one: one.start
    )
    chosen = choose(found, utterance)
    return chosen[0].value if chosen and chosen[1] == 1.0 else None
