"""Whisper on CTranslate2 as a recogniser that needs no network.

The model is run over a window of 10 s, or a little more than the utterance, instead of the usual 30 s: a third of the
work. It does not stream; to be as fast it begins at the pause that may be the end of the utterance, and the text is
mostly there when the end is certain. If the caller goes on, that text was a partial.
"""

import asyncio
import importlib
import logging
import math
import time
from collections.abc import AsyncIterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from speech_worker import mel
from speech_worker.recogniser import Transcript
from speech_worker.resample import upsample
from speech_worker.utterance import RecogniserFailed, Utterance
from speech_worker.vad import SAMPLE_RATE_HZ
from speech_worker.whisper_model import Vocabulary, load_vocabulary
from speech_worker.whisper_text import Hypothesis, said

log = logging.getLogger(__name__)

ENGINE = "whisper"
_FRAMES_PER_SECOND = mel.RATE_HZ // mel.HOP
_LONGEST_FRAMES = 30 * _FRAMES_PER_SECOND
_TOKENS_PER_SECOND = 12
_MOST_TOKENS = 220


@dataclass(frozen=True, slots=True)
class WhisperSettings:
    """How much of the machine it may use."""

    model: Path
    workers: int = 1
    """Passes at the same time."""
    threads: int = 2
    """CPU threads of each pass."""
    most_waiting: int = 16
    """Final passes that wait for a worker; one more fails. Passes made ahead never wait: they are not begun."""
    least_window_seconds: float = 10.0
    margin_seconds: float = 2.0


class SpeechModel(Protocol):
    """One pass over an utterance; blocks for tenths of a second, so it runs in a thread."""

    def transcribe(self, pcm: NDArray[np.int16], language: str) -> Hypothesis:
        """The best hypothesis for PCM16 at 8 kHz."""


class WhisperModel:
    """The network and its vocabulary."""

    def __init__(self, settings: WhisperSettings) -> None:
        self._settings = settings
        self._vocabulary: Vocabulary = load_vocabulary(settings.model)
        ctranslate2: Any = importlib.import_module("ctranslate2")
        self._storage = ctranslate2.StorageView
        self._network = ctranslate2.models.Whisper(
            str(settings.model),
            device="cpu",
            compute_type="int8",
            inter_threads=settings.workers,
            intra_threads=settings.threads,
        )

    def transcribe(self, pcm: NDArray[np.int16], language: str) -> Hypothesis:
        """Greedy decoding without time stamps."""
        seconds = len(pcm) / SAMPLE_RATE_HZ
        features = mel.log_mel(upsample(pcm), self._frames(seconds))
        (result,) = self._network.generate(
            self._storage.from_array(np.ascontiguousarray(features[None])),
            [self._prompt(language)],
            beam_size=1,
            max_length=min(_MOST_TOKENS, 20 + int(seconds * _TOKENS_PER_SECOND)),
            return_scores=True,
            return_no_speech_prob=True,
        )
        text = self._vocabulary.text(result.sequences_ids[0])
        return Hypothesis(text, float(result.no_speech_prob), float(result.scores[0]))

    def _frames(self, seconds: float) -> int:
        wanted = max(self._settings.least_window_seconds, seconds + self._settings.margin_seconds)
        return min(_LONGEST_FRAMES, math.ceil(wanted) * _FRAMES_PER_SECOND)

    def _prompt(self, language: str) -> list[int]:
        spoken = f"<|{language}|>"
        names = ["<|startoftranscript|>", spoken if self._vocabulary.knows(spoken) else "<|en|>"]
        return [self._vocabulary.number(name) for name in (*names, "<|transcribe|>", "<|notimestamps|>")]


class OfflineWhisper:
    """The model for all calls, in threads of its own."""

    engine = ENGINE

    def __init__(self, model: SpeechModel, settings: WhisperSettings) -> None:
        self._model = model
        self._settings = settings
        self._threads = ThreadPoolExecutor(settings.workers, thread_name_prefix="whisper")
        self._unfinished = 0

    def trouble(self) -> str:
        """None: what it needs was loaded at the start."""
        return ""

    def close(self) -> None:
        """Drop what waits and end the threads after the pass that they are in."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    @asynccontextmanager
    async def session(self, call_id: str, language: str) -> AsyncIterator["OfflineWhisper"]:
        """Nothing is kept for a call."""
        del call_id, language
        yield self

    async def recognise(self, utterance: Utterance) -> Transcript:
        """Run the model over the utterance when it pauses, and when it is over unless that was done already."""
        ahead: Future[Hypothesis] | None = None
        try:
            while not utterance.ended:
                await utterance.changed()
                ahead = self._follow_pause(utterance, ahead)
            if ahead is None:
                ahead = self._begin(utterance)
            return Transcript(said(await asyncio.wrap_future(ahead)), ENGINE)
        except RuntimeError as error:
            raise RecogniserFailed(ENGINE, "bug", f"CTranslate2: {error}") from error
        finally:
            if ahead is not None:
                ahead.cancel()

    def _follow_pause(self, utterance: Utterance, ahead: "Future[Hypothesis] | None") -> "Future[Hypothesis] | None":
        if not utterance.paused:
            if ahead is not None:
                ahead.cancel()
            return None
        if ahead is None and self._unfinished < self._settings.workers:
            return self._begin(utterance)
        return ahead

    def _begin(self, utterance: Utterance) -> "Future[Hypothesis]":
        if self._unfinished >= self._settings.workers + self._settings.most_waiting:
            raise RecogniserFailed(ENGINE, "rate_limited", f"{self._unfinished} utterances wait for the recogniser")
        self._unfinished += 1
        loop = asyncio.get_running_loop()
        job = self._threads.submit(self._timed, utterance.pcm(), utterance.language)
        job.add_done_callback(lambda done: loop.call_soon_threadsafe(self._finished, utterance, done))
        return job

    def _finished(self, utterance: Utterance, job: "Future[Hypothesis]") -> None:
        """A pass that was made ahead is a partial until the utterance is over."""
        self._unfinished -= 1
        if utterance.ended or job.cancelled() or job.exception() is not None:
            return
        text = said(job.result())
        if text:
            utterance.listener.partial(ENGINE, text)

    def _timed(self, pcm: NDArray[np.int16], language: str) -> Hypothesis:
        began = time.perf_counter()
        hypothesis = self._model.transcribe(pcm, language)
        log.debug(
            "whisper: %.1f s of audio in %.0f ms, no-speech %.2f, log probability %.2f",
            len(pcm) / SAMPLE_RATE_HZ,
            (time.perf_counter() - began) * 1000,
            hypothesis.no_speech,
            hypothesis.log_probability,
        )
        return hypothesis
