"""The simulated Asterisk as a whole: what a test does with it, and what it does by itself."""

from __future__ import annotations

import asyncio
import base64
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

from aiohttp import web

from tests.fakes.asterisk.faults import Faults
from tests.fakes.asterisk.media import Ticker, silent
from tests.fakes.asterisk.playing import Player
from tests.fakes.asterisk.rest import routes
from tests.fakes.asterisk.sockets import EventSockets
from tests.fakes.asterisk.state import Audio, Bridge, Channel, Continued

SNOOP_OUTLIVES_SECONDS = 0.005
PASSWORD = "only the fake's"


class FakeAsterisk:
    """A server on a free loopback port; ``version`` decides what the gateway thinks it can do."""

    def __init__(
        self,
        *,
        version: str = "22.10.1",
        username: str = "novofon_bot",
        password: str = PASSWORD,
        entity_id: str = "02:00:00:00:00:01",
    ) -> None:
        self.version = version
        self.username = username
        self.password = password
        self.entity_id = entity_id
        self.startup_time = "2026-01-01T00:00:00.000+0000"
        self.modules = {"chan_websocket.so": "Running"}
        self.read_only = False
        self.channels: dict[str, Channel] = {}
        self.bridges: dict[str, Bridge] = {}
        self.continued: list[Continued] = []
        self.hung_up: list[tuple[str, str]] = []
        self.requests: list[tuple[str, str]] = []
        self.joins: list[list[str]] = []
        self.faults = Faults()
        self.events = EventSockets()
        self.player = Player(self.events.emit_all)
        self.ticker = Ticker(self.bridges, self.channels)
        self.port = 0
        self._next_channel = 0
        self._runner: web.AppRunner | None = None

    @classmethod
    @asynccontextmanager
    async def start(cls, **options: Any) -> AsyncIterator[Self]:
        """Run one until the block is left."""
        fake = cls(**options)
        await fake.listen()
        ticking = asyncio.create_task(fake.ticker.run(), name="fake-asterisk-media")
        try:
            yield fake
        finally:
            ticking.cancel()
            await asyncio.wait([ticking])
            await fake.go_away()

    @property
    def url(self) -> str:
        """What ASTERISK_ARI_URL takes."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def authorization(self) -> str:
        """The header that is asked for."""
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()

    # as an operator

    async def listen(self) -> None:
        """Accept connections, on the same port as before."""
        application = web.Application(middlewares=[self._gatekeeper])
        application.add_routes(routes(self))
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        await web.SockSite(self._runner, listener).start()

    async def go_away(self) -> None:
        """Close every connection and accept none; calls go on inside."""
        self.faults.clear()
        for channel in list(self.channels.values()):
            channel.close()
        await self.events.close_all()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def restart(self) -> None:
        """End with all calls and start again."""
        await self.go_away()
        self.channels.clear()
        self.bridges.clear()
        self.player.all.clear()
        self.startup_time = self.startup_time.replace("00:00:00.000", "01:00:00.000")
        await self.listen()

    # as a caller

    def call(
        self,
        number: str = "+79001234567",
        *,
        exten: str = "1001",
        args: list[str] | None = None,
        app: str = "novofon_bot",
        variables: dict[str, str] | None = None,
        audio: Audio | None = None,
    ) -> Channel:
        """A caller enters ``Stasis(app, args)``."""
        self._next_channel += 1
        channel = Channel(
            id=f"1700000000.{self._next_channel}",
            name=f"PJSIP/trunk-{self._next_channel:08x}",
            app=app,
            args=args or [],
            caller_number=number,
            exten=exten,
            variables={"CHANNEL(pjsip,call-id)": f"sip-{self._next_channel}@caller", **(variables or {})},
            audio=audio or silent(),
        )
        self.channels[channel.id] = channel
        self.enter(channel)
        return channel

    def hang_up(self, channel: Channel, **request: Any) -> None:
        """The caller hangs up, in the order of events that the real one has; ``request`` adds fields to the first."""
        event = {"type": "ChannelHangupRequest", "channel": channel.as_json(), **request}
        self.events.emit(channel.app, event)
        self.player.hang_up(channel)
        self.leave(channel)
        self.channels.pop(channel.id, None)
        for snoop in [one for one in self.channels.values() if one.snoop_of == channel.id]:
            asyncio.get_running_loop().call_later(SNOOP_OUTLIVES_SECONDS, self.destroy, snoop)

    def press(self, channel: Channel, digit: str, duration_ms: int = 100) -> None:
        """The caller presses a key."""
        event = {"type": "ChannelDtmfReceived", "digit": digit, "duration_ms": duration_ms}
        self.events.emit(channel.app, {**event, "channel": channel.as_json()})

    # what happens inside

    def enter(self, channel: Channel) -> None:
        """The channel enters Stasis."""
        if channel.in_stasis or channel.id not in self.channels:
            return
        if not self.events.heard(channel.app):
            self.destroy(channel)
            return
        channel.in_stasis = True
        event = {"type": "StasisStart", "args": channel.args, "channel": channel.as_json()}
        self.events.emit(channel.app, event)

    def leave(self, channel: Channel) -> None:
        """The channel leaves Stasis and its bridges."""
        for bridge in self.bridges.values():
            if channel.id in bridge.channels:
                bridge.channels.remove(channel.id)
                left = {"type": "ChannelLeftBridge", "bridge": bridge.as_json(), "channel": channel.as_json()}
                self.events.emit(channel.app, left)
        if channel.in_stasis:
            channel.in_stasis = False
            self.events.emit(channel.app, {"type": "StasisEnd", "channel": channel.as_json()})

    def destroy(self, channel: Channel) -> None:
        """The channel is gone, as one is that wants to enter while nobody listens; a media connection of it too."""
        if self.channels.pop(channel.id, None) is None:
            return
        self.leave(channel)
        close, channel.send = channel.close, None
        close()
        if channel.snoop_of or channel.id.startswith("em-"):
            gone = {"type": "ChannelDestroyed", "cause": 0, "cause_txt": "Unknown", "channel": channel.as_json()}
            self.events.emit(channel.app, gone)

    @property
    def leftovers(self) -> list[str]:
        """Legs and bridges that are still there."""
        legs = [name for name in self.channels if name.startswith(("sn-", "em-"))]
        return sorted([*legs, *self.bridges])

    @web.middleware
    async def _gatekeeper(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if not request.path.startswith("/ari/"):
            response: web.StreamResponse = await handler(request)
            return response
        path = request.path.removeprefix("/ari/")
        self.requests.append((request.method, path))
        if request.headers.get("Authorization") != self.authorization:
            return web.json_response({"message": "Authentication required"}, status=401)
        if self.read_only and request.method != "GET":
            return web.json_response({"message": "Write access denied"}, status=403)
        await self.faults.wait(request.method, path)
        refusal = self.faults.refusal(request.method, path)
        if refusal is not None:
            if refusal.done_first:
                await handler(request)
            return web.json_response({"message": refusal.message}, status=refusal.status)
        answered: web.StreamResponse = await handler(request)
        return answered
