"""One call's messages: in order, each exactly once."""

import asyncio
from collections.abc import Sequence

import pytest
from redis.exceptions import ConnectionError as RedisAway

from ari_gateway.outbox import LIMIT, Outbox
from callbus.events import CallEnded, ChannelHungUp, DtmfReceived
from callbus.message import Message


class FakeBus:
    """Publishes into a list; ``failures`` are taken one a hop: "before" it is done, or "after"."""

    def __init__(self, *failures: str) -> None:
        self.messages: list[Message] = []
        self.hops: list[int] = []
        self.secrets: list[str] = []
        self.failures = list(failures)
        self.has_some = asyncio.Event()

    async def publish(self, call_id: str, messages: Sequence[Message], *, last: bool = False) -> int:
        await asyncio.sleep(0)
        failure = self.failures.pop(0) if self.failures else ""
        if failure == "before":
            raise RedisAway("refused")
        self.messages.extend(messages)
        self.hops.append(len(messages))
        self.has_some.set()
        if failure == "after":
            raise RedisAway("the answer was lost")
        return len(self.messages)

    async def published(self, call_id: str) -> int:
        return len(self.messages)

    async def keep_secret(self, call_id: str, value: str) -> str:
        self.secrets.append(value)
        return f"ref-{len(self.secrets)}"


def digit(value: str) -> DtmfReceived:
    return DtmfReceived(call_id="c", digit=value)


ENDED = CallEnded(call_id="c", reason="caller_hung_up")


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ari_gateway.outbox.RETRY_SECONDS", 0.0)


async def published(bus: FakeBus, *messages: Message) -> list[Message]:
    outbox = Outbox("c", bus)  # type: ignore[arg-type]
    for message in messages:
        outbox.put(message)
    outbox.put(ENDED, last=True)
    async with asyncio.timeout(5):
        await outbox.run()
    return bus.messages


async def test_in_order_and_in_one_hop() -> None:
    bus = FakeBus()
    messages = [digit("1"), digit("2"), ChannelHungUp(call_id="c", by="caller")]

    assert await published(bus, *messages) == [*messages, ENDED]
    assert bus.hops == [4]


@pytest.mark.parametrize("failures", [("before",), ("after",), ("before", "after"), ("before", "before", "after")])
async def test_each_is_published_once_whatever_was_lost(failures: tuple[str, ...]) -> None:
    messages = [digit(str(number)) for number in range(5)]

    assert await published(FakeBus(*failures), *messages) == [*messages, ENDED]


async def test_what_is_put_while_an_answer_is_lost() -> None:
    bus = FakeBus("after")
    outbox = Outbox("c", bus)  # type: ignore[arg-type]
    outbox.put(digit("1"))
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        tasks.create_task(outbox.run())
        await bus.has_some.wait()
        outbox.put(digit("2"))
        outbox.put(ENDED, last=True)

    assert bus.messages == [digit("1"), digit("2"), ENDED]


async def test_nothing_follows_the_last() -> None:
    bus = FakeBus()
    outbox = Outbox("c", bus)  # type: ignore[arg-type]
    outbox.put(ENDED, last=True)
    outbox.put(digit("1"))
    await outbox.run()

    assert bus.messages == [ENDED]
    assert outbox.dropped == 1


async def test_a_secret_travels_as_a_reference() -> None:
    bus = FakeBus()
    outbox = Outbox("c", bus)  # type: ignore[arg-type]
    outbox.put(digit("*"), secret="7")
    outbox.put(ENDED, last=True)
    await outbox.run()

    assert bus.messages[0] == DtmfReceived(call_id="c", digit="*", secret_ref="ref-1")
    assert bus.secrets == ["7"]


def test_it_is_bounded_and_the_last_always_fits() -> None:
    outbox = Outbox("c", FakeBus())  # type: ignore[arg-type]
    for _ in range(LIMIT + 3):
        outbox.put(digit("1"))
    outbox.put(ENDED, last=True)

    assert outbox.dropped == 3
