"""One step of a conversation as it is made: the state changes here, and the commands gather."""

from collections.abc import Sequence
from datetime import datetime

from callbus.commands import Listen, Say, SlotType, StopSpeaking
from callbus.message import Message
from dialog_fsm.library import ANSWERS
from dialog_fsm.program import Program
from dialog_fsm.scenario import State
from dialog_fsm.slots import Moment
from dialog_fsm.state import DialogState, Filled, Listening, Said, TimerName
from dialog_fsm.values import Values

# Speech is about 14 letters a second; slow voices and the vendor's first byte are in the margin.
_MS_PER_LETTER = 72.0
_PLAYBACK_MARGIN_SECONDS = 12.0
_MAX_HINTS = 40


class Turn:
    """A state in work; ``now`` is unix seconds."""

    def __init__(self, program: Program, state: DialogState, now: float) -> None:
        self.program = program
        self.scenario = program.scenario
        self.state = state
        self.now = now
        self.commands: list[Message] = []
        self._words: list[str] = []

    @property
    def spec(self) -> State:
        """The scenario's state in which the conversation is."""
        return self.program.state(self.state.at)

    @property
    def moment(self) -> Moment:
        """The time in the scenario's zone."""
        return Moment(datetime.fromtimestamp(self.now, self.program.zone))

    @property
    def values(self) -> Values:
        """The variables as they are now."""
        slots = {name: filled.value for name, filled in self.state.slots.items()}
        return Values(self.scenario, slots, self.state.call, self.moment.now)

    # Slots

    def fill(self, slot: str, filled: Filled) -> None:
        """Set a slot."""
        self.state.slots[slot] = filled

    def clear(self, slots: Sequence[str]) -> None:
        """Forget slots."""
        for slot in slots:
            self.state.slots.pop(slot, None)

    @property
    def missing(self) -> list[str]:
        """The slots that this state collects and that are not filled."""
        return [slot for slot in self.spec.collect if slot not in self.state.slots]

    # Speaking

    def say(self, texts: Sequence[str], variant: int = 0, *, lead_in: bool = False) -> None:
        """Say one of the variants; a ``lead_in`` is not repeated when the caller asks for it."""
        if not texts:
            return
        text = self.values.text(texts[variant % len(texts)])
        self.say_text(text)
        if text and not lead_in:
            self._words.append(text)

    def say_text(self, text: str) -> None:
        """Say exactly this, after everything that still plays, which is stopped first where it may be."""
        if not text:
            return
        if not self._has_spoken and any(said.interruptible for said in self.state.outstanding):
            self.stop_speaking("superseded")
        spec, defaults = self.spec, self.scenario.defaults
        may_stop = spec.interruptible if spec.interruptible is not None else defaults.interruptible and not spec.ends
        self.state.said += 1
        say_id = f"{self.state.call_id}-{self.state.said}"
        self.state.outstanding.append(
            Said(say_id=say_id, expected_ms=len(text) * _MS_PER_LETTER, interruptible=may_stop)
        )
        self.commands.append(
            Say(
                call_id=self.state.call_id,
                say_id=say_id,
                text=text,
                language=self.program.language,
                voice=self.scenario.voice,
                interruptible=may_stop,
                protected_ms=defaults.protected_ms if spec.protected_ms is None else spec.protected_ms,
            )
        )
        self.expect_playback()

    def say_again(self) -> None:
        """The last words once more, exactly."""
        words = list(self.state.last_words)
        for text in words:
            self.say_text(text)
        self._words += words

    @property
    def _has_spoken(self) -> bool:
        return any(isinstance(command, Say) for command in self.commands)

    def stop_speaking(self, reason: str) -> None:
        """Stop everything that may be stopped; what may not goes on."""
        kept = [said for said in self.state.outstanding if not said.interruptible]
        stopped = [said.say_id for said in self.state.outstanding if said.interruptible]
        self.state.outstanding = kept
        for say_id in stopped if kept else [None]:
            self.commands.append(StopSpeaking(call_id=self.state.call_id, say_id=say_id, reason=reason))

    def expect_playback(self) -> None:
        """Arm the timer for playbacks whose end never comes."""
        expected_ms = sum(said.expected_ms for said in self.state.outstanding)
        self.arm("playback", expected_ms / 1000 * 1.5 + _PLAYBACK_MARGIN_SECONDS)

    # Listening

    def listen(self) -> None:
        """Announce what is expected now, when that changed."""
        listening = self._listening()
        if listening == self.state.listening:
            return
        self.state.listening = listening
        self.commands.append(
            Listen(call_id=self.state.call_id, language=self.program.language, **listening.model_dump())
        )

    def _listening(self) -> Listening:
        spec, defaults = self.spec, self.scenario.defaults
        slots = [self.scenario.slots[name] for name in (*self.missing, *spec.also)]
        hints = dict.fromkeys(hint for slot in slots for hint in slot.recogniser_hints())
        for name in spec.on:
            hints.update(dict.fromkeys(self.program.intents[name].phrases))
        return Listening(
            slot_type=self._slot_type(),
            hints=list(hints)[:_MAX_HINTS],
            endpointing_ms=spec.endpointing_ms or defaults.endpointing_ms,
            secret=self.secret,
            no_input_seconds=self.no_input_seconds,
        )

    def _slot_type(self) -> SlotType:
        if self.missing:
            return self.scenario.slots[self.missing[0]].type
        return "yes_no" if any(answer in self.spec.on for answer in ANSWERS) else "free"

    @property
    def secret(self) -> bool:
        """What the caller says or keys here is masked."""
        return any(self.scenario.slots[name].secret for name in self.missing)

    @property
    def no_input_seconds(self) -> float:
        """The silence after which the caller is asked again."""
        return self.spec.no_input_seconds or self.scenario.defaults.no_input_seconds

    # Timers

    def arm(self, timer: TimerName, seconds: float) -> None:
        """Set a timer, instead of one of that name that runs."""
        self.state.timers[timer] = round(self.now + seconds, 3)

    def disarm(self, *timers: TimerName) -> None:
        """Stop timers."""
        for timer in timers:
            self.state.timers.pop(timer, None)

    def await_input(self) -> None:
        """Start the silence timer, when the bot is silent and nobody speaks."""
        idle = not self.state.outstanding and self.state.caller_speaking is None and not self.state.keys
        if self.state.phase == "talking" and idle:
            self.arm("no_input", self.no_input_seconds)

    def finish(self) -> None:
        """Keep what was said in this turn for ``repeat``."""
        if self._words:
            self.state.last_words = self._words
        if self._has_spoken:
            self.state.interrupted = False
            self.disarm("no_input")
