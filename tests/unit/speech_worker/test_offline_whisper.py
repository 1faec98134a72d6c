import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from speech_worker.offline_whisper import OfflineWhisper, WhisperSettings
from speech_worker.segmenter import Endpoint
from speech_worker.utterance import Deaf, RecogniserFailed, Utterance
from speech_worker.whisper_text import Hypothesis

SETTINGS = WhisperSettings(Path("unused"), workers=1, most_waiting=1)
END = Endpoint(0, 0, 0, "silence")


class FakeModel:
    """Its text is how much it heard; it waits where a test holds it."""

    def __init__(self) -> None:
        self.passes: list[tuple[float, str]] = []
        self.go = threading.Event()
        self.go.set()
        self.error: Exception | None = None

    def transcribe(self, pcm: NDArray[np.int16], language: str) -> Hypothesis:
        self.passes.append((len(pcm) / 8000, language))
        assert self.go.wait(10)
        if self.error is not None:
            raise self.error
        return Hypothesis(f"{len(pcm) / 8000:g} seconds", 0.0, 0.0)


class Partials(Deaf):
    def __init__(self) -> None:
        self.texts: list[str] = []
        self.came = asyncio.Event()

    def partial(self, engine: str, text: str) -> None:
        self.texts.append(text)
        self.came.set()


@pytest.fixture
def model() -> FakeModel:
    return FakeModel()


@pytest.fixture
def whisper(model: FakeModel) -> Iterator[OfflineWhisper]:
    engine = OfflineWhisper(model, SETTINGS)
    yield engine
    model.go.set()
    engine.close()


def speech(seconds: float, language: str = "ru") -> Utterance:
    utterance = Utterance("u0", language=language)
    utterance.append(np.zeros(int(seconds * 8000), np.int16))
    return utterance


async def test_an_utterance_without_a_pause_is_recognised_at_its_end(whisper: OfflineWhisper, model: FakeModel) -> None:
    utterance = speech(1.0, "en")
    utterance.end(END)
    transcript = await whisper.recognise(utterance)
    assert (transcript.text, transcript.engine) == ("1 seconds", "whisper")
    assert model.passes == [(1.0, "en")]


async def test_the_work_is_done_while_the_caller_pauses(whisper: OfflineWhisper, model: FakeModel) -> None:
    utterance = speech(1.0)
    utterance.listener = partials = Partials()
    recognition = asyncio.create_task(whisper.recognise(utterance))
    utterance.pause()
    await partials.came.wait()
    utterance.append(np.zeros(2400, np.int16))
    utterance.end(END)
    assert (await recognition).text == "1 seconds"
    assert model.passes == [(1.0, "ru")], "the silence after the pause needs no pass of its own"
    assert partials.texts == ["1 seconds"]


async def test_a_caller_who_goes_on_is_heard_to_the_end(whisper: OfflineWhisper, model: FakeModel) -> None:
    utterance = speech(1.0)
    utterance.listener = partials = Partials()
    recognition = asyncio.create_task(whisper.recognise(utterance))
    utterance.pause()
    await partials.came.wait()
    utterance.resume()
    utterance.append(np.zeros(8000, np.int16))
    await asyncio.sleep(0)
    utterance.end(END)
    assert (await recognition).text == "2 seconds"
    assert [seconds for seconds, _ in model.passes] == [1.0, 2.0]
    assert partials.texts == ["1 seconds"]


async def test_a_pass_ahead_is_not_begun_while_the_engine_is_busy(whisper: OfflineWhisper, model: FakeModel) -> None:
    model.go.clear()
    busy = speech(3.0)
    busy.end(END)
    first = asyncio.create_task(whisper.recognise(busy))
    await asyncio.sleep(0)
    utterance = speech(1.0)
    second = asyncio.create_task(whisper.recognise(utterance))
    utterance.pause()
    await asyncio.sleep(0)
    utterance.end(END)
    await asyncio.sleep(0)
    model.go.set()
    assert [(await one).text for one in (first, second)] == ["3 seconds", "1 seconds"]
    assert [seconds for seconds, _ in model.passes] == [3.0, 1.0]


async def test_more_than_may_wait_is_refused(whisper: OfflineWhisper, model: FakeModel) -> None:
    model.go.clear()
    utterances = [speech(1.0) for _ in range(3)]
    for utterance in utterances:
        utterance.end(END)
    waiting = [asyncio.create_task(whisper.recognise(utterance)) for utterance in utterances[:2]]
    await asyncio.sleep(0)
    with pytest.raises(RecogniserFailed) as refused:
        await whisper.recognise(utterances[2])
    assert refused.value.meaning == "rate_limited"
    model.go.set()
    await asyncio.gather(*waiting)


async def test_a_failing_model_is_a_failed_recogniser(whisper: OfflineWhisper, model: FakeModel) -> None:
    model.error = RuntimeError("broken")
    utterance = speech(1.0)
    utterance.end(END)
    with pytest.raises(RecogniserFailed, match="broken") as failed:
        await whisper.recognise(utterance)
    assert failed.value.meaning == "bug"


async def test_what_nobody_waits_for_is_not_begun(whisper: OfflineWhisper, model: FakeModel) -> None:
    model.go.clear()
    utterances = [speech(1.0), speech(2.0)]
    for utterance in utterances:
        utterance.end(END)
    first, second = (asyncio.create_task(whisper.recognise(utterance)) for utterance in utterances)
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.wait({second})
    model.go.set()
    await first
    last = speech(3.0)
    last.end(END)
    await whisper.recognise(last)
    assert [seconds for seconds, _ in model.passes] == [1.0, 3.0]
