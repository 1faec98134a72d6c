"""What crossed the bus -> what a watcher is told: a fold over the messages of one call, without I/O."""

from dataclasses import dataclass, field

from callbus import Message
from callbus.commands import HangUp, Play, Say, Transfer
from callbus.events import (
    CallEnded,
    CallStarted,
    DtmfReceived,
    FinalTranscript,
    PlaybackFailed,
    PlaybackFinished,
    PlaybackStarted,
    SpeechFailed,
    SpeechSynthesised,
)
from demo.words import Answer, Heard, Hop, Line, Note, Spoken, Wait


@dataclass(slots=True)
class Way:
    """The way of one answer, hop by hop, from what the caller did to the bot's first sound."""

    from_at: float
    reached_at: float
    hops: list[Hop] = field(default_factory=list)
    say_id: str = ""

    def reach(self, name: str, at: float) -> None:
        """One hop further."""
        self.hops.append(Hop(name, (at - self.reached_at) * 1000))
        self.reached_at = at


@dataclass(slots=True)
class Conversation:
    """One call; give it every message, and the moment at which each Say became audible."""

    spoken: list[Spoken] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    says: dict[str, Say] = field(default_factory=dict)
    finished: dict[str, PlaybackFinished] = field(default_factory=dict)
    hang_up: HangUp | None = None
    ended: CallEnded | None = None
    _way: Way | None = None

    def take(self, message: Message, *, caller_ended_at: float | None = None) -> list[Line]:
        """Lines to show for a message; `caller_ended_at` is the end of the caller's last sound before it."""
        match message:
            case CallStarted() | DtmfReceived():
                return self._on_caller(message, caller_ended_at)
            case FinalTranscript():
                return [self._on_transcript(message, caller_ended_at)]
            case Say() | Play() | PlaybackStarted():
                self._on_answer(message)
            case HangUp():
                self.hang_up = message
            case CallEnded():
                self.ended = message
            case PlaybackFinished():
                return self._on_finished(message)
            case _:
                return [Note(message.at, text)] if (text := _trouble(message)) else []
        return []

    def audible(self, say_id: str, at: float) -> list[Line]:
        """The words of a Say, now that they sound."""
        say = self.says.get(say_id)
        if say is None:
            return []
        self.spoken.append(Spoken("bot", at, say.text))
        way, hops = self._way, tuple[Hop, ...]()
        if way is not None and way.say_id == say_id:
            way.reach("audible", at)
            self.waits.append(Wait(way.from_at, at))
            hops, self._way = tuple(way.hops), None
        return [Answer(at, say.text, hops)]

    def _on_caller(self, message: CallStarted | DtmfReceived, caller_ended_at: float | None) -> list[Line]:
        from_at = message.at if caller_ended_at is None else caller_ended_at
        if isinstance(message, CallStarted):
            self._way = Way(from_at, from_at)
            self._way.reach("call started", message.at)
            return [Note(message.at, f"call from {message.caller_number} to {message.dialled_number} answered")]
        self._way = Way(from_at, from_at)
        self._way.reach("key", message.at)
        return [Note(message.at, f"key {message.digit}")]

    def _on_transcript(self, message: FinalTranscript, caller_ended_at: float | None) -> Line:
        decided_at = message.at - message.recogniser_ms / 1000
        from_at = decided_at - message.endpointing_ms / 1000 if caller_ended_at is None else caller_ended_at
        self._way = Way(from_at, from_at)
        self._way.reach("end of speech", decided_at)
        self._way.reach(f"transcript ({message.engine})", message.at)
        return Heard(message.at, message.text)

    def _on_answer(self, message: Say | Play | PlaybackStarted) -> None:
        if isinstance(message, Say):
            self.says[message.say_id] = message
        way = self._way
        if way is None:
            return
        if isinstance(message, Say) and not way.say_id:
            way.say_id = message.say_id
        if message.say_id == way.say_id:
            way.reach(_hop_name(message), message.at)

    def _on_finished(self, message: PlaybackFinished) -> list[Line]:
        self.finished[message.say_id] = message
        if message.outcome == "completed":
            return []
        return [Note(message.at, f"the bot was interrupted after {message.played_ms / 1000:.1f} s")]


def _hop_name(message: Say | Play | PlaybackStarted) -> str:
    match message:
        case Say():
            return "dialog"
        case Play():
            return "audio (ready before)" if message.cached else f"audio ({message.engine})"
        case PlaybackStarted():
            return "play"


def _trouble(message: Message) -> str:
    """What went wrong or left the beaten track; empty for everything else."""
    match message:
        case SpeechFailed():
            instead = f"; {message.fallback} takes over" if message.fallback else ""
            return f"recogniser {message.engine}: {message.meaning} {message.detail}".rstrip() + instead
        case SpeechSynthesised() if message.failure:
            return f"voice {message.engine}: {message.failure}"
        case PlaybackFailed():
            return f"a prompt could not be played: {message.reason}"
        case Transfer():
            return f"the call goes to extension {message.extension} in {message.context}: {message.reason}"
        case _:
            return ""
