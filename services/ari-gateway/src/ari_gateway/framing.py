"""Bytes of PCMU, however they were cut, to whole 20 ms frames."""

from callbus.media import FRAME_BYTES, FRAME_MS

SILENCE = b"\xff"
SILENT_FRAME = SILENCE * FRAME_BYTES


class Framer:
    """Cuts a byte stream into whole frames; what is left over waits for the next piece."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> bytes:
        """The whole frames that are complete now, joined; may be empty."""
        if not self._rest and len(piece) == FRAME_BYTES:
            return piece
        data = self._rest + piece
        whole = len(data) - len(data) % FRAME_BYTES
        self._rest = data[whole:]
        return data[:whole]


def silence(frames: int) -> bytes:
    """So many frames of silence."""
    return SILENT_FRAME * frames


def frames_in(seconds: float) -> int:
    """How many whole frames fit into a time."""
    return int(seconds * 1000 / FRAME_MS)
