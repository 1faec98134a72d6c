"""What was heard when, in 5 ms blocks: voiced spurts, latencies, gaps, and where a known clip sounds.

A block's time is its packet's time plus its place in the packet, for what is sent and for what arrives alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simcaller.audio import FULL_SCALE, Pcm16, decode_mulaw
from simcaller.media import Frame
from simcaller.rtp import FRAME_BYTES, SAMPLE_RATE_HZ
from simcaller.sdp import PCMU

BLOCK_MS = 5
BLOCK_SAMPLES = SAMPLE_RATE_HZ * BLOCK_MS // 1000
BLOCK_SECONDS = BLOCK_MS / 1000
VOICED_DBFS = -45.0
# Pauses inside a sentence are shorter than this; the silence between two turns is longer.
SPURT_GAP_MS = 300.0


class Spurt(NamedTuple):
    """A stretch of sound in unix seconds: start of its first voiced block, end of its last."""

    began_at: float
    ended_at: float


@dataclass(frozen=True, slots=True)
class Voicing:
    """Block by block: when it sounded (unix seconds, ascending) and whether it was voiced."""

    times: npt.NDArray[np.float64]
    voiced: npt.NDArray[np.bool_]

    @property
    def voiced_times(self) -> npt.NDArray[np.float64]:
        return self.times[self.voiced]

    def first_after(self, at: float) -> float | None:
        """Start of the first voiced block not before `at`."""
        later = self.voiced_times[self.voiced_times >= at]
        return float(later[0]) if later.size else None

    def last_before(self, at: float) -> float | None:
        """End of the last voiced block that began before `at`."""
        earlier = self.voiced_times[self.voiced_times < at]
        return float(earlier[-1]) + BLOCK_SECONDS if earlier.size else None

    def spurts(self, gap_ms: float = SPURT_GAP_MS) -> list[Spurt]:
        """Voiced stretches, joined over silence shorter than `gap_ms`."""
        times = self.voiced_times
        if not times.size:
            return []
        borders = np.flatnonzero(np.diff(times) > gap_ms / 1000 + BLOCK_SECONDS)
        starts, ends = times[np.r_[0, borders + 1]], times[np.r_[borders, times.size - 1]]
        return [Spurt(float(start), float(end) + BLOCK_SECONDS) for start, end in zip(starts, ends, strict=True)]


def voicing(frames: Sequence[Frame], *, threshold_dbfs: float = VOICED_DBFS) -> Voicing:
    """Voiced blocks of PCMU frames, in the order of their times."""
    audio = [frame for frame in frames if frame.payload_type == PCMU and len(frame.payload) == FRAME_BYTES]
    if not audio:
        return Voicing(np.empty(0), np.empty(0, dtype=np.bool_))
    begins = np.array([frame.at for frame in audio])
    offsets = np.arange(FRAME_BYTES // BLOCK_SAMPLES) * BLOCK_SECONDS
    times = (begins[:, None] + offsets).ravel()
    order = np.argsort(times, kind="stable")
    samples = decode_mulaw(b"".join(frame.payload for frame in audio))
    return Voicing(times[order], voiced_blocks(samples, threshold_dbfs)[order])


def voiced_blocks(samples: Pcm16, threshold_dbfs: float = VOICED_DBFS) -> npt.NDArray[np.bool_]:
    """Whether each whole 5 ms of 8 kHz samples is louder than the threshold."""
    blocks = samples[: samples.size // BLOCK_SAMPLES * BLOCK_SAMPLES].reshape(-1, BLOCK_SAMPLES).astype(np.float64)
    loud: npt.NDArray[np.bool_] = np.mean(np.square(blocks), axis=1) > (FULL_SCALE * 10 ** (threshold_dbfs / 20)) ** 2
    return loud


def answer_latencies_ms(caller: Voicing, bot: Voicing, *, gap_ms: float = SPURT_GAP_MS) -> list[float | None]:
    """For each spurt of the caller: its end -> the bot's first voiced block after it; None when the caller spoke on."""
    spurts = caller.spurts(gap_ms)
    ends = [following.began_at for _, following in pairwise(spurts)] + [float("inf")]
    return [
        _between_ms(spurt.ended_at, bot.first_after(spurt.ended_at), end)
        for spurt, end in zip(spurts, ends, strict=False)
    ]


def _between_ms(start: float, found: float | None, limit: float) -> float | None:
    return None if found is None or found >= limit else (found - start) * 1000


def silenced_after_ms(bot: Voicing, onset_at: float, *, gap_ms: float = SPURT_GAP_MS) -> float | None:
    """How long the bot went on after the caller's onset; None when it was not speaking then."""
    for spurt in bot.spurts(gap_ms):
        if spurt.began_at <= onset_at < spurt.ended_at:
            return (spurt.ended_at - onset_at) * 1000
    return None


def gaps_ms(heard: Voicing, *, longer_than_ms: float = 0.0) -> list[float]:
    """Silences between voiced blocks."""
    silences = (np.diff(heard.voiced_times) - BLOCK_SECONDS) * 1000
    return [float(silence) for silence in silences if silence > max(longer_than_ms, 0.5)]


class Match(NamedTuple):
    """Where a clip fits best, and how well (1 = the same but for loudness)."""

    offset_ms: float
    score: float


def find_clip(clip: Pcm16, heard: Pcm16, *, rate_hz: int = SAMPLE_RATE_HZ) -> Match:
    """Best normalised cross-correlation of a clip in what was heard; raises ValueError when the clip is longer."""
    if not 0 < clip.size <= heard.size:
        raise ValueError(f"a clip of {clip.size} samples cannot be in {heard.size} samples")
    wanted, given = clip.astype(np.float64), heard.astype(np.float64)
    wanted -= wanted.mean()
    products = _correlate(given, wanted)
    energy = np.cumsum(np.r_[0.0, np.square(given)])
    windows = energy[clip.size :] - energy[: energy.size - clip.size]
    scale = np.sqrt(np.maximum(windows, 1.0) * max(float(np.sum(np.square(wanted))), 1.0))
    scores = products / scale
    best = int(np.argmax(scores))
    return Match(best * 1000 / rate_hz, float(scores[best]))


def _correlate(given: npt.NDArray[np.float64], wanted: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Sliding products of `wanted` at every place where it fits whole."""
    size = 1 << (given.size + wanted.size).bit_length()
    spectrum = np.fft.rfft(given, size) * np.conj(np.fft.rfft(wanted, size))
    products: npt.NDArray[np.float64] = np.fft.irfft(spectrum, size)[: given.size - wanted.size + 1]
    return products
