"""The plan's limit of requests in parallel: a short queue, then 429."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from .clock import Clock
from .errors import ProblemRaised, concurrent_limit_exceeded


class Slots:
    """Counts what runs at once; `maximum` None: no limit."""

    def __init__(self, clock: Clock, maximum: int | None, queue_seconds: float) -> None:
        self._clock = clock
        self.maximum = maximum
        self._queue_seconds = queue_seconds
        self.running = 0
        self._freed = asyncio.Event()

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Hold a slot, waiting `queue_seconds` for one at most; raises ProblemRaised (429)."""
        await self._wait_for_room()
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1
            self._freed.set()
            self._freed = asyncio.Event()

    async def _wait_for_room(self) -> None:
        if self._has_room():
            return
        patience = asyncio.ensure_future(self._clock.sleep(self._queue_seconds))
        try:
            while not self._has_room():
                freed = asyncio.ensure_future(self._freed.wait())
                await asyncio.wait({patience, freed}, return_when=asyncio.FIRST_COMPLETED)
                freed.cancel()
                if patience.done() and not self._has_room():
                    raise ProblemRaised(concurrent_limit_exceeded(self.maximum or 0))
        finally:
            patience.cancel()

    def _has_room(self) -> bool:
        return self.maximum is None or self.running < self.maximum
