"""The official ElevenLabs SDK, unpatched, drives the emulator: what it understands, our clients may rely on."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import numpy as np
import pytest
from elevenlabs import AsyncElevenLabs, ElevenLabs, RealtimeEvents
from elevenlabs.core.api_error import ApiError
from elevenlabs.errors import UnprocessableEntityError
from elevenlabs.realtime import AudioFormat

from tests.fakes.elevenlabs import API_KEY, ElevenLabsEmulator, RealtimeBehaviour, mulaw_encode, speechlike

VOICE = "21m00Tcm4TlvDq8ikWAM"
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


def encoded(audio_format: AudioFormat, text: str = "да подтверждаю") -> tuple[int, str]:
    """(rate, base64) of speech-like sound in the format."""
    if audio_format is AudioFormat.ULAW_8000:
        return 8000, base64.b64encode(mulaw_encode(speechlike(text, 8000))).decode()
    return 16000, base64.b64encode(speechlike(text, 16000).tobytes()).decode()


async def connected(emulator: ElevenLabsEmulator, api_key: str = API_KEY, **options: Any) -> tuple[Any, Listener]:
    client = AsyncElevenLabs(api_key=api_key, base_url=emulator.base_url)
    defaults = {"model_id": "scribe_v2_realtime", "audio_format": AudioFormat.PCM_16000, "sample_rate": 16000}
    connection = await client.speech_to_text.realtime.connect(defaults | options)
    return connection, Listener(connection)


@pytest.mark.parametrize("audio_format", [AudioFormat.PCM_16000, AudioFormat.ULAW_8000])
async def test_manual_commit(emulator: ElevenLabsEmulator, audio_format: AudioFormat) -> None:
    rate, audio = encoded(audio_format)
    connection, listener = await connected(emulator, audio_format=audio_format, sample_rate=rate)
    started = await listener.next("session_started")
    await connection.send({"audio_base_64": audio, "previous_text": "Вы подтверждаете запись?"})
    await connection.commit()
    committed = await listener.next("committed_transcript")
    await connection.close()
    assert started["config"]["audio_format"] == audio_format.value
    assert committed["text"] == "Да, подтверждаю."
    assert emulator.record.violations == []
    assert emulator.record.connections[0].previous_text == "Вы подтверждаете запись?"
