"""The emulator over loopback: sockets, delays, faults and limits; the clock stands still unless a test moves it."""

import asyncio
import base64
import io
import json
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.fakes.elevenlabs import (
    API_KEY,
    Delays,
    ElevenLabsEmulator,
    ManualClock,
    RealtimeBehaviour,
    Samples,
    SpeechBehaviour,
    errors,
    faults,
    speechlike,
)
from tests.fakes.elevenlabs.__main__ import BadSetting, delays_from, transcriber_from

KEY = {"xi-api-key": API_KEY}
VOICE = "21m00Tcm4TlvDq8ikWAM"
SPEECH = speechlike("a few words to hear", 16000)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def emulator(clock: ManualClock) -> AsyncIterator[ElevenLabsEmulator]:
    async with ElevenLabsEmulator(script=["first", "second"], clock=clock) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers=KEY) as session:
        yield session


def dial(emulator: ElevenLabsEmulator, query: str = "") -> connect:
    url = f"{emulator.base_url.replace('http', 'ws')}/v1/speech-to-text/realtime?{query}"
    return connect(url, additional_headers=KEY, ping_interval=None)


def chunk(samples: Any = SPEECH, *, commit: bool = False) -> str:
    audio = base64.b64encode(samples.tobytes()).decode()
    message = {"message_type": "input_audio_chunk", "audio_base_64": audio, "commit": commit, "sample_rate": 16000}
    return json.dumps(message)


async def receive(socket: ClientConnection, wanted: str) -> dict[str, Any]:
    async with asyncio.timeout(5):
        while True:
            frame: dict[str, Any] = json.loads(await socket.recv())
            if frame["message_type"] == wanted:
                return frame


async def closed(socket: ClientConnection) -> tuple[int | None, str | None]:
    async with asyncio.timeout(5):
        await socket.wait_closed()
    return socket.close_code, socket.close_reason


async def order(
    http: aiohttp.ClientSession, emulator: ElevenLabsEmulator, text: str = "Good morning"
) -> tuple[int, bytes]:
    url = f"{emulator.base_url}/v1/text-to-speech/{VOICE}/stream?output_format=pcm_16000"
    async with http.post(url, json={"text": text, "model_id": "eleven_flash_v2_5"}) as response:
        return response.status, await response.read()


async def test_idle_socket_is_closed_without_a_word(emulator: ElevenLabsEmulator, clock: ManualClock) -> None:
    async with dial(emulator) as socket:
        await receive(socket, "session_started")
        await clock.advance(15.0)
        await socket.send(chunk())
        await emulator.record.until(lambda record: record.audio_seconds > 0)
        await clock.advance(15.6)
        await (await socket.ping())
        await socket.send(json.dumps({"message_type": "input_audio_chunk", "audio_base_64": "", "commit": False}))
        await emulator.record.until(lambda record: record.connections[0].chunks == 2)
        await clock.advance(0.2)
        assert await closed(socket) == (1000, "")


async def test_commit_waits_for_its_delay_and_the_next_chunk_is_heard_meanwhile(clock: ManualClock) -> None:
    delays = Delays(commit_ms=300)
    async with ElevenLabsEmulator(script=["text"], clock=clock, delays=delays) as emulator, dial(emulator) as socket:
        await socket.send(chunk(commit=True))
        await socket.send(chunk())
        await emulator.record.until(lambda record: record.connections[0].chunks == 2)
        await clock.advance(0.29)
        assert [frame["message_type"] for frame in emulator.record.connections[0].sent] == ["session_started"]
        await clock.advance(0.02)
        assert (await receive(socket, "committed_transcript"))["text"] == "text"


@pytest.mark.parametrize(("code", "seen"), [(None, 1006), (1011, 1011)])
async def test_dropped_socket(emulator: ElevenLabsEmulator, code: int | None, seen: int) -> None:
    emulator.realtime_faults.once(faults.Drop(1.0, code))
    async with dial(emulator) as socket:
        await socket.send(chunk())
        assert (await closed(socket))[0] == seen
    async with dial(emulator) as socket:
        await socket.send(chunk(commit=True))
        assert (await receive(socket, "committed_transcript"))["text"] == "first"
    assert emulator.record.transcript == "first"


@pytest.mark.parametrize("problem", [errors.forbidden(), errors.rate_limit_exceeded(), errors.service_unavailable()])
async def test_refused_handshake(emulator: ElevenLabsEmulator, problem: errors.Problem) -> None:
    emulator.realtime_faults.once(faults.Refuse(problem))
    with pytest.raises(InvalidStatus) as refused:
        await dial(emulator)
    assert refused.value.response.status_code == problem.status


async def test_stalled_socket_hears_but_never_answers(emulator: ElevenLabsEmulator) -> None:
    emulator.realtime_faults.once(faults.Stall(after_seconds=0.5, pong=False))
    async with dial(emulator) as socket:
        await receive(socket, "session_started")
        await socket.send(chunk(commit=True))
        await emulator.record.until(lambda record: len(record.commits) == 1)
        pong = asyncio.ensure_future(await socket.ping())
        await socket.send(chunk())
        await emulator.record.until(lambda record: record.connections[0].chunks == 2)
        assert not pong.done()
        assert len(emulator.record.connections[0].sent) == 1
        socket.transport.abort()


async def test_failures_and_frames_on_demand(emulator: ElevenLabsEmulator) -> None:
    async with dial(emulator) as first, dial(emulator) as second:
        await receive(first, "session_started")
        await receive(second, "session_started")
        await emulator.sockets[0].push({"message_type": "warning", "warning": "w"})
        await emulator.sockets[0].fail("queue_overflow")
        await emulator.sockets[1].drop()
        assert (await receive(first, "warning"))["warning"] == "w"
        assert (await receive(first, "queue_overflow"))["error"] == "emulated error"
        assert await closed(first) == (1000, "")
        assert (await closed(second))[0] == 1006
    assert emulator.record.peak_sockets == 2
    await emulator.record.until(lambda record: record.open_sockets == 0)


async def test_sockets_over_the_limit_are_told_so() -> None:
    async with ElevenLabsEmulator(realtime=RealtimeBehaviour(max_sockets=1)) as emulator, dial(emulator) as first:
        await receive(first, "session_started")
        async with dial(emulator) as second:
            await receive(second, "resource_exhausted")
            assert (await closed(second))[0] == 1000


async def test_leaving_the_emulator_cuts_what_is_open() -> None:
    async with ElevenLabsEmulator() as emulator:
        socket = await dial(emulator)
        await receive(socket, "session_started")
    with pytest.raises(ConnectionClosed):
        await socket.recv()


async def test_speech_has_its_headers_and_odd_pieces(emulator: ElevenLabsEmulator, http: aiohttp.ClientSession) -> None:
    url = f"{emulator.base_url}/v1/text-to-speech/{VOICE}/stream?output_format=pcm_8000"
    async with http.post(url, json={"text": "Good morning"}) as response:
        pieces = [piece async for piece, _ in response.content.iter_chunks()]
        assert response.headers["character-cost"] == "12"
        assert response.headers["current-concurrent-requests"] == "1"
        assert len(response.headers["request-id"]) == 32
    assert b"".join(pieces) == speechlike("Good morning", 8000, VOICE).tobytes()
    assert any(len(piece) % 2 for piece in pieces)


async def test_slow_speech_goes_by_the_clock(
    emulator: ElevenLabsEmulator, http: aiohttp.ClientSession, clock: ManualClock
) -> None:
    emulator.speech_faults.once(faults.LateFirstByte(400), faults.Pace(0.5), faults.Pause(0.3, 1000))
    ordered = asyncio.create_task(order(http, emulator))
    await emulator.record.until(lambda record: len(record.speech) == 1)
    entry = emulator.record.speech[0]
    while not ordered.done():
        await clock.advance(0.05)
    audio_seconds = len((await ordered)[1]) / 32000
    assert entry.first_byte_at is not None
    assert entry.first_byte_at >= entry.received_at + 0.4
    assert clock.now() - entry.received_at >= 0.4 + audio_seconds / 0.5 - 0.3


async def test_empty_and_broken_speech(emulator: ElevenLabsEmulator, http: aiohttp.ClientSession) -> None:
    emulator.speech_faults.once(faults.EmptyBody())
    emulator.speech_faults.once(faults.Break(0.2))
    assert await order(http, emulator) == (200, b"")
    with pytest.raises(aiohttp.ClientPayloadError):
        await order(http, emulator)
    assert (await order(http, emulator))[0] == 200


async def test_speech_over_the_limit_queues_and_then_is_refused(http: aiohttp.ClientSession) -> None:
    clock = ManualClock()
    limits = SpeechBehaviour(max_concurrent=1, queue_ms=50)
    async with ElevenLabsEmulator(clock=clock, speech=limits) as emulator:
        emulator.speech_faults.once(faults.LateFirstByte(500))
        running = asyncio.create_task(order(http, emulator))
        await emulator.record.until(lambda record: len(record.speech) == 1)
        queued = asyncio.create_task(order(http, emulator))
        await emulator.record.until(lambda record: len(record.speech) == 2)
        await clock.advance(0.06)
        status, body = await queued
        assert (status, json.loads(body)["detail"]["code"]) == (429, "concurrent_limit_exceeded")
        await clock.advance(1.0)
        assert (await running)[0] == 200
    assert emulator.record.peak_speech == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"text": " "}, 400, "empty_text"),
        ({"text": "x" * 40_001, "model_id": "eleven_flash_v2_5"}, 400, "text_too_long"),
        ({"text": "x", "voice_settings": {"speed": 3}}, 400, "invalid_voice_settings"),
        ({"text": "x", "model_id": "eleven_v0"}, 404, "model_not_found"),
        ({"text": "x", "model_id": "eleven_v3", "previous_request_ids": ["a"]}, 400, "unsupported_model"),
    ],
)
async def test_bad_orders(
    emulator: ElevenLabsEmulator, http: aiohttp.ClientSession, body: dict[str, Any], status: int, code: str
) -> None:
    url = f"{emulator.base_url}/v1/text-to-speech/{VOICE}?output_format=pcm_16000"
    async with http.post(url, json=body) as response:
        assert response.status == status
        assert (await response.json())["detail"]["code"] == code


async def test_missing_model_of_a_whole_file_is_a_field_error(
    emulator: ElevenLabsEmulator, http: aiohttp.ClientSession
) -> None:
    form = aiohttp.FormData({"file": io.BytesIO(bytes(32000))})
    async with http.post(f"{emulator.base_url}/v1/speech-to-text", data=form) as response:
        assert response.status == 422
        assert (await response.json())["detail"][0]["loc"] == ["body", "model_id"]


async def test_record_is_served(emulator: ElevenLabsEmulator, http: aiohttp.ClientSession) -> None:
    await order(http, emulator)
    async with http.get(f"{emulator.base_url}/emulator/record") as response:
        assert (await response.json())["speech_requests"] == 1


async def test_another_engine_may_make_the_speech(http: aiohttp.ClientSession) -> None:
    async def engine(text: str, rate_hz: int, voice_id: str) -> Samples:
        return await asyncio.to_thread(np.full, len(text) * rate_hz // 100, 7, np.int16)

    async with ElevenLabsEmulator(synthesise=engine) as emulator:
        assert await order(http, emulator, "abc") == (200, b"\7\0" * 480)


@pytest.mark.parametrize(
    ("messages", "error"),
    [
        (
            ['{"text": " ", "voice_settings": {"speed": 0.9}}', '{"text": "a", "voice_settings": {"speed": 1}}'],
            "invalid_voice_settings",
        ),
        (['{"text": 1}'], "invalid_message"),
        (["nonsense"], "invalid_message"),
    ],
)
async def test_text_socket_refuses_with_1008(emulator: ElevenLabsEmulator, messages: list[str], error: str) -> None:
    url = f"{emulator.base_url.replace('http', 'ws')}/v1/text-to-speech/{VOICE}/stream-input"
    async with connect(f"{url}?model_id=eleven_flash_v2_5&output_format=pcm_16000", additional_headers=KEY) as socket:
        for message in messages:
            await socket.send(message)
        last = [json.loads(message) async for message in _until_closed(socket)][-1]
    assert (last["error"], last["code"], socket.close_code) == (error, 1008, 1008)


async def test_text_socket_ends_after_too_long_a_silence(emulator: ElevenLabsEmulator, clock: ManualClock) -> None:
    url = f"{emulator.base_url.replace('http', 'ws')}/v1/text-to-speech/{VOICE}/stream-input"
    async with connect(f"{url}?model_id=eleven_flash_v2_5&output_format=pcm_16000", additional_headers=KEY) as socket:
        await socket.send(json.dumps({"text": " ", "voice_settings": {"stability": 0.4}}))
        await socket.send(json.dumps({"text": "Now. ", "flush": True}))
        assert np.any(np.frombuffer(base64.b64decode(json.loads(await socket.recv())["audio"])[:40], "<i2"))
        await emulator.record.until(lambda record: record.speech[0].outcome == "finished")
        await clock.advance(21.0)
        last = [json.loads(message) async for message in _until_closed(socket)][-1]
        assert (last["error"], socket.close_code) == ("input_timeout_exceeded", 1008)


async def _until_closed(socket: ClientConnection) -> AsyncIterator[Any]:
    while True:
        try:
            yield await socket.recv()
        except ConnectionClosed:
            return


def test_delays_of_the_command_line() -> None:
    assert delays_from("none") == Delays()
    assert delays_from("commit_ms=250,first_byte_ms=90") == Delays(commit_ms=250, first_byte_ms=90)
    with pytest.raises(BadSetting, match="'commit' is no delay"):
        delays_from("commit=250")


def test_unreadable_script_is_one_line(tmp_path: Any) -> None:
    with pytest.raises(BadSetting, match="absent cannot be read"):
        transcriber_from(tmp_path / "absent", None, whole=False)


async def test_emulator_runs_as_a_process() -> None:
    command = (sys.executable, "-m", "tests.fakes.elevenlabs", "--delays", "published")
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    async with asyncio.timeout(20), aiohttp.ClientSession() as http:
        base_url = (await process.stdout.readline()).decode().strip()
        async with http.get(f"{base_url}/emulator/record") as response:
            assert (await response.json())["connections"] == 0
        process.terminate()
        assert await process.wait() == 0
