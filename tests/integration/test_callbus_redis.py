"""callbus against a real Redis: what commits together, what is redelivered, what is buried."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from redis.asyncio import Redis

from callbus import Message
from callbus.commands import HangUp, Say
from callbus.connect import connect
from callbus.consume import Consumer
from callbus.deadletters import DeadLetters
from callbus.delivery import Delivery
from callbus.events import DtmfReceived
from callbus.hop import Hop, StateConflict, StateWrite, Timer
from callbus.media import MediaReader, MediaWriter
from callbus.secrets import SecretStore
from callbus.streams import Streams

NAMES = Streams()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = connect(redis_url)
    await client.flushall()
    yield client
    await client.aclose()


def dtmf(digit: str, call_id: str = "c1") -> DtmfReceived:
    return DtmfReceived(call_id=call_id, digit=digit)


class Collector:
    """A handler that keeps what it got and can be awaited for a number of deliveries."""

    def __init__(self, then: Callable[[Delivery], Awaitable[None]] | None = None) -> None:
        self.got: list[Delivery] = []
        self._more = asyncio.Condition()
        self._then = then

    async def __call__(self, delivery: Delivery) -> None:
        self.got.append(delivery)
        async with self._more:
            self._more.notify_all()
        if self._then is not None:
            await self._then(delivery)

    async def wait_for(self, count: int) -> list[Delivery]:
        async with asyncio.timeout(10), self._more:
            await self._more.wait_for(lambda: len(self.got) >= count)
        return self.got

    @property
    def digits(self) -> list[str]:
        return [one.message.digit for one in self.got if isinstance(one.message, DtmfReceived)]


def consumer(url: str, handle: Callable[[Delivery], Awaitable[None]], name: str = "one", **options: float) -> Consumer:
    return Consumer(
        url,
        group="dialog-fsm",
        consumer=name,
        streams=["channel"],
        handle=handle,
        min_idle_seconds=options.get("min_idle_seconds", 0.2),
    )


async def pending(redis: Redis) -> int:
    return int((await redis.xpending("channel", "dialog-fsm"))["pending"])


async def eventually(check: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(10):
        while not await check():  # noqa: ASYNC110 - Redis announces no acknowledgement
            await asyncio.sleep(0.02)


async def test_what_was_published_before_the_start_is_delivered_in_order(redis: Redis, redis_url: str) -> None:
    hop = Hop(redis, NAMES, producer="ari-gateway")
    await hop.commit([dtmf("1"), dtmf("2")])
    collector = Collector()

    async with consumer(redis_url, collector) as reader:
        await hop.commit([dtmf("3")])
        for delivery in list(await collector.wait_for(3)):
            await reader.ack(delivery)

    assert collector.digits == ["1", "2", "3"]
    assert [one.message.seq for one in collector.got] == [1, 2, 3]
    assert await pending(redis) == 0


async def test_state_messages_and_acknowledgement_commit_together(redis: Redis, redis_url: str) -> None:
    await Hop(redis, NAMES, producer="ari-gateway").commit([dtmf("5")])
    hop = Hop(redis, NAMES, producer="dialog-fsm")
    out: list[Message] = []

    async def answer(delivery: Delivery) -> None:
        out.extend(
            await hop.commit(
                [Say(call_id="c1", say_id="s1", text="Пять", language="ru")],
                acks=[delivery],
                state=StateWrite("dialog:c1", 0, '{"at":"start"}'),
                sets={"listen:c1": ("{}", 60)},
                timers=[Timer("timers", "c1|no_input", 1000.5)],
            )
        )

    collector = Collector(answer)
    async with consumer(redis_url, collector):
        await collector.wait_for(1)
        await eventually(lambda: _is(pending(redis), 0))

    assert await redis.hgetall("dialog:c1") == {b"version": b"1", b"data": b'{"at":"start"}'}
    assert await redis.zscore("timers", "c1|no_input") == 1000.5
    assert await redis.get("listen:c1") == b"{}"
    assert out[0].traceparent.split("-")[1] == collector.got[0].message.traceparent.split("-")[1]
    assert await redis.xlen("dialog") == 1


async def _is(awaitable: Awaitable[int], value: int) -> bool:
    return await awaitable == value


async def test_a_conflict_writes_nothing(redis: Redis) -> None:
    hop = Hop(redis, NAMES, producer="dialog-fsm")
    await hop.commit(state=StateWrite("dialog:c1", 0, "a"))

    with pytest.raises(StateConflict, match="version 1"):
        await hop.commit([HangUp(call_id="c1")], state=StateWrite("dialog:c1", 0, "b"), deletes=["listen:c1"])

    assert await redis.hget("dialog:c1", "data") == b"a"
    assert await redis.xlen("dialog") == 0


async def test_a_failing_message_is_tried_three_times_then_buried_and_can_be_replayed(
    redis: Redis, redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(delivery: Delivery) -> None:
        raise ValueError(f"no idea what {delivery.message.type} means")

    await Hop(redis, NAMES, producer="ari-gateway").commit([dtmf("7")])
    collector = Collector(fail)
    async with consumer(redis_url, collector):
        await collector.wait_for(3)
        await eventually(lambda: _is(pending(redis), 0))

    assert [one.attempts for one in collector.got] == [1, 2, 3]
    dead = DeadLetters(redis, NAMES)
    (letter,) = await dead.list()
    assert letter.reason == "ValueError: no idea what DtmfReceived means"
    assert (letter.stream, letter.group, letter.attempts) == ("channel", "dialog-fsm", 3)

    await dead.replay(letter)
    again = Collector()
    async with consumer(redis_url, again) as reader:
        await reader.ack((await again.wait_for(1))[0])
    assert again.digits == ["7"]
    assert await dead.list() == []


async def test_a_malformed_entry_is_buried_and_the_next_is_served(redis: Redis, redis_url: str) -> None:
    await redis.xadd("channel", {"type": "DtmfReceived", "v": "1", "call_id": "c1", "body": "{broken"})
    await redis.xadd("channel", {"colour": b"\xff"})
    await Hop(redis, NAMES, producer="ari-gateway").commit([dtmf("8")])
    collector = Collector()

    async with consumer(redis_url, collector) as reader:
        await reader.ack((await collector.wait_for(1))[0])

    reasons = [letter.reason for letter in await DeadLetters(redis, NAMES).list()]
    assert collector.digits == ["8"]
    assert sorted(reasons) == [
        "a field is not UTF-8",
        "the field `body` is not JSON: Expecting property name enclosed in double quotes at 1",
    ]
    assert await pending(redis) == 0


async def test_what_a_dead_consumer_left_is_taken_over(redis: Redis, redis_url: str) -> None:
    await Hop(redis, NAMES, producer="ari-gateway").commit([dtmf("1")])
    await redis.xgroup_create("channel", "dialog-fsm", id="0")
    await redis.xreadgroup("dialog-fsm", "dead", {"channel": ">"})
    collector = Collector()

    async with consumer(redis_url, collector) as reader:
        (delivery,) = await collector.wait_for(1)
        await reader.ack(delivery)

    assert delivery.attempts == 2
    assert await pending(redis) == 0


async def test_a_held_delivery_stays_with_its_holder(redis: Redis, redis_url: str) -> None:
    await Hop(redis, NAMES, producer="ari-gateway").commit([dtmf("1")])
    first, second = Collector(), Collector()
    async with consumer(redis_url, first, "one") as holder:
        (delivery,) = await first.wait_for(1)
        holder.hold(delivery)
        async with consumer(redis_url, second, "two"):
            # Three idle times of the other consumer's recovery pass while the holder renews.
            for _ in range(6):
                await asyncio.sleep(0.1)
            assert second.got == []
        await holder.ack(delivery)
        assert holder.held == 0
    assert await pending(redis) == 0


async def test_audio_arrives_in_order_once_and_with_its_end(redis: Redis) -> None:
    writer, reader = MediaWriter(redis, NAMES), MediaReader(redis, NAMES)
    for seq in range(1, 4):
        writer.append("c1", seq, bytes([seq]) * 160)
    writer.append("c2", 1, b"\xff" * 320)
    assert await writer.flush() == 4
    writer.append("c1", 3, bytes([3]) * 160)
    writer.append("c1", 4, bytes([4]) * 160)
    writer.end("c1", 5, "caller_hung_up")
    await writer.flush()

    reader.follow("c1")
    reader.follow("c2")
    chunks = await reader.read()

    c1 = [chunk for chunk in chunks if chunk.call_id == "c1"]
    assert [(chunk.frame_seq, chunk.payload[:1]) for chunk in c1[:-1]] == [(n, bytes([n])) for n in range(1, 5)]
    assert (c1[-1].frame_seq, c1[-1].end) == (5, "caller_hung_up")
    assert c1[3].audio_ms == 60
    assert [len(chunk.payload) for chunk in chunks if chunk.call_id == "c2"] == [320]
    assert 0 < await redis.ttl("media:c1") <= 60
    assert writer.waiting_calls == 0
    assert await reader.read(block_ms=1) == []


async def test_a_successor_reads_on_where_it_was_told(redis: Redis) -> None:
    writer, reader = MediaWriter(redis, NAMES), MediaReader(redis, NAMES)
    for seq in range(1, 6):
        writer.append("c1", seq, bytes(160))
    await writer.flush()

    reader.follow("c1", after_frame_seq=3)

    assert [chunk.frame_seq for chunk in await reader.read()] == [4, 5]


async def test_a_secret_lies_beside_the_streams_for_minutes(redis: Redis) -> None:
    store = SecretStore(redis, NAMES)

    reference = await store.put("c1", "4276")

    assert await store.get(reference) == "4276"
    assert 0 < await redis.ttl(reference) <= 300
    await redis.delete(reference)
    assert await store.get(reference) is None
