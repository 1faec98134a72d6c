"""The frames of ElevenLabs' realtime recogniser: audio out, JSON objects in."""

import base64
import json
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from speech_worker import g711
from speech_worker.resample import Upsampler

AudioFormat = Literal["pcm_16000", "ulaw_8000"]


class AudioFrames:
    """Frames of one connection; the resampler's state is carried from one to the next."""

    def __init__(self, audio_format: AudioFormat) -> None:
        self._upsampler = Upsampler() if audio_format == "pcm_16000" else None

    def frame(self, pcm: NDArray[np.int16], *, commit: bool) -> str:
        """The message that carries PCM16 at 8 kHz in the session's format, and commits if so told."""
        if self._upsampler is None:
            audio, rate_hz = g711.encode(pcm), 8000
        else:
            audio, rate_hz = self._upsampler.feed(pcm).astype("<i2").tobytes(), 16000
        return json.dumps(
            {
                "message_type": "input_audio_chunk",
                "audio_base_64": base64.b64encode(audio).decode(),
                "commit": commit,
                "sample_rate": rate_hz,
            }
        )


def parsed(raw: str | bytes) -> dict[str, Any]:
    """The object in a frame of the vendor's; empty when there is none."""
    try:
        frame = json.loads(raw)
    except ValueError:
        return {}
    return frame if isinstance(frame, dict) else {}
