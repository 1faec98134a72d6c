"""Human speech through the whole worker with the offline engine: no network, no key."""

import asyncio
import os
import time
import wave
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from callbus.connect import connect
from provision import sounds, whisper
from provision.cache import ProvisionError
from speech_worker.offline_whisper import OfflineWhisper, WhisperModel, WhisperSettings
from speech_worker.segmenter import Endpoint
from speech_worker.utterance import Utterance
from speech_worker.whisper_text import said
from tests.integration.speech_calls import Bus, Gateway, serving
from tests.unit.speech_worker.voice import Pcm, hum, silence

T = TypeVar("T")


def _provided(part: Callable[[], T]) -> T:
    """A part of the product; where it cannot be had, CI fails and others see a skip."""
    try:
        return part()
    except ProvisionError as error:
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def prompts() -> sounds.SoundFiles:
    return _provided(sounds.ensure)


@pytest.fixture(scope="module")
def model_folder() -> Path:
    return _provided(whisper.ensure)


@pytest.fixture(scope="module")
def model(model_folder: Path) -> WhisperModel:
    return WhisperModel(WhisperSettings(model_folder))


def recorded(path: Path) -> Pcm:
    with wave.open(str(path)) as file:
        assert file.getframerate() == 8000
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.int16)


async def test_a_call_in_russian(redis_url: str, prompts: sounds.SoundFiles, model_folder: Path) -> None:
    redis = connect(redis_url)
    caller, bus = Gateway(redis, "c1"), Bus(redis)
    await caller.start("ru")
    async with serving(redis_url=redis_url, asr="offline", whisper_model=model_folder):
        for clip in ("dir-welcome", "vm-nomore"):
            speech = recorded(prompts.russian / f"{clip}.wav")
            await caller.say(silence(0.5), speech, silence(1.0), hum(0.5), silence(0.3))
        await caller.hang_up()
        await bus.nothing_left()
    welcome, no_more = await bus.finals(2)
    assert welcome.text.lower().startswith("добро пожаловать")
    assert "сообщений нет" in no_more.text.lower()
    assert {welcome.engine, no_more.engine} == {"whisper"}
    await redis.aclose()


def test_english(prompts: sounds.SoundFiles, model: WhisperModel) -> None:
    hypothesis = model.transcribe(recorded(prompts.english / "please-try-call-later.wav"), "en")
    assert said(hypothesis).lower().rstrip(".") == "please try your call again later"


@pytest.mark.parametrize("language", ["ru", "en"])
def test_nothing_is_invented_for_what_is_no_speech(model: WhisperModel, language: str) -> None:
    noise = np.random.default_rng(1).normal(0, 2000, 16000).astype(np.int16)
    assert [said(model.transcribe(pcm, language)) for pcm in (silence(2), hum(2), noise)] == ["", "", ""]


def test_a_language_without_a_token_is_no_error(prompts: sounds.SoundFiles, model: WhisperModel) -> None:
    assert model.transcribe(recorded(prompts.english / "goodbye.wav"), "xx").text


async def test_the_text_is_ready_when_the_pause_was_the_end(prompts: sounds.SoundFiles, model: WhisperModel) -> None:
    engine = OfflineWhisper(model, WhisperSettings(Path("unused")))
    utterance = Utterance("u0", language="en")
    utterance.append(recorded(prompts.english / "goodbye.wav"))
    recognition = asyncio.create_task(engine.recognise(utterance))
    partial = asyncio.Event()
    utterance.listener = _Told(partial)
    utterance.pause()
    async with asyncio.timeout(30):
        await partial.wait()
    began = time.perf_counter()
    utterance.end(Endpoint(0, 0, 0, "silence"))
    assert (await recognition).text == "Goodbye."
    # A pass takes tenths of a second; there is none any more.
    assert time.perf_counter() - began < 0.1
    engine.close()


class _Told:
    def __init__(self, event: asyncio.Event) -> None:
        self._event = event

    def partial(self, engine: str, text: str) -> None:
        self._event.set()

    def failed(self, failure: Exception, fallback: str | None) -> None:
        raise AssertionError(failure)
