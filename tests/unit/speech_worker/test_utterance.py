import asyncio

import numpy as np

from speech_worker.segmenter import Endpoint
from speech_worker.utterance import Utterance


def utterance(longest_ms: int = 60_000) -> Utterance:
    return Utterance("u0", language="ru", first_ms=100, longest_ms=longest_ms)


def test_audio_grows_and_old_views_stay_as_they_were() -> None:
    growing = utterance()
    growing.append(np.full(8000, 1, np.int16))
    before = growing.pcm()
    for number in range(2, 8):
        growing.append(np.full(8000, number, np.int16))
    assert before.tolist() == [1] * 8000
    assert growing.samples == 56_000
    assert growing.end_ms == 7100
    assert growing.pcm(8000, 16_000).tolist() == [2] * 8000
    assert growing.pcm(55_999).tolist() == [7]


def test_it_is_bounded() -> None:
    growing = utterance(longest_ms=100)
    growing.append(np.zeros(500, np.int16))
    growing.append(np.zeros(500, np.int16))
    growing.append(np.zeros(500, np.int16))
    assert growing.samples == 800


def test_nothing_is_added_after_the_end() -> None:
    growing = utterance()
    growing.end(Endpoint(0, 0, 0, "silence"))
    growing.append(np.zeros(500, np.int16))
    assert growing.samples == 0


async def test_changes_are_noticed_once() -> None:
    growing = utterance()
    growing.append(np.zeros(160, np.int16))
    growing.pause()
    await growing.changed()
    waiting = asyncio.ensure_future(growing.changed())
    await asyncio.sleep(0)
    assert not waiting.done()
    growing.resume()
    await waiting
