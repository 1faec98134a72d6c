"""The running service."""

import asyncio
import logging
import os
import signal
import socket
from contextlib import AsyncExitStack
from dataclasses import dataclass

from redis.asyncio import Redis

from callbus.connect import connect, wait_for_redis
from callbus.consume import Consumer
from callbus.health import Checks, serve_health
from callbus.streams import DIALOG_FSM, Control, Streams
from dialog_fsm.choice import Scenarios
from dialog_fsm.conversations import Conversations
from dialog_fsm.settings import DialogSettings
from dialog_fsm.timers import Timers

_FINISH_SECONDS = 8.0

log = logging.getLogger(__name__)

READS: tuple[Control, ...] = ("calls", "speech", "channel")


def stop_on_signals(stop: asyncio.Event) -> None:
    """SIGTERM and SIGINT end the service after the hop in hand."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)


async def serve(settings: DialogSettings, scenarios: Scenarios, stop: asyncio.Event) -> None:
    """Serve until ``stop`` is set, then finish the hop in hand."""
    names = Streams()
    redis = connect(settings.redis_url)
    conversations = Conversations(redis, names, scenarios, max_age_seconds=settings.dialog_max_age_seconds)
    consumer = _consumer(settings, names, conversations)
    service = _Service(settings.redis_url, redis, consumer, conversations, Timers(redis, names, conversations))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(redis.aclose)
        await stack.enter_async_context(serve_health(settings.health_port, service.checks()))
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        working = tasks.create_task(service.work(stop), name="dialog")
        await stop.wait()
        if not service.redis_answered:
            working.cancel()
        await asyncio.wait({working}, timeout=_FINISH_SECONDS)
        working.cancel()


@dataclass(slots=True)
class _Service:
    """The parts of one running service."""

    redis_url: str
    redis: Redis
    consumer: Consumer
    conversations: Conversations
    timers: Timers
    redis_answered: bool = False
    connected: bool = False

    async def work(self, stop: asyncio.Event) -> None:
        """Read the bus and fire timers until ``stop`` is set."""
        await wait_for_redis(self.redis, self.redis_url)
        # From here on it ends by itself; a start that is cancelled half-way would leave connections behind.
        self.redis_answered = True
        async with self.consumer:
            self.connected = True
            await self.conversations.prepare_prompts()
            log.info("Ready to talk")
            await self.timers.run(stop)

    def checks(self) -> Checks:
        """For the health endpoint."""
        return {
            "redis": lambda: "" if self.connected else "not connected yet",
            "timers": lambda: self.timers.complaint,
        }


def _consumer(settings: DialogSettings, names: Streams, conversations: Conversations) -> Consumer:
    return Consumer(
        settings.redis_url,
        group=DIALOG_FSM,
        consumer=f"{DIALOG_FSM}-{socket.gethostname()}-{os.getpid()}",
        streams=[stream for kind in READS for stream in names.all_of(kind)],
        handle=conversations.handle,
        names=names,
    )
