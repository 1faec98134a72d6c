"""Makes every sound as loud as the next one and as long as its speech, whoever spoke it.

The active speech level follows the idea of ITU-T P.56 (a margin of 15.9 dB below the level itself, 200 ms of hangover),
measured on 20 ms frames instead of an exponential envelope; on speech the two agree to a fraction of a decibel.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tts_player.voice import BYTES_PER_MS, SAMPLE_RATE_HZ

Samples = NDArray[np.float32]
Frames = NDArray[np.bool_]

FULL_SCALE = 32768.0
FRAME = SAMPLE_RATE_HZ // 50
EDGE_FRAME = SAMPLE_RATE_HZ // 200
"""Sound begins and ends on this grid: 5 ms. What is left before it is time that a caller waits."""
MARGIN_DB = 15.9
HANGOVER_FRAMES = 10
FLOOR_DBFS = -60.0
"""Quieter frames are silence whatever the rest is."""
HEAD_DB, TAIL_DB = 30.0, 35.0
"""A word may begin or end with an f or s this far below its vowels: that is not trimmed. What a voice breathes before
it speaks lies lower, and a caller waits for it."""


class NoSpeech(ValueError):
    """The audio holds no sound that could be speech."""


@dataclass(frozen=True, slots=True)
class Target:
    """How a sound leaves for the telephone."""

    level_dbfs: float = -20.0
    ceiling_dbfs: float = -3.0
    head_ms: int = 5
    tail_ms: int = 40
    most_gain_db: float = 30.0


TELEPHONE = Target()


def shaped(pcm: bytes, target: Target = TELEPHONE) -> bytes:
    """Trim the silence around the speech and bring the speech to the target level.

    ``pcm`` and the result are PCM16 mono at 16 kHz.

    :raises NoSpeech: there is nothing to hear.
    """
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32) / FULL_SCALE
    samples = samples - samples.mean() if samples.size else samples
    level_dbfs = active_level(samples)
    samples = _trimmed(samples, level_dbfs, target)
    gain_db = min(target.level_dbfs - level_dbfs, target.most_gain_db)
    limited = _limited(samples * np.float32(_ratio(gain_db)), _ratio(target.ceiling_dbfs))
    return _faded(limited).round().astype("<i2").tobytes()


def active_level(samples: Samples) -> float:
    """The level of the active speech in dBFS (a full-scale square wave is 0).

    :raises NoSpeech: no frame is louder than the floor.
    """
    power = _frame_power(samples)
    active = power > _ratio(FLOOR_DBFS) ** 2
    for _ in range(8):
        if not active.any():
            raise NoSpeech(f"{samples.size * 1000 // SAMPLE_RATE_HZ} ms of audio hold no speech")
        threshold = power[active].mean() * _ratio(-MARGIN_DB) ** 2
        louder = power > max(threshold, _ratio(FLOOR_DBFS) ** 2)
        if (louder == active).all():
            break
        active = louder
    return float(10 * np.log10(power[_stretched(active)].mean()))


def duration_ms(pcm_bytes: int) -> float:
    """Length of so many bytes of audio."""
    return pcm_bytes / BYTES_PER_MS


def _frame_power(samples: Samples, frame: int = FRAME) -> NDArray[np.float64]:
    padded = np.zeros(-(-samples.size // frame) * frame, dtype=np.float64)
    padded[: samples.size] = samples
    power: NDArray[np.float64] = np.square(padded).reshape(-1, frame).mean(axis=1)
    return power


def _stretched(active: Frames) -> Frames:
    """Each active frame keeps the next 200 ms active, where speech follows: short pauses count as speech."""
    last = int(np.flatnonzero(active)[-1])
    since = np.arange(active.size) - np.maximum.accumulate(np.where(active, np.arange(active.size), -active.size))
    stretched: Frames = (since <= HANGOVER_FRAMES) & (np.arange(active.size) <= last)
    return stretched


def _trimmed(samples: Samples, level_dbfs: float, target: Target) -> Samples:
    power = _frame_power(samples, EDGE_FRAME)
    start = int(_louder(power, level_dbfs - HEAD_DB)[0]) * EDGE_FRAME - target.head_ms * SAMPLE_RATE_HZ // 1000
    end = (int(_louder(power, level_dbfs - TAIL_DB)[-1]) + 1) * EDGE_FRAME + target.tail_ms * SAMPLE_RATE_HZ // 1000
    return samples[max(start, 0) : min(end, samples.size)]


def _louder(power: NDArray[np.float64], dbfs: float) -> NDArray[np.intp]:
    return np.flatnonzero(power > _ratio(max(dbfs, FLOOR_DBFS)) ** 2)


def _limited(samples: Samples, ceiling: float) -> Samples:
    """Hold the peaks under the ceiling with a gain that moves slowly enough not to be heard (5 ms each way)."""
    peaks = np.abs(samples)
    if peaks.max() <= ceiling:
        return samples
    window = SAMPLE_RATE_HZ // 200
    needed = np.minimum(1.0, ceiling / np.maximum(peaks, 1e-9)).astype(np.float32)
    padded = np.pad(needed, (window, window), mode="edge")
    lowest = np.lib.stride_tricks.sliding_window_view(padded, window + 1).min(axis=1)
    smooth = np.convolve(lowest, np.full(window + 1, 1.0 / (window + 1), dtype=np.float32), mode="valid")
    limited: Samples = np.multiply(samples, smooth, dtype=np.float32)
    return limited


def _faded(samples: Samples) -> Samples:
    """Scale to 16 bit with 5 ms of fade at both ends: a cut in running sound would click."""
    scaled = samples * np.float32(FULL_SCALE)
    length = min(SAMPLE_RATE_HZ // 200, scaled.size // 2)
    ramp = np.linspace(0.0, 1.0, length, dtype=np.float32)
    scaled[:length] *= ramp
    scaled[scaled.size - length :] *= ramp[::-1]
    return np.clip(scaled, -FULL_SCALE, FULL_SCALE - 1, out=scaled)


def _ratio(decibels: float) -> float:
    return float(10 ** (decibels / 20))
