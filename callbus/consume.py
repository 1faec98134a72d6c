"""Consuming the control plane: FastStream reads, and what it leaves pending is claimed, retried and buried here.

FastStream's own answers to a failed handler leave the entry pending for ever, and it never claims what a dead
consumer left behind; so entries are acknowledged by hand (mostly inside :meth:`callbus.hop.Hop.commit`) and a recovery
loop looks after the rest.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from faststream import AckPolicy
from faststream.redis import RedisBroker, StreamSub
from faststream.redis.message import FAKE_CONSUMER, RedisStreamMessage
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from callbus.codec import CodecError, decode
from callbus.connect import SOCKET_TIMEOUT_SECONDS, connect, wait_for_redis
from callbus.deadletters import DeadLetters
from callbus.delivery import Delivery
from callbus.streams import Streams

log = logging.getLogger(__name__)

BLOCK_MS = 1000
BATCH = 64

Handler = Callable[[Delivery], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Entry:
    """What FastStream read, before it is a message."""

    stream: str
    entry_id: str
    fields: Mapping[bytes, bytes]


async def _parse(raw: Any) -> RedisStreamMessage:
    """Keep the entry as it is: our fields are no FastStream envelope."""
    entry_id = raw["message_ids"][0].decode()
    return RedisStreamMessage(
        raw_message=raw, body=b"", message_id=entry_id, correlation_id=entry_id, consumer=FAKE_CONSUMER, group=None
    )


async def _decode(message: Any) -> _Entry:
    raw = message.raw_message
    return _Entry(raw["channel"], raw["message_ids"][0].decode(), raw["data"])


class Consumer:
    """One consumer of a group over some streams.

    The handler gets the deliveries of one stream in order, one at a time. It acknowledges by committing a hop with the
    delivery, or by :meth:`ack`; what it neither acknowledges nor holds comes again after ``min_idle_seconds``, from
    whichever consumer is alive, and the ``max_attempts``-th failure moves it to the dead letters.
    Groups are created at the beginning of their stream, so nothing published before is missed.
    """

    def __init__(
        self,
        redis_url: str,
        *,
        group: str,
        consumer: str,
        streams: Sequence[str],
        handle: Handler,
        names: Streams | None = None,
        min_idle_seconds: float = 5.0,
        max_attempts: int = 3,
    ) -> None:
        self._url = redis_url
        self._group = group
        self._consumer = consumer
        self._stream_names = list(streams)
        self._handle = handle
        self._min_idle_ms = int(min_idle_seconds * 1000)
        self._max_attempts = max_attempts
        self._redis: Redis = connect(redis_url)
        self._dead = DeadLetters(self._redis, names or Streams())
        self._turn = {name: asyncio.Lock() for name in streams}
        self._held: dict[tuple[str, str], Delivery] = {}
        self._stack = AsyncExitStack()
        self._stopping = asyncio.Event()
        self._broker = RedisBroker(
            redis_url,
            apply_types=False,
            logger=logging.getLogger("faststream"),
            log_level=logging.DEBUG,  # it logs each message twice
            parser=_parse,
            decoder=_decode,
            socket_timeout=SOCKET_TIMEOUT_SECONDS,
        )

    async def __aenter__(self) -> Self:
        """Wait for Redis, create the groups, start reading; cancelling leaves nothing running."""
        async with AsyncExitStack() as opening:
            opening.push_async_callback(self._redis.aclose)
            await wait_for_redis(self._redis, self._url)
            for stream in self._stream_names:
                await self._create_group(stream)
                self._subscribe(stream)
            opening.push_async_callback(self._leave)
            opening.push_async_callback(self._broker.stop)
            await self._broker.start()
            keeper = asyncio.create_task(self._keep(), name=f"consumer:{self._group}")
            opening.push_async_callback(self._end, keeper)
            self._stack = opening.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish the handler in flight, then stop; what was read and not handled is claimed by others."""
        await self._stack.aclose()

    async def ack(self, delivery: Delivery) -> None:
        """Acknowledge a delivery that leads to nothing else."""
        await self._redis.xack(delivery.stream, delivery.group, delivery.entry_id)
        delivery.settle()

    def hold(self, delivery: Delivery) -> None:
        """Keep a delivery as one's own, beyond the handler's return, until it is acknowledged."""
        self._held[delivery.stream, delivery.entry_id] = delivery

    def release(self, delivery: Delivery) -> None:
        """Stop holding a delivery without an acknowledgement: it comes again."""
        self._held.pop((delivery.stream, delivery.entry_id), None)

    @property
    def held(self) -> int:
        """How many deliveries are held."""
        return len(self._held)

    def _subscribe(self, stream: str) -> None:
        subscription = StreamSub(
            stream,
            group=self._group,
            consumer=self._consumer,
            polling_interval=BLOCK_MS,
            max_records=BATCH,
            last_id=">",
        )

        async def on_entry(entry: _Entry) -> None:
            await self._take(entry, attempts=1)

        self._broker.subscriber(stream=subscription, ack_policy=AckPolicy.MANUAL)(on_entry)

    async def _create_group(self, stream: str) -> None:
        try:
            await self._redis.xgroup_create(stream, self._group, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    async def _take(self, entry: _Entry, attempts: int) -> None:
        """The border between the bus and a handler: its failure costs one delivery, never the consumer."""
        async with self._turn[entry.stream]:
            try:
                delivery = self._delivery(entry, attempts)
                await self._handle(delivery)
            except CodecError as error:
                await self._bury(entry, attempts, str(error))
            except Exception as error:
                log.exception("%s %s: attempt %d failed", entry.stream, entry.entry_id, attempts)
                if attempts >= self._max_attempts:
                    await self._bury(entry, attempts, f"{type(error).__name__}: {error}")

    def _delivery(self, entry: _Entry, attempts: int) -> Delivery:
        message = decode(entry.fields)
        return Delivery(message, entry.stream, self._group, entry.entry_id, attempts, self.release)

    async def _bury(self, entry: _Entry, attempts: int, reason: str) -> None:
        self._held.pop((entry.stream, entry.entry_id), None)
        await self._dead.bury(entry.stream, self._group, entry.entry_id, entry.fields, attempts, reason)

    async def _keep(self) -> None:
        """Renew what is held and claim what was left behind, until stopped."""
        period_seconds = self._min_idle_ms / 3000
        while not self._stopping.is_set():
            try:
                await self._renew()
                for stream in self._stream_names:
                    await self._recover(stream)
            except (RedisError, OSError) as error:
                log.warning("group %s: recovery postponed: %s", self._group, error)
            try:
                async with asyncio.timeout(period_seconds):
                    await self._stopping.wait()
            except TimeoutError:
                continue

    async def _renew(self) -> None:
        by_stream: dict[str, list[Any]] = {}
        for stream, entry_id in self._held:
            by_stream.setdefault(stream, []).append(entry_id)
        for stream, ids in by_stream.items():
            await self._redis.xclaim(stream, self._group, self._consumer, 0, ids, justid=True)

    async def _recover(self, stream: str) -> None:
        pending: Any = await self._redis.xpending_range(stream, self._group, "-", "+", BATCH, idle=self._min_idle_ms)
        for one in pending:
            entry_id = one["message_id"].decode()
            if (stream, entry_id) in self._held or self._turn[stream].locked():
                continue
            claimed: Any = await self._redis.xclaim(stream, self._group, self._consumer, self._min_idle_ms, [entry_id])
            for _, fields in claimed:
                if fields is None:
                    await self._redis.xack(stream, self._group, entry_id)
                    continue
                await self._take(_Entry(stream, entry_id, fields), attempts=one["times_delivered"] + 1)

    async def _end(self, keeper: "asyncio.Task[None]") -> None:
        self._stopping.set()
        await keeper

    async def _leave(self) -> None:
        """Remove this consumer from its groups where it leaves nothing pending."""
        for stream in self._stream_names:
            try:
                mine = await self._redis.xpending_range(stream, self._group, "-", "+", 1, self._consumer)
                if not mine:
                    await self._redis.xgroup_delconsumer(stream, self._group, self._consumer)
            except (RedisError, OSError) as error:
                log.warning("%s: consumer %s not removed: %s", stream, self._consumer, error)
