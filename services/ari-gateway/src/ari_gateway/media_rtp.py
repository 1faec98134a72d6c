"""The media leg over RTP, for an Asterisk without chan_websocket: one UDP port a call."""

import asyncio
import ipaddress
import logging
import socket
import time
from collections.abc import Iterable
from urllib.parse import urlsplit

from ari_gateway.client import AsteriskARIClient
from ari_gateway.errors import ARIUnavailable
from ari_gateway.media_leg import AudioSink, MediaLeg
from ari_gateway.resources import ExternalMedia
from ari_gateway.rtp import Counts, Sequencer

log = logging.getLogger(__name__)


class RtpRoute:
    """Asterisk sends to a UDP port of ours; ``host`` is our address as Asterisk sees it, no ``ports`` means any."""

    def __init__(self, ari: AsteriskARIClient, app: str, *, host: str, bind: str, ports: range | None) -> None:
        self._ari = ari
        self._app = app
        self._host = host
        self._bind = bind
        self._ports = ports

    async def open(self, channel_id: str, sink: AudioSink) -> MediaLeg:
        """See :class:`ari_gateway.media_leg.MediaRoute`."""
        leg = await self._bound(sink)
        try:
            await self._ari.external_media(
                ExternalMedia(
                    channel_id=channel_id,
                    app=self._app,
                    encapsulation="rtp",
                    transport="udp",
                    external_host=f"{_bracketed(self._host)}:{leg.port}",
                )
            )
        except BaseException:
            leg.close()
            raise
        return leg

    async def _bound(self, sink: AudioSink) -> "RtpSocket":
        loop = asyncio.get_running_loop()
        for port in self._candidates():
            try:
                _, leg = await loop.create_datagram_endpoint(lambda: RtpSocket(sink), local_addr=(self._bind, port))
            except OSError:
                continue
            return leg
        raise ARIUnavailable("no free UDP port for RTP; widen TRUNKLINE_RTP_PORTS or check TRUNKLINE_RTP_BIND")

    def _candidates(self) -> Iterable[int]:
        # Even ports only: the odd one above is RTCP's by custom.
        return [0] if self._ports is None else (port for port in self._ports if port % 2 == 0)


class RtpSocket(asyncio.DatagramProtocol):
    """Receives one call's packets, from the first address that sends valid ones and from no other."""

    def __init__(self, sink: AudioSink) -> None:
        self._sink = sink
        self._sequencer = Sequencer()
        self._source: tuple[str, int] | None = None
        self._transport: asyncio.DatagramTransport | None = None
        self.port = 0

    @property
    def counts(self) -> Counts:
        """What the network did."""
        return self._sequencer.counts

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        """The port is bound."""
        self._transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Take a packet."""
        if self._source is not None and addr[:2] != self._source:
            self.counts.foreign += 1
            return
        received = self.counts.received
        frames = self._sequencer.feed(data, time.monotonic())
        if self._source is None and self.counts.received > received:
            self._source = addr[:2]
        if frames:
            self._sink.push(frames)

    def error_received(self, exc: Exception) -> None:
        """An ICMP error: nothing is sent from here, so nothing is lost by it."""
        log.debug("RTP port %d: %s", self.port, exc)

    def close(self) -> None:
        """Free the port."""
        if self._transport is not None:
            self._transport.close()
        if self.counts.lost or self.counts.late or self.counts.restarts:
            log.info("RTP port %d: %s", self.port, self.counts)


def own_address(ari_url: str) -> str:
    """Our address on the way to Asterisk, as the routing table has it; no packet is sent.

    :raises OSError: the host of ``ari_url`` is unknown or there is no way to it.
    """
    parts = urlsplit(ari_url)
    family, kind, _, _, address = socket.getaddrinfo(parts.hostname, parts.port or 80, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as probe:
        probe.connect(address)
        return str(probe.getsockname()[0])


def _bracketed(host: str) -> str:
    try:
        return f"[{host}]" if ipaddress.ip_address(host).version == 6 else host
    except ValueError:
        return host
