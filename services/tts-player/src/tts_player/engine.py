"""A voice engine as the service uses it: whole sentences, a bounded number at a time, left alone while it fails."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass

from tts_player.breaker import Breaker, BreakerPolicy
from tts_player.slots import Errand, Slots
from tts_player.voice import BYTES_PER_MS, EngineUnavailable, Rendition, TextRejected, Voice, VoiceError

log = logging.getLogger(__name__)

Clock = Callable[[], float]

PATIENT = BreakerPolicy()
LONGEST_SYNTHESIS_SECONDS = 30.0
LONGEST_AUDIO_MS = 180_000


@dataclass(frozen=True, slots=True)
class Speech:
    """A sentence as the engine spoke it; ``first_byte_ms`` from the moment it was asked."""

    pcm: bytes
    first_byte_ms: float


class Engine:
    """One voice with its places and its circuit breaker."""

    def __init__(self, voice: Voice, policy: BreakerPolicy = PATIENT, *, clock: Clock = time.monotonic) -> None:
        self._voice = voice
        self._breaker = Breaker(policy)
        self._slots = Slots(voice.concurrency)
        self._clock = clock

    @property
    def name(self) -> str:
        """The engine's name."""
        return self._voice.engine

    @property
    def voice(self) -> Voice:
        """The voice itself."""
        return self._voice

    @property
    def rests(self) -> bool:
        """Whether it failed so often that it is not asked now."""
        return self._breaker.state(self._clock()) == "open"

    async def speak(self, text: str, rendition: Rendition, errand: Errand) -> Speech:
        """The whole sentence; cancelling stops the engine and gives the place back.

        :raises VoiceError: it failed, or is left alone for now.
        """
        async with self._slots.place(errand):
            if not self._breaker.admits(self._clock()):
                raise EngineUnavailable(self.name, "is left alone for a while after failures")
            try:
                speech = await self._collected(text, rendition)
            except VoiceError as error:
                self._note(error)
                raise
            except BaseException:
                self._breaker.abandoned()
                raise
        if self._breaker.succeeded():
            log.info("%s speaks again", self.name)
        return speech

    async def _collected(self, text: str, rendition: Rendition) -> Speech:
        asked_at = self._clock()
        first_byte_ms = 0.0
        pcm = bytearray()
        try:
            async with (
                asyncio.timeout(LONGEST_SYNTHESIS_SECONDS),
                aclosing(self._voice.synthesise(text, rendition)) as pieces,
            ):
                async for piece in pieces:
                    first_byte_ms = first_byte_ms or (self._clock() - asked_at) * 1000
                    pcm += piece
                    if len(pcm) > LONGEST_AUDIO_MS * BYTES_PER_MS:
                        raise TextRejected(self.name, f"the sentence lasts longer than {LONGEST_AUDIO_MS // 1000} s")
        except TimeoutError:
            reason = f"not done after {LONGEST_SYNTHESIS_SECONDS:g} s"
            raise EngineUnavailable(self.name, reason) from None
        if not pcm:
            raise TextRejected(self.name, "the text gave no audio")
        return Speech(bytes(pcm), first_byte_ms)

    def _note(self, error: VoiceError) -> None:
        opened = self._breaker.failed(error.meaning, self._clock())
        log.warning("%s%s", error, "; it is left alone for a while" if opened else "")
