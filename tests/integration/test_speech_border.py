"""A call whose own code fails: it costs that call a new start, and in the end a message, and the others nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import cast

import pytest
from redis.asyncio import Redis

from callbus.connect import connect
from callbus.delivery import Delivery
from callbus.events import CallStarted, SpeechFailed
from callbus.hop import Hop
from callbus.media import MediaReader
from callbus.streams import SPEECH_WORKER
from speech_worker.calls import Calls, CallSettings
from speech_worker.ears import Ears
from speech_worker.recogniser import RecogniserSession
from speech_worker.segmenter import Timing
from speech_worker.vad import SileroVad, packaged_model
from tests.integration.speech_calls import NAMES, Bus, Gateway


class Broken:
    """A recogniser with a bug."""

    engine = "broken"

    def trouble(self) -> str:
        return ""

    @asynccontextmanager
    async def session(self, call_id: str, language: str) -> AsyncIterator[RecogniserSession]:
        raise LookupError(f"no session for {call_id}")
        yield


class Keeper:
    """What a consumer was told."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.changed = asyncio.Event()

    async def ack(self, delivery: Delivery) -> None:
        self.done.append("ack")

    def hold(self, delivery: Delivery) -> None:
        self.done.append("hold")

    def release(self, delivery: Delivery) -> None:
        self.done.append("release")
        self.changed.set()


async def delivered(redis: Redis) -> Delivery:
    """A CallStarted that this group has read and not acknowledged."""
    await Gateway(redis, "c1").start()
    await redis.xgroup_create("calls", SPEECH_WORKER, id="0")
    reply = await redis.xreadgroup(SPEECH_WORKER, "me", {"calls": ">"})
    entry_id = cast("list[tuple[bytes, list[tuple[bytes, object]]]]", reply)[0][1][0][0]
    started = CallStarted(call_id="c1", channel_id="1", asterisk_id="a1", app="a", media_stream=NAMES.media("c1"))
    return Delivery(started, "calls", SPEECH_WORKER, entry_id.decode())


@pytest.mark.parametrize(("attempts", "gives_up"), [(1, False), (3, True)])
async def test_a_call_that_fails(redis_url: str, attempts: int, gives_up: bool) -> None:
    redis = connect(redis_url)
    delivery = replace(await delivered(redis), attempts=attempts)
    keeper = Keeper()
    ears = Ears(MediaReader(redis, NAMES), SileroVad(packaged_model()))
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        settings = CallSettings("ru", Timing())
        hop = Hop(redis, NAMES, producer=SPEECH_WORKER)
        calls = Calls(redis, NAMES, hop, ears, Broken(), settings, tasks)
        await calls.take(delivery, keeper)
        await calls.take(delivery, keeper)
        await keeper.changed.wait()
    assert keeper.done == ["hold", "hold", "release"], "a call that is heard is not begun a second time"
    assert ears.calls == 0
    pending = await redis.xpending("calls", SPEECH_WORKER)
    messages = await Bus(redis).speech()
    assert pending["pending"] == (0 if gives_up else 1)
    assert [type(message) for message in messages] == ([SpeechFailed] if gives_up else [])
    await redis.aclose()
