"""One call from its first frame to its last transcript."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import assert_never

from callbus.events import CallStarted, FinalTranscript, PartialTranscript, SpeechFailed, SpeechStarted
from callbus.secrets import MASK, SecretStore
from speech_worker.hearing import AudioOver, Began, Heard, Hearing, MayBeOver
from speech_worker.listening import Expectation, ListenKey, expectation
from speech_worker.publishing import Publisher
from speech_worker.recogniser import Recogniser, RecogniserSession, Transcript
from speech_worker.segmenter import Endpoint, Onset
from speech_worker.utterance import RecogniserFailed, Utterance

log = logging.getLogger(__name__)

_HEARD_BEFORE_END_MS = 300
"""A successor begins this much before the end of the last utterance, so that it can look back too."""


@dataclass(slots=True)
class _Hypothesis:
    """An utterance on its way to its text; is told of partials and of engines that give up."""

    call_id: str
    utterance: Utterance
    publish_partial: Callable[[PartialTranscript], None]
    secret: bool = False
    failures: list[SpeechFailed] = field(default_factory=list)
    published: asyncio.Event = field(default_factory=asyncio.Event)

    def partial(self, engine: str, text: str) -> None:
        """Publish it, unless it is a secret."""
        if self.secret:
            return
        self.publish_partial(
            PartialTranscript(
                call_id=self.call_id,
                utterance_id=self.utterance.utterance_id,
                text=text,
                audio_ms=self.utterance.end_ms,
                engine=engine,
            )
        )

    def failed(self, failure: RecogniserFailed, fallback: str | None) -> None:
        """Remember it until the utterance is over."""
        self.failures.append(
            SpeechFailed(
                call_id=self.call_id,
                utterance_id=self.utterance.utterance_id,
                engine=failure.engine,
                meaning=failure.meaning,
                detail=failure.detail,
                fallback=fallback,
            )
        )


class CallSpeech:
    """Hears one call and publishes what it says."""

    def __init__(
        self,
        call: CallStarted,
        publisher: Publisher,
        listens: ListenKey,
        secrets: SecretStore,
        *,
        language: str,
        endpointing_ms: int,
    ) -> None:
        self._call_id = call.call_id
        self._publisher = publisher
        self._listens = listens
        self._secrets = secrets
        self._language = language
        self._endpointing_ms = endpointing_ms
        # Holds no more than what happens in the 30 s of audio that are kept.
        self._heard: asyncio.Queue[Heard] = asyncio.Queue()
        self._current: _Hypothesis | None = None

    def tell(self, heard: Heard) -> None:
        """Take what the ear heard."""
        self._heard.put_nowait(heard)

    async def run(self, hearing: Hearing, recogniser: Recogniser) -> str:
        """Publish until the call's audio is over and its last text is out; returns why it is over."""
        async with recogniser.session(self._call_id, self._language) as session, asyncio.TaskGroup() as background:
            partials = background.create_task(self._publisher.publish_partials(), name=f"partials:{self._call_id}")
            async with asyncio.TaskGroup() as utterances:
                reason = await self._follow(hearing, session, utterances)
            partials.cancel()
        return reason

    async def _follow(self, hearing: Hearing, session: RecogniserSession, utterances: asyncio.TaskGroup) -> str:
        while True:
            heard = await self._heard.get()
            match heard:
                case Began(utterance, onset):
                    before = self._current
                    mine = self._current = _Hypothesis(self._call_id, utterance, self._publisher.partial_soon)
                    utterance.listener = mine
                    await self._publish_onset(utterance, onset)
                    self._apply(await self._expectation(), hearing, mine)
                    name = f"{utterance.utterance_id}:{self._call_id}"
                    utterances.create_task(self._recognise(session, mine, before), name=name)
                case MayBeOver(utterance):
                    if self._current is not None and self._current.utterance is utterance:
                        self._apply(await self._expectation(), hearing, self._current)
                case AudioOver(reason):
                    return reason
                case never:
                    assert_never(never)

    async def _publish_onset(self, utterance: Utterance, onset: Onset) -> None:
        await self._publisher.publish(
            SpeechStarted(
                call_id=self._call_id,
                utterance_id=utterance.utterance_id,
                audio_ms=onset.started_ms,
                onset_at=time.time(),
            )
        )

    async def _expectation(self) -> Expectation:
        return expectation(await self._listens.read(self._call_id), self._language, self._endpointing_ms)

    def _apply(self, expected: Expectation, hearing: Hearing, hypothesis: _Hypothesis) -> None:
        hearing.end_after(expected.endpointing_ms)
        utterance = hypothesis.utterance
        utterance.language = expected.language
        hypothesis.secret = hypothesis.secret or expected.secret

    async def _recognise(self, session: RecogniserSession, mine: _Hypothesis, before: _Hypothesis | None) -> None:
        """Get the text of an utterance and publish it after that of the one before."""
        utterance = mine.utterance
        try:
            transcript: Transcript | RecogniserFailed = await session.recognise(utterance)
        except RecogniserFailed as failure:
            transcript = failure
            while utterance.endpoint is None:
                await utterance.changed()
        now = time.monotonic()
        if before is not None:
            await before.published.wait()
        endpoint = utterance.endpoint
        if endpoint is None:
            raise AssertionError(f"{utterance.utterance_id} has a text and no end")
        await self._publish_outcome(mine, endpoint, transcript, now)
        utterance.forget()
        mine.published.set()

    async def _publish_outcome(
        self, mine: _Hypothesis, endpoint: Endpoint, outcome: Transcript | RecogniserFailed, now: float
    ) -> None:
        heard_ms = max(endpoint.ended_ms, endpoint.decided_ms - _HEARD_BEFORE_END_MS)
        if isinstance(outcome, RecogniserFailed):
            log.error("%s; no other engine", outcome, extra={"call_id": self._call_id})
            mine.failed(outcome, None)
        for failure in mine.failures:
            await self._publisher.publish(failure, heard_ms if failure.fallback is None else None)
        if isinstance(outcome, Transcript) and (outcome.text or endpoint.reason != "call_over"):
            await self._publisher.publish(await self._final(mine, endpoint, outcome, now), heard_ms)

    async def _final(
        self, mine: _Hypothesis, endpoint: Endpoint, transcript: Transcript, now: float
    ) -> FinalTranscript:
        text, reference = transcript.text, None
        if mine.secret and text:
            reference = await self._secrets.put(self._call_id, text)
            text = MASK
        return FinalTranscript(
            call_id=self._call_id,
            utterance_id=mine.utterance.utterance_id,
            text=text,
            language=mine.utterance.language,
            started_ms=endpoint.started_ms,
            ended_ms=endpoint.ended_ms,
            engine=transcript.engine,
            secret_ref=reference,
            endpointing_ms=endpoint.decided_ms - endpoint.ended_ms,
            recogniser_ms=round((now - mine.utterance.ended_at) * 1000, 1),
            confidence=transcript.confidence,
        )
