"""The running service."""

import asyncio
import logging
import os
import signal
import socket
from contextlib import AsyncExitStack

from redis.asyncio import Redis

from callbus.connect import connect
from callbus.consume import Consumer, Handler
from callbus.delivery import Delivery
from callbus.health import Checks, serve_health
from callbus.hop import Hop
from callbus.media import MediaReader
from callbus.streams import SPEECH_WORKER, Streams
from speech_worker.calls import Calls, CallSettings
from speech_worker.ears import Ears
from speech_worker.elevenlabs_realtime import ScribeRecogniser
from speech_worker.engines import recognisers
from speech_worker.recogniser import Recogniser
from speech_worker.settings import SpeechWorkerSettings
from speech_worker.vad import SileroVad, packaged_model

log = logging.getLogger(__name__)


async def serve(settings: SpeechWorkerSettings, stop: asyncio.Event) -> None:
    """Serve until ``stop`` is set; calls that are not over are left to a successor.

    :raises NoRecogniser: no engine can be used.
    :raises VadModelMissing: the voice detector is not installed.
    """
    vad = SileroVad(packaged_model())
    with recognisers(settings) as (recogniser, vendor):
        await _Service(settings, vad, recogniser, vendor).run(stop)


class _Service:
    """The parts of one running service."""

    def __init__(
        self, settings: SpeechWorkerSettings, vad: SileroVad, recogniser: Recogniser, vendor: ScribeRecogniser | None
    ) -> None:
        self._settings = settings
        self._names = Streams(settings.partitions)
        self._redis: Redis = connect(settings.redis_url)
        self._media_redis: Redis = connect(settings.redis_url)
        self._ears = Ears(MediaReader(self._media_redis, self._names), vad)
        self._recogniser = recogniser
        self._vendor = vendor
        self._connected = False

    async def run(self, stop: asyncio.Event) -> None:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._redis.aclose)
            stack.push_async_callback(self._media_redis.aclose)
            await stack.enter_async_context(serve_health(self._settings.health_port, self._checks()))
            tasks = await stack.enter_async_context(asyncio.TaskGroup())
            helpers = [tasks.create_task(self._ears.listen(), name="ears")]
            if self._vendor is not None:
                helpers.append(tasks.create_task(_try_vendor(self._vendor), name="vendor check"))
            await self._consume(tasks, stop)
            for helper in helpers:
                helper.cancel()

    async def _consume(self, tasks: asyncio.TaskGroup, stop: asyncio.Event) -> None:
        hop = Hop(self._redis, self._names, producer=SPEECH_WORKER)
        settings = CallSettings(
            language=self._settings.language,
            timing=self._settings.timing,
            media_lost_seconds=self._settings.media_lost_seconds,
        )
        calls = Calls(self._redis, self._names, hop, self._ears, self._recogniser, settings, tasks)

        async def handle(delivery: Delivery) -> None:
            await calls.take(delivery, consumer)

        consumer = self._consumer(handle)
        reading = tasks.create_task(self._read(consumer, stop), name="reading")
        await stop.wait()
        calls.stop()
        if not self._connected:
            reading.cancel()
        await asyncio.wait({reading})

    async def _read(self, consumer: Consumer, stop: asyncio.Event) -> None:
        async with consumer:
            self._connected = True
            log.info("Ready to hear")
            await stop.wait()

    def _consumer(self, handle: Handler) -> Consumer:
        return Consumer(
            self._settings.redis_url,
            group=SPEECH_WORKER,
            consumer=f"{SPEECH_WORKER}-{socket.gethostname()}-{os.getpid()}",
            streams=self._names.all_of("calls"),
            handle=handle,
            names=self._names,
            min_idle_seconds=self._settings.take_over_seconds,
        )

    def _checks(self) -> Checks:
        return {
            "redis": lambda: "" if self._connected else "not connected yet",
            "media": lambda: self._ears.trouble,
            "recogniser": self._recogniser.trouble,
        }


async def _try_vendor(vendor: ScribeRecogniser) -> None:
    """Say at the start what is wrong with key or network, rather than at the first call."""
    failure = await vendor.check()
    if failure is None:
        log.info("ElevenLabs accepted the key")
    else:
        log.error("ElevenLabs cannot be used: %s: %s", failure.meaning, failure.detail)


def stop_on_signals(stop: asyncio.Event) -> None:
    """SIGTERM and SIGINT ask for a clean end."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
