"""RHVoice, the offline voices for Russian and English, each sentence in a process of its own kind.

The voices listed here are those whose licence allows any use (LGPL); others that are installed are never used.
"""

import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from pathlib import Path

from tts_player.resampling import resampled
from tts_player.rhvoice_process import ENGINE, RHVoiceFiles, RHVoiceProcess
from tts_player.voice import SAMPLE_RATE_HZ, EngineUnavailable, Rendition, TextRejected, VoiceError, base_language

log = logging.getLogger(__name__)

SAFE_VOICES: Mapping[str, tuple[str, ...]] = {
    "ru": ("anna", "elena", "irina", "aleksandr"),
    "en": ("slt", "clb", "bdl", "alan"),
}
PACKAGED_CONFIG = Path(__file__).parent / "rhvoice_config"
DEBIAN_DATA = Path("/usr/share/RHVoice")
LONGEST_TEXT = 2000
WARMING = {"ru": "Да.", "en": "Yes."}


def find_files(library: Path | None, data: Path | None, config: Path | None) -> RHVoiceFiles | None:
    """RHVoice where the settings say, or where Debian's packages put it; None when it is not there."""
    found = library or next(iter(sorted(Path("/usr/lib").glob("*/libRHVoice.so.5"))), None)
    files = RHVoiceFiles(found, data or DEBIAN_DATA, config or PACKAGED_CONFIG) if found else None
    return files if files and files.library.exists() and files.data.is_dir() else None


class RHVoiceVoice:
    """A :class:`tts_player.voice.Voice` on up to ``processes`` RHVoice processes, started when they are needed."""

    engine = ENGINE

    def __init__(self, files: RHVoiceFiles, default_voices: Mapping[str, str], *, processes: int = 2) -> None:
        self._files = files
        self._defaults = default_voices
        self.concurrency = processes
        self._idle: list[RHVoiceProcess] = []
        self._busy = 0
        self._installed: frozenset[str] | None = None

    def rendition(self, language: str, voice: str | None) -> Rendition:
        """The wanted voice where it may be used and speaks the language, else the language's default."""
        language = base_language(language)
        safe = [one for one in SAFE_VOICES.get(language, ()) if self._installed is None or one in self._installed]
        if not safe:
            raise TextRejected(ENGINE, f"has no free voice for the language {language!r}")
        wanted = (voice or "").lower()
        default = self._defaults.get(language, safe[0])
        chosen = next(one for one in (wanted, default, safe[0]) if one in safe)
        return Rendition(ENGINE, "1", self._profile(language, chosen), language)

    async def synthesise(self, text: str, rendition: Rendition) -> AsyncGenerator[bytes]:
        """See :class:`tts_player.voice.Voice`; a process that dies before its first sound is replaced once."""
        if len(text) > LONGEST_TEXT:
            raise TextRejected(ENGINE, f"the text has {len(text)} characters, {LONGEST_TEXT} are allowed")
        for attempt in (1, 2):
            heard = False
            try:
                async with aclosing(self._spoken(text, rendition.voice)) as pieces:
                    async for piece in pieces:
                        heard = True
                        yield piece
                return
            except EngineUnavailable as error:
                if heard or attempt == 2:
                    raise
                log.warning("%s; trying again in a new process", error)

    async def warm(self) -> None:
        """Start a process where there is none and load the default voices (100 to 200 ms each, once)."""
        if self._idle or self._busy:
            return
        for language, text in WARMING.items():
            try:
                async with aclosing(self.synthesise(text, self.rendition(language, None))) as pieces:
                    async for _ in pieces:
                        pass
            except VoiceError as error:
                log.warning("%s", error)

    async def close(self) -> None:
        """End the processes."""
        while self._idle:
            await self._idle.pop().close()

    @property
    def process_ids(self) -> list[int]:
        """The processes that wait for a sentence."""
        return [process.process_id for process in self._idle]

    async def _spoken(self, text: str, profile: str) -> AsyncGenerator[bytes]:
        self._busy += 1
        try:
            async with aclosing(self._spoken_by(await self._take(), text, profile)) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            self._busy -= 1

    async def _spoken_by(self, process: RHVoiceProcess, text: str, profile: str) -> AsyncGenerator[bytes]:
        slow: list[bytes] = []
        rate_hz = SAMPLE_RATE_HZ
        try:
            async with aclosing(process.speak(text, profile)) as pieces:
                async for rate_hz, pcm in pieces:
                    if rate_hz == SAMPLE_RATE_HZ:
                        yield pcm
                    else:
                        slow.append(pcm)
        finally:
            await self._put_back(process)
        if slow:
            yield resampled(b"".join(slow), rate_hz)

    async def _take(self) -> RHVoiceProcess:
        while self._idle:
            process = self._idle.pop()
            if process.usable:
                return process
            await process.close()
        process = await RHVoiceProcess.start(self._files)
        self._installed = process.profiles
        return process

    async def _put_back(self, process: RHVoiceProcess) -> None:
        if process.usable:
            self._idle.append(process)
        else:
            await process.close()

    def _profile(self, language: str, voice: str) -> str:
        # An English voice alone leaves out what is written in Cyrillic, a name for example.
        russian = self._defaults.get("ru", "anna")
        paired = language == "en" and (self._installed is None or russian in self._installed)
        return f"{voice}+{russian}" if paired else voice
