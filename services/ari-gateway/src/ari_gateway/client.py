"""The client of one Asterisk: REST for control, a websocket for events."""

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Literal, Self, TypeVar
from urllib.parse import quote

from pydantic import TypeAdapter, ValidationError

from ari_gateway.errors import ARIProtocolError, NotFound
from ari_gateway.events import AriEvent, Channel, EventReader
from ari_gateway.events_socket import open_events
from ari_gateway.resources import Application, AsteriskInfo, Bridge, ExternalMedia
from ari_gateway.rest import Rest

Spy = Literal["none", "in", "out", "both"]
T = TypeVar("T")


class AsteriskARIClient:
    """Controls one Asterisk.

    Every method raises :class:`ari_gateway.errors.ARIError`; cancelling one leaves unknown whether Asterisk did it. The
    password travels in the Authorization header, never in an address.
    """

    def __init__(self, base_url: str, username: str, password: str) -> None:
        self._base_url = base_url.rstrip("/")
        credentials = base64.b64encode(f"{username}:{password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {credentials}"}
        self._rest = Rest(base_url, self._headers)
        self.reader = EventReader()

    async def __aenter__(self) -> Self:
        await self._rest.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._rest.__aexit__(kind, error, trace)

    @property
    def where(self) -> str:
        """The server, for log lines."""
        return self._rest.where

    @property
    def websocket_base(self) -> str:
        """The server's address for websockets."""
        return "ws" + self._base_url.removeprefix("http")

    def events(self, app: str) -> AbstractAsyncContextManager[AsyncIterator[AriEvent]]:
        """Take the application and yield its events while the connection lasts.

        :raises ARIError: on entry when Asterisk refuses, on iteration when the connection is lost.
        """
        address = f"{self.websocket_base}/ari/events?app={quote(app, safe='')}"
        return open_events(address, self._headers, self.reader)

    async def ping(self) -> None:
        """Return when Asterisk answers."""
        await self._rest.request("GET", "asterisk/ping")

    async def info(self) -> AsteriskInfo:
        """Which Asterisk this is."""
        return _as(AsteriskInfo, await self._rest.request("GET", "asterisk/info"), "asterisk/info")

    async def module_status(self, name: str) -> str:
        """``Running`` for a module that is loaded, "" for one that is not."""
        try:
            module = await self._rest.request("GET", f"asterisk/modules/{_quoted(name)}")
        except NotFound:
            return ""
        return str(module.get("status", ""))

    async def answer_channel(self, channel_id: str) -> None:
        """Answer the caller."""
        await self._channel("POST", channel_id, "/answer")

    async def snoop_channel(
        self, channel_id: str, app: str, spy: Spy = "in", whisper: Spy = "none", *, snoop_id: str, app_args: str = ""
    ) -> Channel:
        """Listen to a channel: ``in`` is what the caller says, ``both`` has the bot's own voice in it."""
        query = {"spy": spy, "whisper": whisper, "app": app, "appArgs": app_args}
        answer = await self._channel("POST", channel_id, f"/snoop/{_quoted(snoop_id)}", query)
        return _as(Channel, answer, "snoop")

    async def external_media(self, wanted: ExternalMedia) -> Channel:
        """Make a media leg; its ``channelvars`` say where it is."""
        body = {"variables": dict(wanted.variables)} if wanted.variables else None
        answer = await self._rest.request("POST", "channels/externalMedia", wanted.query(), body)
        return _as(Channel, answer, "externalMedia")

    async def play_media(self, channel_id: str, media: str, *, playback_id: str) -> None:
        """Play a sound on the channel; it began when ``PlaybackStarted`` comes. An id in use is refused."""
        await self._channel("POST", channel_id, f"/play/{_quoted(playback_id)}", {"media": media})

    async def stop_playback(self, playback_id: str) -> None:
        """Stop a playback, or take a queued one out."""
        await self._rest.request("DELETE", f"playbacks/{_quoted(playback_id)}")

    async def playback_exists(self, playback_id: str) -> bool:
        """Whether the playback still plays or waits."""
        try:
            await self._rest.request("GET", f"playbacks/{_quoted(playback_id)}")
        except NotFound:
            return False
        return True

    async def create_bridge(self, bridge_id: str, name: str) -> None:
        """Make a mixing bridge; ``name`` says whose it is."""
        await self._rest.request("POST", f"bridges/{_quoted(bridge_id)}", {"type": "mixing", "name": name})

    async def add_channel(self, bridge_id: str, *channel_ids: str) -> None:
        """Put channels into a bridge; each must have entered Stasis before."""
        path = f"bridges/{_quoted(bridge_id)}/addChannel"
        await self._rest.request("POST", path, {"channel": ",".join(channel_ids)})

    async def delete_bridge(self, bridge_id: str) -> None:
        """Delete a bridge; its channels stay."""
        await self._rest.request("DELETE", f"bridges/{_quoted(bridge_id)}")

    async def hang_up(self, channel_id: str, cause: int | None = None) -> None:
        """End a channel; ``cause`` is a Q.850 cause, 16 (normal clearing) when it is None."""
        await self._channel("DELETE", channel_id, "", {"reason_code": str(16 if cause is None else cause)})

    async def continue_in_dialplan(
        self, channel_id: str, context: str | None = None, extension: str | None = None, priority: int | None = None
    ) -> None:
        """Let the channel leave Stasis: at the given place, or after the ``Stasis()`` line that brought it."""
        wanted = {"context": context, "extension": extension, "priority": priority}
        query = {name: str(value) for name, value in wanted.items() if value is not None}
        await self._channel("POST", channel_id, "/continue", query)

    async def get_variable(self, channel_id: str, name: str) -> str | None:
        """A channel variable or function, None when it is not set."""
        try:
            answer = await self._channel("GET", channel_id, "/variable", {"variable": name})
        except NotFound:
            return None
        return str(answer.get("value", ""))

    async def set_variable(self, channel_id: str, name: str, value: str) -> None:
        """Set a channel variable."""
        await self._channel("POST", channel_id, "/variable", {"variable": name, "value": value})

    async def subscribe(self, app: str, *sources: str) -> None:
        """Get the events of further things, e.g. ``channel:<id>``."""
        path = f"applications/{_quoted(app)}/subscription"
        await self._rest.request("POST", path, {"eventSource": ",".join(sources)})

    async def list_channels(self) -> list[Channel]:
        """All channels of this Asterisk."""
        return _as(list[Channel], await self._rest.request("GET", "channels"), "channels")

    async def list_bridges(self) -> list[Bridge]:
        """All bridges that ARI sees."""
        return _as(list[Bridge], await self._rest.request("GET", "bridges"), "bridges")

    async def application(self, app: str) -> Application | None:
        """What the application is subscribed to; None when Asterisk does not know it."""
        try:
            return _as(Application, await self._rest.request("GET", f"applications/{_quoted(app)}"), "application")
        except NotFound:
            return None

    async def _channel(self, method: str, channel_id: str, rest: str, query: Mapping[str, str] | None = None) -> Any:
        return await self._rest.request(method, f"channels/{_quoted(channel_id)}{rest}", query)


def _quoted(name: str) -> str:
    return quote(name, safe="")


def _as(kind: type[T], answer: Any, what: str) -> T:
    try:
        return TypeAdapter(kind).validate_python(answer)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ARIProtocolError(f"{what}: the answer has no proper {where or 'form'}: {first['msg']}") from None
