"""The server's own end-of-speech decision (commit_strategy=vad) in a simple form: by loudness."""

import numpy as np

from .audio import SILENCE_RMS, Samples, frame_levels, join
from .query import SessionOptions

FRAME_SECONDS = 0.02


class SpeechEnd:
    """Says when speech of the least length was followed by silence of the set length (audio time)."""

    def __init__(self, options: SessionOptions, overhead_seconds: float) -> None:
        self._frame = int(options.audio_format.rate_hz * FRAME_SECONDS)
        self._least_speech_seconds = options.min_speech_duration_ms / 1000
        self._silence_seconds = options.vad_silence_threshold_seconds + overhead_seconds
        self._rest = np.zeros(0, dtype=np.int16)
        self.reset()

    def reset(self) -> None:
        self._speech_seconds = 0.0
        self._quiet_seconds = 0.0

    def heard(self, samples: Samples) -> bool:
        """Take more audio; True once the segment should be committed."""
        samples = join([self._rest, samples])
        whole = len(samples) // self._frame * self._frame
        self._rest = samples[whole:]
        for level in frame_levels(samples, self._frame):
            if level >= SILENCE_RMS:
                self._speech_seconds += FRAME_SECONDS
                self._quiet_seconds = 0.0
            else:
                self._quiet_seconds += FRAME_SECONDS
        spoken = self._speech_seconds >= self._least_speech_seconds
        return spoken and self._quiet_seconds >= self._silence_seconds - FRAME_SECONDS / 2
