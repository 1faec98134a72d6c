"""One utterance while it is spoken: its audio grows until it is ended, and stays whole until the text is there.

Because the audio lies here and not in an engine, an engine that breaks loses nothing: it, or the next engine, reads
the same utterance again from the beginning.
"""

import asyncio
import time
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from callbus.events import SpeechFailure
from speech_worker.callaudio import SAMPLES_PER_MS
from speech_worker.segmenter import Endpoint

_FIRST_SAMPLES = 2000 * SAMPLES_PER_MS


class RecogniserFailed(Exception):
    """An engine gave up on an utterance; ``lasting`` when it will give up on the next one too."""

    def __init__(self, engine: str, meaning: SpeechFailure, detail: str, *, lasting: bool = False) -> None:
        super().__init__(f"{engine}: {meaning}: {detail}")
        self.engine = engine
        self.meaning: SpeechFailure = meaning
        self.detail = detail
        self.lasting = lasting


class Listener(Protocol):
    """Who wants to know how an utterance goes on before its text is final. Must not block."""

    def partial(self, engine: str, text: str) -> None:
        """The engine understood this so far."""

    def failed(self, failure: RecogniserFailed, fallback: str | None) -> None:
        """The engine gave up; the engine ``fallback`` takes over."""


class Deaf:
    """A listener that wants to know nothing."""

    def partial(self, engine: str, text: str) -> None:
        """Drop it."""

    def failed(self, failure: RecogniserFailed, fallback: str | None) -> None:
        """Drop it."""


class Utterance:
    """PCM16 at 8 kHz: look-back, speech and trailing silence. One engine at a time waits on it.

    ``first_ms`` is the position of its first sample in the call. ``paused`` says that it may be over, ``endpoint`` that
    it is, and where. What goes beyond ``longest_ms`` is dropped; the segmenter ends an utterance long before.
    """

    def __init__(
        self,
        utterance_id: str,
        *,
        language: str,
        first_ms: int = 0,
        listener: Listener | None = None,
        longest_ms: int = 60_000,
    ) -> None:
        self.utterance_id = utterance_id
        self.language = language
        self.first_ms = first_ms
        self.listener: Listener = listener or Deaf()
        self.paused = False
        self.endpoint: Endpoint | None = None
        self.ended_at = 0.0
        """When that was decided, in seconds of the monotonic clock."""
        self._longest = longest_ms * SAMPLES_PER_MS
        self._line = np.empty(_FIRST_SAMPLES, np.int16)
        self._samples = 0
        self._changed = asyncio.Event()

    @property
    def ended(self) -> bool:
        """Whether no more audio comes."""
        return self.endpoint is not None

    @property
    def samples(self) -> int:
        """How many samples there are."""
        return self._samples

    @property
    def end_ms(self) -> int:
        """The position behind the newest sample."""
        return self.first_ms + self._samples // SAMPLES_PER_MS

    def append(self, pcm: NDArray[np.int16]) -> None:
        """Add what the caller went on to say."""
        if self.ended:
            return
        pcm = pcm[: self._longest - self._samples]
        end = self._samples + len(pcm)
        if end > len(self._line):
            # A new line, because engines may still read the old one.
            grown = np.empty(max(end, 2 * len(self._line)), np.int16)
            grown[: self._samples] = self._line[: self._samples]
            self._line = grown
        self._line[self._samples : end] = pcm
        self._samples = end
        self._changed.set()

    def pause(self) -> None:
        """The voice is away: this may have been all."""
        self.paused = True
        self._changed.set()

    def resume(self) -> None:
        """The voice went on."""
        self.paused = False
        self._changed.set()

    def end(self, endpoint: Endpoint) -> None:
        """No more audio comes."""
        self.endpoint = endpoint
        self.ended_at = time.monotonic()
        self._changed.set()

    def pcm(self, first: int = 0, last: int | None = None) -> NDArray[np.int16]:
        """The samples from number ``first`` up to ``last``, or all that are there; not to be written to."""
        return self._line[first : self._samples if last is None else min(last, self._samples)]

    def forget(self) -> None:
        """Give the audio's memory back; only after the end."""
        self._line, self._samples = np.empty(0, np.int16), 0

    async def changed(self) -> None:
        """Return when anything happened since this last returned."""
        await self._changed.wait()
        self._changed.clear()
