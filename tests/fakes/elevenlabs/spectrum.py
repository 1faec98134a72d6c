"""Sound as frames that can be compared: shape of the spectrum, without its loudness (8 kHz, 16 ms steps)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .audio import TELEPHONE_HZ, Samples

Floats = npt.NDArray[np.float32]

WINDOW, STEP = 256, 128
STEP_SECONDS = STEP / TELEPHONE_HZ
BANDS, LOWEST_HZ, HIGHEST_HZ = 24, 150.0, 3700.0
QUIET_BELOW_LOUD_DB = 35.0
QUIETEST_RMS = 30.0  # below this nothing counts as speech, whatever the rest of the audio
NEIGHBOURS = (-2, 0, 2)  # frames that are compared together


@dataclass(frozen=True)
class Frames:
    """`shapes` (n, features) have length 1, or 0 where nothing speaks; `voiced` (n,) says where something does."""

    shapes: Floats
    voiced: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.voiced)


def frames(audio: Samples) -> Frames:
    """The frames of `audio`; a tail shorter than a window is padded with silence."""
    padded = np.pad(audio.astype(np.float32), (0, WINDOW + (-len(audio)) % STEP))
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::STEP]
    power = np.abs(np.fft.rfft(windows * np.hanning(WINDOW), axis=1)).astype(np.float32) ** 2 / WINDOW
    voiced = _voiced(windows)
    logs = np.log(power @ _BANK.T + 1.0)
    logs[~voiced] = 0.0
    logs[voiced] -= logs[voiced].mean(axis=1, keepdims=True)
    return Frames(_normed(np.hstack([_shifted(logs, by) for by in NEIGHBOURS]), voiced), voiced)


def _voiced(windows: Floats) -> npt.NDArray[np.bool_]:
    levels = np.sqrt(np.mean(windows * windows, axis=1))
    loud = np.percentile(levels, 95) if len(levels) else 0.0
    least = max(QUIETEST_RMS, float(loud) * 10 ** (-QUIET_BELOW_LOUD_DB / 20))
    return np.asarray(levels >= least)


def _shifted(rows: Floats, by: int) -> Floats:
    shifted = np.zeros_like(rows)
    if by < 0:
        shifted[-by:] = rows[:by]
    elif by > 0:
        shifted[:-by] = rows[by:]
    else:
        shifted[:] = rows
    return shifted


def _normed(rows: Floats, voiced: npt.NDArray[np.bool_]) -> Floats:
    rows[~voiced] = 0.0
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-6), dtype=np.float32)


def _mel(hz: npt.ArrayLike) -> npt.NDArray[np.float64]:
    return np.asarray(2595 * np.log10(1 + np.asarray(hz) / 700))


def _bank() -> Floats:
    edges = np.linspace(_mel(LOWEST_HZ), _mel(HIGHEST_HZ), BANDS + 2)
    bins = _mel(np.fft.rfftfreq(WINDOW, 1 / TELEPHONE_HZ))
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return np.asarray(np.maximum(0.0, np.minimum(rising, falling)), dtype=np.float32)


_BANK = _bank()
