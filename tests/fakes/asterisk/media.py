"""Media legs: 50 frames a second to every leg that shares a bridge with a snoop, from one ticker for all."""

from __future__ import annotations

import asyncio
import itertools
import struct
from collections.abc import Callable, Iterator

from tests.fakes.asterisk.state import Bridge, Channel

FRAME_BYTES = 160
FRAME_SECONDS = 0.02
SILENCE = b"\xff" * FRAME_BYTES
# FIN, binary, 160 bytes with a 16-bit length, unmasked.
WEBSOCKET_HEADER = b"\x82\x7e\x00\xa0"


def silent() -> Iterator[bytes]:
    """What a caller who says nothing sends."""
    return itertools.repeat(SILENCE)


def repeated(frames: bytes) -> Iterator[bytes]:
    """PCMU bytes in whole frames, over and over."""
    return itertools.cycle([frames[start : start + FRAME_BYTES] for start in range(0, len(frames), FRAME_BYTES)])


class RtpSender(asyncio.DatagramProtocol):
    """Sends one leg's packets; ``send_raw`` is for what a network does to them."""

    def __init__(self, ssrc: int = 0x1234) -> None:
        self.ssrc = ssrc
        self.sequence = 65530
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def send(self, frame: bytes) -> None:
        """Send a frame as the next packet."""
        self.send_raw(rtp_packet(self.sequence, frame, self.ssrc))
        self.sequence = (self.sequence + 1) & 0xFFFF

    def send_raw(self, packet: bytes) -> None:
        """Send a datagram."""
        if self.transport is not None:
            self.transport.sendto(packet)

    def close(self) -> None:
        """Send nothing more."""
        if self.transport is not None:
            self.transport.close()


def rtp_packet(sequence: int, payload: bytes, ssrc: int = 0x1234, *, payload_type: int = 0) -> bytes:
    """An RTP packet without extras."""
    header = struct.pack("!BBHII", 0x80, payload_type, sequence & 0xFFFF, sequence * FRAME_BYTES & 0xFFFFFFFF, ssrc)
    return header + payload


class Ticker:
    """Sends a frame to each bridged media leg every 20 ms, from an absolute schedule."""

    def __init__(self, bridges: dict[str, Bridge], channels: dict[str, Channel]) -> None:
        self._bridges = bridges
        self._channels = channels
        self.sent_frames = 0
        self.on_tick: Callable[[], None] = lambda: None

    async def run(self) -> None:
        """Tick until cancelled."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            self.tick()
            self.on_tick()
            due += FRAME_SECONDS
            await asyncio.sleep(max(0.0, due - loop.time()))

    def tick(self) -> None:
        """One frame for each leg that has a snoop beside it."""
        for bridge in list(self._bridges.values()):
            members = [self._channels[name] for name in bridge.channels if name in self._channels]
            snoop = next((one for one in members if one.snoop_of), None)
            leg = next((one for one in members if one.send is not None), None)
            if snoop is not None and leg is not None and leg.send is not None:
                caller = self._channels.get(snoop.snoop_of)
                if caller is not None and caller.audio is not None:
                    leg.send(next(caller.audio))
                    self.sent_frames += 1
