"""The control plane as it is written: every message of every stream, in order per stream, without a group."""

from collections.abc import AsyncIterator
from typing import Any

from redis.asyncio import Redis

from callbus import Message, decode
from callbus.codec import CodecError
from callbus.streams import CONTROL

BLOCK_MS = 1000


async def follow(redis: Redis) -> AsyncIterator[Message]:
    """Messages from the streams' beginning on, for ever; entries that are no message are passed over."""
    places: dict[Any, Any] = dict.fromkeys(CONTROL, "0")
    while True:
        reply: Any = await redis.xread(places, count=100, block=BLOCK_MS)
        batch: list[Message] = []
        for stream, entries in reply or []:
            for entry_id, fields in entries:
                places[stream.decode()] = entry_id
                try:
                    batch.append(decode(fields))
                except CodecError:
                    continue
        for message in sorted(batch, key=lambda message: message.at):
            yield message
