"""What a call's speech becomes on the bus: in order, and never given up for a Redis that is away."""

import asyncio
import logging
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from callbus.codec import CodecError, decode
from callbus.events import FinalTranscript, PartialTranscript, SpeechFailed, SpeechStarted
from callbus.message import Message
from callbus.streams import Streams
from speech_worker.ownership import Ownership

log = logging.getLogger(__name__)

SpeechEvent = SpeechStarted | FinalTranscript | SpeechFailed

_RETRY_SECONDS = 0.3
_LOOK_BACK_ENTRIES = 500


class Publisher:
    """The messages of one call, one after the other.

    Partials are published when there is time: a newer one replaces one that still waits, and what waits when the final
    text comes is dropped.
    """

    def __init__(self, redis: Redis, streams: Streams, ownership: Ownership) -> None:
        self._redis = redis
        self._streams = streams
        self._ownership = ownership
        self._turn = asyncio.Lock()
        self._partial: PartialTranscript | None = None
        self._partial_waits = asyncio.Event()

    def partial_soon(self, partial: PartialTranscript) -> None:
        """Publish this partial as soon as :meth:`publish_partials` comes to it."""
        self._partial = partial
        self._partial_waits.set()

    async def publish_partials(self) -> None:
        """Publish partials until cancelled."""
        while True:
            await self._partial_waits.wait()
            self._partial_waits.clear()
            async with self._turn:
                partial, self._partial = self._partial, None
                if partial is not None:
                    await self._commit_once(partial)

    async def publish(self, message: SpeechEvent, heard_ms: float | None = None) -> None:
        """Publish; while Redis is away, try again. Cancelling leaves it open whether it was published."""
        async with self._turn:
            if self._partial is not None and self._partial.utterance_id == message.utterance_id:
                self._partial = None
            if await self._commit_once(message, heard_ms):
                return
            while True:
                await asyncio.sleep(_RETRY_SECONDS)
                if await self._stands_already(message) or await self._commit_once(message, heard_ms):
                    return

    async def _commit_once(self, message: Message, heard_ms: float | None = None) -> bool:
        try:
            await self._ownership.publish(message, heard_ms=heard_ms)
        except (RedisError, OSError) as error:
            log.warning("%s not published: %s", message.type, error, extra={"call_id": message.call_id})
            return False
        return True

    async def _stands_already(self, message: SpeechEvent) -> bool:
        """Whether a hop whose answer was lost was done after all."""
        stream = self._streams.control(message.channel_of, message.call_id)
        try:
            entries: Any = await self._redis.xrevrange(stream, count=_LOOK_BACK_ENTRIES)
        except (RedisError, OSError):
            return False
        return any(_is_same(fields, message) for _, fields in entries)


def _is_same(fields: dict[bytes, bytes], message: SpeechEvent) -> bool:
    try:
        other = decode(fields)
    except CodecError:
        return False
    return (
        isinstance(other, type(message))
        and other.call_id == message.call_id
        and other.utterance_id == message.utterance_id
    )
