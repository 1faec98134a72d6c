"""A fixed number of places at an engine; who speaks to a caller now goes before who prepares."""

import asyncio
import enum
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass


class Urgency(enum.IntEnum):
    """Lower goes first."""

    LIVE = 0
    AHEAD = 1


@dataclass(slots=True, eq=False)
class Errand:
    """One sentence on its way to the engines; it may become urgent while it waits."""

    urgency: Urgency

    def hasten(self, urgency: Urgency) -> None:
        """Somebody with ``urgency`` waits for this too; counts from the next free place on."""
        self.urgency = min(self.urgency, urgency)


class Slots:
    """Grants places by urgency, then by order of arrival.

    Where there is more than one place, the last free one is kept for a live sentence. The queue has no bound of its
    own: it is as long as the sentences that wait, which the player bounds.
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._kept = 1 if places > 1 else 0
        self._waiting: dict[Errand, asyncio.Future[None]] = {}

    @property
    def waiting(self) -> int:
        """How many errands have no place yet."""
        return len(self._waiting)

    @asynccontextmanager
    async def place(self, errand: Errand) -> AsyncIterator[None]:
        """Wait for a place and keep it while the context is open; cancelling gives it back."""
        granted = asyncio.get_running_loop().create_future()
        self._waiting[errand] = granted
        self._grant()
        try:
            await granted
            yield
        finally:
            self._waiting.pop(errand, None)
            if granted.done() and not granted.cancelled():
                self._free += 1
                self._grant()

    def _grant(self) -> None:
        while errand := self._next():
            self._free -= 1
            self._waiting.pop(errand).set_result(None)

    def _next(self) -> Errand | None:
        # A cancelled future belongs to an errand that is just leaving.
        waiting = [errand for errand, granted in self._waiting.items() if not granted.done()]
        first = min(waiting, key=lambda errand: errand.urgency, default=None)
        if first is None:
            return None
        needed = 1 if first.urgency is Urgency.LIVE else 1 + self._kept
        return first if self._free >= needed else None
