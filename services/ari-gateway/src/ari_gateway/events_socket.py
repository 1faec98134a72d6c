"""The events websocket.

`websockets` and not aiohttp's client: the media legs use it anyway, it pings by itself (Asterisk never does) and so
finds a connection that died without a word, and its exceptions say which side closed and why.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from ari_gateway.errors import ARIError, ARIProtocolError, ARIUnavailable, from_status
from ari_gateway.events import AriEvent, EventReader

OPEN_TIMEOUT_SECONDS = 5.0
PING_SECONDS = 5.0
# Beyond this many unread events the socket is not read: Asterisk then says so in its log, and REST goes on.
UNREAD_EVENTS = 1024


@asynccontextmanager
async def open_events(
    address: str, headers: Mapping[str, str], reader: EventReader
) -> AsyncIterator[AsyncIterator[AriEvent]]:
    """Open the websocket; iterate over what it brings.

    :raises ARIError: when it cannot be opened; the iteration raises ARIUnavailable when it is lost.
    """
    socket = await _open(address, headers)
    try:
        yield _events(socket, reader)
    finally:
        await socket.close()


async def _open(address: str, headers: Mapping[str, str]) -> ClientConnection:
    try:
        return await connect(
            address,
            additional_headers=dict(headers),
            proxy=None,
            compression=None,
            open_timeout=OPEN_TIMEOUT_SECONDS,
            ping_interval=PING_SECONDS,
            ping_timeout=PING_SECONDS,
            close_timeout=1.0,
            max_queue=UNREAD_EVENTS,
        )
    except InvalidStatus as error:
        raise _refused(error) from None
    except InvalidHandshake as error:
        raise ARIProtocolError(f"events websocket: {error}; is ASTERISK_ARI_URL an Asterisk?") from None
    except TimeoutError:
        raise ARIUnavailable(f"events websocket: not open in {OPEN_TIMEOUT_SECONDS:g} s") from None
    except OSError as error:
        raise ARIUnavailable(f"events websocket: {error.strerror or error}") from None


def _refused(error: InvalidStatus) -> ARIError:
    return from_status(error.response.status_code, "events websocket", "")


async def _events(socket: ClientConnection, reader: EventReader) -> AsyncIterator[AriEvent]:
    try:
        async for text in socket:
            event = reader.read(text)
            if event is not None:
                yield event
    except ConnectionClosed as error:
        raise ARIUnavailable(f"events websocket lost: {error}") from None
    raise ARIUnavailable("events websocket closed by Asterisk")
