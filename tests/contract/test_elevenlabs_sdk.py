"""The official ElevenLabs SDK, unpatched, drives the emulator: what it understands, our clients may rely on."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import numpy as np
import pytest
from elevenlabs import AsyncElevenLabs, ElevenLabs, RealtimeEvents
from elevenlabs.core.api_error import ApiError
from elevenlabs.errors import UnprocessableEntityError
from elevenlabs.realtime import AudioFormat, CommitStrategy
from websockets.asyncio.client import connect

from tests.fakes.elevenlabs import API_KEY, ElevenLabsEmulator, errors, faults, mulaw_encode, speechlike

VOICE = "21m00Tcm4TlvDq8ikWAM"
FLASH = "eleven_flash_v2_5"
NO_RETRIES = {"max_retries": 0}


class Listener:
    """Collects the SDK's realtime events, so that a test can wait for one of them."""

    def __init__(self, connection: Any) -> None:
        self._events: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        for event in RealtimeEvents:
            connection.on(event, self._collector(event.value))

    def _collector(self, name: str) -> Any:
        return lambda data=None: self._events.put_nowait((name, data))

    async def next(self, wanted: str) -> Any:
        async with asyncio.timeout(5):
            while True:
                name, data = await self._events.get()
                if name == wanted:
                    return data


@pytest.fixture
async def emulator() -> AsyncIterator[ElevenLabsEmulator]:
    async with ElevenLabsEmulator(script=["Да, подтверждаю.", "Спасибо"]) as running:
        yield running


@pytest.fixture
async def transport() -> AsyncIterator[httpx.AsyncClient]:
    """The SDK's own connections, passed in because the SDK never closes those that it makes."""
    async with httpx.AsyncClient() as opened:
        yield opened


@pytest.fixture
def client(emulator: ElevenLabsEmulator, transport: httpx.AsyncClient) -> AsyncElevenLabs:
    return AsyncElevenLabs(api_key=API_KEY, base_url=emulator.base_url, httpx_client=transport)


@pytest.fixture
def stranger(emulator: ElevenLabsEmulator, transport: httpx.AsyncClient) -> AsyncElevenLabs:
    return AsyncElevenLabs(api_key="wrong", base_url=emulator.base_url, httpx_client=transport)


@pytest.fixture
def sync_client(emulator: ElevenLabsEmulator) -> Iterator[ElevenLabs]:
    with httpx.Client() as opened:
        yield ElevenLabs(api_key=API_KEY, base_url=emulator.base_url, httpx_client=opened)


def encoded(audio_format: AudioFormat = AudioFormat.PCM_16000, text: str = "да подтверждаю") -> str:
    """Base64 of speech-like sound in the format."""
    if audio_format is AudioFormat.ULAW_8000:
        return base64.b64encode(mulaw_encode(speechlike(text, 8000))).decode()
    return base64.b64encode(speechlike(text, 16000).tobytes()).decode()


async def connected(client: AsyncElevenLabs, **options: Any) -> tuple[Any, Listener]:
    defaults = {"model_id": "scribe_v2_realtime", "audio_format": AudioFormat.PCM_16000, "sample_rate": 16000}
    connection = await client.speech_to_text.realtime.connect(defaults | options)
    return connection, Listener(connection)


@pytest.mark.parametrize(("audio_format", "rate"), [(AudioFormat.PCM_16000, 16000), (AudioFormat.ULAW_8000, 8000)])
async def test_manual_commit(
    emulator: ElevenLabsEmulator, client: AsyncElevenLabs, audio_format: AudioFormat, rate: int
) -> None:
    connection, listener = await connected(client, audio_format=audio_format, sample_rate=rate)
    started = await listener.next("session_started")
    await connection.send({"audio_base_64": encoded(audio_format), "previous_text": "Вы подтверждаете?"})
    await connection.commit()
    committed = await listener.next("committed_transcript")
    await connection.close()
    assert started["config"]["audio_format"] == audio_format.value
    assert committed["text"] == "Да, подтверждаю."
    assert emulator.record.connections[0].previous_text == "Вы подтверждаете?"
    assert emulator.record.violations == []


async def test_partials_and_word_times(client: AsyncElevenLabs) -> None:
    options = {"include_timestamps": True, "include_language_detection": True, "keyterms": ["терапевт"]}
    connection, listener = await connected(client, **options)
    for _ in range(3):
        await connection.send({"audio_base_64": encoded()})
    partial = await listener.next("partial_transcript")
    await connection.commit()
    timed = await listener.next("committed_transcript_with_timestamps")
    await connection.close()
    assert timed["text"].startswith(partial["text"].split()[0])
    assert timed["language_code"] == "ru"
    assert [word["type"] for word in timed["words"]] == ["word", "spacing", "word"]


async def test_commit_by_the_servers_vad(client: AsyncElevenLabs) -> None:
    connection, listener = await connected(client, commit_strategy=CommitStrategy.VAD, vad_silence_threshold_secs=0.5)
    await connection.send({"audio_base_64": encoded()})
    await connection.send({"audio_base_64": base64.b64encode(bytes(2 * 16000)).decode()})
    assert (await listener.next("committed_transcript"))["text"] == "Да, подтверждаю."
    await connection.close()


async def test_bad_key_is_told_after_the_handshake(stranger: AsyncElevenLabs) -> None:
    _, listener = await connected(stranger)
    assert await listener.next("auth_error") == {
        "message_type": "auth_error",
        "error": "You must be authenticated to use this endpoint.",
    }
    assert await listener.next("close") == {"code": 1000, "reason": ""}


async def test_short_commit_is_throttled(client: AsyncElevenLabs) -> None:
    connection, listener = await connected(client)
    await connection.send({"audio_base_64": base64.b64encode(bytes(6400)).decode()})
    await connection.commit()
    throttled = await listener.next("commit_throttled")
    assert "0.20s of uncommitted audio" in throttled["error"]
    assert await listener.next("close") == {"code": 1000, "reason": "commit_throttled"}


async def test_invalid_query_closes_with_1008(client: AsyncElevenLabs) -> None:
    _, listener = await connected(client, keyterms=["a term that is much too long"])
    assert "keyterm" in (await listener.next("invalid_request"))["error"]
    assert (await listener.next("close"))["code"] == 1008


@pytest.mark.parametrize("error", ["quota_exceeded", "rate_limited", "transcriber_error", "unaccepted_terms"])
async def test_every_error_is_an_event_of_the_sdk(
    emulator: ElevenLabsEmulator, client: AsyncElevenLabs, error: errors.RealtimeError
) -> None:
    emulator.realtime_faults.once(faults.FailAfter(error, after_seconds=0.5))
    connection, listener = await connected(client)
    await connection.send({"audio_base_64": encoded()})
    assert (await listener.next(error))["error"] == "emulated error"
    await listener.next("close")


async def test_cut_connection_has_no_close_frame(emulator: ElevenLabsEmulator, client: AsyncElevenLabs) -> None:
    emulator.realtime_faults.once(faults.Drop(after_seconds=0.5))
    connection, listener = await connected(client)
    await connection.send({"audio_base_64": encoded()})
    assert (await listener.next("close"))["code"] in (None, 1006)


async def test_token_opens_one_session(client: AsyncElevenLabs) -> None:
    token = (await client.tokens.single_use.create("realtime_scribe")).token
    _, first = await connected(client, token=token)
    await first.next("session_started")
    _, second = await connected(client, token=token)
    await second.next("auth_error")


async def test_async_speech_stream(emulator: ElevenLabsEmulator, client: AsyncElevenLabs) -> None:
    stream = client.text_to_speech.stream(VOICE, text="Здравствуйте!", model_id=FLASH, output_format="pcm_16000")
    audio = b"".join([chunk async for chunk in stream])
    assert np.array_equal(np.frombuffer(audio, "<i2"), speechlike("Здравствуйте!", 16000, VOICE))
    assert emulator.record.speech[0].outcome == "finished"


async def test_sync_speech_stream_and_whole(sync_client: ElevenLabs) -> None:
    order: dict[str, Any] = {"text": "Yes.", "model_id": FLASH, "output_format": "ulaw_8000"}
    streamed = await asyncio.to_thread(lambda: b"".join(sync_client.text_to_speech.stream(VOICE, **order)))
    whole = await asyncio.to_thread(lambda: b"".join(sync_client.text_to_speech.convert(VOICE, **order)))
    assert streamed == whole == mulaw_encode(speechlike("Yes.", 8000, VOICE))


async def test_speech_with_timestamps(client: AsyncElevenLabs) -> None:
    order: dict[str, Any] = {"text": "One two three", "model_id": FLASH, "output_format": "pcm_8000"}
    lines = [line async for line in client.text_to_speech.stream_with_timestamps(VOICE, **order)]
    whole = await client.text_to_speech.convert_with_timestamps(VOICE, **order)
    audio = b"".join(base64.b64decode(line.audio_base_64) for line in lines)
    assert audio == base64.b64decode(whole.audio_base_64) == speechlike("One two three", 8000, VOICE).tobytes()
    assert lines[0].alignment is not None
    assert "".join(lines[0].alignment.characters) == "One two three"


@pytest.mark.parametrize(
    ("problem", "field", "expected"),
    [
        (errors.invalid_api_key(), "status", "invalid_api_key"),
        (errors.quota_exceeded(), "code", "quota_exceeded"),
        (errors.payment_required(), "code", "insufficient_credits"),
        (errors.concurrent_limit_exceeded(), "code", "concurrent_limit_exceeded"),
        (errors.system_busy(), "status", "system_busy"),
        (errors.internal_error(), "code", "internal_error"),
        (errors.service_unavailable(), "code", "service_unavailable"),
    ],
)
async def test_refused_speech_is_an_api_error(
    emulator: ElevenLabsEmulator, client: AsyncElevenLabs, problem: errors.Problem, field: str, expected: str
) -> None:
    emulator.speech_faults.once(faults.Refuse(problem))
    with pytest.raises(ApiError) as refused:
        await spoken(client, VOICE)
    assert refused.value.status_code == problem.status
    assert refused.value.body["detail"][field] == expected


async def test_bad_orders_are_refused(client: AsyncElevenLabs, stranger: AsyncElevenLabs) -> None:
    with pytest.raises(ApiError) as unknown_voice:
        await spoken(client, "nobody")
    with pytest.raises(UnprocessableEntityError) as no_text:
        await spoken(client, VOICE, text=None)
    with pytest.raises(ApiError) as wrong_key:
        await spoken(stranger, VOICE)
    assert (unknown_voice.value.status_code, wrong_key.value.status_code) == (404, 401)
    assert no_text.value.body["detail"][0]["loc"] == ["body", "text"]


async def spoken(client: AsyncElevenLabs, voice_id: str, text: str | None = "Yes.") -> bytes:
    stream = client.text_to_speech.stream(voice_id, text=text, model_id=FLASH, output_format="pcm_16000")
    return b"".join([chunk async for chunk in stream])


async def test_broken_speech_stream_raises(emulator: ElevenLabsEmulator, client: AsyncElevenLabs) -> None:
    emulator.speech_faults.once(faults.Break(after_seconds=0.1))
    with pytest.raises(httpx.TransportError):
        await spoken(client, VOICE, "A long enough sentence.")
    await emulator.record.until(lambda record: record.speech[0].outcome == "broken")


async def test_batch_transcription(client: AsyncElevenLabs) -> None:
    reply = await client.speech_to_text.convert(
        model_id="scribe_v2",
        file=speechlike("да подтверждаю", 16000).tobytes(),
        file_format="pcm_s16le_16",
        tag_audio_events=False,
        request_options=NO_RETRIES,
    )
    assert (reply.text, reply.language_code) == ("Да, подтверждаю.", "rus")
    assert reply.audio_duration_secs == pytest.approx(14 * 0.065, abs=0.01)


async def test_account_lists(client: AsyncElevenLabs) -> None:
    subscription, voices, models = await asyncio.gather(
        client.user.subscription.get(), client.voices.get_all(), client.models.list()
    )
    assert subscription.character_limit > subscription.character_count == 0
    assert voices.voices[0].voice_id == VOICE
    assert FLASH in [model.model_id for model in models]


async def test_text_in_pieces_over_a_websocket(emulator: ElevenLabsEmulator) -> None:
    url = f"{emulator.base_url.replace('http', 'ws')}/v1/text-to-speech/{VOICE}/stream-input"
    query = f"?model_id={FLASH}&output_format=pcm_16000"
    async with connect(url + query, additional_headers={"xi-api-key": API_KEY}) as socket:
        for text in (" ", "Hello ", "there. ", ""):
            await socket.send(json.dumps({"text": text}))
        messages = [json.loads(message) async for message in socket]
    audio = b"".join(base64.b64decode(message["audio"]) for message in messages[:-1])
    assert audio == speechlike("Hello there.", 16000, VOICE).tobytes()
    assert messages[-1]["isFinal"] is True
    assert socket.close_code == 1000


@pytest.mark.filterwarnings("ignore:ConnectionClosed.code is deprecated:DeprecationWarning")  # the SDK reads it
async def test_text_over_a_websocket_by_the_sdk(emulator: ElevenLabsEmulator, sync_client: ElevenLabs) -> None:
    # The SDK's only way to plain ws:// here: it derives wss:// from http:// for this call alone.
    sync_client.text_to_speech._ws_base_url = emulator.base_url.replace("http", "ws")
    order: dict[str, Any] = {"text": iter(["Good ", "morning"]), "model_id": FLASH, "output_format": "pcm_16000"}
    audio = await asyncio.to_thread(lambda: b"".join(sync_client.text_to_speech.convert_realtime(VOICE, **order)))
    assert len(audio) == 2 * len(speechlike("Good morning", 16000))
