"""What one call has to tell the bus: in order, each exactly once, whatever Redis does meanwhile."""

import asyncio
import logging
from collections import deque
from dataclasses import dataclass

from redis.exceptions import RedisError

from ari_gateway.bus import Bus
from callbus.message import Message

log = logging.getLogger(__name__)

RETRY_SECONDS = 0.25
LIMIT = 2000
"""Messages kept while Redis is away; beyond, the newest are dropped and counted, never the last of the call."""


@dataclass(frozen=True, slots=True)
class _Item:
    message: Message
    secret: str = ""


class Outbox:
    """Publishes one call's messages; those that gathered meanwhile go out in one hop.

    A hop whose answer is lost may have been done. We are the only producer of our name for this call, so the counter of
    our messages tells, and nothing is sent twice.
    """

    def __init__(self, call_id: str, bus: Bus) -> None:
        self._call_id = call_id
        self._bus = bus
        self._waiting: deque[_Item] = deque()
        self._something = asyncio.Event()
        self._closed = False
        self._published = 0
        self._in_doubt = 0
        self.dropped = 0

    def put(self, message: Message, *, secret: str = "", last: bool = False) -> None:
        """Publish after what was put before; nothing follows the ``last``.

        A ``secret`` is put aside and its reference becomes the message's ``secret_ref``.
        """
        if self._closed or (len(self._waiting) >= LIMIT and not last):
            self.dropped += 1
            return
        self._waiting.append(_Item(message, secret))
        self._closed = last
        self._something.set()

    async def run(self) -> None:
        """Publish until the last is out; while Redis is away, try again for as long as it takes."""
        while self._waiting or not self._closed:
            await self._something.wait()
            self._something.clear()
            if not await self._tried():
                self._something.set()
                await asyncio.sleep(RETRY_SECONDS)

    async def _tried(self) -> bool:
        try:
            await self._clear_doubt()
            await self._publish()
        except (RedisError, OSError) as error:
            log.warning("not published yet, trying again: %s", error, extra={"call_id": self._call_id})
            return False
        return True

    async def _clear_doubt(self) -> None:
        """Find out whether the hop whose answer was lost was done."""
        if self._in_doubt:
            published = await self._bus.published(self._call_id)
            if published >= self._published + self._in_doubt:
                self._done(self._in_doubt, published)
            self._in_doubt = 0

    async def _publish(self) -> None:
        batch = list(self._waiting)
        if not batch:
            return
        messages = [await self._masked(item) for item in batch]
        self._in_doubt = len(batch)
        published = await self._bus.publish(self._call_id, messages, last=self._closed)
        self._done(len(batch), published)
        self._in_doubt = 0

    def _done(self, count: int, published: int) -> None:
        self._published = published
        for _ in range(count):
            self._waiting.popleft()

    async def _masked(self, item: _Item) -> Message:
        if not item.secret:
            return item.message
        reference = await self._bus.keep_secret(self._call_id, item.secret)
        return item.message.model_copy(update={"secret_ref": reference})
