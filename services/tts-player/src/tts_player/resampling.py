"""Whole sentences from an engine's own sample rate to the one that Asterisk plays."""

import numpy as np
import soxr
from numpy.typing import NDArray

from tts_player.voice import SAMPLE_RATE_HZ


def resampled(pcm: bytes, rate_hz: int) -> bytes:
    """PCM16 mono of ``rate_hz`` at 16 kHz."""
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32)
    converted: NDArray[np.float32] = soxr.resample(samples, rate_hz, SAMPLE_RATE_HZ)
    return np.clip(converted.round(), -32768, 32767).astype("<i2").tobytes()
