"""How long to wait before the next try."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Backoff:
    """Doubles from ``first_seconds`` to ``last_seconds``; a contact that held for ``steady_seconds`` starts it anew.

    A contact that is lost at once does not start it anew, so two gateways that replace each other calm down.
    """

    first_seconds: float = 0.1
    last_seconds: float = 5.0
    steady_seconds: float = 10.0
    _next: float = field(default=0.0, init=False)
    _since: float | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._next = self.first_seconds

    def connected(self, now: float) -> None:
        """A try succeeded at ``now`` (monotonic seconds)."""
        self._since = now

    def lost(self, now: float) -> float:
        """A try failed or the contact was lost; return the seconds to wait."""
        if self._since is not None and now - self._since >= self.steady_seconds:
            self._next = self.first_seconds
        self._since = None
        wait, self._next = self._next, min(self._next * 2, self.last_seconds)
        return wait
