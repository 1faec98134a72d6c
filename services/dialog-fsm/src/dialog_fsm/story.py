"""Stories: conversations as text, with what the bot must say and know, run as tests of a scenario."""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from callbus.events import CallStarted
from callbus.streams import Streams
from dialog_fsm.load import ScenarioError, load_scenario, shape_faults
from dialog_fsm.program import Program
from dialog_fsm.rehearsal import CALL_ID, Ending, Rehearsal
from dialog_fsm.strict import Strict, Texts
from dialog_fsm.words import Language
from dialog_fsm.yamlsource import Source, SourceError, read_source

_STATE_NAME = re.compile(r"[a-z][a-z0-9_]*")
# A Wednesday morning.
_NOW = "2026-06-10T09:30"
Scalar = Annotated[str | None, Field(union_mode="left_to_right")]


class TurnOf(Strict):
    """One exchange: what the bot must have come to, then one move of the caller and what must be known after it."""

    bot: Texts = ()
    """The name of a state, or parts of what the bot said."""
    caller: str | None = None
    interrupts: str | None = None
    dtmf: str | None = None
    silence: bool = False
    noise: bool = False
    mumble: bool = False
    hangs_up: bool = False
    slots: dict[str, str | None] = Field(default_factory=dict)
    """Slots after the move; null for one that must be empty."""

    @model_validator(mode="before")
    @classmethod
    def _texts(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("slots"), dict):
            slots = {
                name: str(value).lower() if isinstance(value, bool) else value for name, value in data["slots"].items()
            }
            return {**data, "slots": slots}
        return data

    @model_validator(mode="after")
    def _one_move(self) -> "TurnOf":
        moves = [self.caller, self.interrupts, self.dtmf]
        flags = [self.silence, self.noise, self.mumble, self.hangs_up]
        if sum(move is not None for move in moves) + sum(flags) > 1:
            raise ValueError("a turn has one move of the caller; write the next one as a turn of its own")
        return self


class Story(Strict):
    """A conversation from beginning to end.

    ``scenario`` is the name of a scenario file beside or above the story's folder; ``now`` the local time of the call.
    """

    story: str
    scenario: str
    about: str = ""
    language: Language | None = None
    caller_number: str = "+79123456789"
    dialled_number: str = "+74951234567"
    variables: dict[str, str] = Field(default_factory=dict)
    now: datetime = datetime.fromisoformat(_NOW)
    turns: tuple[TurnOf, ...] = Field(min_length=1)
    goal: bool
    ends: Literal["hangup", "transfer", "caller", "open"] = "hangup"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a story went: the conversation as lines, and what was not as written."""

    story: str
    lines: tuple[str, ...]
    faults: tuple[str, ...]


def load_story(path: Path) -> tuple[Story, Source]:
    """Read a story.

    :raises ScenarioError: it is none.
    """
    try:
        source = read_source(path)
        return Story.model_validate(source.data), source
    except SourceError as error:
        raise ScenarioError([str(error)]) from None
    except ValidationError as error:
        raise ScenarioError(shape_faults(source, error)) from None


def scenario_path(story: Path, name: str) -> Path:
    """The scenario of a story: in its folder, or in the one above.

    :raises ScenarioError: there is none.
    """
    for folder in (story.parent, story.parent.parent):
        path = folder / f"{name}.yaml"
        if path.is_file():
            return path
    raise ScenarioError([f'{story}: scenario "{name}" is in no file {name}.yaml here or one folder up'])


def run_story(path: Path, program: Program | None = None) -> Outcome:
    """Play a story through.

    :raises ScenarioError: the story or its scenario is unusable.
    """
    story, source = load_story(path)
    program = program or load_scenario(scenario_path(path, story.scenario))
    return _Performance(story, source, program).run()


class _Performance:
    """One story being played."""

    def __init__(self, story: Story, source: Source, program: Program) -> None:
        self._story = story
        self._source = source
        self._program = program
        now = story.now.replace(tzinfo=story.now.tzinfo or program.zone).timestamp()
        self._call = Rehearsal(program, _call(story, now), now)
        self._lines: list[str] = []
        self._faults: list[str] = []

    def run(self) -> Outcome:
        for index, turn in enumerate(self._story.turns):
            self._exchange(index, turn)
            if self._faults:
                break
        else:
            self._ending()
        return Outcome(self._story.story, tuple(self._lines), tuple(self._faults))

    def _exchange(self, index: int, turn: TurnOf) -> None:
        call = self._call
        self._lines += [f"bot:    {text}" for text in call.heard]
        for expected in turn.bot:
            self._expect(index, expected)
        if self._faults or not _has_move(turn):
            return
        if call.over:
            self._fault(index, "the call is over, the caller can do nothing more")
            return
        self._lines.append(_move(call, turn))
        for name, value in turn.slots.items():
            self._expect_slot(index, name, value)

    def _expect(self, index: int, expected: str) -> None:
        said = " ".join(self._call.heard)
        at = self._call.state.at
        if at == expected or expected.lower() in said.lower():
            return
        if _STATE_NAME.fullmatch(expected) and expected in self._program.scenario.states:
            self._fault(index, f'expected the state "{expected}", but it is "{at}", saying: {said}')
        else:
            self._fault(index, f'expected to hear "{expected}", but in "{at}" heard: {said or "nothing"}')

    def _expect_slot(self, index: int, name: str, value: str | None) -> None:
        filled = self._call.state.slots.get(name)
        found = (
            None
            if filled is None
            else str(filled.value).lower()
            if isinstance(filled.value, bool)
            else str(filled.value)
        )
        if found != value:
            self._fault(index, f'slot "{name}" should be {value}, but is {found}')

    def _ending(self) -> None:
        ending: Ending | Literal["open"] = self._call.ending or "open"
        last = len(self._story.turns) - 1
        self._lines += [f"(ended: {ending}; {self._call.reason})"] if self._call.over else []
        if ending != self._story.ends:
            self._fault(last, f'the call should end by "{self._story.ends}", but it is "{ending}"')
        reached = self._call.state.goal is not None
        if reached != self._story.goal:
            self._fault(last, f"the goal was {'' if reached else 'not '}reached in {self._call.state.at}")

    def _fault(self, index: int, text: str) -> None:
        line = self._source.line(("turns", index))
        self._faults.append(f"{self._source.name}:{line}: {text}")


def _call(story: Story, now: float) -> CallStarted:
    return CallStarted(
        call_id=CALL_ID,
        channel_id=CALL_ID,
        asterisk_id="rehearsal",
        app="novofon_bot",
        caller_number=story.caller_number,
        dialled_number=story.dialled_number,
        variables=story.variables,
        media_stream=Streams().media(CALL_ID),
        started_at=now,
    )


def _has_move(turn: TurnOf) -> bool:
    spoken = (turn.caller, turn.interrupts, turn.dtmf)
    return any(move is not None for move in spoken) or turn.silence or turn.noise or turn.mumble or turn.hangs_up


def _move(call: Rehearsal, turn: TurnOf) -> str:
    """Do it, and say what was done."""
    if turn.caller is not None:
        call.say(turn.caller)
        return f"caller: {turn.caller}"
    if turn.interrupts is not None:
        call.interrupt(turn.interrupts)
        return f"caller: (interrupts) {turn.interrupts}"
    if turn.dtmf is not None:
        call.press(turn.dtmf)
        return f"caller: (keys) {turn.dtmf}"
    for flag, act in (
        (turn.silence, call.wait),
        (turn.noise, call.noise),
        (turn.mumble, call.mumble),
        (turn.hangs_up, call.hang_up),
    ):
        if flag:
            act()
            return f"caller: ({act.__name__})"
    return ""
