"""The newest audio of one call on the call's own time line."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from speech_worker import g711
from speech_worker.vad import SAMPLE_RATE_HZ, WINDOW_SAMPLES

FRAME_MS = 20
FRAME_SAMPLES = SAMPLE_RATE_HZ * FRAME_MS // 1000
SAMPLES_PER_MS = SAMPLE_RATE_HZ // 1000
_LONGEST_FILL_FRAMES = 100
"""A longer hole is cut to these 2 s of silence, enough to end any utterance, and the time line jumps."""


class CallAudio:
    """Frames in, windows for the voice detector out; the last ``kept_ms`` stay readable by position.

    Positions are milliseconds since the call's first frame. Frames that are missing are heard as silence, frames that
    come twice are dropped.
    """

    def __init__(self, *, first_frame: int = 1, kept_ms: int = 1500) -> None:
        self._next_frame = first_frame
        self._kept_samples = kept_ms * SAMPLES_PER_MS
        self._start = self._end = (first_frame - 1) * FRAME_SAMPLES
        self._window_at = self._start
        self._chunks: deque[NDArray[np.int16]] = deque()

    @property
    def end_ms(self) -> int:
        """The position behind the newest sample."""
        return self._end // SAMPLES_PER_MS

    @property
    def next_frame(self) -> int:
        """The number of the frame that is expected next."""
        return self._next_frame

    def push(self, frame_seq: int, payload: bytes) -> NDArray[np.int16]:
        """Take frames from ``frame_seq`` on and return what the time line gained: silence for a hole, and them."""
        payload = payload[max(0, self._next_frame - frame_seq) * FRAME_SAMPLES :]
        frames = len(payload) // FRAME_SAMPLES
        if not frames:
            return np.empty(0, np.int16)
        frame_seq = max(frame_seq, self._next_frame)
        missing = frame_seq - self._next_frame
        if missing > _LONGEST_FILL_FRAMES:
            self._jump(missing - _LONGEST_FILL_FRAMES)
            missing = _LONGEST_FILL_FRAMES
        pcm = g711.decode(payload[: frames * FRAME_SAMPLES])
        if missing:
            pcm = np.concatenate((np.zeros(missing * FRAME_SAMPLES, np.int16), pcm))
        self._next_frame = frame_seq + frames
        self._append(pcm)
        return pcm

    def window(self) -> tuple[int, NDArray[np.int16]] | None:
        """The next window of 32 ms and the position of its end, once all of it is there."""
        if self._end - self._window_at < WINDOW_SAMPLES:
            return None
        first, self._window_at = self._window_at, self._window_at + WINDOW_SAMPLES
        return self._window_at // SAMPLES_PER_MS, self._read(first, self._window_at)

    def since(self, position_ms: int) -> NDArray[np.int16]:
        """All audio from the position to the newest sample, as far back as it is kept."""
        return self._read(max(self._start, position_ms * SAMPLES_PER_MS), self._end)

    def _jump(self, frames: int) -> None:
        self._chunks.clear()
        self._end += frames * FRAME_SAMPLES
        self._start = self._window_at = self._end

    def _append(self, pcm: NDArray[np.int16]) -> None:
        self._chunks.append(pcm)
        self._end += len(pcm)
        floor = min(self._end - self._kept_samples, self._window_at)
        while self._start + len(self._chunks[0]) <= floor:
            self._start += len(self._chunks.popleft())

    def _read(self, first: int, last: int) -> NDArray[np.int16]:
        parts: list[NDArray[np.int16]] = []
        behind = self._end
        for chunk in reversed(self._chunks):
            ahead = behind - len(chunk)
            if ahead < last:
                parts.append(chunk[max(first - ahead, 0) : last - ahead])
            if ahead <= first:
                break
            behind = ahead
        return np.concatenate(parts[::-1]) if parts else np.empty(0, np.int16)
