"""espeak-ng as a program of its own: the last resort, for machines where RHVoice cannot be had.

Its licence (GPL) does not reach through a command line.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from pathlib import Path

from tts_player.resampling import resampled
from tts_player.voice import EngineUnavailable, Rendition, TextRejected, base_language

ENGINE = "espeak"
VOICES: Mapping[str, str] = {"ru": "ru", "en": "en-us"}
WORDS_PER_MINUTE = 150
PATIENCE_SECONDS = 10.0
LONGEST_TEXT = 2000
WAV_HEADER_BYTES = 44


class EspeakVoice:
    """A :class:`tts_player.voice.Voice` that runs ``program`` once per sentence (about 20 ms)."""

    engine = ENGINE
    concurrency = 2

    def __init__(self, program: Path) -> None:
        self._program = program

    def rendition(self, language: str, voice: str | None) -> Rendition:
        """The language's one voice; ``voice`` names another engine's and is ignored."""
        del voice
        language = base_language(language)
        if language not in VOICES:
            raise TextRejected(ENGINE, f"is not set up for the language {language!r}")
        return Rendition(ENGINE, "1", VOICES[language], language, f"words_per_minute={WORDS_PER_MINUTE}")

    async def synthesise(self, text: str, rendition: Rendition) -> AsyncGenerator[bytes]:
        """See :class:`tts_player.voice.Voice`; the sentence comes in one piece."""
        if len(text) > LONGEST_TEXT:
            raise TextRejected(ENGINE, f"the text has {len(text)} characters, {LONGEST_TEXT} are allowed")
        wav = await self._run(text, rendition.voice)
        rate_hz = int.from_bytes(wav[24:28], "little")
        if wav[:4] != b"RIFF" or not 8000 <= rate_hz <= 48000:
            raise EngineUnavailable(ENGINE, "answered with something that is no WAV")
        # The sizes in the header of a WAV that is written to a pipe mean nothing.
        pcm = wav[WAV_HEADER_BYTES:]
        yield resampled(pcm[: len(pcm) & ~1], rate_hz)

    async def warm(self) -> None:
        """Nothing to do."""

    async def close(self) -> None:
        """Nothing to do."""

    async def _run(self, text: str, voice: str) -> bytes:
        try:
            process = await asyncio.create_subprocess_exec(
                str(self._program), "-v", voice, "-s", str(WORDS_PER_MINUTE), "--stdin", "--stdout",
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
        except OSError as error:
            raise EngineUnavailable(ENGINE, f"{self._program} does not start: {error.strerror}") from None
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                wav, _ = await process.communicate(text.encode())
        except TimeoutError:
            raise EngineUnavailable(ENGINE, f"no answer for {PATIENCE_SECONDS:g} s") from None
        finally:
            await _end(process)
        if process.returncode:
            raise EngineUnavailable(ENGINE, f"{self._program.name} ended with exit code {process.returncode}")
        return wav


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill what still runs, and wait for it."""
    with suppress(ProcessLookupError):
        if process.returncode is None:
            process.kill()
    await process.wait()
