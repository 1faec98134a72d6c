"""What a caller hears when a sentence cannot be made: a sentence that was made at the start."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from tts_player.cache import PromptCache, PromptFailed, Sentence
from tts_player.names import SoundName
from tts_player.slots import Urgency
from tts_player.store import Sound, SoundStore, StoreError
from tts_player.voice import base_language

log = logging.getLogger(__name__)

ENGINE = "prepared"
TEXTS: Mapping[str, str] = {
    "ru": "Извините, у нас технические неполадки. Оставайтесь на линии.",
    "en": "Sorry, we have a technical problem. Please stay on the line.",
}


@dataclass(frozen=True, slots=True)
class _Apology:
    name: SoundName
    pcm: bytes


class Apologies:
    """One apology per language, as a file that is never removed and in memory, should the file be lost."""

    def __init__(self, store: SoundStore, texts: Mapping[str, str] = TEXTS) -> None:
        self._store = store
        self._texts = texts
        self._ready: dict[str, _Apology] = {}
        self._failures: dict[str, str] = {}

    @property
    def complaint(self) -> str:
        """Which languages have no apology, and why; empty when all have one."""
        return "; ".join(
            f"no apology in {language!r}: {self._failures.get(language, 'not made yet')}"
            for language in self._texts
            if language not in self._ready
        )

    async def prepare(self, cache: PromptCache) -> None:
        """Make those that are missing; what fails stays in :attr:`complaint` and may be tried again."""
        for language, text in self._texts.items():
            if language in self._ready:
                continue
            try:
                prompt = await cache.obtain(Sentence(text, language), Urgency.LIVE)
                pcm = await asyncio.to_thread(self._store.path(prompt.sound.name).read_bytes)
            except (PromptFailed, OSError) as error:
                self._failures[language] = str(error)
                log.error("no apology in %r could be made: %s", language, error)
            else:
                self._store.pin(prompt.sound.name)
                self._ready[language] = _Apology(prompt.sound.name, pcm)

    def sound(self, language: str) -> Sound | None:
        """The apology in this language, or in any; None when there is none at all. Touches files for microseconds."""
        own = self._ready.get(base_language(language))
        for apology in [own] if own else list(self._ready.values()):
            if (sound := self._store.find(apology.name)) is not None:
                return sound
            try:
                return self._store.keep(apology.name, apology.pcm)
            except StoreError as error:
                log.error("the apology in %r is lost: %s", language, error)
        return None
