"""The other end of a simulated call: a small answering SIP server with an RTP echo, on loopback."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from simcaller import rtp, sdp, sip

Address = tuple[str, int]


@dataclass
class FarEnd:
    """Answers INVITE with the next of `statuses`, echoes audio, keeps what it got."""

    statuses: list[int] = field(default_factory=lambda: [100, 180, 200])
    requests: list[sip.Request] = field(default_factory=list)
    responses: list[sip.Response] = field(default_factory=list)
    packets: list[rtp.Packet] = field(default_factory=list)
    drop_acks: int = 0
    dropped_invites: int = 0
    echo: bool = True

    def __post_init__(self) -> None:
        self._sip: asyncio.DatagramTransport | None = None
        self._rtp: asyncio.DatagramTransport | None = None
        self._peer: Address = ("", 0)
        self._invite: sip.Request | None = None
        self.changed = asyncio.Event()

    @property
    def address(self) -> Address:
        assert self._sip is not None
        host, port = self._sip.get_extra_info("sockname")
        return host, port

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._sip, _ = await loop.create_datagram_endpoint(lambda: _Ear(self._on_sip), local_addr=("127.0.0.1", 0))
        self._rtp, _ = await loop.create_datagram_endpoint(lambda: _Ear(self._on_rtp), local_addr=("127.0.0.1", 0))

    def close(self) -> None:
        for transport in (self._sip, self._rtp):
            if transport is not None:
                transport.close()

    def methods(self) -> list[str]:
        return [request.method for request in self.requests]

    async def until(self, method: str, *, times: int = 1) -> sip.Request:
        """Wait for so many requests of this method; returns the first."""
        async with asyncio.timeout(5):
            while self.methods().count(method) < times:
                self.changed.clear()
                await self.changed.wait()
        return next(request for request in self.requests if request.method == method)

    async def until_response(self) -> sip.Response:
        async with asyncio.timeout(5):
            while not self.responses:
                self.changed.clear()
                await self.changed.wait()
        return self.responses[-1]

    def ask(self, method: str, *, body: bytes = b"", extra: sip.Fields = ()) -> None:
        """Send a request within the dialog of the last INVITE."""
        assert self._invite is not None
        headers = self._invite.headers
        fields = (
            ("Via", f"SIP/2.0/UDP 127.0.0.1:{self.address[1]};branch=z9hG4bK{method}"),
            ("From", f"{headers.get('To')};tag=far"),
            ("To", headers.get("From")),
            ("Call-ID", headers.get("Call-ID")),
            ("CSeq", f"7 {method}"),
            *extra,
        )
        self._send(sip.Request(method, "sip:simcaller@127.0.0.1", sip.Headers(fields), body).encode())

    def play(self, pcmu: bytes) -> None:
        """Send audio to the caller, a packet every 20 ms from now on."""
        loop = asyncio.get_running_loop()
        invited = self._invite
        assert invited is not None
        caller = sdp.parse(invited.body)
        for number, start in enumerate(range(0, len(pcmu), rtp.FRAME_BYTES)):
            packet = rtp.Packet(0, number, start, 1, pcmu[start : start + rtp.FRAME_BYTES])
            loop.call_later(number * 0.02, self._send_rtp, packet.encode(), (caller.host, caller.port))

    def answer(self, status: int, request: sip.Request | None = None, extra: sip.Fields = ()) -> None:
        """Answer a request, by default the last INVITE; a 200 or 183 to an INVITE carries a description."""
        request = request or self._invite
        assert request is not None
        assert self._rtp is not None
        media = sdp.Audio("127.0.0.1", self._rtp.get_extra_info("sockname")[1])
        described = request.method == "INVITE" and status in (183, 200)
        body = sdp.build(media, session_id=1) if described else b""
        contact = ("Contact", f"<sip:bot@127.0.0.1:{self.address[1]}>")
        self._send(sip.respond(request, status, "Because", to_tag="far", extra=(contact, *extra), body=body).encode())

    def _on_sip(self, datagram: bytes, address: Address) -> None:
        self._peer = address
        message = sip.parse(datagram)
        if isinstance(message, sip.Response):
            self.responses.append(message)
        else:
            self.requests.append(message)
            self._on_request(message)
        self.changed.set()

    def _on_request(self, request: sip.Request) -> None:
        match request.method:
            case "INVITE" if self.dropped_invites:
                self.dropped_invites -= 1
            case "INVITE":
                self._invite = request
                for status in self.statuses:
                    self.answer(status)
            case "CANCEL":
                self.answer(200, request)
                self.answer(487)
            case "ACK" if self.drop_acks:
                self.drop_acks -= 1
                self.answer(200)
            case "ACK":
                pass
            case _:
                self.answer(200, request)

    def _on_rtp(self, datagram: bytes, address: Address) -> None:
        assert self._rtp is not None
        self.packets.append(rtp.Packet.parse(datagram))
        if self.echo:
            self._rtp.sendto(datagram, address)

    def _send_rtp(self, datagram: bytes, address: Address) -> None:
        assert self._rtp is not None
        self._rtp.sendto(datagram, address)

    def _send(self, datagram: bytes) -> None:
        assert self._sip is not None
        self._sip.sendto(datagram, self._peer)


@asynccontextmanager
async def far_end(
    *statuses: int, drop_acks: int = 0, dropped_invites: int = 0, echo: bool = True
) -> AsyncIterator[FarEnd]:
    answers = list(statuses or (100, 180, 200))
    end = FarEnd(answers, drop_acks=drop_acks, dropped_invites=dropped_invites, echo=echo)
    await end.open()
    try:
        yield end
    finally:
        end.close()


class _Ear(asyncio.DatagramProtocol):
    def __init__(self, take: Callable[[bytes, Address], None]) -> None:
        self._take = take

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._take(data, addr)
