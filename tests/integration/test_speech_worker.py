"""The speech worker on a real Redis: calls in, transcripts out, nothing left behind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from callbus.commands import Listen
from callbus.connect import connect
from callbus.events import (
    FinalTranscript,
    PartialTranscript,
    SpeechFailed,
    SpeechStarted,
)
from callbus.secrets import SecretStore
from tests.fakes.elevenlabs import Delays, ElevenLabsEmulator
from tests.fakes.elevenlabs.codebook import Codebook
from tests.fakes.elevenlabs.faults import Drop, FailAtStart, Stall
from tests.integration.speech_calls import NAMES, Bus, Gateway, finals, serving
from tests.unit.speech_worker.voice import hum, silence, spoken

FIRST = "добрый день запишите меня"
SECOND = "на завтра в десять"
THIRD = "one two three four five"


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = connect(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
async def vendor() -> AsyncIterator[ElevenLabsEmulator]:
    known = Codebook()
    for text in (FIRST, SECOND, THIRD):
        known.register(spoken(text), text)
    async with ElevenLabsEmulator(transcriber=known, delays=Delays(commit_ms=5.0)) as emulator:
        yield emulator


@asynccontextmanager
async def worker(redis_url: str, vendor: ElevenLabsEmulator, **changes: object) -> AsyncIterator[None]:
    given: dict[str, object] = {
        "redis_url": redis_url,
        "elevenlabs_api_key": vendor.api_key,
        "elevenlabs_base_url": vendor.base_url,
        "whisper_model": Path("/nonexistent"),
        "take_over_seconds": 0.5,
        "scribe_answer_seconds": 30.0,
    }
    async with serving(**(given | changes)):
        yield


async def test_a_conversation(redis: Redis, redis_url: str, vendor: ElevenLabsEmulator) -> None:
    caller, bus = Gateway(redis, "c1"), Bus(redis)
    await caller.start()
    async with worker(redis_url, vendor):
        await caller.say(silence(0.5), spoken(FIRST), silence(1.0))
        await bus.finals(1)
        await caller.say(spoken(SECOND), silence(1.0))
        await bus.finals(2)
        await caller.hang_up()
        await bus.nothing_left()
    messages = await bus.speech()
    first, second = finals(messages)
    assert [first.text, second.text] == [FIRST, SECOND]
    assert (first.language, first.engine, first.secret_ref) == ("ru", "elevenlabs", None)
    assert abs(first.started_ms - 500) <= 100
    assert abs(first.ended_ms - 500 - len(spoken(FIRST)) / 8) <= 160
    assert 500 <= first.endpointing_ms < 540
    assert 0 < first.recogniser_ms < 5000
    assert second.started_ms > first.ended_ms
    kinds = [type(message) for message in messages if not isinstance(message, PartialTranscript)]
    assert kinds == [SpeechStarted, FinalTranscript, SpeechStarted, FinalTranscript]
    assert any(isinstance(message, PartialTranscript) for message in messages)
    assert not await redis.keys("*:heard")


async def test_three_callers_at_once(redis: Redis, redis_url: str, vendor: ElevenLabsEmulator) -> None:
    callers = [Gateway(redis, call_id) for call_id in ("c1", "c2", "c3")]
    bus = Bus(redis)
    async with worker(redis_url, vendor):
        for caller in callers:
            await caller.start("en" if caller.call_id == "c3" else "ru")
        async with asyncio.TaskGroup() as speaking:
            for caller, text in zip(callers, (FIRST, SECOND, THIRD), strict=True):
                speaking.create_task(caller.say(silence(0.5), spoken(text), silence(1.0)))
        heard = [(await bus.finals(1, caller.call_id))[0] for caller in callers]
        for caller in callers:
            await caller.hang_up()
        await bus.nothing_left()
    assert [final.text for final in heard] == [FIRST, SECOND, THIRD]
    assert [final.language for final in heard] == ["ru", "ru", "en"]


async def test_a_secret_is_not_on_the_bus(
    redis: Redis, redis_url: str, vendor: ElevenLabsEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    caller, bus = Gateway(redis, "c1"), Bus(redis)
    listen = Listen(call_id="c1", language="ru", slot_type="number", secret=True, endpointing_ms=600)
    await redis.set(NAMES.listen("c1"), listen.model_dump_json())
    await caller.start()
    async with worker(redis_url, vendor):
        await caller.say(silence(0.5), spoken(FIRST), silence(1.2))
        (final,) = await bus.finals(1)
        await caller.hang_up()
        await bus.nothing_left()
    assert final.text == "***"
    assert final.secret_ref is not None
    assert await SecretStore(redis, NAMES).get(final.secret_ref) == FIRST
    assert final.endpointing_ms >= 600
    assert not [one for one in await bus.speech() if isinstance(one, PartialTranscript)]
    # The service keeps the libraries' loggers at WARNING, whatever its own level.
    logged = "".join(one.getMessage() for one in caplog.records if not one.name.startswith("websockets"))
    assert "запишите" not in logged


async def test_a_caller_who_hangs_up_in_mid_sentence(redis: Redis, redis_url: str, vendor: ElevenLabsEmulator) -> None:
    caller, bus = Gateway(redis, "c1"), Bus(redis)
    await caller.start()
    async with worker(redis_url, vendor):
        await caller.say(silence(0.5), spoken(FIRST))
        await caller.hang_up()
        (final,) = await bus.finals(1)
        await bus.nothing_left()
    assert final.text == FIRST


async def test_tones_and_silence_are_no_speech(redis: Redis, redis_url: str, vendor: ElevenLabsEmulator) -> None:
    caller, bus = Gateway(redis, "c1"), Bus(redis)
    await caller.start()
    async with worker(redis_url, vendor):
        await caller.say(silence(0.5), hum(1.0), silence(0.5), hum(0.3, 950), silence(0.5))
        await caller.hang_up()
        await bus.nothing_left()
    assert await bus.speech() == []
    assert vendor.record.commits == []


async def test_a_socket_that_drops_in_mid_utterance(redis: Redis, redis_url: str, vendor: ElevenLabsEmulator) -> None:
    vendor.realtime_faults.once()
    vendor.realtime_faults.once(Drop(2.0))
    caller, bus = Gateway(redis, "c1"), Bus(redis)
    await caller.start()
    async with worker(redis_url, vendor):
        await caller.say(silence(0.5), spoken(FIRST), silence(1.0))
        (final,) = await bus.finals(1)
        await caller.hang_up()
        await bus.nothing_left()
    assert final.text == FIRST


async def test_a_vendor_that_fails_is_said(redis: Redis, redis_url: str, vendor: ElevenLabsEmulator) -> None:
    vendor.realtime_faults.always(FailAtStart("quota_exceeded"))
    caller, bus = Gateway(redis, "c1"), Bus(redis)
    await caller.start()
    async with worker(redis_url, vendor):
        await caller.say(silence(0.5), spoken(FIRST), silence(1.0))
        messages = await bus.until(lambda found: any(isinstance(one, SpeechFailed) for one in found))
        await caller.hang_up()
        await bus.nothing_left()
    started, failed = messages
    assert isinstance(started, SpeechStarted)
    assert isinstance(failed, SpeechFailed)
    assert (failed.meaning, failed.fallback, failed.utterance_id) == ("quota", None, started.utterance_id)


async def test_a_successor_hears_the_whole_unfinished_utterance(
    redis: Redis, redis_url: str, vendor: ElevenLabsEmulator
) -> None:
    caller, bus = Gateway(redis, "c1"), Bus(redis)
    await caller.start()
    middle = len(spoken(SECOND)) // 2 // 160 * 160
    async with worker(redis_url, vendor):
        await caller.say(silence(0.5), spoken(FIRST), silence(1.0), spoken(SECOND)[:middle])
        await bus.finals(1)
        await bus.until(lambda found: sum(isinstance(one, SpeechStarted) for one in found) == 2)
    async with worker(redis_url, vendor):
        await caller.say(spoken(SECOND)[middle:], silence(1.0))
        await bus.finals(2)
        await caller.hang_up()
        await bus.nothing_left()
    assert [final.text for final in finals(await bus.speech())] == [FIRST, SECOND]


async def test_a_gateway_that_dies_leaves_no_call_behind(
    redis: Redis, redis_url: str, vendor: ElevenLabsEmulator
) -> None:
    caller, bus = Gateway(redis, "c1"), Bus(redis)
    await caller.start()
    async with worker(redis_url, vendor):
        await caller.say(silence(0.5), spoken(FIRST))
        await caller.hang_up(mark=False)
        (final,) = await bus.finals(1)
        await bus.nothing_left()
    assert final.text == FIRST


async def test_answers_come_in_the_order_of_the_questions(
    redis: Redis, redis_url: str, vendor: ElevenLabsEmulator
) -> None:
    """The first answer is slow: its socket is silent, and its text comes over a second one."""
    vendor.realtime_faults.once()
    vendor.realtime_faults.once(Stall(1.0))
    caller, bus = Gateway(redis, "c1"), Bus(redis)
    await caller.start()
    async with worker(redis_url, vendor):
        await caller.say(silence(0.5), spoken(FIRST), silence(0.9), spoken(SECOND), silence(1.0))
        await bus.finals(2)
        await caller.hang_up()
        await bus.nothing_left()
    assert [final.text for final in finals(await bus.speech())] == [FIRST, SECOND]


async def test_many_workers_share_the_calls(redis: Redis, redis_url: str, vendor: ElevenLabsEmulator) -> None:
    """Each call is heard once, whoever hears it."""
    callers = [Gateway(redis, f"c{number}") for number in range(4)]
    bus = Bus(redis)
    async with AsyncExitStack() as workers:
        for _ in range(2):
            await workers.enter_async_context(worker(redis_url, vendor))
        for caller in callers:
            await caller.start()
            await caller.say(silence(0.5), spoken(SECOND), silence(1.0))
            await caller.hang_up()
        await bus.nothing_left()
    for caller in callers:
        assert [final.text for final in finals(await bus.speech(caller.call_id))] == [SECOND]
