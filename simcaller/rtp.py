"""RTP packets and RFC 4733 telephone events as data, without I/O (RFC 3550 section 5.1, RFC 4733 section 2.3)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

FRAME_MS = 20
SAMPLE_RATE_HZ = 8000
FRAME_BYTES = SAMPLE_RATE_HZ * FRAME_MS // 1000
SILENCE_BYTE = 0xFF
SILENCE = bytes([SILENCE_BYTE]) * FRAME_BYTES
DTMF_DIGITS = "0123456789*#ABCD"
DTMF_END = 0x80
DTMF_END_REPEATS = 3
SEQUENCE_MODULUS = 1 << 16
TIMESTAMP_MODULUS = 1 << 32

_HEADER = struct.Struct("!BBHII")
_EVENT = struct.Struct("!BBH")


class RtpSyntaxError(ValueError):
    """A datagram that is no RTP version 2 packet."""


class Packet(NamedTuple):
    """One RTP packet; `timestamp` counts samples."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool = False

    def encode(self) -> bytes:
        second = self.payload_type | (0x80 if self.marker else 0)
        return _HEADER.pack(0x80, second, self.sequence, self.timestamp, self.ssrc) + self.payload

    @classmethod
    def parse(cls, datagram: bytes) -> "Packet":
        """Take one datagram apart; raises RtpSyntaxError."""
        if len(datagram) < _HEADER.size or datagram[0] >> 6 != 2:
            raise RtpSyntaxError("no RTP version 2 packet")
        first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(datagram)
        begin, end = _payload_bounds(datagram, first)
        return cls(second & 0x7F, sequence, timestamp, ssrc, datagram[begin:end], bool(second & 0x80))


def _payload_bounds(datagram: bytes, first: int) -> tuple[int, int]:
    begin = _HEADER.size + 4 * (first & 0x0F)
    if first & 0x10 and len(datagram) >= begin + 4:
        begin += 4 + 4 * int.from_bytes(datagram[begin + 2 : begin + 4], "big")
    padding = datagram[-1] if first & 0x20 else 0
    if begin + padding > len(datagram):
        raise RtpSyntaxError("header or padding is longer than the packet")
    return begin, len(datagram) - padding


@dataclass(frozen=True, slots=True)
class Tick:
    """What leaves in one 20 ms tick: PCMU, or the packets of a telephone event."""

    payloads: tuple[bytes, ...]
    event: bool = False
    event_begins: bool = False


def audio_ticks(pcmu: bytes) -> Iterator[Tick]:
    """Cut PCMU into ticks; the last one is filled up with silence."""
    for start in range(0, len(pcmu), FRAME_BYTES):
        yield Tick((pcmu[start : start + FRAME_BYTES].ljust(FRAME_BYTES, bytes([SILENCE_BYTE])),))


def dtmf_ticks(digit: str, *, duration_ms: int = 100, volume_dbm0: int = -10) -> Iterator[Tick]:
    """One key press: a growing event every tick, its end three times (RFC 4733 2.5.1.4)."""
    code = DTMF_DIGITS.find(digit.upper())
    if code < 0 or len(digit) != 1:
        raise ValueError(f"digit {digit!r} is none of {DTMF_DIGITS}")
    last = max(1, duration_ms // FRAME_MS)
    for number in range(1, last + 1):
        flags = -volume_dbm0 | (DTMF_END if number == last else 0)
        payload = _EVENT.pack(code, flags, number * FRAME_BYTES)
        yield Tick((payload,) * (DTMF_END_REPEATS if number == last else 1), True, number == 1)


class Packetizer:
    """Number ticks into packets: one sequence, one clock of 160 samples a tick; an event keeps its first timestamp."""

    def __init__(self, *, ssrc: int, sequence: int, timestamp: int, event_payload_type: int | None) -> None:
        self.event_payload_type = event_payload_type
        self._ssrc = ssrc
        self._sequence = sequence
        self._clock = timestamp
        self._event_timestamp = timestamp
        self._first = True

    def packets(self, tick: Tick) -> list[Packet]:
        """The packets of one tick; none for an event that the other side did not agree to."""
        if tick.event_begins:
            self._event_timestamp = self._clock
        timestamp = self._event_timestamp if tick.event else self._clock
        payload_type = self.event_payload_type if tick.event else 0
        self._clock = (self._clock + FRAME_BYTES) % TIMESTAMP_MODULUS
        if payload_type is None:
            return []
        return [self._packet(payload_type, timestamp, payload, tick.event_begins) for payload in tick.payloads]

    def _packet(self, payload_type: int, timestamp: int, payload: bytes, marker: bool) -> Packet:
        packet = Packet(payload_type, self._sequence, timestamp, self._ssrc, payload, marker or self._first)
        self._sequence = (self._sequence + 1) % SEQUENCE_MODULUS
        self._first = False
        return packet
