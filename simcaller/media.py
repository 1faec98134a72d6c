"""The caller's RTP socket: a packet every 20 ms from an absolute schedule, every packet kept with its time."""

import asyncio
import contextlib
import secrets
import socket
import struct
import time
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from simcaller import rtp, sdp
from simcaller.impairments import PERFECT, Fate, Network

# <asm-generic/socket.h>; Python has no names for them. The kernel then says when a datagram arrived (a timespec).
SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("@ll")
_LARGEST_DATAGRAM = 2048
_FRAME_SECONDS = rtp.FRAME_MS / 1000


class Frame(NamedTuple):
    """One packet at the caller: `at` in unix seconds, of sending or (by the kernel) of arrival."""

    at: float
    sequence: int
    timestamp: int
    payload_type: int
    payload: bytes


class Media:
    """Both directions of the call's audio; open it, `start` when the other side's address is known, `close` it."""

    def __init__(self, host: str, *, network: Network = PERFECT, mute: bool = False) -> None:
        self.sent: list[Frame] = []
        self.received: list[Frame] = []
        self.arrived = asyncio.Event()
        self.drained = asyncio.Event()
        self.drained.set()
        self._mute = mute
        self._fate = Fate(network)
        self._queue: deque[rtp.Tick] = deque()  # bounded by what the test says; it holds bytes of its own clips
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._peer: tuple[str, int] | None = None
        self._accepts_audio = True
        self._started_at = 0.0
        self._ticks = 0
        self._packetizer = _packetizer()
        self._socket = _open(host)
        self._loop.add_reader(self._socket, self._read)

    @property
    def port(self) -> int:
        """The local UDP port."""
        return int(self._socket.getsockname()[1])

    def start(self, remote: sdp.Audio) -> None:
        """Begin to send to the other side, or follow it to a new address."""
        self._peer = (remote.host, remote.port)
        self._packetizer.event_payload_type = remote.telephone_event
        self._accepts_audio = remote.direction in ("sendrecv", "recvonly")
        if self._timer is None:
            self._started_at = self._loop.time()
            self._tick()

    def send(self, ticks: Iterable[rtp.Tick]) -> None:
        """Queue ticks behind what is queued already; `drained` is set when the last one has left."""
        self._queue.extend(ticks)
        if self._queue:
            self.drained.clear()

    def drop_queue(self) -> None:
        """Fall silent at once."""
        self._queue.clear()
        self.drained.set()

    def stop(self) -> None:
        """Send no more, and wake who waits for sound: the call is over."""
        if self._timer is not None:
            self._timer.cancel()
        self._peer = None
        self.drop_queue()
        self.arrived.set()

    def close(self) -> None:
        """Stop, and give the socket back; what was recorded stays."""
        self.stop()
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _tick(self) -> None:
        """Send what is due and set the timer to the next multiple of 20 ms, however late this one came."""
        tick = self._queue.popleft() if self._queue else rtp.Tick((rtp.SILENCE,))
        for packet in self._packetizer.packets(tick):
            for delay_ms in self._fate.delays_ms():
                self._send_after(delay_ms, packet)
        self._ticks += 1
        if not self._queue:
            self.drained.set()
        self._timer = self._loop.call_at(self._started_at + self._ticks * _FRAME_SECONDS, self._tick)

    def _send_after(self, delay_ms: float, packet: rtp.Packet) -> None:
        if delay_ms > 0:
            self._loop.call_later(delay_ms / 1000, self._send, packet)
        else:
            self._send(packet)

    def _send(self, packet: rtp.Packet) -> None:
        if self._mute or self._peer is None or not self._accepts_audio:
            return
        try:
            self._socket.sendto(packet.encode(), self._peer)
        except (BlockingIOError, ConnectionRefusedError):
            return  # a full socket buffer or a closed far port: lost like any packet on a wire
        self.sent.append(Frame(time.time(), packet.sequence, packet.timestamp, packet.payload_type, packet.payload))

    def _read(self) -> None:
        try:
            datagram, ancillary, _, _ = self._socket.recvmsg(_LARGEST_DATAGRAM, socket.CMSG_SPACE(_TIMESPEC.size))
            packet = rtp.Packet.parse(datagram)
        except (BlockingIOError, ConnectionRefusedError, rtp.RtpSyntaxError):
            return
        at = _arrival(ancillary)
        self.received.append(Frame(at, packet.sequence, packet.timestamp, packet.payload_type, packet.payload))
        self.arrived.set()


def _packetizer() -> rtp.Packetizer:
    return rtp.Packetizer(
        ssrc=secrets.randbits(32),
        sequence=secrets.randbits(15),
        timestamp=secrets.randbits(31),
        event_payload_type=sdp.TELEPHONE_EVENT,
    )


def _open(host: str) -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.setblocking(False)
    with contextlib.suppress(OSError):  # not Linux: the loop's time stands in
        opened.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    opened.bind((host, 0))
    return opened


def _arrival(ancillary: list[tuple[int, int, bytes]]) -> float:
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS and len(data) >= _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack_from(data)
            return float(seconds) + float(nanoseconds) / 1e9
    return time.time()
