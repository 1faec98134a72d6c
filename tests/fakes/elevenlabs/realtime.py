"""`GET /v1/speech-to-text/realtime`: the socket around a Session."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from aiohttp import WSMsgType, web

from .errors import RealtimeError
from .faults import RealtimeFault, Refuse
from .query import InvalidQuery, SessionOptions, parse_query
from .record import Connection
from .service import SERVICE, Service
from .session import Action, Close, GoSilent, Send, Session, fail
from .sockets import abort

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
# Frames wait here for their delay; while it is full, nothing more is read from the client.
OUTBOX_FRAMES = 10_000


async def realtime(request: web.Request) -> web.StreamResponse:
    service = request.app[SERVICE]
    faults = service.realtime_faults.take()
    for fault in faults:
        if isinstance(fault, Refuse):
            service.record.refusals.append((request.path, fault.problem.status))
            return web.json_response(fault.problem.body, status=fault.problem.status)
    socket = RealtimeSocket(service, request, faults)
    await socket.run()
    return socket.websocket


@dataclass(frozen=True)
class Due:
    """An action and the clock time before which it does not happen."""

    at: float
    action: Action


class RealtimeSocket:
    """Reads frames into the session and plays its actions to the client, in order and each at its time."""

    def __init__(self, service: Service, request: web.Request, faults: tuple[RealtimeFault, ...]) -> None:
        self._service = service
        self.request = request
        self._faults = faults
        self.websocket = web.WebSocketResponse(autoping=False, max_msg_size=MAX_MESSAGE_BYTES, timeout=2.0)
        self._outbox: asyncio.Queue[Due] = asyncio.Queue(OUTBOX_FRAMES)
        self._silent = False
        self._pong = True
        self._heard_at = service.clock.now()
        query = {name: request.query.getall(name) for name in request.query}
        self.connection = Connection(len(service.record.connections) + 1, query, service.clock.now())

    async def run(self) -> None:
        await self.websocket.prepare(self.request)
        self._service.record.opened(self.connection)
        self._service.sockets.add(self)
        try:
            async with asyncio.TaskGroup() as tasks:
                helpers = [tasks.create_task(self._write()), tasks.create_task(self._close_when_idle())]
                await self._read()
                for helper in helpers:
                    helper.cancel()
        finally:
            self._service.sockets.discard(self)
            self.connection.closed_at = self._service.clock.now()
            self.connection.client_close_code = self.websocket.close_code
            self._service.record.changed()

    async def fail(self, error: RealtimeError, text: str = "emulated error") -> None:
        """Send this error now, and close as the service would."""
        await self._plan(fail(error, text))

    async def drop(self, code: int | None = None) -> None:
        """End the socket now: None cuts the connection."""
        await self._plan([Close(code)])

    async def push(self, frame: dict[str, Any]) -> None:
        """Send any frame now, e.g. a `warning`."""
        await self._plan([Send(frame)])

    async def _read(self) -> None:
        session = await self._admit()
        if session is not None:
            await self._plan(session.start())
        async for message in self.websocket:
            match message.type:
                case WSMsgType.PING if self._pong:
                    await self.websocket.pong(message.data)
                case WSMsgType.TEXT | WSMsgType.BINARY if session is not None:
                    await self._take(session, message.data if message.type is WSMsgType.TEXT else "")

    async def _take(self, session: Session, text: str) -> None:
        chunks, seconds = self.connection.chunks, session.audio_seconds
        await self._plan(session.receive(text))
        counts_empty = self._service.realtime.empty_chunk_keeps_alive and self.connection.chunks > chunks
        if session.audio_seconds > seconds or counts_empty:
            self._heard_at = self._service.clock.now()
        self._service.record.changed()

    async def _admit(self) -> Session | None:
        """The session, or None once a refusal was planned (after the 101, as the service does it)."""
        if not self._authenticated():
            await self.fail("auth_error", "You must be authenticated to use this endpoint.")
            return None
        limit = self._service.realtime.max_sockets
        if limit is not None and self._service.record.open_sockets > limit:
            await self.fail("resource_exhausted", f"Maximum of {limit} concurrent sessions reached")
            return None
        try:
            return self._session(parse_query(self.connection.query))
        except InvalidQuery as problem:
            await self.fail("invalid_request", str(problem))
            return None

    def _authenticated(self) -> bool:
        token = self.request.query.get("token")
        if token:
            return self._service.spend_token(token, "realtime_scribe")
        return self._service.key_problem(self.request) is None

    def _session(self, options: SessionOptions) -> Session:
        service = self._service
        return Session(
            session_id=service.identifier(),
            options=options,
            behaviour=service.realtime,
            transcriber=service.transcriber,
            connection=self.connection,
            violations=service.record.violations,
            faults=self._faults,
            keep_audio=service.keep_audio,
        )

    async def _plan(self, actions: Iterable[Action]) -> None:
        for action in actions:
            await self._outbox.put(Due(self._service.clock.now() + self._delay_seconds(action), action))

    def _delay_seconds(self, action: Action) -> float:
        delays = self._service.delays
        match action:
            case Send(answer=True, extra_delay_ms=extra_ms):
                return self._service.jittered(delays.commit_ms, delays.commit_jitter_ms) + extra_ms / 1000
            case Send(echo=True):
                return delays.echo_ms / 1000
            case _:
                return 0.0

    async def _write(self) -> None:
        while True:
            due = await self._outbox.get()
            await self._service.clock.sleep(due.at - self._service.clock.now())
            if not self._silent:
                await self._act(due.action)

    async def _act(self, action: Action) -> None:
        match action:
            case Send(frame=frame):
                await self._send(frame)
            case GoSilent(pong=pong):
                self._silent, self._pong = True, pong
            case Close(code=None):
                abort(self.request)
            case Close(code=int(code), reason=reason):
                await self.websocket.close(code=code, message=reason.encode())

    async def _send(self, frame: dict[str, Any]) -> None:
        try:
            await self.websocket.send_str(json.dumps(frame, ensure_ascii=False))
        except ConnectionError:
            return  # the client went away; the reader ends this socket
        self.connection.sent.append(frame)
        self._service.record.changed()

    async def _close_when_idle(self) -> None:
        limit = self._service.realtime.idle_close_seconds
        while (left := self._heard_at + limit - self._service.clock.now()) > 0:
            await self._service.clock.sleep(left)
        await self._plan([Close(1000)])
