"""Firing the conversations' timers: they lie in Redis, so they outlive any process."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, cast, get_args

from redis.asyncio import Redis
from redis.exceptions import RedisError

from callbus.streams import Streams
from dialog_fsm.conversations import Conversations
from dialog_fsm.state import TimerName

log = logging.getLogger(__name__)

_TICK_SECONDS = 0.1
_BATCH = 100
_NAMES = frozenset(get_args(TimerName))


class Timers:
    """Looks for due timers ten times a second; several processes may, each timer acts once."""

    def __init__(
        self, redis: Redis, names: Streams, conversations: Conversations, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._redis = redis
        self._keys = [names.timers(partition) for partition in range(names.partitions)]
        self._conversations = conversations
        self._clock = clock
        self.complaint = "not running yet"
        """What is wrong, or an empty text."""

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop`` is set; an absent Redis is waited for."""
        while not stop.is_set():
            try:
                await self.fire_due()
                self.complaint = ""
            except (RedisError, OSError) as error:
                self.complaint = f"Redis: {type(error).__name__}"
                log.warning("timers wait for Redis: %s", error)
                await _pause(stop, 1.0)
            await _pause(stop, _TICK_SECONDS)

    async def fire_due(self) -> int:
        """Fire everything that is due now; returns how many."""
        fired = 0
        for key in self._keys:
            due = cast(Any, self._redis.zrangebyscore(key, 0, f"{self._clock():.3f}", start=0, num=_BATCH))
            for member in cast("list[bytes]", await due):
                fired += await self._fire(key, member.decode())
        return fired

    async def _fire(self, key: str, member: str) -> bool:
        call_id, _, name = member.rpartition("|")
        if name in _NAMES and await self._conversations.fire(call_id, cast("TimerName", name)):
            return True
        # A timer of a conversation that is gone, or of another version.
        await cast(Any, self._redis.zrem(key, member))
        return False


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
