"""Both sides of a call laid on one time axis: the stereo recording, caller left, bot right."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from simcaller.audio import Pcm16, decode_mulaw, stereo, write_wav
from simcaller.media import Frame
from simcaller.rtp import SAMPLE_RATE_HZ, TIMESTAMP_MODULUS
from simcaller.sdp import PCMU

# Packets of one stretch of sound lie by their timestamps; one that is further off than this starts a new stretch.
TOLERANCE_SECONDS = 0.5


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
    placed: list[tuple[int, bytes]] = []
    for stretch in _stretches(frames):
        clocks = [_signed(frame.timestamp - stretch[0].timestamp) for frame in stretch]
        # The packet that was delayed least tells where the stretch truly begins.
        start = min(
            round((frame.at - began_at) * SAMPLE_RATE_HZ) - clock for frame, clock in zip(stretch, clocks, strict=True)
        )
        placed += [(start + clock, frame.payload) for frame, clock in zip(stretch, clocks, strict=True)]
    return placed


def _stretches(frames: Sequence[Frame]) -> list[list[Frame]]:
    """Frames whose clock and whose times of arrival tell the same story."""
    stretches: list[list[Frame]] = []
    for frame in frames:
        if stretches and abs(_lateness_seconds(stretches[-1][0], frame)) <= TOLERANCE_SECONDS:
            stretches[-1].append(frame)
        else:
            stretches.append([frame])
    return stretches


def _lateness_seconds(first: Frame, frame: Frame) -> float:
    return frame.at - first.at - _signed(frame.timestamp - first.timestamp) / SAMPLE_RATE_HZ


def _signed(difference: int) -> int:
    """A distance on the 32-bit RTP clock, negative when backwards."""
    half = TIMESTAMP_MODULUS // 2
    return (difference + half) % TIMESTAMP_MODULUS - half
