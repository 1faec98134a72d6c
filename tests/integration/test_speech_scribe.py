"""The ElevenLabs client against the emulated vendor: by what sounds arrived, not by a script."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import numpy as np
import pytest

from speech_worker.elevenlabs_realtime import ScribeRecogniser, ScribeSession
from speech_worker.recogniser import Transcript
from speech_worker.scribe import ScribeTiming
from speech_worker.scribe_settings import ScribeSettings
from speech_worker.segmenter import Endpoint
from speech_worker.utterance import Deaf, RecogniserFailed, Utterance
from tests.fakes.elevenlabs import Delays, ElevenLabsEmulator, RealtimeBehaviour
from tests.fakes.elevenlabs.codebook import Codebook
from tests.fakes.elevenlabs.errors import invalid_api_key
from tests.fakes.elevenlabs.faults import (
    Drop,
    FailAfter,
    FailAtStart,
    FailCommit,
    RealtimeFault,
    Refuse,
    SlowCommit,
    Stall,
)
from tests.unit.speech_worker.voice import Pcm, silence, spoken

LONG = "добрый день запишите меня"
SECOND = "на завтра в десять"
END = Endpoint(0, 0, 0, "silence")
# Deadlines that a test can wait for; the product's are longer.
QUICK = ScribeTiming(commit_timeout_seconds=1.5, empty_grace_seconds=0.1)


def codebook() -> Codebook:
    known = Codebook()
    for text in (LONG, SECOND):
        known.register(spoken(text), text)
    return known


def emulator(**options: RealtimeBehaviour | Delays) -> ElevenLabsEmulator:
    return ElevenLabsEmulator(transcriber=codebook(), **options)  # type: ignore[arg-type]


def settings(vendor: ElevenLabsEmulator, **changes: object) -> ScribeSettings:
    given = ScribeSettings(
        api_key=vendor.api_key,
        base_url=vendor.base_url,
        timing=QUICK,
        answer_timeout_seconds=30.0,
        back_off_seconds=(0.0, 0.01, 0.02),
    )
    return replace(given, **changes)  # type: ignore[arg-type]


@asynccontextmanager
async def session(vendor: ElevenLabsEmulator, **changes: object) -> AsyncIterator[ScribeSession]:
    async with asyncio.timeout(60), ScribeRecogniser(settings(vendor, **changes)).session("c1", "ru") as opened:
        yield opened


class Partials(Deaf):
    def __init__(self) -> None:
        self.texts: list[str] = []

    def partial(self, engine: str, text: str) -> None:
        self.texts.append(text)


def utterance_of(text: str, name: str = "u0") -> tuple[Utterance, Pcm]:
    return Utterance(name, language="ru"), np.concatenate([silence(0.3), spoken(text), silence(0.5)])


async def say(utterance: Utterance, pcm: Pcm) -> None:
    """Speak in frames, much faster than time goes, and let the others work between them."""
    for at in range(0, len(pcm), 160):
        utterance.append(pcm[at : at + 160])
        await asyncio.sleep(0.001)
    utterance.end(END)


async def heard(opened: ScribeSession, text: str, name: str = "u0") -> Transcript:
    utterance, pcm = utterance_of(text, name)
    recognition = asyncio.create_task(opened.recognise(utterance))
    await say(utterance, pcm)
    return await recognition


@pytest.mark.parametrize("audio_format", ["pcm_16000", "ulaw_8000"])
async def test_two_utterances_on_one_socket(audio_format: str) -> None:
    async with emulator() as vendor, session(vendor, audio_format=audio_format) as opened:
        assert (await heard(opened, LONG)).text == LONG
        assert (await heard(opened, SECOND)).text == SECOND
        (connection,) = vendor.record.connections
        assert vendor.record.violations == []
        assert connection.query["audio_format"] == [audio_format]
        assert connection.query["language_code"] == ["ru"]
    assert connection.client_close_code == 1000


async def test_partials_come_and_are_no_echo() -> None:
    utterance, pcm = utterance_of(LONG)
    partials = Partials()
    utterance.listener = partials
    async with emulator() as vendor, session(vendor) as opened:
        recognition = asyncio.create_task(opened.recognise(utterance))
        await say(utterance, pcm)
        await recognition
    assert partials.texts
    assert len(set(partials.texts)) == len(partials.texts)
    assert all(LONG.startswith(text.rsplit(" ", 1)[0]) for text in partials.texts)


@pytest.mark.parametrize(
    "faults",
    [
        [Drop(1.5)],
        [Drop(1.5, 1011)],
        [Drop(0.1), Drop(2.0), Drop(3.0)],
        [Drop(2.0, 1000)],
        [FailAfter("transcriber_error", 1.0)],
        [FailAfter("session_time_limit_exceeded", 2.0)],
        [FailAfter("insufficient_audio_activity", 1.0)],
        [FailAfter("input_error", 1.0)],
        [FailAfter("chunk_size_exceeded", 1.0)],
        [FailCommit("commit_throttled")],
        [FailCommit("error")],
        [Stall(1.0)],
        [Stall(100.0), Stall(0.0)],
        [SlowCommit(400.0)],
    ],
    ids=str,
)
async def test_no_word_is_lost(faults: list[RealtimeFault]) -> None:
    async with emulator() as vendor:
        for fault in faults:
            vendor.realtime_faults.once(fault)
        async with session(vendor) as opened:
            assert (await heard(opened, LONG)).text == LONG
            assert (await heard(opened, SECOND, "u1")).text == SECOND


@pytest.mark.parametrize("error", ["rate_limited", "queue_overflow", "resource_exhausted"])
async def test_a_busy_vendor_is_given_time(error: str) -> None:
    async with emulator() as vendor:
        vendor.realtime_faults.once(FailAtStart(error))  # type: ignore[arg-type]
        async with session(vendor) as opened:
            assert (await heard(opened, LONG)).text == LONG
        first, second = vendor.record.connections
        assert second.opened_at - first.opened_at >= 1.0


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        ("auth_error", "auth"),
        ("unaccepted_terms", "auth"),
        ("quota_exceeded", "quota"),
        ("invalid_request", "rejected"),
    ],
)
async def test_what_cannot_get_better_is_given_up_at_once(error: str, meaning: str) -> None:
    async with emulator() as vendor:
        vendor.realtime_faults.always(FailAtStart(error))  # type: ignore[arg-type]
        recogniser = ScribeRecogniser(settings(vendor))
        async with recogniser.session("c1", "ru") as opened:
            with pytest.raises(RecogniserFailed) as failed:
                await heard(opened, LONG)
        assert (failed.value.meaning, failed.value.lasting) == (meaning, True)
        assert recogniser.trouble()
        assert len(vendor.record.connections) == 1


async def test_a_refused_handshake_is_given_up() -> None:
    async with emulator() as vendor:
        vendor.realtime_faults.always(Refuse(invalid_api_key()))
        async with session(vendor) as opened:
            with pytest.raises(RecogniserFailed, match=r"HTTP 401.*ELEVENLABS_API_KEY"):
                await heard(opened, LONG)


async def test_a_bad_key_is_seen_at_the_start() -> None:
    async with emulator() as vendor:
        failure = await ScribeRecogniser(settings(vendor, api_key="sk_wrong")).check()
        assert failure is not None
        assert failure.meaning == "auth"
        assert "sk_wrong" not in str(failure)
        assert await ScribeRecogniser(settings(vendor)).check() is None


async def test_a_vendor_that_is_away_is_given_up_after_some_tries() -> None:
    async with emulator() as vendor:
        gone = settings(vendor)
    async with ScribeRecogniser(gone).session("c1", "ru") as opened:
        with pytest.raises(RecogniserFailed) as failed:
            await heard(opened, LONG)
    assert failed.value.meaning == "unavailable"


async def test_without_another_engine_it_goes_on_trying() -> None:
    async with emulator() as vendor:
        vendor.realtime_faults.once(FailAtStart("quota_exceeded"))
        async with session(vendor, retry_seconds=0.05) as opened:
            with pytest.raises(RecogniserFailed):
                await heard(opened, LONG)
            while True:
                if await opened.first_contact() is None:
                    break
                await asyncio.sleep(0.01)
            assert (await heard(opened, SECOND, "u1")).text == SECOND


async def test_an_answer_that_never_comes_is_waited_for_so_long() -> None:
    async with emulator() as vendor:
        vendor.realtime_faults.always(Stall(0.5))
        timing = replace(QUICK, commit_timeout_seconds=1.0)
        async with session(vendor, answer_timeout_seconds=1.0, timing=timing) as opened:
            with pytest.raises(RecogniserFailed, match="no transcript within 1 s") as failed:
                await heard(opened, LONG)
            assert not failed.value.lasting
            vendor.realtime_faults.clear()
            assert (await heard(opened, SECOND, "u1")).text == SECOND


async def test_silence_keeps_the_socket_open() -> None:
    behaviour = RealtimeBehaviour(idle_close_seconds=0.3)
    timing = replace(QUICK, keep_alive_seconds=0.05)
    async with emulator(realtime=behaviour) as vendor, session(vendor, timing=timing) as opened:
        assert await opened.first_contact() is None
        await vendor.record.until(lambda record: record.connections[0].chunks >= 15)
        assert vendor.record.connections[0].open
        assert (await heard(opened, LONG)).text == LONG
        assert len(vendor.record.connections) == 1


async def test_an_idle_close_costs_nothing() -> None:
    behaviour = RealtimeBehaviour(idle_close_seconds=0.1)
    async with emulator(realtime=behaviour) as vendor, session(vendor) as opened:
        await vendor.record.until(lambda record: len(record.connections) == 2)
        assert (await heard(opened, LONG)).text == LONG


async def test_a_change_of_language_is_a_new_socket() -> None:
    async with emulator() as vendor, session(vendor) as opened:
        await heard(opened, LONG)
        utterance, pcm = utterance_of(SECOND, "u1")
        utterance.language = "en"
        recognition = asyncio.create_task(opened.recognise(utterance))
        await say(utterance, pcm)
        assert (await recognition).text == SECOND
        assert [one.query["language_code"] for one in vendor.record.connections] == [["ru"], ["en"]]


async def test_a_cancelled_utterance_leaves_the_session_usable() -> None:
    async with emulator() as vendor, session(vendor) as opened:
        utterance, pcm = utterance_of(LONG)
        utterance.append(pcm)
        recognition = asyncio.create_task(opened.recognise(utterance))
        await vendor.record.until(lambda record: record.audio_seconds > 1)
        recognition.cancel()
        await asyncio.wait({recognition})
        assert (await heard(opened, SECOND, "u1")).text == SECOND
