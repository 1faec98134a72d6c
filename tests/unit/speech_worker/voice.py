"""A voice made of vowels: sounds enough like speech for a voice detector, and each text has a sound of its own."""

import hashlib

import numpy as np
from numpy.typing import NDArray

Pcm = NDArray[np.int16]
RATE_HZ = 8000
LETTER_SECONDS = 0.11
_LOUDNESS = 4000
# (first, second, third) formants of vowels, Hz.
_VOWELS = [
    (730, 1090, 2440),
    (270, 2290, 3010),
    (570, 840, 2410),
    (300, 870, 2240),
    (530, 1840, 2480),
    (660, 1720, 2410),
    (490, 1350, 1690),
    (440, 1020, 2240),
]


def silence(seconds: float) -> Pcm:
    """Digital silence."""
    return np.zeros(round(seconds * RATE_HZ), np.int16)


def hum(seconds: float, hz: float = 425, loudness: float = 6000) -> Pcm:
    """A tone, such as a telephone's."""
    moments = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    wave: Pcm = (loudness * np.sin(2 * np.pi * hz * moments)).astype(np.int16)
    return wave


def spoken(text: str) -> Pcm:
    """Each letter as a vowel; a space is a short dip, so that words stay one utterance."""
    pieces: list[NDArray[np.float64]] = []
    for word in text.lower().split():
        letters = [_vowel(letter, word, index) for index, letter in enumerate(word)]
        pieces += [*letters, np.zeros(round(0.05 * RATE_HZ))]
    line = np.concatenate(pieces)
    loud: Pcm = (line / np.abs(line).max() * 3 * _LOUDNESS).clip(-32768, 32767).astype(np.int16)
    return loud


def _vowel(letter: str, word: str, index: int) -> NDArray[np.float64]:
    number = int.from_bytes(hashlib.sha256(f"{letter}{word}{index}".encode()).digest()[:4])
    formants = _VOWELS[number % len(_VOWELS)]
    stretch = 0.9 + (number // 8 % 100) / 500
    length = round(LETTER_SECONDS * RATE_HZ)
    pitch_hz = np.linspace(135, 115, length) + 4 * np.sin(np.arange(length) / 200)
    phase = 2 * np.pi * np.cumsum(pitch_hz) / RATE_HZ
    harmonics = np.arange(1, int(3500 / 120))
    weights = sum(
        np.exp(-(((harmonics * 125 - formant * stretch) / 140) ** 2)) / (place + 1)
        for place, formant in enumerate(formants)
    )
    wave: NDArray[np.float64] = np.sin(np.outer(phase, harmonics)) @ (np.asarray(weights) + 0.02)
    edge = np.minimum(1, np.minimum(np.arange(length), np.arange(length)[::-1]) / (0.012 * RATE_HZ))
    shaped: NDArray[np.float64] = wave / np.sqrt(np.mean(wave**2)) * edge
    return shaped
