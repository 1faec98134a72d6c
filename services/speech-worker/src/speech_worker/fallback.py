"""Two engines as one: the second takes over, for the utterance and the rest of the call, when the first gives up."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from speech_worker.recogniser import Recogniser, RecogniserSession, Transcript
from speech_worker.utterance import RecogniserFailed, Utterance

log = logging.getLogger(__name__)


class WithFallback:
    """The first engine, backed by the second."""

    def __init__(self, first: Recogniser, second: Recogniser) -> None:
        self._first = first
        self._second = second

    @property
    def engine(self) -> str:
        """The engine that a new call begins with."""
        return self._second.engine if self._first.trouble() else self._first.engine

    def trouble(self) -> str:
        """Trouble only when both are in it."""
        return self._second.trouble() and self._first.trouble()

    @asynccontextmanager
    async def session(self, call_id: str, language: str) -> AsyncIterator[RecogniserSession]:
        """Both engines ready; the second alone while the first is known to refuse."""
        async with self._second.session(call_id, language) as second:
            if self._first.trouble():
                yield second
                return
            async with self._first.session(call_id, language) as first:
                yield _FallbackSession(first, second, self._second.engine)


class _FallbackSession:
    def __init__(self, first: RecogniserSession, second: RecogniserSession, second_engine: str) -> None:
        self._first = first
        self._second = second
        self._second_engine = second_engine
        self._first_is_gone = False

    async def recognise(self, utterance: Utterance) -> Transcript:
        """By the first engine, or, where that fails, the same audio by the second."""
        if not self._first_is_gone:
            try:
                return await self._first.recognise(utterance)
            except RecogniserFailed as failure:
                self._first_is_gone = failure.lasting
                log.warning("%s; %s takes over", failure, self._second_engine)
                utterance.listener.failed(failure, self._second_engine)
        return await self._second.recognise(utterance)
