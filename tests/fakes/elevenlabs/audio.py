"""Sound as numbers: the wire formats of the API, mu-law (ITU-T G.711), levels and rates."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import soxr

Samples = npt.NDArray[np.int16]
Encoding = Literal["pcm", "ulaw"]

TELEPHONE_HZ = 8000
SILENCE_RMS = 100.0  # about -50 dBFS: below speech, above mu-law's own noise


@dataclass(frozen=True)
class AudioFormat:
    """A format name of the API, e.g. `pcm_16000` (s16le mono) or `ulaw_8000`."""

    name: str
    encoding: Encoding
    rate_hz: int

    @property
    def bytes_per_sample(self) -> int:
        return 1 if self.encoding == "ulaw" else 2

    def decode(self, data: bytes) -> Samples:
        """Samples of `data`; a half sample at its end is left out."""
        if self.encoding == "ulaw":
            return mulaw_decode(data)
        whole = len(data) - len(data) % 2
        return np.frombuffer(data[:whole], dtype="<i2").astype(np.int16)

    def encode(self, samples: Samples) -> bytes:
        return mulaw_encode(samples) if self.encoding == "ulaw" else samples.astype("<i2").tobytes()


def _formats(*rates: int) -> dict[str, AudioFormat]:
    found = {f"pcm_{rate}": AudioFormat(f"pcm_{rate}", "pcm", rate) for rate in rates}
    return found | {"ulaw_8000": AudioFormat("ulaw_8000", "ulaw", 8000)}


REALTIME_FORMATS = _formats(8000, 16000, 22050, 24000, 44100, 48000)
SPEECH_FORMATS = _formats(8000, 16000, 22050, 24000, 32000, 44100, 48000)


def _expanded() -> Samples:
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    magnitude = (((code & 0x0F) << 3) + 0x84 << ((code & 0x70) >> 4)) - 0x84
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


_EXPANDED = _expanded()
_CLIP, _BIAS = 32635, 0x84


def mulaw_decode(data: bytes) -> Samples:
    return _EXPANDED[np.frombuffer(data, dtype=np.uint8)]


def mulaw_encode(samples: Samples) -> bytes:
    wide = samples.astype(np.int32)
    magnitude = np.minimum(np.abs(wide), _CLIP) + _BIAS
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    sign = np.where(wide < 0, 0x80, 0)
    code = ~(sign | exponent << 4 | mantissa) & 0xFF
    return bytes(code.astype(np.uint8))


def resample(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    if from_hz == to_hz or len(samples) == 0:
        return samples
    return np.asarray(soxr.resample(samples, from_hz, to_hz), dtype=np.int16)


def join(pieces: list[Samples]) -> Samples:
    return np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.int16)


def frame_levels(samples: Samples, frame: int) -> npt.NDArray[np.float64]:
    """RMS of each whole `frame` samples, on the int16 scale."""
    whole = len(samples) // frame * frame
    rows = samples[:whole].reshape(-1, frame).astype(np.float64)
    return np.asarray(np.sqrt(np.mean(rows * rows, axis=1)))


def is_silent(samples: Samples, rate_hz: int = TELEPHONE_HZ) -> bool:
    """Whether no 20 ms of `samples` are louder than about -50 dBFS."""
    levels = frame_levels(samples, rate_hz // 50)
    return bool(len(levels) == 0 or levels.max() < SILENCE_RMS)
