"""How the emulated vendor behaves: each number is what was measured on the live service, or is stated to be assumed."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Delays:
    """How late the vendor is; zero by default, so that tests do not wait."""

    commit_ms: float = 0.0
    commit_jitter_ms: float = 0.0
    echo_ms: float = 0.0
    first_byte_ms: float = 0.0
    first_byte_jitter_ms: float = 0.0
    speech_times_real_time: float | None = None  # None: as fast as the socket takes it
    batch_ms: float = 0.0


# Published and measured: commit to final 190-440 ms; Flash's first byte in Europe 230 ms over the network; batch 1-3 s.
PUBLISHED_DELAYS = Delays(
    commit_ms=315.0,
    commit_jitter_ms=125.0,
    echo_ms=50.0,
    first_byte_ms=200.0,
    first_byte_jitter_ms=50.0,
    speech_times_real_time=8.0,
    batch_ms=2000.0,
)


@dataclass(frozen=True)
class RealtimeBehaviour:
    """The realtime recogniser's rules, in seconds of audio received unless a name says otherwise."""

    first_partial_seconds: float = 2.0
    partial_every_seconds: float = 1.0
    min_commit_seconds: float = 0.3
    throttle: Literal["close", "ignore"] = "close"
    auto_commit_seconds: float = 36.0
    idle_close_seconds: float = 15.7  # clock time
    empty_chunk_keeps_alive: bool = False  # unproved on the live service: the strict reading
    echo: Literal["none", "before", "after", "both"] = "after"
    timestamps_first: bool = False  # seen sometimes; the plain transcript usually comes first
    vad_overhead_seconds: float = 0.1  # a 1.5 s threshold commits 1.6 s after the speech
    max_chunk_seconds: float | None = None  # no limit was ever published
    max_session_seconds: float | None = None
    max_sockets: int | None = None  # per key; over it: resource_exhausted (assumed)


@dataclass(frozen=True)
class SpeechBehaviour:
    """The synthesis endpoint's rules."""

    max_concurrent: int | None = None
    queue_ms: float = 50.0  # how long a request over the limit waits before its 429
    content_type: str = "audio/mpeg"  # what OpenAPI states for every format; the real one for pcm is not verified
    largest_piece_bytes: int = 4001
    voices: tuple[str, ...] | None = None  # None: every well-formed voice id exists
