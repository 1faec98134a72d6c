"""The media plane's pump: the frames of all calls go to Redis in one pipeline a tick."""

import asyncio
import logging
import time
from collections.abc import Callable

from redis.exceptions import RedisError

from callbus.media import FRAME_BYTES, FRAME_MS, MediaWriter

log = logging.getLogger(__name__)

RETRY_SECONDS = 0.25
FRAMES_PER_ENTRY = 50
"""A leg that was away brings seconds of silence at once; an entry holds at most one second."""


class MediaPump:
    """Sends what is there as soon as the last sending is one tick old, so that a lone call waits for nothing.

    While Redis is away the writer keeps 30 s a call and drops the oldest frames beyond; the loss is counted and logged.
    """

    def __init__(self, writer: MediaWriter, tick_ms: float) -> None:
        self._writer = writer
        self._tick_seconds = tick_ms / 1000
        self._something = asyncio.Event()
        self._stopping = False
        self._reports: list[Callable[[], None]] = []
        self._failing = False
        self._dropped_logged = 0

    def append(self, call_id: str, frame_seq: int, frames: bytes) -> None:
        """Buffer whole frames that begin at ``frame_seq``."""
        if len(frames) <= FRAMES_PER_ENTRY * FRAME_BYTES:
            self._writer.append(call_id, frame_seq, frames)
        else:
            self._append_in_pieces(call_id, frame_seq, frames)
        self._something.set()

    def end(self, call_id: str, frame_seq: int, reason: str) -> None:
        """Mark a call's stream as complete."""
        self._writer.end(call_id, frame_seq, reason)
        self._something.set()

    def report_when_sent(self, report: Callable[[], None]) -> None:
        """Call ``report`` once Redis has taken what was appended before."""
        self._reports.append(report)

    @property
    def problem(self) -> str:
        """What keeps audio from Redis, "" when nothing does."""
        return "Redis takes no audio" if self._failing else ""

    async def run(self) -> None:
        """Send until :meth:`stop`, and then what is left once more."""
        while not self._stopping:
            await self._something.wait()
            self._something.clear()
            begun = time.monotonic()
            sent = await self._flush()
            pause = self._tick_seconds - (time.monotonic() - begun) if sent else RETRY_SECONDS
            if pause > 0 and not self._stopping:
                await asyncio.sleep(pause)
        await self._flush()

    def stop(self) -> None:
        """End :meth:`run` after one last sending."""
        self._stopping = True
        self._something.set()

    async def _flush(self) -> bool:
        reports, self._reports = self._reports, []
        try:
            await self._writer.flush()
        except (RedisError, OSError) as error:
            self._reports = reports + self._reports
            self._something.set()
            self._fail(error)
            return False
        self._recover()
        for report in reports:
            report()
        return True

    def _fail(self, error: Exception) -> None:
        if not self._failing:
            log.error("Redis takes no audio (%s); keeping 30 s per call; check REDIS_URL and the server", error)
        self._failing = True

    def _recover(self) -> None:
        if self._failing:
            log.info("Redis takes audio again")
        self._failing = False
        if self._writer.dropped_frames != self._dropped_logged:
            lost = (self._writer.dropped_frames - self._dropped_logged) * FRAME_MS / 1000
            log.error("Redis was away for longer than the buffer: about %.1f s of audio were dropped", lost)
            self._dropped_logged = self._writer.dropped_frames

    def _append_in_pieces(self, call_id: str, frame_seq: int, frames: bytes) -> None:
        step = FRAMES_PER_ENTRY * FRAME_BYTES
        for start in range(0, len(frames), step):
            self._writer.append(call_id, frame_seq + start // FRAME_BYTES, frames[start : start + step])
