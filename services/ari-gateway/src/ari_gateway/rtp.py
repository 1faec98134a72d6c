"""RTP from Asterisk to audio time: reordered, doubled and lost packets, new sources, jumping clocks (RFC 3550).

Pure: time is passed in as monotonic seconds. Timestamps are not used: Asterisk's may jump without loss, its sequence
numbers do not.
"""

import struct
from dataclasses import dataclass, field

from ari_gateway.framing import frames_in, silence
from callbus.media import FRAME_BYTES

PAYLOAD_PCMU = 0
REORDER_FRAMES = 3
"""How many packets may pass a missing one before it counts as lost: 60 ms."""
LONGEST_GAP = 1500
"""A jump by more packets than this (30 s) is a restarted sequence."""
SLACK_FRAMES = 10
"""A gap may be this much (200 ms) longer than the time that passed; beyond, the sequence jumped and nothing is lost."""

_HEADER = struct.Struct("!BBHII")


@dataclass(frozen=True, slots=True)
class Packet:
    """One RTP packet."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


def parse(datagram: bytes) -> Packet | None:
    """The packet, or None when the datagram is no RTP version 2."""
    if len(datagram) < _HEADER.size:
        return None
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(datagram)
    if first >> 6 != 2:
        return None
    start = _HEADER.size + 4 * (first & 0x0F)
    if first & 0x10:
        start = _after_extension(datagram, start)
    end = len(datagram) - (datagram[-1] if first & 0x20 else 0)
    if start > end:
        return None
    return Packet(second & 0x7F, sequence, timestamp, ssrc, datagram[start:end])


def _after_extension(datagram: bytes, start: int) -> int:
    if len(datagram) < start + 4:
        return len(datagram) + 1
    return start + 4 + 4 * int.from_bytes(datagram[start + 2 : start + 4], "big")


@dataclass(slots=True)
class Counts:
    """What the network did, in packets."""

    received: int = 0
    late: int = 0
    lost: int = 0
    foreign: int = 0
    restarts: int = 0


@dataclass(slots=True)
class Sequencer:
    """Puts packets into the order of their sequence numbers, one frame for each 20 ms of audio.

    A packet that is missing is waited for while at most REORDER_FRAMES later ones arrive, then silence takes its place.
    """

    counts: Counts = field(default_factory=Counts)
    _ssrc: int | None = None
    _next: int = 0
    _waiting: dict[int, bytes] = field(default_factory=dict)
    _released_at: float = 0.0

    def feed(self, datagram: bytes, now: float) -> bytes:
        """The frames that are in order now, joined; may be empty."""
        packet = parse(datagram)
        if packet is None or packet.payload_type != PAYLOAD_PCMU or len(packet.payload) != FRAME_BYTES:
            self.counts.foreign += 1
            return b""
        self.counts.received += 1
        held = b"" if packet.ssrc == self._ssrc else self._restart(packet)
        ready = held + self._order(packet, now)
        if ready:
            self._released_at = now
        return ready

    def _order(self, packet: Packet, now: float) -> bytes:
        ahead = _distance(packet.sequence, self._next)
        if ahead == 0 and not self._waiting:
            self._next = (self._next + 1) & 0xFFFF
            return packet.payload
        if abs(ahead) > LONGEST_GAP:
            held = self._restart(packet)
            return held + self._order(packet, now)
        if ahead < 0 or packet.sequence in self._waiting:
            self.counts.late += 1
            return b""
        self._waiting[packet.sequence] = packet.payload
        return self._release(now)

    def _release(self, now: float) -> bytes:
        ready = self._in_order()
        if len(self._waiting) > REORDER_FRAMES:
            ready += self._give_up(now) + self._in_order()
        return ready

    def _in_order(self) -> bytes:
        frames: list[bytes] = []
        while (frame := self._waiting.pop(self._next, None)) is not None:
            frames.append(frame)
            self._next = (self._next + 1) & 0xFFFF
        return b"".join(frames)

    def _give_up(self, now: float) -> bytes:
        """Silence for the packets before the first one that is here."""
        missing = min(_distance(sequence, self._next) for sequence in self._waiting)
        self._next = (self._next + missing) & 0xFFFF
        passed = max(0, frames_in(now - self._released_at) - len(self._waiting))
        filled = missing if missing <= passed + SLACK_FRAMES else passed
        self.counts.lost += filled
        return silence(filled)

    def _restart(self, packet: Packet) -> bytes:
        """Take the packet's source as the new one; what waited of the old one is given out."""
        if self._ssrc is not None:
            self.counts.restarts += 1
        held = b"".join(self._waiting[sequence] for sequence in sorted(self._waiting, key=self._from_next))
        self._waiting.clear()
        self._ssrc, self._next = packet.ssrc, packet.sequence
        return held

    def _from_next(self, sequence: int) -> int:
        return _distance(sequence, self._next)


def _distance(sequence: int, reference: int) -> int:
    """How far ``sequence`` is ahead of ``reference``, -32768 to 32767."""
    return ((sequence - reference + 0x8000) & 0xFFFF) - 0x8000
