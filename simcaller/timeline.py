"""Both sides of a call laid on one time axis: the stereo recording, caller left, bot right."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from simcaller.audio import Pcm16, decode_mulaw, stereo, write_wav
from simcaller.media import Frame
from simcaller.rtp import SAMPLE_RATE_HZ, TIMESTAMP_MODULUS
from simcaller.sdp import PCMU

# Packets of one stretch of sound lie by their timestamps; one that is further off than this starts a new stretch.
TOLERANCE_MS = 60.0


def lay_out(frames: Sequence[Frame], began_at: float) -> Pcm16:
    """8 kHz samples where sample n sounds at `began_at` + n / 8000; what was not received is silence."""
    placed = _positions([frame for frame in frames if frame.payload_type == PCMU], began_at)
    length = max((position + len(payload) for position, payload in placed), default=0)
    samples = np.zeros(length, dtype=np.int16)
    for position, payload in placed:
        start = max(0, position)
        samples[start : position + len(payload)] = decode_mulaw(payload)[start - position :]
    return samples


def record(path: Path, sent: Sequence[Frame], received: Sequence[Frame]) -> float:
    """Write the stereo WAV; returns the unix time of its first sample."""
    began_at = min((frame.at for frame in (*sent[:1], *received[:1])), default=0.0)
    write_wav(path, stereo(lay_out(sent, began_at), lay_out(received, began_at)), SAMPLE_RATE_HZ)
    return began_at


def _positions(frames: Sequence[Frame], began_at: float) -> list[tuple[int, bytes]]:
    tolerance = TOLERANCE_MS * SAMPLE_RATE_HZ / 1000
    placed: list[tuple[int, bytes]] = []
    anchor: tuple[int, int] | None = None
    for frame in frames:
        position = round((frame.at - began_at) * SAMPLE_RATE_HZ)
        if anchor is not None:
            expected = anchor[0] + _signed(frame.timestamp - anchor[1])
            position = expected if abs(expected - position) <= tolerance else position
        anchor = (position, frame.timestamp)
        placed.append((position, frame.payload))
    return placed


def _signed(difference: int) -> int:
    """A distance on the 32-bit RTP clock, negative when backwards."""
    half = TIMESTAMP_MODULUS // 2
    return (difference + half) % TIMESTAMP_MODULUS - half
