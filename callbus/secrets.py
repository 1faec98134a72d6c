"""Values that must not stand in a stream: kept for minutes under a reference."""

import secrets as random
from typing import Any

from redis.asyncio import Redis

from callbus.streams import Streams

MASK = "***"
TTL_SECONDS = 300


class SecretStore:
    """Puts what a caller keyed or said under a secret slot aside; messages carry the reference."""

    def __init__(self, redis: Redis, streams: Streams) -> None:
        self._redis = redis
        self._streams = streams

    async def put(self, call_id: str, value: str) -> str:
        """Keep the value for five minutes and return its reference."""
        reference = self._streams.secret(call_id, random.token_hex(8))
        await self._redis.set(reference, value, ex=TTL_SECONDS)
        return reference

    async def get(self, reference: str) -> str | None:
        """The value, or None when it has expired."""
        value: Any = await self._redis.get(reference)
        return None if value is None else str(value.decode())
