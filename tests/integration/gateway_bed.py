"""The gateway in the test's own process, between a simulated Asterisk and a real Redis."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeVar, cast

from ari_gateway.serve import Gateway
from ari_gateway.settings import GatewaySettings
from callbus import Message, decode
from callbus.commands import Play
from callbus.connect import connect
from callbus.events import CallStarted
from callbus.hop import Hop
from callbus.media import MediaChunk, _chunk
from callbus.streams import CONTROL, Streams
from tests.fakes.asterisk import Channel, FakeAsterisk

log = logging.getLogger(__name__)

M = TypeVar("M", bound=Message)
WAIT_SECONDS = 8.0
POLL_SECONDS = 0.005
SOUND = "sound:trunkline/ab/cafe"
APP = "novofon_bot"


async def eventually(check: Callable[[], Any], what: str = "it", within_seconds: float = WAIT_SECONDS) -> Any:
    """The first true value of ``check``, awaited when it can be."""
    deadline = time.monotonic() + within_seconds
    while True:
        value = check()
        if asyncio.iscoroutine(value):
            value = await value
        if value:
            return value
        assert time.monotonic() < deadline, f"{what} did not happen within {within_seconds:g} s"
        await asyncio.sleep(POLL_SECONDS)


class Bed:
    """What a test does with a gateway."""

    def __init__(self, asterisk: FakeAsterisk, redis_url: str, **settings: Any) -> None:
        self.asterisk = asterisk
        self.redis_url = redis_url
        self.redis = connect(redis_url)
        self.streams = Streams()
        self.settings = settings
        self._hop = Hop(self.redis, self.streams, producer="test")
        self._stopping = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    async def start(self, *, listening: bool = True) -> None:
        """Start the gateway; with ``listening``, return when it has the application."""
        fields = {
            "ASTERISK_ARI_URL": self.asterisk.url,
            "ASTERISK_ARI_PASSWORD": self.asterisk.password,
            "REDIS_URL": self.redis_url,
            **self.settings,
        }
        self._stopping = asyncio.Event()
        gateway = Gateway(GatewaySettings(**fields), self._stopping)
        self._running = asyncio.create_task(gateway.run(), name="gateway")
        if listening:
            await self.listening()

    async def listening(self) -> None:
        """Return when the gateway has the application."""
        async with asyncio.timeout(WAIT_SECONDS):
            await self.asterisk.events.connected[APP].wait()

    async def stop(self) -> None:
        """End the gateway as SIGTERM does."""
        self._stopping.set()
        if self._running is not None:
            async with asyncio.timeout(WAIT_SECONDS + 4):
                await self._running
            self._running = None

    async def kill(self) -> None:
        """End the gateway without an orderly way out."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])
            self._running = None

    async def reconnect(self) -> None:
        """Forget the test's own connections after Redis was restarted."""
        await self.redis.connection_pool.disconnect()

    async def send(self, *messages: Message) -> None:
        """Publish as the other services would."""
        await self._hop.commit(list(messages))

    async def messages(self, kind: type[M], call_id: str | None = None) -> list[M]:
        """The messages of a type so far."""
        rows: Any = await self.redis.xrange(kind.channel_of)
        decoded = [decode(fields) for _, fields in rows]
        return [one for one in decoded if isinstance(one, kind) and call_id in (None, one.call_id)]

    async def first(self, kind: type[M], call_id: str | None = None, *, count: int = 1) -> M:
        """The message of a type, once there are ``count`` of it; the last of those."""

        async def found() -> M | None:
            messages = await self.messages(kind, call_id)
            return messages[count - 1] if len(messages) >= count else None

        return cast("M", await eventually(found, kind.__name__))

    async def talk(self, channel: Channel) -> CallStarted:
        """The call of a channel, once its audio flows."""

        async def flowing() -> CallStarted | None:
            started = [one for one in await self.messages(CallStarted) if one.channel_id == channel.id]
            return started[-1] if started and await self.media(started[-1].call_id) else None

        return cast("CallStarted", await eventually(flowing, "audio"))

    async def media(self, call_id: str) -> list[MediaChunk]:
        """The call's media stream."""
        rows: Any = await self.redis.xrange(self.streams.media(call_id))
        return [_chunk(call_id, entry_id, fields) for entry_id, fields in rows]

    async def all_gone(self) -> None:
        """Nothing is left in Asterisk, and nothing pending in Redis."""
        await eventually(lambda: not self.asterisk.leftovers, "the end of legs and bridges")
        await self.all_settled()

    async def all_settled(self) -> None:
        """Everything published was read and acknowledged."""
        for stream in CONTROL:
            if not await self.redis.exists(stream):
                continue
            for group in await self.redis.xinfo_groups(stream):
                await eventually(partial(self._settled, stream, group["name"]), f"acks on {stream}")

    async def _settled(self, stream: str, group: bytes) -> bool:
        groups: Any = await self.redis.xinfo_groups(stream)
        (one,) = [found for found in groups if found["name"] == group]
        return not one["pending"] and not one["lag"]


def play(call: CallStarted, playback_id: str, **fields: Any) -> Play:
    """An order to play the sound that the simulated Asterisk has."""
    values = {"say_id": f"say-{playback_id}", "media": SOUND, "audio_ms": 1000.0, **fields}
    return Play(call_id=call.call_id, playback_id=playback_id, **values)


@asynccontextmanager
async def gateway_bed(redis_url: str, *, running: bool = True, **settings: Any) -> AsyncIterator[Bed]:
    """A bed with a running gateway; ``settings`` may hold ``asterisk`` options too."""
    options = settings.pop("asterisk", {})
    async with FakeAsterisk.start(**options) as asterisk:
        asterisk.player.sounds[SOUND] = 1000.0
        bed = Bed(asterisk, redis_url, **settings)
        try:
            if running:
                await bed.start()
            yield bed
        finally:
            await bed.stop()
            await bed.redis.aclose()
