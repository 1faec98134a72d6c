"""The media leg over Asterisk's own HTTP port (chan_websocket, Asterisk >= 20.16, 21.11 or 22.6).

The Sans-I/O half of `websockets` in an asyncio protocol: a frame goes from the socket to the sink in one call, without
a task or a future for each of the 50 frames a second.
"""

import asyncio
import logging
from typing import cast

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidHandshake
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.typing import Subprotocol
from websockets.uri import WebSocketURI, parse_uri

from ari_gateway.client import AsteriskARIClient
from ari_gateway.errors import ARIError, ARIProtocolError, ARIUnavailable
from ari_gateway.framing import Framer
from ari_gateway.media_leg import AudioSink, MediaLeg
from ari_gateway.resources import ExternalMedia

log = logging.getLogger(__name__)

OPEN_TIMEOUT_SECONDS = 3.0
CONNECTION_ID = "MEDIA_WEBSOCKET_CONNECTION_ID"


class WebSocketRoute:
    """Asterisk waits for us at ``/media/<connection id>``; the id is the only secret."""

    def __init__(self, ari: AsteriskARIClient, app: str) -> None:
        self._ari = ari
        self._app = app

    async def open(self, channel_id: str, sink: AudioSink) -> MediaLeg:
        """See :class:`ari_gateway.media_leg.MediaRoute`; the channel enters Stasis once we are connected."""
        channel = await self._ari.external_media(
            ExternalMedia(
                channel_id=channel_id,
                app=self._app,
                encapsulation="none",
                transport="websocket",
                connection_type="server",
            )
        )
        connection_id = channel.channelvars.get(CONNECTION_ID)
        if not connection_id:
            raise ARIProtocolError(f"externalMedia: no {CONNECTION_ID} in the answer; is chan_websocket.so loaded?")
        return await connect_media(f"{self._ari.websocket_base}/media/{connection_id}", sink)


async def connect_media(address: str, sink: AudioSink) -> MediaLeg:
    """Connect to a media websocket; its audio falls into ``sink``.

    :raises ARIUnavailable: it could not be opened.
    """
    uri = parse_uri(address)
    loop = asyncio.get_running_loop()
    socket = MediaSocket(uri, sink, loop.create_future())
    try:
        async with asyncio.timeout(OPEN_TIMEOUT_SECONDS):
            await loop.create_connection(lambda: socket, uri.host, uri.port, ssl=uri.secure or None)
            await socket.opened
    except TimeoutError:
        socket.close()
        raise ARIUnavailable(f"media websocket: not open in {OPEN_TIMEOUT_SECONDS:g} s") from None
    except OSError as error:
        raise ARIUnavailable(f"media websocket: {error.strerror or error}") from None
    except asyncio.CancelledError:
        socket.close()
        raise
    return socket


class MediaSocket(asyncio.Protocol):
    """One media websocket; ``opened`` is done when the handshake is."""

    def __init__(self, uri: WebSocketURI, sink: AudioSink, opened: "asyncio.Future[None]") -> None:
        self.opened = opened
        self._sink = sink
        self._framer = Framer()
        self._websocket = ClientProtocol(uri, subprotocols=[Subprotocol("media")], max_size=2**16)
        self._transport: asyncio.Transport | None = None
        self._closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the handshake."""
        self._transport = cast(asyncio.Transport, transport)
        self._websocket.send_request(self._websocket.connect())
        self._write()

    def data_received(self, data: bytes) -> None:
        """Take what the socket brought."""
        self._websocket.receive_data(data)
        for event in self._websocket.events_received():
            if isinstance(event, Frame):
                self._take(event)
            elif isinstance(event, Response):
                self._finish_handshake()
        self._write()

    def eof_received(self) -> None:
        """Let the websocket's half notice, then close."""
        self._websocket.receive_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the owner, unless it was the owner who closed."""
        reason = f"media websocket lost: {exc or 'closed by Asterisk'}"
        if not self.opened.done():
            self.opened.set_exception(ARIUnavailable(reason))
        elif not self._closed:
            self._closed = True
            self._sink.lost(reason)

    def close(self) -> None:
        """Close without waiting for Asterisk; the sink hears nothing more."""
        self._closed = True
        if self._transport is not None and not self._transport.is_closing():
            self._websocket.send_close()
            self._write()
            self._transport.close()

    def _take(self, frame: Frame) -> None:
        if self._closed:
            return
        if frame.opcode is Opcode.BINARY:
            frames = self._framer.feed(bytes(frame.data))
            if frames:
                self._sink.push(frames)
        elif frame.opcode is Opcode.TEXT:
            log.debug("media websocket: %s", bytes(frame.data)[:300])

    def _finish_handshake(self) -> None:
        if self.opened.done():
            return
        problem = self._websocket.handshake_exc
        if problem is None:
            self.opened.set_result(None)
        else:
            self.opened.set_exception(_handshake_error(problem))

    def _write(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        for data in self._websocket.data_to_send():
            if data:
                self._transport.write(data)
            else:
                self._transport.close()


def _handshake_error(problem: Exception) -> ARIError:
    kind = ARIProtocolError if isinstance(problem, InvalidHandshake) else ARIUnavailable
    return kind(f"media websocket refused: {problem}")
