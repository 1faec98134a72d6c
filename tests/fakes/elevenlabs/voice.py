"""Sound that stands for speech: the same text always gives the same audio, other texts give other audio."""

import functools
import hashlib
from collections.abc import Awaitable, Callable

import numpy as np
import numpy.typing as npt

from .audio import Samples, join

Synthesise = Callable[[str, int, str], Samples | Awaitable[Samples]]
"""(text, rate in Hz, voice id) -> int16 mono; asynchronous when it takes long, e.g. a real engine in a thread."""

SECONDS_PER_CHARACTER = 0.065
VOWELS = frozenset("аеёиоуыэюяaeiouy0123456789")
LOUDNESS = 0.12 * 32767
EDGE_SECONDS = 0.006

Curve = npt.NDArray[np.float64]


def speechlike(text: str, rate_hz: int, voice_id: str = "") -> Samples:
    """Each letter as a vowel-like or hiss-like sound of its own, spaces as silence; about 15 characters a second."""
    sounds: list[Samples] = [_sound(letter, rate_hz, voice_id) for letter in text.lower()]
    return join(sounds)


@functools.lru_cache(maxsize=2048)
def _sound(letter: str, rate_hz: int, voice_id: str) -> Samples:
    length = round(SECONDS_PER_CHARACTER * rate_hz)
    if not letter.isalnum():
        return np.zeros(length, dtype=np.int16)
    time = np.arange(length) / rate_hz
    wave = _vowel(letter, voice_id, time) if letter in VOWELS else _hiss(letter, time)
    shaped = wave / np.sqrt(np.mean(wave * wave)) * LOUDNESS * _edges(length, rate_hz)
    return np.asarray(np.clip(shaped, -32768, 32767), dtype=np.int16)


def _vowel(letter: str, voice_id: str, time: Curve) -> Curve:
    pitch_hz = 100 + 80 * _fraction(voice_id, "pitch")
    formants = (250 + 600 * _fraction(letter, "f1"), 900 + 1400 * _fraction(letter, "f2"), 2500.0)
    harmonics = np.arange(1, int(3600 / pitch_hz) + 1) * pitch_hz
    weights = sum(np.exp(-(((harmonics - formant) / 130) ** 2)) / (place + 1) for place, formant in enumerate(formants))
    return np.asarray(np.sin(2 * np.pi * np.outer(time, harmonics)) @ (weights + 0.01))


def _hiss(letter: str, time: Curve) -> Curve:
    """Noise of a band: made of tones, so that it is the same sound at every rate."""
    centre_hz, width_hz = 600 + 2600 * _fraction(letter, "centre"), 150 + 500 * _fraction(letter, "width")
    dice = np.random.default_rng(_number(letter, "tones"))
    tones = np.clip(dice.normal(centre_hz, width_hz, 40), 120, 3800)
    return np.asarray(np.sin(2 * np.pi * (np.outer(time, tones) + dice.uniform(size=40))).sum(axis=1))


def _edges(length: int, rate_hz: int) -> Curve:
    ramp = np.minimum(np.arange(length) + 1, np.arange(length, 0, -1)) / (EDGE_SECONDS * rate_hz)
    return np.asarray(np.minimum(1.0, ramp))


def _number(*parts: str) -> int:
    return int.from_bytes(hashlib.sha256("/".join(parts).encode()).digest()[:8])


def _fraction(*parts: str) -> float:
    return _number(*parts) / 2**64
