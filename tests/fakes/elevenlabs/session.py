"""One realtime socket's rules as a pure core: messages in, frames and closes out, counted in audio time."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from .audio import TELEPHONE_HZ, Samples, join, resample
from .errors import CLOSES, RealtimeError
from .faults import Drop, FailAfter, FailAtStart, FailCommit, RealtimeFault, SlowCommit, Stall
from .messages import audio_bytes, guess_language, parse_message, word_list
from .query import SessionOptions
from .record import Commit, Connection
from .settings import RealtimeBehaviour
from .transcriber import Transcriber, Transcript
from .vad import SpeechEnd

NOT_VALID = "Message must be a valid protocol message"
Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Send:
    """Send this frame; `answer` marks what a recogniser's delay applies to, `echo` a stale partial."""

    frame: dict[str, Any]
    answer: bool = False
    echo: bool = False
    extra_delay_ms: float = 0.0


@dataclass(frozen=True)
class Close:
    """Close with this code; None: cut the connection without a close frame."""

    code: int | None
    reason: str = ""


@dataclass(frozen=True)
class GoSilent:
    """Send nothing any more."""

    pong: bool


Action = Send | Close | GoSilent


@dataclass
class Session:
    """`start`, then `receive` for each text frame; both yield what the server does, in order."""

    session_id: str
    options: SessionOptions
    behaviour: RealtimeBehaviour
    transcriber: Transcriber
    connection: Connection
    violations: list[str]
    faults: tuple[RealtimeFault, ...] = ()
    keep_audio: bool = True
    _segment: list[Samples] = field(default_factory=list)
    _segment_samples: int = 0
    _samples: int = 0
    _commits: int = 0
    _next_partial_seconds: float = 0.0
    _done: set[RealtimeFault] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._rate = self.options.audio_format.rate_hz
        self._next_partial_seconds = self.behaviour.first_partial_seconds
        self._speech_end = SpeechEnd(self.options, self.behaviour.vad_overhead_seconds)

    @property
    def audio_seconds(self) -> float:
        return self._samples / self._rate

    @property
    def uncommitted_seconds(self) -> float:
        return self._segment_samples / self._rate

    def start(self) -> Iterator[Action]:
        for fault in self._faults(FailAtStart):
            yield from fail(fault.error, fault.text)
            return
        yield from self._moments()
        config = self.options.echo()
        yield Send({"message_type": "session_started", "session_id": self.session_id, "config": config})

    def receive(self, text: str) -> Iterator[Action]:
        """Act on one text frame of the client."""
        message = parse_message(text)
        if message is None:
            yield from fail("input_error", NOT_VALID)
        elif message.get("message_type") != "input_audio_chunk":
            yield from fail("input_error", f"Unexpected message type: {message.get('message_type')}")
        else:
            yield from self._chunk(message)

    def _chunk(self, message: dict[str, Any]) -> Iterator[Action]:
        data = audio_bytes(message)
        if data is None:
            yield from fail("input_error", NOT_VALID)
            return
        if message.get("previous_text") is not None and self.connection.chunks:
            yield from fail("input_error", "previous_text can only be sent with the first audio chunk")
            return
        self._note(message, data)
        yield from self._hear(self.options.audio_format.decode(data))
        if message.get("commit"):
            yield from self._asked_commit()

    def _note(self, message: dict[str, Any], data: bytes) -> None:
        if self.connection.chunks == 0:
            self.connection.previous_text = message.get("previous_text")
        self.connection.chunks += 1
        missing = [name for name in ("commit", "sample_rate") if name not in message]
        self.violations.extend(f"input_audio_chunk without {name}" for name in missing)
        if message.get("sample_rate", self._rate) != self._rate:
            self.violations.append(f"sample_rate {message['sample_rate']} with {self.options.audio_format.name}")
        if len(data) % self.options.audio_format.bytes_per_sample:
            self.violations.append(f"half a sample at the end of {len(data)} bytes of audio")

    def _hear(self, samples: Samples) -> Iterator[Action]:
        if not len(samples):
            return
        limit = self.behaviour.max_chunk_seconds
        if limit is not None and len(samples) > limit * self._rate:
            yield from fail("chunk_size_exceeded", f"Audio chunk exceeds {limit} s")
            return
        self._keep(samples)
        yield from self._moments()
        yield from self._partials()
        if self.options.vad and self._speech_end.heard(samples):
            yield from self._commit(asked=False)
        if self.uncommitted_seconds >= self.behaviour.auto_commit_seconds:
            yield from self._commit(asked=False)

    def _keep(self, samples: Samples) -> None:
        self._segment.append(samples)
        self._segment_samples += len(samples)
        self._samples += len(samples)
        self.connection.audio_seconds = self.audio_seconds
        if self.keep_audio:
            self.connection.audio.append(samples)

    def _moments(self) -> Iterator[Action]:
        """What was planned for this moment of the audio."""
        for fault in self.faults:
            if fault not in self._done:
                yield from self._moment(fault)
        limit = self.behaviour.max_session_seconds
        if limit is not None and self.audio_seconds >= limit:
            yield from fail("session_time_limit_exceeded", "Maximum session time exceeded")

    def _moment(self, fault: RealtimeFault) -> Iterator[Action]:
        match fault:
            case Drop(after_seconds=after, code=code) if self.audio_seconds >= after:
                self._done.add(fault)
                yield Close(code)
            case Stall(after_seconds=after, pong=pong) if self.audio_seconds >= after:
                self._done.add(fault)
                yield GoSilent(pong)
            case FailAfter(after_seconds=after, error=error, text=text) if self.audio_seconds >= after:
                self._done.add(fault)
                yield from fail(error, text)
            case _:
                return

    def _partials(self) -> Iterator[Action]:
        if self.audio_seconds < self._next_partial_seconds:
            return
        while self._next_partial_seconds <= self.audio_seconds:
            self._next_partial_seconds += self.behaviour.partial_every_seconds
        text = self.transcriber.guess(self._heard()).partial
        if text:
            yield self._partial(text)

    def _partial(self, text: str, *, echo: bool = False) -> Send:
        self.connection.partials.append(text)
        return Send({"message_type": "partial_transcript", "text": text}, echo=echo)

    def _heard(self) -> Samples:
        return resample(join(self._segment), self._rate, TELEPHONE_HZ)

    def _asked_commit(self) -> Iterator[Action]:
        seconds, least = self.uncommitted_seconds, self.behaviour.min_commit_seconds
        if seconds < least:
            text = (
                f"Commit request ignored: only {seconds:.2f}s of uncommitted audio. "
                f"You need at least {least}s of uncommitted audio before committing."
            )
            yield from fail("commit_throttled", text, close=self.behaviour.throttle == "close")
        else:
            yield from self._commit(asked=True)

    def _commit(self, *, asked: bool) -> Iterator[Action]:
        self._commits += 1
        audio, started = self._heard(), self.audio_seconds - self.uncommitted_seconds
        self._segment, self._segment_samples = [], 0
        self._speech_end.reset()
        for fault in self._faults(FailCommit):
            if fault.commit == self._commits:
                yield from fail(fault.error, fault.text)
                return
        transcript = self.transcriber.commit(audio)
        self.connection.commits.append(Commit(started, self.audio_seconds, transcript.text, asked))
        yield from self._answer(transcript, started)

    def _answer(self, transcript: Transcript, started_seconds: float) -> Iterator[Action]:
        extra_ms = sum(fault.delay_ms for fault in self._faults(SlowCommit))
        if transcript.text and self.behaviour.echo in ("before", "both"):
            yield self._partial(transcript.text, echo=True)
        frames = [{"message_type": "committed_transcript", "text": transcript.text}]
        if self.options.include_timestamps or self.options.include_language_detection:
            frames.append(self._with_timestamps(transcript, started_seconds))
        if self.behaviour.timestamps_first:
            frames.reverse()
        for number, frame in enumerate(frames):
            yield Send(frame, answer=number == 0, extra_delay_ms=extra_ms if number == 0 else 0.0)
        if transcript.text and self.behaviour.echo in ("after", "both"):
            yield self._partial(transcript.text, echo=True)

    def _with_timestamps(self, transcript: Transcript, started_seconds: float) -> dict[str, Any]:
        language = transcript.language or self.options.language_code or guess_language(transcript.text)
        return {
            "message_type": "committed_transcript_with_timestamps",
            "text": transcript.text,
            "language_code": language if self.options.include_language_detection else None,
            "words": word_list(transcript, started_seconds) if self.options.include_timestamps else None,
        }

    def _faults(self, kind: type[Kind]) -> Iterator[Kind]:
        return (fault for fault in self.faults if isinstance(fault, kind))


def fail(error: RealtimeError, text: str, *, close: bool = True) -> Iterator[Action]:
    """An error frame, and the close that the service lets follow it."""
    yield Send({"message_type": error, "error": text})
    ending = CLOSES[error]
    if close and ending is not None:
        yield Close(*ending)
