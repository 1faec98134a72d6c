"""Positions and gaps of one call's audio, and the pump behind it."""

import asyncio
import logging

import pytest
from redis.exceptions import ConnectionError as RedisAway

from ari_gateway.audio import CallAudio
from ari_gateway.framing import SILENT_FRAME
from ari_gateway.pump import MediaPump

VOICE = b"\x01" * 160


class Writer:
    """Takes the place of callbus.media.MediaWriter; ``away`` makes Redis unreachable."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, int, bytes]] = []
        self.ends: list[tuple[str, int, str]] = []
        self.dropped_frames = 0
        self.away = False
        self.flushes = 0
        self.tried_thrice = asyncio.Event()

    def append(self, call_id: str, frame_seq: int, payload: bytes) -> None:
        self.entries.append((call_id, frame_seq, payload))

    def end(self, call_id: str, frame_seq: int, reason: str) -> None:
        self.ends.append((call_id, frame_seq, reason))

    async def flush(self) -> int:
        self.flushes += 1
        if self.flushes == 3:
            self.tried_thrice.set()
        if self.away:
            raise RedisAway("connection refused")
        return 0


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def writer() -> Writer:
    return Writer()


@pytest.fixture
def pump(writer: Writer) -> MediaPump:
    return MediaPump(writer, 1.0)  # type: ignore[arg-type]


def audio_of(pump: MediaPump, clock: Clock, speaking: bool | None = None) -> CallAudio:
    return CallAudio("c", pump, clock, None if speaking is None else lambda: bool(speaking))


def test_frames_are_counted_from_one(writer: Writer, pump: MediaPump) -> None:
    audio = audio_of(pump, Clock())
    for frames in (VOICE, VOICE * 3, VOICE):
        audio.push(frames)

    assert [seq for _, seq, _ in writer.entries] == [1, 2, 5]
    assert audio.frames == 5


def test_the_time_without_a_leg_is_silence(writer: Writer, pump: MediaPump) -> None:
    clock = Clock()
    audio = audio_of(pump, clock)
    audio.push(VOICE)
    audio.resume()
    clock.now += 0.2
    audio.push(VOICE)

    assert writer.entries[1] == ("c", 2, SILENT_FRAME * 9 + VOICE)


def test_before_the_first_frame_nothing_is_missing(writer: Writer, pump: MediaPump) -> None:
    audio = audio_of(pump, Clock())
    audio.resume()
    audio.push(VOICE)

    assert writer.entries == [("c", 1, VOICE)]


def test_a_long_silence_is_sent_in_entries_of_a_second(writer: Writer, pump: MediaPump) -> None:
    clock = Clock()
    audio = audio_of(pump, clock)
    audio.push(VOICE)
    audio.resume()
    clock.now += 2.5
    audio.push(VOICE)

    assert [seq for _, seq, _ in writer.entries] == [1, 2, 52, 102]
    assert sum(len(payload) for _, _, payload in writer.entries) == audio.frames * 160


def test_with_both_directions_the_bots_voice_is_taken_out(writer: Writer, pump: MediaPump) -> None:
    audio_of(pump, Clock(), speaking=True).push(VOICE)
    audio_of(pump, Clock(), speaking=False).push(VOICE)

    assert [payload for _, _, payload in writer.entries] == [SILENT_FRAME, VOICE]


def test_the_end_is_one_past_the_last_frame_and_nothing_follows(writer: Writer, pump: MediaPump) -> None:
    audio = audio_of(pump, Clock())
    audio.push(VOICE)
    audio.end("caller_hung_up")
    audio.end("again")
    audio.push(VOICE)

    assert writer.ends == [("c", 2, "caller_hung_up")]
    assert len(writer.entries) == 1


async def run_until(pump: MediaPump, done: asyncio.Event) -> None:
    running = asyncio.create_task(pump.run())
    async with asyncio.timeout(5):
        await done.wait()
        pump.stop()
        await running


async def test_the_first_frame_is_reported_and_then_every_ten_seconds(
    pump: MediaPump, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    clock, done = Clock(), asyncio.Event()
    audio = audio_of(pump, clock)
    audio.push(VOICE)
    pump.report_when_sent(done.set)
    await run_until(pump, done)
    again = MediaPump(Writer(), 1.0)  # type: ignore[arg-type]
    audio._pump = again
    for _ in range(40):
        clock.now += 0.25
        audio.push(VOICE)
    done.clear()
    again.report_when_sent(done.set)
    await run_until(again, done)

    lines = [record.getMessage() for record in caplog.records]
    assert lines == [
        "Sent 160 bytes of pcmu audio to processor",
        "Sent 6400 bytes of pcmu audio to processor",
    ]


async def test_while_redis_is_away_it_is_said_once_and_tried_again(
    writer: Writer, pump: MediaPump, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ari_gateway.pump.RETRY_SECONDS", 0.001)
    writer.away, done = True, asyncio.Event()
    audio_of(pump, Clock()).push(VOICE)
    pump.report_when_sent(done.set)
    running = asyncio.create_task(run_until(pump, done))
    async with asyncio.timeout(5):
        await writer.tried_thrice.wait()
        assert pump.problem
        writer.away, writer.dropped_frames = False, 50
        await running

    assert not pump.problem
    errors = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(errors) == 2
    assert "check REDIS_URL" in errors[0]
    assert "1.0 s of audio were dropped" in errors[1]
