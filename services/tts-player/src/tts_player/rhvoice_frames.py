"""The protocol between the service and its RHVoice process: length-prefixed frames over a pipe. Stdlib only.

A frame is a 4-byte length (big endian, of what follows), one byte of kind and the payload.

    to the process      S  speak    JSON: text, profile
                        C  cancel   (empty) the sentence that is being spoken
    from the process    H  hello    JSON: version, profiles; once, when it is ready
                        R  rate     4-byte sample rate, before the first audio of a sentence
                        A  audio    PCM16 mono
                        E  end      of the sentence, also of a cancelled one
                        F  failed   UTF-8 text; the sentence is over (instead of H: it cannot be used)
"""

import struct
from typing import Literal

Kind = Literal[b"S", b"C", b"H", b"R", b"A", b"E", b"F"]
HEADER = struct.Struct(">Ic")
LONGEST_PAYLOAD = 1 << 20


class BadFrame(ValueError):
    """The other side does not speak this protocol."""


def frame(kind: Kind, payload: bytes = b"") -> bytes:
    """One frame as it goes through the pipe."""
    return HEADER.pack(len(payload) + 1, kind) + payload


def parse_header(header: bytes) -> tuple[bytes, int]:
    """The kind, and how many bytes of payload follow.

    :raises BadFrame: the length is impossible.
    """
    length, kind = HEADER.unpack(header)
    if not 1 <= length <= LONGEST_PAYLOAD:
        raise BadFrame(f"a frame of {length} bytes")
    return kind, length - 1
