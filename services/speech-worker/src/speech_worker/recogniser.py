"""What a recogniser is: engines are adapters behind these two protocols."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from speech_worker.utterance import Utterance


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was understood; an empty text means that nothing was. ``confidence`` is 0 to 1 where an engine knows it."""

    text: str
    engine: str
    confidence: float | None = None


class RecogniserSession(Protocol):
    """An engine's side of one call."""

    async def recognise(self, utterance: Utterance) -> Transcript:
        """Follow the utterance while it grows and return its text soon after it ended.

        Each utterance begins after the end of the one before, but the text of that may still be on its way.
        Cancelling drops the utterance and leaves the session usable.

        :raises RecogniserFailed: there will be no text; the utterance still has all of its audio.
        """


class Recogniser(Protocol):
    """An engine, shared by all calls of the process."""

    @property
    def engine(self) -> str:
        """The engine's name in messages."""

    def trouble(self) -> str:
        """Why this engine cannot serve a new call now, or ""."""

    def session(self, call_id: str, language: str) -> AbstractAsyncContextManager[RecogniserSession]:
        """Be ready for a call while the context is open."""
