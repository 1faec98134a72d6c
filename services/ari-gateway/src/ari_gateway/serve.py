"""The gateway as a whole: Redis, one Asterisk, the calls, and an orderly end."""

import asyncio
import logging
import os
import signal
import socket
import time
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any

from redis.exceptions import RedisError

from ari_gateway.adopt import finish_unfinished
from ari_gateway.backoff import Backoff
from ari_gateway.bus import Bus
from ari_gateway.calls import Calls
from ari_gateway.client import AsteriskARIClient
from ari_gateway.errors import ARIError, cure
from ari_gateway.link import Link, OtherAsterisk
from ari_gateway.orders import Orders
from ari_gateway.pump import MediaPump
from ari_gateway.resources import AsteriskInfo
from ari_gateway.routes import choose_route
from ari_gateway.settings import GatewaySettings
from ari_gateway.surroundings import Surroundings
from callbus.connect import connect, wait_for_redis
from callbus.health import serve_health
from callbus.media import MediaWriter
from callbus.streams import Streams

log = logging.getLogger(__name__)

CLOSE_SECONDS = 6.0
FLUSH_SECONDS = 1.0
RETRY_SECONDS = 1.0


async def serve(settings: GatewaySettings) -> None:
    """Run until SIGTERM or SIGINT; live callers are then sent on in the dialplan."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await Gateway(settings, stopping).run()


class Gateway:
    """Serves one Asterisk at a time; ``stopping`` ends it."""

    def __init__(self, settings: GatewaySettings, stopping: asyncio.Event) -> None:
        self._settings = settings
        self._stopping = stopping
        self._ari = AsteriskARIClient(settings.ari_url, settings.ari_username, settings.ari_password.get_secret_value())
        self._redis = connect(settings.redis_url)
        self._bus = Bus(self._redis, Streams(settings.partitions))
        self._writer = MediaWriter(self._redis, self._bus.streams)
        self._pump: MediaPump | None = None
        self._link: Link | None = None
        self._problem = "starting"

    async def run(self) -> None:
        """Serve until stopped."""
        checks = {"asterisk": self._asterisk_problem, "redis": self._redis_problem}
        async with self._ari, serve_health(self._settings.health_port, checks):
            try:
                await self._unless_stopped(wait_for_redis(self._redis, self._settings.redis_url))
                while not self._stopping.is_set():
                    await self._serve_one()
            finally:
                await self._redis.aclose()

    async def _serve_one(self) -> None:
        contact = await self._unless_stopped(self._first_contact())
        if contact is None:
            return
        info, around = contact
        async with asyncio.TaskGroup() as tasks, AsyncExitStack() as consuming:
            calls = Calls(around, tasks)
            consumer = f"{socket.gethostname()}-{os.getpid()}"
            orders = Orders(self._settings.redis_url, self._bus.streams, calls, info.system.entity_id, consumer)
            await self._unless_stopped(consuming.enter_async_context(orders.consumer))
            pumping = tasks.create_task(around.pump.run(), name="media-pump")
            await self._listen(calls, around, info)
            await self._close(calls, around.pump, pumping)

    async def _listen(self, calls: Calls, around: Surroundings, info: AsteriskInfo) -> None:
        self._link = Link(
            around,
            calls,
            info,
            on_restart=lambda now: self._choose_route(around, now),
            lost_seconds=self._settings.asterisk_lost_seconds,
        )
        async with asyncio.TaskGroup() as tasks:
            sweeping = tasks.create_task(self._link.sweep(), name="sweep")
            try:
                await self._unless_stopped(self._link.run())
            except OtherAsterisk as other:
                log.error("another Asterisk answers at %s: %s; beginning anew with it", self._ari.where, other)
                calls.asterisk_lost("another Asterisk took its place")
            sweeping.cancel()

    async def _close(self, calls: Calls, pump: MediaPump, pumping: "asyncio.Task[None]") -> None:
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await calls.close()
        except TimeoutError:
            log.error("%d calls did not end in %g s and are left to the next gateway", len(calls), CLOSE_SECONDS)
            calls.cancel()
        pump.stop()
        await asyncio.wait([pumping], timeout=FLUSH_SECONDS)
        pumping.cancel()

    async def _first_contact(self) -> tuple[AsteriskInfo, Surroundings]:
        """Find out which Asterisk this is; says at each try what is wrong."""
        backoff = Backoff()
        while True:
            try:
                info = await self._ari.info()
                around = await self._surroundings(info)
                await finish_unfinished(self._bus, around.pump, info.system.entity_id, self._settings.ari_app)
                return info, around
            except ARIError as error:
                self._problem = f"Asterisk at {self._ari.where}: {error}{cure(error)}"
            except (RedisError, OSError) as error:
                self._problem = f"Redis: {error}"
            pause = backoff.lost(time.monotonic())
            log.error("%s; trying again in %.1f s", self._problem, pause)
            await asyncio.sleep(pause)

    async def _surroundings(self, info: AsteriskInfo) -> Surroundings:
        settings = self._settings
        self._pump = MediaPump(self._writer, settings.media_tick_ms)
        return Surroundings(
            ari=self._ari,
            app=settings.ari_app,
            asterisk_id=info.system.entity_id,
            route=await choose_route(self._ari, settings, info),
            bus=self._bus,
            pump=self._pump,
            clock=time.monotonic,
            spy=settings.snoop_spy,
            variables=settings.variables,
            setup_seconds=settings.setup_timeout_seconds,
            playback_margin_seconds=settings.playback_margin_seconds,
        )

    async def _choose_route(self, around: Surroundings, info: AsteriskInfo) -> None:
        around.route = await choose_route(self._ari, self._settings, info)

    def _asterisk_problem(self) -> str:
        return self._problem if self._link is None else self._link.problem

    def _redis_problem(self) -> str:
        return "" if self._pump is None else self._pump.problem

    async def _unless_stopped(self, work: Coroutine[Any, Any, Any]) -> Any:
        """The result of ``work``, or None when the gateway is stopped before it is done."""
        task = asyncio.ensure_future(work)
        stopped = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
            return task.result() if task.done() else None
        finally:
            for one in (task, stopped):
                one.cancel()
            await asyncio.wait({task, stopped})
