"""One socket to ElevenLabs' realtime recogniser, from its handshake to the reason of its end."""

import asyncio
import logging
import time
from collections.abc import Callable

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from speech_worker.scribe import ScribeStream
from speech_worker.scribe_errors import Problem, of_loss, of_status
from speech_worker.scribe_settings import ScribeSettings

log = logging.getLogger(__name__)

_LARGEST_FRAME_BYTES = 1 << 20


class Over(Exception):
    """The connection is over, for the reason given."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


class ScribeConnection:
    """Carries a call's stream over one socket; ``work`` wakes the sender, ``progressed`` is told of every frame."""

    def __init__(
        self,
        settings: ScribeSettings,
        language: str,
        stream: ScribeStream,
        work: asyncio.Event,
        progressed: Callable[[], None],
        call_id: str,
    ) -> None:
        self.language = language
        self._settings = settings
        self._stream = stream
        self._work = work
        self._progressed = progressed
        self._call_id = call_id
        self._socket: ClientConnection | None = None
        self._aborted = False

    def abort(self) -> None:
        """End the connection at once."""
        self._aborted = True
        if self._socket is not None:
            self._socket.transport.abort()

    async def run(self) -> None:
        """Connect and carry until it is over; cancelling closes the socket with code 1000.

        :raises Over: always, when not cancelled.
        """
        settings = self._settings
        try:
            async with connect(
                settings.url(self.language),
                additional_headers={"xi-api-key": settings.api_key},
                open_timeout=settings.connect_timeout_seconds,
                close_timeout=0.5,
                ping_interval=5,
                ping_timeout=5,
                max_size=_LARGEST_FRAME_BYTES,
                compression=None,
            ) as socket:
                await self._carry(socket)
        except InvalidStatus as refusal:
            status = refusal.response.status_code
            raise Over(Problem(of_status(status), f"refused with HTTP {status}")) from refusal
        except (OSError, TimeoutError, WebSocketException) as error:
            raise Over(Problem(of_loss(), f"connection: {type(error).__name__}: {error}")) from error

    async def _carry(self, socket: ClientConnection) -> None:
        if self._aborted:
            raise Over(Problem(of_loss(), "aborted"))
        self._socket = socket
        self._stream.connected(time.monotonic())
        reasons: tuple[BaseException, ...] = ()
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._send(socket), name=f"scribe-send:{self._call_id}")
                both.create_task(self._receive(socket), name=f"scribe-receive:{self._call_id}")
        except* Over as group:
            reasons = group.exceptions
        finally:
            self._socket = None
            # Else the end of a call would look like a crash to the vendor: code 1011.
            await socket.close()
        for reason in reasons:
            raise reason

    async def _send(self, socket: ClientConnection) -> None:
        while True:
            self._work.clear()
            now = time.monotonic()
            if (problem := self._stream.overdue(now)) is not None:
                raise Over(problem)
            try:
                for message in self._stream.outgoing(now):
                    await socket.send(message)
            except ConnectionClosed:
                return  # the receiver reads what the vendor said before, and knows why
            await self._wait(self._stream.due_at() - time.monotonic())

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(max(seconds, 0.001) if self._stream.ready else None):
                await self._work.wait()
        except TimeoutError:
            return

    async def _receive(self, socket: ClientConnection) -> None:
        while True:
            try:
                raw = await socket.recv()
            except ConnectionClosed as closed:
                raise Over(_reason(closed)) from closed
            problem = self._stream.received(raw, time.monotonic())
            if problem is None:
                self._progressed()
            elif problem.remedy == "go_on":
                log.warning("recogniser: %s", problem.detail, extra={"call_id": self._call_id})
            else:
                raise Over(problem)


def _reason(closed: ConnectionClosed) -> Problem:
    frame = closed.rcvd
    if frame is None:
        return Problem(of_loss(), "the connection broke")
    return Problem(of_loss(), f"closed with code {frame.code} {frame.reason}".rstrip())
