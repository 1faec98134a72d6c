"""Sentences as sounds: found where they are, made where they are not, and made once however many ask."""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tts_player.engine import Clock, Engine, Speech
from tts_player.loudness import TELEPHONE, NoSpeech, Target, shaped
from tts_player.names import SoundName, sound_name, spoken
from tts_player.slots import Errand, Urgency
from tts_player.store import Sound, SoundStore, StoreError
from tts_player.voice import Rendition, TextRejected, VoiceError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sentence:
    """What is to be said, by the voice that the dialog asked for or the language's default."""

    text: str
    language: str
    voice: str | None = None


@dataclass(frozen=True, slots=True)
class Prompt:
    """A sentence that can be played; the times count from when it was asked for."""

    sound: Sound
    engine: str
    cached: bool
    first_byte_ms: float
    total_ms: float


class PromptFailed(Exception):
    """No engine spoke it, or it could not be kept; the text names every reason."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    engine: Engine
    rendition: Rendition
    name: SoundName


@dataclass(slots=True)
class _Flight:
    """A sentence that is being made; ``landed`` holds None when its maker went away."""

    errand: Errand
    landed: "asyncio.Future[Prompt | PromptFailed | None]"


class PromptCache:
    """Asks the engines in their order; a later one only where the earlier ones failed."""

    def __init__(
        self,
        engines: Sequence[Engine],
        store: SoundStore,
        target: Target = TELEPHONE,
        *,
        clock: Clock = time.monotonic,
    ) -> None:
        self._engines = engines
        self._store = store
        self._target = target
        self._clock = clock
        self._flights: dict[SoundName, _Flight] = {}

    async def obtain(self, sentence: Sentence, urgency: Urgency) -> Prompt:
        """The sentence as a sound; a cached one costs no engine anything.

        Cancelling stops the engine; where somebody else waits for the same sentence, that one starts it again.

        :raises PromptFailed: nobody could make it.
        """
        asked_at = self._clock()
        candidates = self._candidates(sentence)
        best = candidates[0]
        while True:
            if (sound := self._store.find(best.name)) is not None:
                return Prompt(sound, best.engine.name, True, 0.0, self._since(asked_at))
            flight = self._flights.get(best.name)
            if flight is None:
                return await self._lead(candidates, sentence, urgency, asked_at)
            flight.errand.hasten(urgency)
            match await asyncio.shield(flight.landed):
                case Prompt() as prompt:
                    return replace(prompt, cached=True, total_ms=self._since(asked_at))
                case PromptFailed() as failure:
                    raise failure
                case None:
                    continue

    async def attempt(self, sentence: Sentence, urgency: Urgency, call_id: str) -> Prompt | PromptFailed:
        """:meth:`obtain` at the border of a call: a bug too costs one sentence, and others go on."""
        try:
            return await self.obtain(sentence, urgency)
        except PromptFailed as failure:
            return failure
        except Exception as error:
            # The text may hold what a caller said, so it is not logged.
            log.exception("a sentence in %r could not be made", sentence.language, extra={"call_id": call_id})
            return PromptFailed(f"bug: {type(error).__name__}")

    async def _lead(
        self, candidates: Sequence[_Candidate], sentence: Sentence, urgency: Urgency, asked_at: float
    ) -> Prompt:
        flight = _Flight(Errand(urgency), asyncio.get_running_loop().create_future())
        self._flights[candidates[0].name] = flight
        try:
            prompt = await self._made(candidates, spoken(sentence.text), flight.errand, asked_at)
            flight.landed.set_result(prompt)
            return prompt
        except PromptFailed as failure:
            flight.landed.set_result(failure)
            raise
        finally:
            del self._flights[candidates[0].name]
            if not flight.landed.done():
                flight.landed.set_result(None)

    async def _made(self, candidates: Sequence[_Candidate], text: str, errand: Errand, asked_at: float) -> Prompt:
        failures: list[str] = []
        for candidate in candidates:
            engine = candidate.engine
            if failures and (sound := self._store.find(candidate.name)) is not None:
                return Prompt(sound, engine.name, True, 0.0, self._since(asked_at))
            waited_ms = self._since(asked_at)
            try:
                speech = await engine.speak(text, candidate.rendition, errand)
                sound = await asyncio.to_thread(self._kept, candidate.name, speech)
            except (VoiceError, NoSpeech) as error:
                failures.append(str(error))
            except StoreError as error:
                raise PromptFailed(str(error)) from None
            else:
                return Prompt(sound, engine.name, False, waited_ms + speech.first_byte_ms, self._since(asked_at))
        raise PromptFailed("; ".join(failures))

    def _kept(self, name: SoundName, speech: Speech) -> Sound:
        return self._store.keep(name, shaped(speech.pcm, self._target))

    def _candidates(self, sentence: Sentence) -> list[_Candidate]:
        text = spoken(sentence.text)
        candidates: list[_Candidate] = []
        failures: list[str] = []
        for engine in self._engines:
            try:
                rendition = engine.voice.rendition(sentence.language, sentence.voice)
            except TextRejected as error:
                failures.append(str(error))
            else:
                candidates.append(_Candidate(engine, rendition, sound_name(text, rendition)))
        if not candidates:
            raise PromptFailed("; ".join(failures) or "there is no voice engine")
        return candidates

    def _since(self, asked_at: float) -> float:
        return (self._clock() - asked_at) * 1000
