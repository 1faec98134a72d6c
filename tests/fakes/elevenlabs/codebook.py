"""Recognise registered utterances in telephone audio, word by word: a word is heard when its sound arrived.

Audio and utterances are compared frame by frame (spectrum.py). A local alignment (Smith and Waterman) finds runs of the
utterance in the audio; a run may go on after lost or inserted audio for a penalty. So audio that never arrived shows as
words that are missing, and audio that was sent twice as words that come twice.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from .audio import Samples
from .spectrum import STEP_SECONDS, Floats, Frames, frames
from .transcriber import Transcript, Word, spread

ALIKE = 0.7  # cosine of two frames' shapes above which they speak for the same sound
JUMP = 4.0  # what a gap costs, in perfectly matching frames
LEAST_SCORE, LEAST_SHARE = 6.0, 0.6  # of a run: in matching frames, and for short utterances as a share of their frames
WHOLE_WORD, BEGUN_WORD = 0.7, 0.2  # shares of a word's voiced frames that arrived
MOST_HITS = 12
LONGEST_QUIET = 10  # frames of a longer silence are not looked at
BLURRED = 6  # frames beside a cut or at an end that may be unlike and yet have arrived: windows reach over it
FAR = -0.7  # likeness below which not even a blurred frame is taken
BOTH_QUIET, ONE_QUIET = -0.02, -0.5


@dataclass(frozen=True)
class Utterance:
    """A known sound: its frames and the frames at which its words begin and end."""

    text: str
    frames: Frames
    words: tuple[Word, ...]
    language: str | None

    @property
    def least_score(self) -> float:
        return min(LEAST_SCORE, LEAST_SHARE * int(np.count_nonzero(self.frames.voiced)))


@dataclass(frozen=True)
class Hit:
    """Where `utterance` was found: pairs (audio frame, utterance frame) that match."""

    utterance: Utterance
    path: list[tuple[int, int]]


class Codebook:
    """Transcriber over registered utterances (int16, 8 kHz, mono).

    `whole_word` is the share of a word's sound that must arrive: more of it finds smaller losses in clean audio.
    """

    def __init__(self, whole_word: float = WHOLE_WORD) -> None:
        self._whole_word = whole_word
        self._known: list[Utterance] = []

    def register(self, audio: Samples, text: str, *, words: Sequence[Word] = (), language: str | None = None) -> None:
        """Know `audio` as `text`; without `words`, its time is shared out by the letters of the text."""
        found = frames(audio)
        voiced = np.flatnonzero(found.voiced)
        if not len(voiced):
            raise ValueError(f"the audio registered as {text!r} is silent")
        times = (float(voiced[0]) * STEP_SECONDS, float(voiced[-1] + 1) * STEP_SECONDS)
        self._known.append(Utterance(text, found, tuple(words) or spread(text, *times), language))

    def commit(self, audio: Samples) -> Transcript:
        """Every word whose sound is in `audio`, in the order of the audio."""
        return self._transcript(audio)

    def guess(self, audio: Samples) -> Transcript:
        """As `commit`; a word that has only begun is its `tail`."""
        return self._transcript(audio)

    def _transcript(self, audio: Samples) -> Transcript:
        heard = frames(audio)
        if not self._known or not heard.voiced.any():
            return Transcript()
        words: list[Word] = []
        tails: list[Word] = []
        language = None
        for hit in self._hits(heard):
            language = language or hit.utterance.language
            for word, share in _shares(hit):
                (words if share >= self._whole_word else tails).append(word)
        words.sort(key=lambda word: word.start_seconds)
        return Transcript(tuple(words), _tail(words, tails, len(heard) * STEP_SECONDS), language)

    def _hits(self, heard: Frames) -> Iterator[Hit]:
        """Best runs first; each takes its audio away from the next."""
        scores = Scores(self._known, heard)
        for _ in range(MOST_HITS):
            utterance, path = scores.take_best()
            if not path:
                return
            yield Hit(utterance, path)


class Scores:
    """How alike each audio frame is to each frame of each utterance, and the best run through that."""

    def __init__(self, known: list[Utterance], heard: Frames) -> None:
        self._known = known
        self._rows = _worth_a_look(heard.voiced)
        heard = Frames(heard.shapes[self._rows], heard.voiced[self._rows])
        longest = max(len(utterance.frames) for utterance in known)
        self._alike = np.full((len(heard), len(known), longest), -1.0, dtype=np.float32)
        for number, utterance in enumerate(known):
            self._alike[:, number, : len(utterance.frames)] = _likeness(heard, utterance.frames)

    def take_best(self) -> tuple[Utterance, list[tuple[int, int]]]:
        """The utterance that matches best and its path, empty when none matches; takes that audio from later runs."""
        best, peak = self._peaks()
        number = int(np.argmax(peak))
        utterance = self._known[number]
        if peak[number] < utterance.least_score:
            return utterance, []
        path = _trace(self._alike[:, number], int(best[number]))
        path = _with_blurred(path, self._alike[:, number])
        self._alike[[row for row, _ in path]] = -1.0
        return utterance, [(int(self._rows[row]), column) for row, column in path]

    def _peaks(self) -> tuple[npt.NDArray[np.intp], Floats]:
        """For each utterance, the audio frame where its best run ends, and that run's score."""
        run = np.zeros(self._alike.shape[1:], dtype=np.float32)
        reached = np.zeros_like(run)
        peak = np.zeros(len(run), dtype=np.float32)
        best = np.zeros(len(run), dtype=np.intp)
        for row, alike in enumerate(self._alike):
            run = _step(run, reached, alike)
            reached = np.maximum(reached, np.maximum.accumulate(run, axis=1))
            tops = run.max(axis=1)
            best[tops > peak] = row
            peak = np.maximum(peak, tops)
        return best, peak


def _step(run: Floats, reached: Floats, alike: Floats) -> Floats:
    """Scores of runs that end at this audio frame: go on, jump on after a gap, or begin here."""
    came = np.zeros_like(run)
    came[..., 1:] = np.maximum(run[..., :-1], np.maximum(reached[..., :-1] - JUMP, 0.0))
    return np.asarray(np.maximum(came + alike, 0.0))


def _trace(alike: Floats, last_row: int) -> list[tuple[int, int]]:
    """The pairs of the best run that ends at audio frame `last_row`, in order."""
    runs = np.zeros((last_row + 2, alike.shape[1]), dtype=np.float32)
    reached = np.zeros(alike.shape[1], dtype=np.float32)
    for row in range(last_row + 1):
        runs[row + 1] = _step(runs[row], reached, alike[row])
        reached = np.maximum(reached, np.maximum.accumulate(runs[row + 1]))
    row, column = last_row, int(np.argmax(runs[last_row + 1]))
    path = []
    while row >= 0 and column >= 0 and runs[row + 1, column] > 0:
        path.append((row, column))
        row, column = _previous(runs, row, column)
    return path[::-1]


def _previous(runs: Floats, row: int, column: int) -> tuple[int, int]:
    """The pair before (row, column); (-1, -1) where the run begins."""
    if column == 0 or row == 0:
        return -1, -1
    straight, before = runs[row, column - 1], runs[1 : row + 1, :column]
    jumped = float(before.max()) - JUMP
    if straight <= 0 and jumped <= 0:
        return -1, -1
    if straight >= jumped:
        return row - 1, column - 1
    from_row, from_column = np.unravel_index(int(np.argmax(before)), before.shape)
    return int(from_row), int(from_column)


def _worth_a_look(voiced: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """Frame numbers with the inner part of long silences left out."""
    numbers = np.arange(len(voiced))
    before = numbers - np.maximum.accumulate(np.where(voiced, numbers, -1))
    return np.flatnonzero(before <= LONGEST_QUIET)


def _with_blurred(path: list[tuple[int, int]], alike: Floats) -> list[tuple[int, int]]:
    """The path with the unlike frames that arrived at its cuts and its ends."""
    whole = [*_beyond(path[0], -1, alike)][::-1]
    for (row, column), (next_row, next_column) in pairwise(path):
        whole.append((row, column))
        arrived = min(next_row - row, next_column - column) - 1
        if next_row - row - 1 <= BLURRED:
            early = arrived // 2
            whole.extend((row + step, column + step) for step in range(1, early + 1))
            whole.extend((next_row - step, next_column - step) for step in range(arrived - early, 0, -1))
    return [*whole, path[-1], *_beyond(path[-1], 1, alike)]


def _beyond(end: tuple[int, int], step: int, alike: Floats) -> Iterator[tuple[int, int]]:
    row, column = end
    for _ in range(BLURRED):
        row, column = row + step, column + step
        inside = 0 <= row < alike.shape[0] and 0 <= column < alike.shape[1]
        if not inside or alike[row, column] < FAR:
            return
        yield row, column


def _likeness(heard: Frames, known: Frames) -> Floats:
    """1 for the same sound, 0 at the border, -1 for another one."""
    alike = np.clip((heard.shapes @ known.shapes.T - ALIKE) / (1 - ALIKE), -1.0, 1.0)
    one, other = heard.voiced[:, None], known.voiced[None, :]
    alike[one ^ other] = ONE_QUIET
    alike[~(one | other)] = BOTH_QUIET
    return np.asarray(alike, dtype=np.float32)


def _shares(hit: Hit) -> Iterator[tuple[Word, float]]:
    """Each word of the hit at its time in the audio, and the share of its sound that arrived."""
    voiced = hit.utterance.frames.voiced
    for word in hit.utterance.words:
        first, last = round(word.start_seconds / STEP_SECONDS), round(word.end_seconds / STEP_SECONDS)
        rows = [row for row, column in hit.path if first <= column < last and voiced[column]]
        whole = int(np.count_nonzero(voiced[first:last]))
        if rows and len(rows) >= BEGUN_WORD * whole:
            times = (min(rows) * STEP_SECONDS, (max(rows) + 1) * STEP_SECONDS)
            yield Word(word.text, *times), len(rows) / whole if whole else 0.0


def _tail(words: list[Word], begun: list[Word], end_seconds: float) -> str:
    """The guess at a word that has begun at the end of the audio."""
    last = words[-1].end_seconds if words else 0.0
    for word in begun:
        if word.start_seconds >= last - STEP_SECONDS and word.end_seconds > end_seconds - 0.1:
            return word.text[: len(word.text) // 2 + 1]
    return ""
