"""Sound as numpy arrays: G.711 mu-law, WAV files, resampling and level."""

import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soxr

Pcm16 = npt.NDArray[np.int16]

TELEPHONE_HZ = 8000
FULL_SCALE = 32768.0
SILENT_DBFS = -96.0
_MULAW_BIAS = 0x84
_MULAW_CLIP = 32635


def _decode_table() -> Pcm16:
    code = ~np.arange(256, dtype=np.uint8)
    exponent = ((code >> 4) & 7).astype(np.int32)
    mantissa = (code & 0x0F).astype(np.int32)
    magnitude = (((mantissa << 3) + _MULAW_BIAS) << exponent) - _MULAW_BIAS
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _encode_table() -> npt.NDArray[np.uint8]:
    samples = np.arange(-32768, 32768, dtype=np.int32)
    biased = np.minimum(np.abs(samples), _MULAW_CLIP) + _MULAW_BIAS
    exponent = np.floor(np.log2(biased)).astype(np.int32) - 7
    mantissa = (biased >> (exponent + 3)) & 0x0F
    sign = np.where(samples < 0, 0x80, 0)
    codes: npt.NDArray[np.uint8] = (~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8)
    return codes


_DECODED = _decode_table()
_ENCODED = _encode_table()


def decode_mulaw(pcmu: bytes) -> Pcm16:
    """PCMU bytes -> 16-bit samples (ITU-T G.711)."""
    decoded: Pcm16 = _DECODED[np.frombuffer(pcmu, dtype=np.uint8)]
    return decoded


def encode_mulaw(samples: Pcm16) -> bytes:
    """16-bit samples -> PCMU bytes (ITU-T G.711)."""
    return _ENCODED[samples.astype(np.int32) + 32768].tobytes()


def resample(samples: Pcm16, from_hz: int, to_hz: int) -> Pcm16:
    """One whole clip at another rate."""
    if from_hz == to_hz:
        return samples
    return np.asarray(soxr.resample(samples, from_hz, to_hz, quality="HQ"), dtype=np.int16)


def level_dbfs(samples: Pcm16) -> float:
    """Root mean square against full scale, not below -96."""
    if not samples.size:
        return SILENT_DBFS
    power = float(np.mean(np.square(samples.astype(np.float64))))
    return max(SILENT_DBFS, 10 * float(np.log10(max(power, 1e-12) / FULL_SCALE**2)))


def at_level(samples: Pcm16, dbfs: float) -> Pcm16:
    """The clip scaled so that its loud parts (the upper half of 20 ms frames) have this level; peaks are clipped."""
    frames = samples[: samples.size // 160 * 160].reshape(-1, 160).astype(np.float64)
    power = np.sort(np.mean(np.square(frames), axis=1))
    active = float(np.mean(power[power.size // 2 :])) if power.size else 0.0
    if active <= 0.0:
        return samples
    gain = FULL_SCALE * 10 ** (dbfs / 20) / active**0.5
    scaled: Pcm16 = np.clip(samples * gain, -32768, 32767).astype(np.int16)
    return scaled


def read_wav(path: Path) -> tuple[Pcm16, int]:
    """Samples (mono, or samples x channels) and rate of a 16-bit WAV file; raises ValueError for other widths."""
    with wave.open(str(path), "rb") as file:
        if file.getsampwidth() != 2:
            raise ValueError(f"{path}: {8 * file.getsampwidth()}-bit samples; only 16-bit WAV is read")
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.int16)
        channels, rate_hz = file.getnchannels(), file.getframerate()
    return (samples.reshape(-1, channels) if channels > 1 else samples), rate_hz


def write_wav(path: Path, samples: Pcm16, rate_hz: int) -> None:
    """Write mono (one-dimensional) or multi-channel (samples x channels) 16-bit WAV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(samples.astype("<i2").tobytes())


def stereo(left: Pcm16, right: Pcm16) -> Pcm16:
    """Two mono clips side by side (samples x 2), the shorter filled up with silence."""
    length = max(left.size, right.size)
    sides = [np.pad(side, (0, length - side.size)) for side in (left, right)]
    return np.stack(sides, axis=1).astype(np.int16)
