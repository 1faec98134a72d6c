"""ElevenLabs Scribe realtime as a recogniser: one warm socket a call, and what to do when it breaks."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from speech_worker.patience import Patience
from speech_worker.recogniser import Transcript
from speech_worker.scribe import PIECE_SAMPLES, ScribeStream
from speech_worker.scribe_connection import Over, ScribeConnection
from speech_worker.scribe_errors import Problem
from speech_worker.scribe_parts import Recognition
from speech_worker.scribe_settings import ScribeSettings
from speech_worker.utterance import RecogniserFailed, Utterance

log = logging.getLogger(__name__)

ENGINE = "elevenlabs"


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
        self._stream = ScribeStream(settings.audio_format, settings.timing)
        self._work = asyncio.Event()
        self._patience = Patience(settings.back_off_seconds)
        self._failure: RecogniserFailed | None = None
        self._contact = asyncio.Event()
        self._answers = 0
        self._waiting: set[asyncio.Future[str]] = set()
        self._connection = self._new_connection()

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
            self._connection = self._new_connection()
            try:
                await self._connection.run()
            except Over as over:
                if self._connection.language != self._language:
                    continue
                wait_seconds = self._patience.wait_after(over.problem.remedy, time.monotonic() - began)
                if wait_seconds is None:
                    wait_seconds = self._give_up(over.problem)
                if wait_seconds is None:
                    return
                self._tell(over.problem, wait_seconds)
                await asyncio.sleep(wait_seconds)

    def _new_connection(self) -> ScribeConnection:
        return ScribeConnection(self._settings, self._language, self._stream, self._work, self._progress, self._call_id)

    def _speak(self, language: str) -> None:
        """Begin anew in another language; it is a property of the connection."""
        self._language = language
        if self._connection.language != language and self._stream.idle:
            self._connection.abort()

    async def _follow(self, utterance: Utterance, text: "asyncio.Future[str]") -> str:
        woken_at = 0
        while not utterance.ended and not text.done():
            await utterance.changed()
            if utterance.paused or utterance.samples - woken_at >= PIECE_SAMPLES:
                woken_at = utterance.samples
                self._work.set()
        self._work.set()
        try:
            async with asyncio.timeout(self._settings.answer_timeout_seconds):
                return await text
        except TimeoutError as error:
            waited = self._settings.answer_timeout_seconds
            raise RecogniserFailed(
                ENGINE, "unavailable", f"no transcript within {waited:g} s after the utterance"
            ) from error

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
