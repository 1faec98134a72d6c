"""When to send a SIP message again, and when to give up (RFC 3261 sections 13.3.1.4 and 17.1), in time passed in."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timers:
    """The protocol's base timers; INVITE doubles without limit, other requests up to `t2_seconds`."""

    t1_seconds: float = 0.5
    t2_seconds: float = 4.0

    @property
    def patience_seconds(self) -> float:
        """Timers B, F and H: after this a message without an answer is given up."""
        return 64 * self.t1_seconds


@dataclass(slots=True)
class Retransmission:
    """One message that goes out again and again until it is answered."""

    datagram: bytes
    due_at: float
    gives_up_at: float
    interval_seconds: float
    longest_interval_seconds: float
    answered: bool = False

    @classmethod
    def invite(cls, datagram: bytes, now: float, timers: Timers) -> "Retransmission":
        return cls._start(datagram, now, timers, math.inf)

    @classmethod
    def other(cls, datagram: bytes, now: float, timers: Timers) -> "Retransmission":
        return cls._start(datagram, now, timers, timers.t2_seconds)

    @classmethod
    def _start(cls, datagram: bytes, now: float, timers: Timers, longest: float) -> "Retransmission":
        return cls(datagram, now + timers.t1_seconds, now + timers.patience_seconds, timers.t1_seconds, longest)

    @property
    def deadline(self) -> float:
        """When `due` must be asked next; infinite once answered."""
        return math.inf if self.answered else min(self.due_at, self.gives_up_at)

    def stop(self) -> None:
        """An answer came, if only a provisional one."""
        self.answered = True

    def expired(self, now: float) -> bool:
        """Whether the other side stayed silent for too long."""
        return not self.answered and now >= self.gives_up_at

    def due(self, now: float) -> bool:
        """Whether the message goes out again now; sets the next time when it does."""
        if self.answered or now < self.due_at or now >= self.gives_up_at:
            return False
        self.interval_seconds = min(2 * self.interval_seconds, self.longest_interval_seconds)
        self.due_at += self.interval_seconds
        return True
