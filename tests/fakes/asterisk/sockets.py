"""The events websockets: one listener per application, the newest."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any

from aiohttp import WSMsgType, web


class EventSockets:
    """Emits events in order; ``lost`` counts those that nobody was there to hear."""

    def __init__(self) -> None:
        self._sockets: dict[str, web.WebSocketResponse] = {}
        self._queues: dict[web.WebSocketResponse, asyncio.Queue[dict[str, Any] | None]] = {}
        self._open: set[web.WebSocketResponse] = set()
        self.connected: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.connections = 0
        self.lost = 0

    def emit(self, app: str, event: dict[str, Any]) -> None:
        """Send an event to the application's listener."""
        socket = self._sockets.get(app)
        if socket is None:
            self.lost += 1
            return
        self._queues[socket].put_nowait({"application": app, "timestamp": "2026-01-01T00:00:00.000+0000", **event})

    def heard(self, app: str) -> bool:
        """Whether anybody listens."""
        return app in self._sockets

    def emit_all(self, event: dict[str, Any]) -> None:
        """Send an event to every listener."""
        for app in list(self._sockets):
            self.emit(app, event)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One connection, until it ends."""
        app = request.query.get("app")
        if not app:
            return web.json_response({"message": "HTTP request is missing param: [app]"}, status=400)
        socket = web.WebSocketResponse(autoping=True)
        await socket.prepare(request)
        self._replace(app, socket)
        sending = asyncio.create_task(self._send(socket))
        try:
            async for message in socket:
                if message.type is WSMsgType.ERROR:
                    break
        finally:
            sending.cancel()
            self._remove(app, socket)
        return socket

    async def drop(self, app: str) -> None:
        """Lose the connection of an application."""
        socket = self._sockets.get(app)
        if socket is not None:
            self._remove(app, socket)
            await socket.close(code=1011)

    async def close_all(self) -> None:
        """Lose every connection."""
        for app in list(self._sockets):
            await self.drop(app)
        for socket in list(self._open):
            await socket.close(code=1001)

    def _replace(self, app: str, socket: web.WebSocketResponse) -> None:
        if app in self._sockets:
            self.emit(app, {"type": "ApplicationReplaced"})
        self._sockets[app] = socket
        self._queues[socket] = asyncio.Queue()
        self._open.add(socket)
        self.connections += 1
        self.connected[app].set()

    def _remove(self, app: str, socket: web.WebSocketResponse) -> None:
        self._open.discard(socket)
        if self._sockets.get(app) is socket:
            del self._sockets[app]
            self.connected[app].clear()

    async def _send(self, socket: web.WebSocketResponse) -> None:
        queue = self._queues[socket]
        while (event := await queue.get()) is not None:
            await socket.send_json(event)
