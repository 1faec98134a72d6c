"""The running service."""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from redis.exceptions import RedisError

from callbus.connect import connect
from callbus.consume import Consumer, Handler
from callbus.delivery import Delivery
from callbus.health import Checks, serve_health
from callbus.hop import Hop
from callbus.streams import TTS_PLAYER, Streams
from tts_player.cache import PromptCache
from tts_player.engine import Engine
from tts_player.engine_choice import chosen_voices
from tts_player.fallback import Apologies
from tts_player.player import COMMITS_AT_ONCE, Player
from tts_player.retention import DAY_SECONDS, RetentionPolicy
from tts_player.settings import TtsPlayerSettings
from tts_player.store import SoundStore
from tts_player.upkeep import Periods, keep_apologies, keep_store, keep_warm, warm

log = logging.getLogger(__name__)

FINISH_SECONDS = 2.0
ABANDONED_SECONDS = 1.5
"""What a killed process had in hand is taken over after this: a caller waits for it."""


async def serve(settings: TtsPlayerSettings, stop: asyncio.Event) -> None:
    """Serve until ``stop`` is set, then finish the sentences in hand.

    :raises StoreUnusable: the sounds folder cannot be used.
    :raises NoVoice: no engine can be used.
    """
    store = SoundStore(settings.sounds_dir)
    store.open()
    async with running_engines(settings) as engines:
        await _Service(settings, store, engines).run(stop)


class _Service:
    """The parts of one running service."""

    def __init__(self, settings: TtsPlayerSettings, store: SoundStore, engines: Sequence[Engine]) -> None:
        self._settings = settings
        self._store = store
        self._engines = engines
        self._cache = PromptCache(engines, store)
        self._apologies = Apologies(store, settings.apologies)
        self._names = Streams()
        self._redis = connect(settings.redis_url)
        self._connected = False

    async def run(self, stop: asyncio.Event) -> None:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(serve_health(self._settings.health_port, self._checks()))
            stack.push_async_callback(self._redis.aclose)
            tasks = await stack.enter_async_context(asyncio.TaskGroup())
            upkeep = [tasks.create_task(work, name="upkeep") for work in self._upkeep()]
            hop = Hop(self._redis, self._names, producer=TTS_PLAYER)
            await self._consume(hop, tasks, stop)
            for task in upkeep:
                task.cancel()

    async def _consume(self, hop: Hop, tasks: asyncio.TaskGroup, stop: asyncio.Event) -> None:
        async def handle(delivery: Delivery) -> None:
            await player.handle(delivery)

        consumer = self._consumer(handle)
        player = Player(self._cache, self._apologies, hop, consumer, tasks)
        reading = tasks.create_task(self._read(consumer, stop), name="reading")
        await stop.wait()
        if not self._connected:
            reading.cancel()
        await asyncio.wait({reading})
        await player.finish(FINISH_SECONDS)

    async def _read(self, consumer: Consumer, stop: asyncio.Event) -> None:
        async with consumer:
            await self._open_connections()
            self._connected = True
            log.info("Ready to speak")
            await stop.wait()

    async def _open_connections(self) -> None:
        """Calls that speak at the same moment would each wait for a connection to be made."""
        with suppress(RedisError, OSError):
            await asyncio.gather(*(self._redis.ping() for _ in range(COMMITS_AT_ONCE)))

    def _consumer(self, handle: Handler) -> Consumer:
        return Consumer(
            self._settings.redis_url,
            group=TTS_PLAYER,
            consumer=f"{TTS_PLAYER}-{socket.gethostname()}-{os.getpid()}",
            streams=self._names.all_of("dialog"),
            handle=handle,
            names=self._names,
            min_idle_seconds=ABANDONED_SECONDS,
        )

    def _upkeep(self) -> list[Coroutine[None, None, None]]:
        periods = Periods()
        return [
            self._keep_ready(periods),
            keep_store(self._store, retention(self._settings), periods),
        ]

    async def _keep_ready(self, periods: Periods) -> None:
        # One after the other: at once they would start a second process of the offline voice for nothing.
        await warm(self._engines)
        await keep_apologies(self._apologies, self._cache, periods)
        await keep_warm(self._engines, periods)

    def _checks(self) -> Checks:
        return {
            "redis": lambda: "" if self._connected else "not connected yet",
            "apologies": lambda: self._apologies.complaint,
            "engines": lambda: _complaint(self._engines),
        }


@asynccontextmanager
async def running_engines(settings: TtsPlayerSettings) -> AsyncIterator[list[Engine]]:
    """The engines of these settings, closed at the end."""
    voices = chosen_voices(settings)
    log.info("Voices, in the order in which they are asked: %s", ", ".join(voice.engine for voice in voices))
    try:
        yield [Engine(voice) for voice in voices]
    finally:
        for voice in voices:
            await voice.close()


def retention(settings: TtsPlayerSettings) -> RetentionPolicy:
    """How long sounds are kept."""
    return RetentionPolicy(
        max_bytes=settings.sounds_max_megabytes * 1024**2,
        max_age_seconds=settings.sounds_max_age_days * DAY_SECONDS,
        protected_seconds=settings.sounds_protected_minutes * 60,
    )


def stop_on_signals(stop: asyncio.Event) -> None:
    """SIGTERM and SIGINT ask for a clean end."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)


def _complaint(engines: Sequence[Engine]) -> str:
    resting = [engine.name for engine in engines if engine.rests]
    return f"every voice engine fails: {', '.join(resting)}" if len(resting) == len(engines) else ""
