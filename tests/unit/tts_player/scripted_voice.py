"""A voice engine that does what a test tells it."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator

import numpy as np

from tts_player.voice import EngineUnavailable, Rendition, TextRejected, VoiceError, base_language

TONE_MS = 400


def tone(duration_ms: int = TONE_MS, amplitude: int = 3000, hertz: float = 440.0) -> bytes:
    """Something that is neither silent nor clipped, PCM16 at 16 kHz."""
    time = np.arange(duration_ms * 16) / 16000
    return (amplitude * np.sin(2 * np.pi * hertz * time)).astype("<i2").tobytes()


class ScriptedVoice:
    """Speaks a tone for every text; ``fail`` and ``gate`` make it fail or wait."""

    def __init__(
        self, engine: str = "first", *, concurrency: int = 4, languages: tuple[str, ...] = ("ru", "en")
    ) -> None:
        self.engine = engine
        self.concurrency = concurrency
        self.languages = languages
        self.asked: list[str] = []
        self.cancelled: list[str] = []
        self.failures: dict[str, Exception] = {}
        self.failing: Exception | None = None
        self.gates: dict[str, asyncio.Event] = {}
        self.begun: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.now_speaking = 0
        self.most_at_once = 0

    def rendition(self, language: str, voice: str | None) -> Rendition:
        if base_language(language) not in self.languages:
            raise TextRejected(self.engine, f"no {language}")
        return Rendition(self.engine, "m1", voice or "default", base_language(language))

    async def synthesise(self, text: str, rendition: Rendition) -> AsyncGenerator[bytes]:
        del rendition
        self.asked.append(text)
        self.begun[text].set()
        self.now_speaking += 1
        self.most_at_once = max(self.most_at_once, self.now_speaking)
        try:
            if text in self.gates:
                await self.gates[text].wait()
            if failure := self.failures.get(text) or self.failing:
                raise failure
            pcm = tone()
            yield pcm[:1000]
            yield pcm[1000:]
        except asyncio.CancelledError:
            self.cancelled.append(text)
            raise
        finally:
            self.now_speaking -= 1

    async def warm(self) -> None:
        """Nothing to do."""

    async def close(self) -> None:
        """Nothing to do."""

    def gate(self, text: str) -> asyncio.Event:
        """Speaking this text waits until the event is set."""
        return self.gates.setdefault(text, asyncio.Event())


def unavailable(engine: str = "first") -> VoiceError:

    return EngineUnavailable(engine, "down")
