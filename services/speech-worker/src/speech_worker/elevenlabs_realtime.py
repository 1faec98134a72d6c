"""ElevenLabs Scribe realtime as a recogniser: one warm socket a call, and what to do when it breaks."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from speech_worker.patience import Patience
from speech_worker.recogniser import Transcript
from speech_worker.scribe import AudioFormat, Problem, Recognition, ScribeStream, ScribeTiming
from speech_worker.scribe_errors import of_loss, of_status
from speech_worker.utterance import RecogniserFailed, Utterance

log = logging.getLogger(__name__)

ENGINE = "elevenlabs"
_PATH = "/v1/speech-to-text/realtime"
_FRAME_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class ScribeSettings:
    """Where the vendor is, and how long it is waited for."""

    api_key: str = field(repr=False)
    base_url: str = "https://api.elevenlabs.io"
    model: str = "scribe_v2_realtime"
    audio_format: AudioFormat = "pcm_16000"
    timing: ScribeTiming = field(default_factory=ScribeTiming)
    connect_timeout_seconds: float = 3.0
    answer_timeout_seconds: float = 5.0
    """From the end of an utterance; then another engine gets it."""
    back_off_seconds: tuple[float, ...] = (0.0, 0.3, 1.0)
    """Waits before the connections that follow a failure; after the last of them the session gives up."""
    suspend_seconds: float = 60.0
    """How long new calls are spared an engine that gave up for good."""
    retry_seconds: float | None = None
    """After giving up, try again this often; None: not in this call, because another engine serves it."""

    def url(self, language: str) -> str:
        """The socket's address for a language (ISO 639-1)."""
        parts = urlsplit(self.base_url)
        scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
        query = {
            "model_id": self.model,
            "audio_format": self.audio_format,
            "language_code": language,
            "commit_strategy": "manual",
        }
        return urlunsplit((scheme, parts.netloc, parts.path.rstrip("/") + _PATH, urlencode(query), ""))


class _Over(Exception):
    """This connection is over, for the reason given."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


class ScribeRecogniser:
    """The vendor, for all calls; remembers for a minute that it refused us."""

    engine = ENGINE

    def __init__(self, settings: ScribeSettings) -> None:
        self._settings = settings
        self._refused: Problem | None = None
        self._refused_until = 0.0

    def trouble(self) -> str:
        """Why new calls should not begin here now."""
        if self._refused is None or time.monotonic() >= self._refused_until:
            return ""
        return self._refused.detail

    def refused(self, problem: Problem) -> None:
        """Spare new calls this engine for a while."""
        self._refused = problem
        self._refused_until = time.monotonic() + self._settings.suspend_seconds

    async def check(self) -> RecogniserFailed | None:
        """Open a session and close it again: what is wrong with key, account or network."""
        async with self.session("check", "en") as session:
            return await session.first_contact()

    @asynccontextmanager
    async def session(self, call_id: str, language: str) -> AsyncIterator["ScribeSession"]:
        """A socket that is opened at once and kept open while the context is."""
        session = ScribeSession(self, self._settings, call_id, language)
        async with asyncio.TaskGroup() as tasks:
            runner = tasks.create_task(session.run(), name=f"scribe:{call_id}")
            try:
                yield session
            finally:
                runner.cancel()


class ScribeSession:
    """One call at the vendor's, over as many sockets as it takes."""

    def __init__(self, owner: ScribeRecogniser, settings: ScribeSettings, call_id: str, language: str) -> None:
        self._owner = owner
        self._settings = settings
        self._call_id = call_id
        self._language = language
        self._spoken = language
        self._stream = ScribeStream(settings.audio_format, settings.timing)
        self._work = asyncio.Event()
        self._patience = Patience(settings.back_off_seconds)
        self._failure: RecogniserFailed | None = None
        self._contact = asyncio.Event()
        self._answers = 0
        self._waiting: set[asyncio.Future[str]] = set()
        self._connection: ClientConnection | None = None

    async def first_contact(self) -> RecogniserFailed | None:
        """Return when a session began (None), or when it is clear that none will."""
        await self._contact.wait()
        return self._failure

    async def recognise(self, utterance: Utterance) -> Transcript:
        """Send the utterance as it grows, commit at its end, return the text."""
        if self._failure is not None:
            raise self._failure
        self._speak(utterance.language)
        text: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        recognition = Recognition(
            utterance,
            deliver=lambda said: None if text.done() else text.set_result(said),
            partial=lambda said: utterance.listener.partial(ENGINE, said),
        )
        self._stream.begin(recognition)
        self._waiting.add(text)
        try:
            return Transcript(await self._follow(utterance, text), ENGINE)
        finally:
            self._waiting.discard(text)
            if text.done() and not text.cancelled():
                text.exception()  # seen, even when this was cancelled meanwhile
            self._stream.abandon(recognition)
            self._work.set()

    async def run(self) -> None:
        """Keep a socket open until cancelled, or until the vendor is given up."""
        while True:
            began = time.monotonic()
            try:
                await self._connect()
            except _Over as over:
                if self._spoken != self._language:
                    continue
                wait_seconds = self._patience.wait_after(over.problem.remedy, time.monotonic() - began)
                if wait_seconds is None:
                    wait_seconds = self._give_up(over.problem)
                if wait_seconds is None:
                    return
                self._tell(over.problem, wait_seconds)
                await asyncio.sleep(wait_seconds)

    def _speak(self, language: str) -> None:
        """Begin anew in another language; it is a property of the connection."""
        self._language = language
        if self._spoken != language and self._connection is not None and self._stream.idle:
            self._connection.transport.abort()

    async def _follow(self, utterance: Utterance, text: "asyncio.Future[str]") -> str:
        while not utterance.ended and not text.done():
            self._work.set()
            await utterance.changed()
        self._work.set()
        try:
            async with asyncio.timeout(self._settings.answer_timeout_seconds):
                return await text
        except TimeoutError as error:
            waited = self._settings.answer_timeout_seconds
            raise RecogniserFailed(
                ENGINE, "unavailable", f"no transcript within {waited:g} s after the utterance"
            ) from error

    async def _connect(self) -> None:
        """Open one socket and serve it until it is over.

        :raises _Over: always, when not cancelled.
        """
        settings = self._settings
        self._spoken = self._language
        try:
            async with connect(
                settings.url(self._spoken),
                additional_headers={"xi-api-key": settings.api_key},
                open_timeout=settings.connect_timeout_seconds,
                close_timeout=0.5,
                ping_interval=5,
                ping_timeout=5,
                max_size=_FRAME_BYTES,
                compression=None,
            ) as connection:
                self._connection = connection
                if self._spoken != self._language:
                    raise _Over(Problem(of_loss(), "the language changed meanwhile"))
                await self._converse(connection)
        except InvalidStatus as refusal:
            status = refusal.response.status_code
            raise _Over(Problem(of_status(status), f"refused with HTTP {status}")) from refusal
        except (OSError, TimeoutError, WebSocketException) as error:
            raise _Over(Problem(of_loss(), f"connection: {type(error).__name__}: {error}")) from error
        finally:
            self._connection = None

    async def _converse(self, connection: ClientConnection) -> None:
        self._stream.connected(time.monotonic())
        sender = asyncio.create_task(self._send(connection), name=f"scribe-send:{self._call_id}")
        receiver = asyncio.create_task(self._receive(connection), name=f"scribe-receive:{self._call_id}")
        try:
            await asyncio.wait((sender, receiver), return_when=asyncio.FIRST_COMPLETED)
            if sender.done():
                sender.result()
            # A sender that just stopped met a closed socket; the receiver still reads what the vendor said before.
            await receiver
        finally:
            sender.cancel()
            receiver.cancel()
            await asyncio.gather(sender, receiver, return_exceptions=True)
            # Else the end of a call would look like a crash to the vendor: code 1011.
            await connection.close()

    async def _send(self, connection: ClientConnection) -> None:
        while True:
            self._work.clear()
            now = time.monotonic()
            if (problem := self._stream.overdue(now)) is not None:
                raise _Over(problem)
            try:
                for message in self._stream.outgoing(now):
                    await connection.send(message)
            except ConnectionClosed:
                return
            await self._wait(self._stream.due_at() - time.monotonic())

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(max(seconds, 0.001) if self._stream.ready else None):
                await self._work.wait()
        except TimeoutError:
            return

    async def _receive(self, connection: ClientConnection) -> None:
        while True:
            try:
                raw = await connection.recv()
            except ConnectionClosed as closed:
                raise _Over(_closed(closed)) from closed
            problem = self._stream.received(raw, time.monotonic())
            if problem is None:
                self._progress()
            elif problem.remedy == "go_on":
                log.warning("recogniser: %s", problem.detail, extra={"call_id": self._call_id})
            else:
                raise _Over(problem)

    def _progress(self) -> None:
        self._work.set()
        if self._stream.ready:
            self._failure = None
            self._contact.set()
        if self._stream.answers > self._answers:
            self._answers = self._stream.answers
            self._patience.answered()

    def _tell(self, problem: Problem, wait_seconds: float) -> None:
        log.warning(
            "recogniser: %s; connecting again in %g s", problem.detail, wait_seconds, extra={"call_id": self._call_id}
        )

    def _give_up(self, problem: Problem) -> float | None:
        """Fail what waits; return the seconds until another try, or None when there is none in this call."""
        advice = f"; {problem.rule.advice}" if problem.rule.advice else ""
        self._failure = RecogniserFailed(ENGINE, problem.rule.meaning, problem.detail + advice, lasting=True)
        if problem.remedy == "give_up":
            self._owner.refused(problem)
        for text in self._waiting:
            if not text.done():
                text.set_exception(self._failure)
        self._contact.set()
        return self._settings.retry_seconds


def _closed(closed: ConnectionClosed) -> Problem:
    frame = closed.rcvd
    if frame is None:
        return Problem(of_loss(), "the connection broke")
    return Problem(of_loss(), f"closed with code {frame.code} {frame.reason}".rstrip())
