"""What goes wrong on purpose: values that a test hands to `emulator.realtime_faults` and `emulator.speech_faults`."""

from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeVar

from .errors import Problem, RealtimeError

AnyFault = TypeVar("AnyFault")


@dataclass(frozen=True)
class Refuse:
    """Answer with this HTTP refusal (on the realtime socket: instead of the handshake's 101)."""

    problem: Problem


@dataclass(frozen=True)
class Drop:
    """End the socket at this much audio: with a close code, or (None; the client sees 1006) without a word."""

    after_seconds: float
    code: int | None = None


@dataclass(frozen=True)
class Stall:
    """Send nothing from that much audio on, yet keep the socket; `pong` False: do not answer pings either."""

    after_seconds: float = 0.0
    pong: bool = True


@dataclass(frozen=True)
class FailAtStart:
    """Send this error instead of `session_started`."""

    error: RealtimeError
    text: str = "emulated error"


@dataclass(frozen=True)
class FailAfter:
    """Send this error once that much audio came, then close as the API does (CLOSES)."""

    error: RealtimeError
    after_seconds: float
    text: str = "emulated error"


@dataclass(frozen=True)
class FailCommit:
    """Answer the n-th commit (from 1) of the socket with this error instead of a transcript."""

    error: RealtimeError
    commit: int = 1
    text: str = "emulated error"


@dataclass(frozen=True)
class SlowCommit:
    """Answer every commit this much later than usual."""

    delay_ms: float


RealtimeFault = Refuse | Drop | Stall | FailAtStart | FailAfter | FailCommit | SlowCommit


@dataclass(frozen=True)
class LateFirstByte:
    """Send the headers at once, the first audio this much later."""

    delay_ms: float


@dataclass(frozen=True)
class LateHeaders:
    """Send nothing at all for this long."""

    delay_ms: float


@dataclass(frozen=True)
class Pace:
    """Stream at this multiple of real time (0.5: the client starves)."""

    times_real_time: float


@dataclass(frozen=True)
class Pause:
    """Stop once for this long in the middle of the stream, after that many seconds of audio."""

    after_seconds: float
    pause_ms: float


@dataclass(frozen=True)
class Break:
    """Cut the connection after that many seconds of audio."""

    after_seconds: float


@dataclass(frozen=True)
class EmptyBody:
    """Answer 200 with no audio at all."""


SpeechFault = Refuse | LateFirstByte | LateHeaders | Pace | Pause | Break | EmptyBody


class Plan(Generic[AnyFault]):
    """Which connection (or request) gets which faults."""

    def __init__(self) -> None:
        self._coming: deque[tuple[AnyFault, ...]] = deque()
        self._always: tuple[AnyFault, ...] = ()

    def once(self, *faults: AnyFault) -> None:
        """Give `faults` to the next connection that has none yet; with no fault: leave that one alone."""
        self._coming.append(faults)

    def always(self, *faults: AnyFault) -> None:
        """Give `faults` to every connection from now on, beside what `once` gives."""
        self._always = faults

    def clear(self) -> None:
        self._coming.clear()
        self._always = ()

    def take(self) -> tuple[AnyFault, ...]:
        """The faults of the connection that comes now."""
        return (self._coming.popleft() if self._coming else ()) + self._always
