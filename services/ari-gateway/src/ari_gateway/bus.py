"""What the gateway needs of Redis beside the media plane; shared by all calls."""

import asyncio
from collections.abc import Sequence

from redis.asyncio import Redis

from callbus.hop import Hop
from callbus.message import Message
from callbus.secrets import SecretStore
from callbus.streams import Streams

PRODUCER = "ari-gateway"
KEPT_AFTER_END_SECONDS = 300
AT_ONCE = 16
"""Commands under way together: a hundred calls that end in one moment must not need a hundred connections."""


class Bus:
    """Publishes in our name; everything raises :class:`redis.exceptions.RedisError` or OSError."""

    def __init__(self, redis: "Redis", streams: Streams) -> None:
        self.redis = redis
        self.streams = streams
        self._hop = Hop(redis, streams, producer=PRODUCER)
        self._secrets = SecretStore(redis, streams)
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def publish(self, call_id: str, messages: Sequence[Message], *, last: bool = False) -> int:
        """Publish about one call, all or nothing; returns how many messages there are of ours now."""
        expires = {self.streams.seq(call_id): KEPT_AFTER_END_SECONDS} if last else None
        async with self._turn:
            return (await self._hop.commit(messages, expires=expires))[-1].seq

    async def published(self, call_id: str) -> int:
        """How many messages of ours about a call the bus has."""
        async with self._turn:
            return int(await self.redis.hget(self.streams.seq(call_id), PRODUCER) or 0)

    async def keep_secret(self, call_id: str, value: str) -> str:
        """Put a value aside for minutes and return its reference."""
        async with self._turn:
            return await self._secrets.put(call_id, value)
