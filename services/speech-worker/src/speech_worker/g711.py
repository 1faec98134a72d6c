"""G.711 mu-law (PCMU) to and from linear PCM16, exactly as the ITU's tables have it."""

import numpy as np
from numpy.typing import NDArray

SILENCE = 0xFF
"""The mu-law code of zero."""

_BIAS = 33
_CLIP = 8158
_SEGMENT_ENDS = np.array([0x3F, 0x7F, 0xFF, 0x1FF, 0x3FF, 0x7FF, 0xFFF, 0x1FFF])


def _decode_table() -> NDArray[np.int16]:
    inverted = ~np.arange(256, dtype=np.int32) & 0xFF
    magnitude = (((inverted & 0x0F) << 1) + _BIAS << (inverted >> 4 & 0x07)) - _BIAS
    linear = np.where(inverted & 0x80, -magnitude, magnitude) << 2
    return linear.astype(np.int16)


def _encode_table() -> NDArray[np.uint8]:
    linear = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32) >> 2
    negative = linear < 0
    magnitude = np.minimum(np.abs(linear), _CLIP) + _BIAS
    segment = np.searchsorted(_SEGMENT_ENDS, magnitude)
    code = (segment << 4 | (magnitude >> segment + 1 & 0x0F)) ^ np.where(negative, 0x7F, 0xFF)
    table: NDArray[np.uint8] = code.astype(np.uint8)
    return table


_DECODE = _decode_table()
_ENCODE = _encode_table()


def decode(payload: bytes) -> NDArray[np.int16]:
    """PCM16 samples of mu-law bytes, one for each."""
    return _DECODE[np.frombuffer(payload, np.uint8)]


def encode(pcm: NDArray[np.int16]) -> bytes:
    """Mu-law bytes of PCM16 samples, one for each."""
    return _ENCODE[pcm.view(np.uint16)].tobytes()
