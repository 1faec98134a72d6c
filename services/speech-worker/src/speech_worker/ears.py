"""The media loop: one blocking read over all calls, one pass of the voice detector over all windows that are due."""

import asyncio
import logging
import time
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from redis.exceptions import RedisError

from callbus.media import MediaChunk, MediaReader
from speech_worker.hearing import Hearing
from speech_worker.vad import WINDOW_MS, SileroVad

log = logging.getLogger(__name__)

_BLOCK_MS = 40
_FROZEN_SECONDS = 1.0
_RETRY_SECONDS = 0.5


class Ears:
    """All calls that this worker hears."""

    def __init__(self, reader: MediaReader, vad: SileroVad) -> None:
        self._reader = reader
        self._vad = vad
        self._calls: dict[str, Hearing] = {}
        self.trouble = ""
        """Why nothing can be heard now, or ""."""

    @property
    def calls(self) -> int:
        """How many calls are heard."""
        return len(self._calls)

    def add(self, hearing: Hearing) -> None:
        """Hear a call from the frame on that it expects next."""
        self._calls[hearing.call_id] = hearing
        self._reader.follow(hearing.call_id, hearing.audio.next_frame - 1)

    def remove(self, hearing: Hearing) -> None:
        """Stop hearing a call."""
        if self._calls.get(hearing.call_id) is hearing:
            del self._calls[hearing.call_id]
            self._reader.forget(hearing.call_id)

    async def listen(self) -> None:
        """Hear until cancelled; while Redis is away, try again and say so once."""
        while True:
            asked_at = time.monotonic()
            try:
                chunks = await self._reader.read(_BLOCK_MS)
            except (RedisError, OSError) as error:
                await self._complain(f"cannot read media: {type(error).__name__}: {error}")
                continue
            self._recover(time.monotonic() - asked_at)
            await self.hear(chunks)

    def _recover(self, waited_seconds: float) -> None:
        """After an outage the gateway needs a moment to send what it kept."""
        if self.trouble:
            log.info("Media can be read again")
        if self.trouble or waited_seconds > _FROZEN_SECONDS:
            self.trouble = ""
            for hearing in self._calls.values():
                hearing.excuse(time.monotonic())

    async def hear(self, chunks: Iterable[MediaChunk]) -> None:
        """Give the chunks to their calls and follow what is in them."""
        now = time.monotonic()
        over: list[tuple[Hearing, str]] = []
        for chunk in chunks:
            hearing = self._calls.get(chunk.call_id)
            if hearing is None:
                continue
            if chunk.end is not None:
                over.append((hearing, chunk.end))
            else:
                hearing.frame(chunk.frame_seq, chunk.payload, now)
        while True:
            if not self._judge():
                break
            # After an outage much is due at once; others may work in between.
            await asyncio.sleep(0)
        for hearing, reason in over:
            hearing.finish(reason)
        for hearing in self._calls.values():
            hearing.check_stall(now)

    def _judge(self) -> bool:
        """Judge one window of each call that has one; say whether there was any."""
        due: list[tuple[Hearing, int, NDArray[np.int16]]] = []
        for hearing in self._calls.values():
            window = hearing.audio.window()
            if window is not None:
                due.append((hearing, *window))
        if not due:
            return False
        probabilities = self._vad.probabilities([call.voice for call, _, _ in due], [pcm for _, _, pcm in due])
        for (hearing, end_ms, _), probability in zip(due, probabilities, strict=True):
            hearing.judged(end_ms - WINDOW_MS, end_ms, probability)
        return True

    async def _complain(self, trouble: str) -> None:
        if not self.trouble:
            log.error("%s; trying again every %g s", trouble, _RETRY_SECONDS)
        self.trouble = trouble
        await asyncio.sleep(_RETRY_SECONDS)
