"""The ElevenLabs voice against the emulator: odd pieces, refusals, broken and slow streams."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager

import numpy as np
import pytest

from tests.fakes.elevenlabs import ElevenLabsEmulator, SpeechBehaviour, speechlike
from tests.fakes.elevenlabs.errors import PROBLEMS, Problem
from tests.fakes.elevenlabs.faults import Break, EmptyBody, LateFirstByte, LateHeaders, Pace, Pause, Refuse
from tts_player.elevenlabs_voice import ElevenLabsOptions, ElevenLabsVoice, Patience
from tts_player.voice import (
    AccessDenied,
    EngineUnavailable,
    QuotaExceeded,
    RateLimited,
    TextRejected,
    VoiceError,
)

RU, EN = "EXAVITQu4vr4xnSDxMaL", "JBFqnCBsd6RMkjVDRZzb"
TEXT = "Ваша заявка принята, спасибо за звонок."
SHORT = Patience(connect_seconds=2.0, first_byte_seconds=0.3, next_byte_seconds=0.3)


class Sleeps:
    """Notes the waits and does not wait."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@asynccontextmanager
async def voice_of(
    emulator: ElevenLabsEmulator, *, patience: Patience = SHORT, key: str = "", sleeps: Sleeps | None = None
) -> AsyncIterator[ElevenLabsVoice]:
    options = ElevenLabsOptions(
        api_key=key or emulator.api_key,
        voices={"ru": RU, "en": EN},
        base_url=emulator.base_url,
        concurrency=4,
        patience=patience,
    )
    voice = ElevenLabsVoice(options, sleep=sleeps or Sleeps())
    try:
        yield voice
    finally:
        await voice.close()


@pytest.fixture
async def emulator() -> AsyncIterator[ElevenLabsEmulator]:
    async with ElevenLabsEmulator() as emulator:
        yield emulator


async def said(voice: ElevenLabsVoice, text: str = TEXT, language: str = "ru") -> bytes:
    async with aclosing(voice.synthesise(text, voice.rendition(language, None))) as pieces:
        return b"".join([piece async for piece in pieces])


@contextmanager
def no_key_in(caplog: pytest.LogCaptureFixture, key: str) -> Iterator[None]:
    with caplog.at_level(logging.DEBUG):
        yield
    assert key not in caplog.text


async def test_odd_pieces_arrive_whole_and_in_order(emulator: ElevenLabsEmulator) -> None:
    async with voice_of(emulator) as voice:
        pieces = [piece async for piece in voice.synthesise(TEXT, voice.rendition("ru", None))]

    assert all(len(piece) % 2 == 0 for piece in pieces)
    assert len(pieces) > 1
    expected = speechlike(TEXT, 16000, RU)
    assert np.array_equal(np.frombuffer(b"".join(pieces), "<i2"), expected)
    (request,) = emulator.record.speech
    assert request.path == f"/v1/text-to-speech/{RU}/stream"
    assert request.output_format == "pcm_16000"
    assert request.body == {"text": TEXT, "model_id": "eleven_flash_v2_5", "language_code": "ru"}
    assert emulator.record.violations == []


async def test_each_language_has_its_voice_and_connections_are_kept(emulator: ElevenLabsEmulator) -> None:
    async with voice_of(emulator) as voice:
        await voice.warm()
        for language in ("ru", "en", "ru"):
            await said(voice, language=language)
        session = voice._session
        assert session is not None
        assert session.connector is not None
        kept = sum(len(connections) for connections in session.connector._conns.values())

    assert [request.voice_id for request in emulator.record.speech] == [RU, EN, RU]
    assert kept == 1


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("quota_exceeded", QuotaExceeded),
        ("payment_required", QuotaExceeded),
        ("detected_unusual_activity", AccessDenied),
        ("forbidden", AccessDenied),
        ("voice_not_found", TextRejected),
        ("internal_error", EngineUnavailable),
        ("service_unavailable", EngineUnavailable),
    ],
)
async def test_a_refusal_that_does_not_pass_is_raised_at_once(
    emulator: ElevenLabsEmulator, name: str, error: type[VoiceError], caplog: pytest.LogCaptureFixture
) -> None:
    emulator.speech_faults.always(Refuse(PROBLEMS[name]))
    with no_key_in(caplog, emulator.api_key):
        async with voice_of(emulator) as voice:
            with pytest.raises(error) as raised:
                await said(voice)

    assert emulator.api_key not in str(raised.value)
    assert len(emulator.record.refusals) == 1


async def test_a_wrong_key_says_which_setting_to_check(emulator: ElevenLabsEmulator) -> None:
    async with voice_of(emulator, key="sk_wrong") as voice:
        with pytest.raises(AccessDenied, match="check ELEVENLABS_API_KEY") as raised:
            await said(voice)

    assert "sk_wrong" not in str(raised.value)


@pytest.mark.parametrize("name", ["concurrent_limit_exceeded", "system_busy", "rate_limit_exceeded"])
async def test_a_busy_vendor_is_tried_again_after_growing_waits(emulator: ElevenLabsEmulator, name: str) -> None:
    sleeps = Sleeps()
    for _ in range(2):
        emulator.speech_faults.once(Refuse(PROBLEMS[name]))
    async with voice_of(emulator, sleeps=sleeps) as voice:
        assert await said(voice)

    assert sleeps.seconds == [0.15, 0.3]


async def test_a_vendor_that_stays_busy_is_given_up(emulator: ElevenLabsEmulator) -> None:
    sleeps = Sleeps()
    emulator.speech_faults.always(Refuse(PROBLEMS["system_busy"]))
    async with voice_of(emulator, sleeps=sleeps) as voice:
        with pytest.raises(RateLimited):
            await said(voice)

    assert len(emulator.record.refusals) == 3
    assert sleeps.seconds == [0.15, 0.3]


async def test_more_calls_than_the_account_has_places_for_are_served_in_turn() -> None:
    speech = SpeechBehaviour(max_concurrent=2, queue_ms=0)
    async with ElevenLabsEmulator(speech=speech) as emulator:
        patience = Patience(back_off_seconds=0.01, tries=12, longest_wait_seconds=60)
        async with voice_of(emulator, patience=patience) as voice:
            spoken = await asyncio.gather(*(said(voice, f"{number} {TEXT}") for number in range(8)))

        assert all(spoken)
        assert emulator.record.peak_speech <= 2


async def test_a_broken_stream_is_unavailable(emulator: ElevenLabsEmulator) -> None:
    emulator.speech_faults.once(Break(after_seconds=0.5))
    async with voice_of(emulator) as voice:
        with pytest.raises(EngineUnavailable, match="broke off"):
            await said(voice)

        assert await said(voice)


@pytest.mark.parametrize(
    "fault", [LateHeaders(10_000), LateFirstByte(10_000), Pause(after_seconds=0.5, pause_ms=10_000)]
)
async def test_a_vendor_that_stalls_is_not_waited_for(
    emulator: ElevenLabsEmulator, fault: LateHeaders | LateFirstByte | Pause
) -> None:
    emulator.speech_faults.once(fault)
    patience = Patience(connect_seconds=0.1, first_byte_seconds=0.1, next_byte_seconds=0.1)
    async with voice_of(emulator, patience=patience) as voice:
        with pytest.raises(EngineUnavailable, match="no answer in time"):
            await said(voice)


async def test_a_slow_stream_is_taken_as_it_comes(emulator: ElevenLabsEmulator) -> None:
    emulator.speech_faults.once(Pace(times_real_time=20.0))
    async with voice_of(emulator) as voice:
        pcm = await said(voice)

    assert len(pcm) == 2 * len(speechlike(TEXT, 16000, RU))


async def test_an_empty_answer_gives_nothing(emulator: ElevenLabsEmulator) -> None:
    emulator.speech_faults.once(EmptyBody())
    async with voice_of(emulator) as voice:
        assert await said(voice) == b""


async def test_leaving_in_mid_sentence_ends_the_request(emulator: ElevenLabsEmulator) -> None:
    emulator.speech_faults.once(Pace(times_real_time=1.0))
    async with voice_of(emulator) as voice:
        async with aclosing(voice.synthesise(TEXT, voice.rendition("ru", None))) as pieces:
            async for _ in pieces:
                break

        assert await said(voice, "да")
        await emulator.record.until(lambda record: record.speech[0].outcome == "client_left")


async def test_json_in_place_of_audio_is_not_played() -> None:
    speech = SpeechBehaviour(content_type="application/json")
    async with ElevenLabsEmulator(speech=speech) as emulator, voice_of(emulator) as voice:
        with pytest.raises(VoiceError, match="in place of audio"):
            await said(voice)


async def test_a_vendor_that_cannot_be_reached_is_unavailable(unused_tcp_port: int) -> None:
    options = ElevenLabsOptions(api_key="k", voices={"ru": RU}, base_url=f"http://127.0.0.1:{unused_tcp_port}")
    voice = ElevenLabsVoice(options)
    try:
        await voice.warm()
        with pytest.raises(EngineUnavailable, match="no connection"):
            await said(voice)
    finally:
        await voice.close()


async def test_a_connection_that_went_stale_costs_no_sentence() -> None:
    """A server that closes the kept connection when it is used for the second time."""
    answered = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal answered
        for turn in range(2):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = next(int(line.split(":")[1]) for line in head.splitlines() if line.lower().startswith("content-l"))
            await reader.readexactly(length)
            if turn:
                break
            answered += 1
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\1\0\2\0")
            await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    options = ElevenLabsOptions(api_key="k", voices={"ru": RU}, base_url=f"http://127.0.0.1:{port}")
    voice = ElevenLabsVoice(options, sleep=Sleeps())
    try:
        assert [await said(voice), await said(voice)] == [b"\1\0\2\0"] * 2
        assert answered == 2
    finally:
        await voice.close()
        server.close()


async def test_a_redirect_is_not_followed_with_the_key(emulator: ElevenLabsEmulator) -> None:
    emulator.speech_faults.once(Refuse(Problem(302, {})))
    async with voice_of(emulator) as voice:
        with pytest.raises(VoiceError, match="HTTP 302"):
            await said(voice)
