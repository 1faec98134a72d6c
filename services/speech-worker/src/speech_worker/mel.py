"""Whisper's log-mel spectrogram of 16 kHz audio (Radford et al. 2022, section 2.2: 80 channels, 25 ms, hop 10 ms)."""

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 16_000
HOP = 160
CHANNELS = 80
_FFT = 400
_FLOOR = 1e-10
_DYNAMIC_RANGE = 8.0


def _to_mel(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """The scale of Slaney's auditory toolbox: linear below 1 kHz, logarithmic above."""
    linear = hz * 3 / 200
    mel: NDArray[np.float64] = np.where(hz < 1000, linear, 15 + np.log(np.maximum(hz, 1e-9) / 1000) * 27 / np.log(6.4))
    return mel


def _to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    hz: NDArray[np.float64] = np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))
    return hz


def _filters() -> NDArray[np.float32]:
    bins = np.fft.rfftfreq(_FFT, 1 / RATE_HZ)
    top = _to_mel(np.array([RATE_HZ / 2]))[0]
    edges = _to_hz(np.linspace(0, top, CHANNELS + 2))
    widths = np.diff(edges)
    slopes = edges[:, None] - bins[None, :]
    rising = -slopes[:-2] / widths[:-1, None]
    falling = slopes[2:] / widths[1:, None]
    triangles = np.maximum(0, np.minimum(rising, falling))
    filters: NDArray[np.float32] = (triangles * (2 / (edges[2:] - edges[:-2]))[:, None]).astype(np.float32)
    return filters


_FILTERS = _filters()
_WINDOW = np.hanning(_FFT + 1)[:-1].astype(np.float32)


def log_mel(pcm: NDArray[np.int16], frames: int) -> NDArray[np.float32]:
    """Features of shape (80, ``frames``) of PCM16; what is shorter is filled up with silence, what is longer is cut."""
    audio = pcm[: frames * HOP].astype(np.float32) / 32768
    # A window beyond the audio, so that its end is heard as an end; further silence is the floor without counting.
    heard = min(frames, len(audio) // HOP + 4)
    padded = np.zeros(heard * HOP + _FFT, np.float32)
    padded[_FFT // 2 : _FFT // 2 + len(audio)] = audio
    padded[: _FFT // 2] = padded[_FFT // 2 + 1 : _FFT + 1][::-1]
    windows = np.lib.stride_tricks.sliding_window_view(padded, _FFT)[::HOP][:heard]
    power = np.abs(np.fft.rfft(windows * _WINDOW, axis=1)).astype(np.float32) ** 2
    mel = np.full((CHANNELS, frames), np.log10(_FLOOR), np.float32)
    mel[:, :heard] = np.log10(np.maximum(_FILTERS @ power.T, _FLOOR))
    scaled: NDArray[np.float32] = (np.maximum(mel, mel.max() - _DYNAMIC_RANGE) + 4) / 4
    return scaled.astype(np.float32)
