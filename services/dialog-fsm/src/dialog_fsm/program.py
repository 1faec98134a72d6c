"""A scenario made ready to run: indices built once, so that an answer costs a fraction of a millisecond."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod
from zoneinfo import ZoneInfo

from callbus.commands import Prompt
from dialog_fsm.library import ANSWERS, standard_intents
from dialog_fsm.phrases import PhraseIndex
from dialog_fsm.scenario import Handler, Intent, Scenario, State
from dialog_fsm.slots import ChoiceSlot, Moment
from dialog_fsm.template import Field, parse_template
from dialog_fsm.texts import spoken_texts
from dialog_fsm.utterance import Utterance, normalise
from dialog_fsm.values import NO_DAY, Values
from dialog_fsm.words import Language

# Texts with options are made ahead for each option while they are this few.
_VARIANTS_AHEAD = 24
_FIRST_WORDS: dict[Language, tuple[str, ...]] = {
    "ru": ("Завтра, пятнадцатого июня, в половине третьего", "да", "восемьдесят"),
    "en": ("Tomorrow, June fifteenth, at half past two", "yes", "eighty"),
}


@dataclass(frozen=True, slots=True)
class Wish:
    """An intent that was recognised; ``score`` and ``coverage`` (how much of the sentence it explains) are 0..1."""

    intent: str
    score: float
    coverage: float
    positions: frozenset[int]


class Program:
    """A checked scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.name = scenario.scenario
        self.language = scenario.language
        self.zone = ZoneInfo(scenario.timezone)
        self.intents: dict[str, Intent] = {**standard_intents(scenario.language), **scenario.intents}
        self._index = PhraseIndex(self._phrases(), scenario.language)
        self._patterns = [
            (name, re.compile(pattern)) for name, intent in self.intents.items() for pattern in intent.patterns
        ]

    def _phrases(self) -> Iterator[tuple[str, str]]:
        used = set(self.scenario.globals).union(*(state.on for state in self.scenario.states.values()))
        for name, intent in self.intents.items():
            if name in used and name not in ANSWERS:
                yield from ((name, phrase) for phrase in intent.phrases)

    def warm_up(self) -> None:
        """Build what is built at first use, so that no caller waits for it."""
        moment = Moment(NO_DAY.replace(tzinfo=self.zone))
        for text in _FIRST_WORDS[self.language]:
            utterance = Utterance(text, self.language)
            self._index.matches(utterance)
            for slot in self.scenario.slots.values():
                slot.read(utterance, moment, asked=True)

    def state(self, name: str) -> State:
        """The state of that name."""
        return self.scenario.states[name]

    def handler(self, state: State, intent: str) -> Handler | None:
        """What the intent leads to here; a state's own handler comes before the global one."""
        return state.on.get(intent) or self.scenario.globals.get(intent)

    def wishes(self, utterance: Utterance, state: State) -> list[Wish]:
        """The intents of the state and the global ones that the sentence contains, best first."""
        found = self._by_pattern(utterance)
        known = {wish.intent for wish in found}
        found += [
            Wish(match.key, match.score, match.coverage, match.positions)
            for match in self._index.matches(utterance)
            if match.key not in known
        ]
        return [wish for wish in found if self.handler(state, wish.intent) is not None]

    def _by_pattern(self, utterance: Utterance) -> list[Wish]:
        text = normalise(utterance.text)
        everything = frozenset(range(len(utterance.words)))
        hits = dict.fromkeys(name for name, pattern in self._patterns if pattern.search(text))
        return [Wish(name, 1.0, 1.0, everything) for name in hits]

    @cached_property
    def fixed_prompts(self) -> tuple[Prompt, ...]:
        """Every text that can be made before any call: without variables, or with few options of choices only."""
        texts = dict.fromkeys(text for _, template in spoken_texts(self.scenario) for text in self._variants(template))
        return tuple(Prompt(text=text, language=self.language, voice=self.scenario.voice) for text in texts if text)

    def _variants(self, template: str) -> Iterator[str]:
        names = sorted({_base(field) for field in parse_template(template).fields} - set(self.scenario.constants))
        slots = [slot for name in names if isinstance(slot := self.scenario.slots.get(name), ChoiceSlot)]
        if len(slots) < len(names) or prod(len(slot.options) for slot in slots) > _VARIANTS_AHEAD:
            return
        for options in product(*(slot.options for slot in slots)):
            yield Values(self.scenario, dict(zip(names, options, strict=True)), {}, NO_DAY).text(template)


def _base(field: Field) -> str:
    return field.name if field.name.startswith(("call.", "now.")) else field.name.partition(".")[0]
