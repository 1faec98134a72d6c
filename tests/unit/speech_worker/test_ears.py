import asyncio
from collections import deque

import numpy as np
import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from callbus.media import MediaChunk
from speech_worker import g711
from speech_worker.ears import Ears
from speech_worker.hearing import AudioOver, Began, Heard, Hearing
from speech_worker.segmenter import Timing
from speech_worker.vad import SileroVad, packaged_model
from tests.unit.speech_worker.voice import Pcm, silence, spoken


class Reader:
    """Gives what a test put in, then nothing any more."""

    def __init__(self, *answers: list[MediaChunk] | Exception) -> None:
        self.answers = deque(answers)
        self.followed: dict[str, int] = {}
        self.emptied = asyncio.Event()

    def follow(self, call_id: str, after_frame_seq: int = 0) -> None:
        self.followed[call_id] = after_frame_seq

    def forget(self, call_id: str) -> None:
        del self.followed[call_id]

    async def read(self, block_ms: int = 40) -> list[MediaChunk]:
        if not self.answers:
            self.emptied.set()
            await asyncio.Event().wait()
        answer = self.answers.popleft()
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture(scope="module")
def vad() -> SileroVad:
    return SileroVad(packaged_model())


def chunks(call_id: str, pcm: Pcm, frames_each: int) -> list[MediaChunk]:
    codes = g711.encode(pcm)
    size = 160 * frames_each
    whole = len(codes) // size * size
    return [MediaChunk(call_id, 1 + at // 160, codes[at : at + size]) for at in range(0, whole, size)]


def hearing(call_id: str, heard: list[Heard], first_frame: int = 1) -> Hearing:
    return Hearing(call_id, timing=Timing(), language="ru", first_frame=first_frame, tell=heard.append)


@pytest.mark.parametrize("frames_each", [1, 3, 50])
async def test_calls_are_heard_apart_however_the_audio_is_cut(vad: SileroVad, frames_each: int) -> None:
    heard: dict[str, list[Heard]] = {"c1": [], "c2": [], "c3": []}
    ears = Ears(Reader(), vad)  # type: ignore[arg-type]
    for call_id, told in heard.items():
        ears.add(hearing(call_id, told))
    lines = {"c1": np.concatenate([silence(1), spoken("добрый день"), silence(2)]), "c2": silence(4)}
    pieces = [chunk for call_id, pcm in lines.items() for chunk in chunks(call_id, pcm, frames_each)]
    await ears.hear(pieces)
    await ears.hear([MediaChunk("c1", 999, b"", end="hangup"), MediaChunk("gone", 1, b"")])
    began, *_, over = heard["c1"]
    assert isinstance(began, Began)
    assert abs(began.onset.started_ms - 1000) <= 100
    assert began.utterance.ended
    assert over == AudioOver("hangup")
    assert heard["c2"] == heard["c3"] == []


async def test_redis_that_is_away_is_named_once_and_read_again(
    vad: SileroVad, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("speech_worker.ears._RETRY_SECONDS", 0.0)
    caplog.set_level("INFO")
    away = RedisConnectionError("refused")
    reader = Reader(away, away, chunks("c1", silence(0.1), 5))
    ears = Ears(reader, vad)  # type: ignore[arg-type]
    mine = hearing("c1", [])
    ears.add(mine)
    listening = asyncio.create_task(ears.listen())
    await reader.emptied.wait()
    listening.cancel()
    await asyncio.wait({listening})
    assert mine.audio.end_ms == 100
    assert ears.trouble == ""
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"]


def test_a_call_is_followed_from_the_frame_that_it_expects(vad: SileroVad) -> None:
    reader = Reader()
    ears = Ears(reader, vad)  # type: ignore[arg-type]
    first, second = hearing("c1", [], first_frame=201), hearing("c1", [], first_frame=301)
    ears.add(first)
    assert reader.followed == {"c1": 200}
    ears.add(second)
    ears.remove(first)
    assert (reader.followed, ears.calls) == ({"c1": 300}, 1)
    ears.remove(second)
    assert (reader.followed, ears.calls) == ({}, 0)
