"""Where the text of a transcript comes from: a script, or the sound itself (see also codebook.py)."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from .audio import TELEPHONE_HZ, Samples, frame_levels, is_silent


@dataclass(frozen=True)
class Word:
    """A recognised word; seconds from the start of the audio that was transcribed."""

    text: str
    start_seconds: float
    end_seconds: float


@dataclass(frozen=True)
class Transcript:
    """Words in order; `tail` is the guess at an unfinished last word, shown in partials only."""

    words: tuple[Word, ...] = ()
    tail: str = ""
    language: str | None = None

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    @property
    def partial(self) -> str:
        return " ".join(filter(None, [self.text, self.tail]))


class Transcriber(Protocol):
    """Turns the uncommitted audio (int16, 8 kHz, mono) into text."""

    def guess(self, audio: Samples) -> Transcript:
        """What a partial shows; changes nothing."""

    def commit(self, audio: Samples) -> Transcript:
        """The final transcript of `audio`."""


def spread(text: str, start_seconds: float, end_seconds: float) -> tuple[Word, ...]:
    """The words of `text`, each given a share of the time by its number of letters and one more."""
    words = text.split()
    edges = np.cumsum([0] + [len(word) + 1 for word in words])
    scale = (end_seconds - start_seconds) / max(1, int(edges[-1]))
    times = [start_seconds + float(edge) * scale for edge in edges]
    return tuple(Word(*found) for found in zip(words, times, times[1:], strict=False))


class Script:
    """The given texts, one per commit that is not silence; "" when they are used up.

    Partials show the next text growing by one word each `seconds_per_word` of audio.
    """

    def __init__(self, texts: Iterable[str] = (), *, seconds_per_word: float = 0.4) -> None:
        self._texts = deque(texts)
        self._seconds_per_word = seconds_per_word

    def add(self, *texts: str) -> None:
        self._texts.extend(texts)

    @property
    def left(self) -> int:
        return len(self._texts)

    def guess(self, audio: Samples) -> Transcript:
        if not self._texts or is_silent(audio):
            return Transcript()
        words = self._texts[0].split()
        heard = int(len(audio) / TELEPHONE_HZ / self._seconds_per_word)
        tail = words[heard][: len(words[heard]) // 2 + 1] if heard < len(words) else ""
        return Transcript(spread(" ".join(words[:heard]), 0.0, len(audio) / TELEPHONE_HZ), tail)

    def commit(self, audio: Samples) -> Transcript:
        if not self._texts or is_silent(audio):
            return Transcript()
        return Transcript(spread(self._texts.popleft(), 0.0, len(audio) / TELEPHONE_HZ))


class Fingerprints:
    """Whole utterances, known by the shape of their loudness: cheap, for benches with many calls.

    An utterance counts as heard when its envelope (20 ms steps) correlates with the audio's by at least `threshold`.
    """

    def __init__(self, threshold: float = 0.9) -> None:
        self._known: list[tuple[str, npt.NDArray[np.float64]]] = []
        self._threshold = threshold

    def register(self, audio: Samples, text: str) -> None:
        """Know `audio` (int16, 8 kHz) as `text`."""
        self._known.append((text, _envelope(audio)))

    def guess(self, audio: Samples) -> Transcript:
        return self.commit(audio)

    def commit(self, audio: Samples) -> Transcript:
        if is_silent(audio) or not self._known:
            return Transcript()
        heard = _envelope(audio)
        scores = [(_best_correlation(known, heard), text) for text, known in self._known]
        score, text = max(scores)
        if score < self._threshold:
            return Transcript()
        return Transcript(spread(text, 0.0, len(audio) / TELEPHONE_HZ))


def _envelope(audio: Samples) -> npt.NDArray[np.float64]:
    levels = np.log1p(frame_levels(audio, TELEPHONE_HZ // 50))
    loud = np.flatnonzero(levels > np.log1p(100.0))
    return np.asarray(levels[loud[0] : loud[-1] + 1]) if len(loud) else levels[:0]


def _best_correlation(known: npt.NDArray[np.float64], heard: npt.NDArray[np.float64]) -> float:
    if len(known) < 5 or len(heard) < len(known):
        heard = np.pad(heard, (0, max(0, len(known) - len(heard))))
    if len(known) < 5:
        return 0.0
    windows = np.lib.stride_tricks.sliding_window_view(heard, len(known))
    windows = windows - windows.mean(axis=1, keepdims=True)
    centred = known - known.mean()
    norms = np.linalg.norm(windows, axis=1) * np.linalg.norm(centred)
    return float(np.max(windows @ centred / np.maximum(norms, 1e-9)))
