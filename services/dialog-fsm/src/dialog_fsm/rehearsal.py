"""A conversation without telephone, recogniser or voice, in time of its own: for stories and for trying a scenario."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from callbus.commands import HangUp, Listen, Say, StopSpeaking, Transfer
from callbus.events import (
    CallEnded,
    CallStarted,
    ChannelHungUp,
    DtmfReceived,
    FinalTranscript,
    PlaybackFinished,
    PlaybackStarted,
    SpeechStarted,
)
from callbus.message import Message
from callbus.streams import Streams
from dialog_fsm.machine import Event, Step, TimerFired, initial, step
from dialog_fsm.program import Program
from dialog_fsm.state import DialogState

Ending = Literal["hangup", "transfer", "caller"]

CALL_ID = "rehearsal"
_KEY_SECONDS = 0.3
_SPEECH_MS = 1200.0
_NOISE_MS = 100.0


@dataclass(slots=True)
class Rehearsal:
    """One call; every method returns when the bot has said what it had to say."""

    program: Program
    call: CallStarted
    now: float
    state: DialogState = field(init=False)
    heard: list[str] = field(default_factory=list)
    """What the bot said since the caller's last move."""
    ending: Ending | None = None
    reason: str = ""
    commands: list[Message] = field(default_factory=list)
    _playing: list[str] = field(default_factory=list)
    _utterances: int = 0

    def __post_init__(self) -> None:
        self.state = initial(self.program, self.call, self.now)
        self.feed(self.call)
        self.play_out()

    @property
    def over(self) -> bool:
        """The call has ended."""
        return self.ending is not None

    def feed(self, event: Event) -> None:
        """One event, nothing else."""
        self._took(step(self.program, self.state, event, self.now))

    def play_out(self) -> None:
        """Play everything that was ordered."""
        while self._playing and not self.over:
            self._play(self._playing.pop(0), "completed")

    def say(self, text: str) -> None:
        """The caller says something after the bot."""
        self.heard.clear()
        self._speak(text, _SPEECH_MS)

    def interrupt(self, text: str) -> None:
        """The caller starts while the bot repeats its last words, which stop."""
        self.heard.clear()
        if not self._playing:
            self._speak("повторите" if self.program.language == "ru" else "repeat", _SPEECH_MS, play=False)
            self.heard.clear()
        self._speak(text, _SPEECH_MS)

    def noise(self) -> None:
        """Something that sounds like speech for a moment, and is none."""
        self.heard.clear()
        self._speak("", _NOISE_MS)

    def mumble(self) -> None:
        """Speech in which nothing is recognised."""
        self.heard.clear()
        self._speak("", _SPEECH_MS)

    def press(self, keys: str) -> None:
        """Keys, one after another; under a secret slot masked as the gateway does it."""
        self.heard.clear()
        for key in keys:
            secret = self.state.listening is not None and self.state.listening.secret and key not in "#*"
            self.now += _KEY_SECONDS
            ref = Streams().secret(CALL_ID, key) if secret else None
            self.feed(DtmfReceived(call_id=CALL_ID, digit="*" if secret else key, secret_ref=ref))
        if "keys" in self.state.timers:
            self.fire("keys")
        self.play_out()

    def wait(self) -> None:
        """The caller is silent until the bot has had enough of it."""
        self.heard.clear()
        if "no_input" in self.state.timers:
            self.fire("no_input")
        self.play_out()

    def hang_up(self) -> None:
        """The caller hangs up."""
        self.feed(ChannelHungUp(call_id=CALL_ID, by="caller"))
        self.feed(CallEnded(call_id=CALL_ID, reason="caller_hung_up"))
        self.ending = self.ending or "caller"

    def fire(self, name: str) -> None:
        """Let time pass until the timer is due."""
        for timer, due_at in list(self.state.timers.items()):
            if timer == name:
                self.now = max(self.now, due_at)
                self.feed(TimerFired(timer))

    def _speak(self, text: str, speech_ms: float, *, play: bool = True) -> None:
        self._utterances += 1
        utterance = f"u{self._utterances}"
        self.feed(SpeechStarted(call_id=CALL_ID, utterance_id=utterance, audio_ms=0, onset_at=self.now))
        if self._playing and self.state.outstanding and self.state.outstanding[0].interruptible:
            self._play(self._playing.pop(0), "stopped")
        self.now += speech_ms / 1000
        self.feed(
            FinalTranscript(
                call_id=CALL_ID,
                utterance_id=utterance,
                text=text,
                language=self.program.language,
                started_ms=0,
                ended_ms=speech_ms,
                engine="rehearsal",
            )
        )
        if play:
            self.play_out()

    def _play(self, say_id: str, outcome: Literal["completed", "stopped"]) -> None:
        self.feed(PlaybackStarted(call_id=CALL_ID, playback_id=say_id, say_id=say_id))
        self.now += 1.0
        self.feed(PlaybackFinished(call_id=CALL_ID, playback_id=say_id, say_id=say_id, outcome=outcome, played_ms=1000))

    def _took(self, taken: Step) -> None:
        self.state = taken.state
        self._obey(taken.commands)

    def _obey(self, commands: Iterable[Message]) -> None:
        for command in commands:
            self.commands.append(command)
            match command:
                case Say():
                    self.heard.append(command.text)
                    self._playing.append(command.say_id)
                case StopSpeaking():
                    kept = {said.say_id for said in self.state.outstanding}
                    self._playing = [say_id for say_id in self._playing if say_id in kept]
                case HangUp():
                    self.ending, self.reason = self.ending or "hangup", command.reason
                case Transfer():
                    self.ending, self.reason = "transfer", command.reason
                case Listen():
                    pass
                case _:
                    raise AssertionError(f"a dialog gave {command.type}")
