"""A gateway, a listener and a running worker for the speech worker's tests."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
from redis.asyncio import Redis

from callbus import Message
from callbus.codec import decode
from callbus.events import CallEnded, CallStarted, FinalTranscript
from callbus.hop import Hop
from callbus.media import MediaWriter
from callbus.streams import SPEECH_WORKER, Streams
from speech_worker import g711
from speech_worker.serve import serve
from speech_worker.settings import SpeechWorkerSettings
from tests.unit.speech_worker.voice import Pcm

NAMES = Streams()


class Gateway:
    """Puts one caller on the bus, several times faster than he speaks."""

    def __init__(self, redis: Redis, call_id: str) -> None:
        self.call_id = call_id
        self._hop = Hop(redis, NAMES, producer="ari-gateway")
        self._media = MediaWriter(redis, NAMES)
        self._frames = 0

    async def start(self, language: str = "ru") -> None:
        await self._hop.commit(
            [
                CallStarted(
                    call_id=self.call_id,
                    channel_id="1.1",
                    asterisk_id="a1",
                    app="novofon_bot",
                    language=language,
                    media_stream=NAMES.media(self.call_id),
                )
            ]
        )

    async def say(self, *pieces: Pcm) -> None:
        codes = g711.encode(np.concatenate(pieces))
        for at in range(0, len(codes) - 159, 160):
            self._frames += 1
            self._media.append(self.call_id, self._frames, codes[at : at + 160])
            if self._frames % 5 == 0:
                await self._media.flush()
                await asyncio.sleep(0.01)
        await self._media.flush()

    async def hang_up(self, *, mark: bool = True) -> None:
        if mark:
            self._media.end(self.call_id, self._frames + 1, "caller_hung_up")
            await self._media.flush()
        ended = CallEnded(call_id=self.call_id, reason="caller_hung_up", duration_seconds=1, frames=self._frames)
        await self._hop.commit([ended])


class Bus:
    """What stands on the stream of speech."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis

    async def speech(self, call_id: str = "c1") -> list[Message]:
        entries: Any = await self.redis.xrange("speech")
        return [message for _, fields in entries if (message := decode(fields)).call_id == call_id]

    async def until(self, reached: Callable[[list[Message]], bool], call_id: str = "c1") -> list[Message]:
        async with asyncio.timeout(20):
            while True:
                messages = await self.speech(call_id)
                if reached(messages):
                    return messages
                await asyncio.sleep(0.02)

    async def finals(self, count: int, call_id: str = "c1") -> list[FinalTranscript]:
        return finals(await self.until(lambda messages: len(finals(messages)) >= count, call_id))

    async def nothing_left(self) -> None:
        """The calls are acknowledged and their audio is gone."""
        async with asyncio.timeout(20):
            while True:
                pending = await self.redis.xpending("calls", SPEECH_WORKER)
                left = await self.redis.keys("media:*")
                if not pending["pending"] and not left:
                    return
                await asyncio.sleep(0.02)


def finals(messages: Iterable[Message]) -> list[FinalTranscript]:
    return [message for message in messages if isinstance(message, FinalTranscript)]


@asynccontextmanager
async def serving(**settings: object) -> AsyncIterator[None]:
    stop = asyncio.Event()
    running = asyncio.create_task(serve(SpeechWorkerSettings(**settings), stop))  # type: ignore[arg-type]
    try:
        yield
    finally:
        stop.set()
        async with asyncio.timeout(10):
            await running
