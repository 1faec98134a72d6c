"""A circuit breaker: an engine that keeps failing is left alone for a while. Pure; the caller brings the time."""

from dataclasses import dataclass
from typing import Literal, assert_never

from tts_player.voice import Meaning

State = Literal["closed", "open", "half_open"]


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """Opens after ``failures`` in a row; the pause doubles with every failed probe up to the longest one."""

    failures: int = 3
    pause_seconds: float = 5.0
    longest_pause_seconds: float = 120.0
    refused_pause_seconds: float = 60.0
    """After a refused key or an empty quota, which do not heal in seconds."""


class Breaker:
    """Whether one engine may be asked now; half-open it lets a single probe pass."""

    def __init__(self, policy: BreakerPolicy) -> None:
        self._policy = policy
        self._failures = 0
        self._pause_seconds = policy.pause_seconds
        self._opened_until: float | None = None
        self._probe_since: float | None = None

    def state(self, now: float) -> State:
        """The state at ``now`` (seconds of a monotonic clock)."""
        if self._opened_until is None:
            return "closed"
        return "open" if now < self._opened_until else "half_open"

    def admits(self, now: float) -> bool:
        """Whether to ask the engine; an admitted caller reports the outcome or calls :meth:`abandoned`."""
        match self.state(now):
            case "closed":
                return True
            case "open":
                return False
            case "half_open":
                if self._probe_since is not None:
                    return False
                self._probe_since = now
                return True
            case other:
                assert_never(other)

    def succeeded(self) -> bool:
        """Close it; whether it was open before."""
        was_open = self._opened_until is not None
        self._failures = 0
        self._pause_seconds = self._policy.pause_seconds
        self._opened_until = self._probe_since = None
        return was_open

    def abandoned(self) -> None:
        """The caller went away without an outcome."""
        self._probe_since = None

    def failed(self, meaning: Meaning, now: float) -> bool:
        """Count a failure; whether it opened the breaker that was closed before."""
        match meaning:
            case "rejected":
                # The engine works: it was this text.
                self.succeeded()
                return False
            case "auth" | "quota":
                return self._open(now, self._policy.refused_pause_seconds)
            case "rate_limited" | "unavailable" | "bug":
                self._failures += 1
                if self._failures < self._policy.failures and self._opened_until is None:
                    return False
                return self._open(now, self._pause_seconds)
            case other:
                assert_never(other)

    def _open(self, now: float, pause_seconds: float) -> bool:
        was_closed = self._opened_until is None
        probed = self._probe_since is not None
        self._probe_since = None
        if probed:
            self._pause_seconds = min(self._pause_seconds * 2, self._policy.longest_pause_seconds)
            pause_seconds = max(pause_seconds, self._pause_seconds)
        self._opened_until = max(self._opened_until or 0.0, now + pause_seconds)
        return was_closed
