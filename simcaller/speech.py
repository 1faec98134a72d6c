"""The caller's voice: recorded clips where there are some, RHVoice for the rest, kept in the cache."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np

from provision import rhvoice as provided
from provision.cache import cache_dir
from simcaller.audio import TELEPHONE_HZ, Pcm16, at_level, read_wav, resample, write_wav
from simcaller.measure import BLOCK_MS, BLOCK_SAMPLES, voiced_blocks
from simcaller.rhvoice import Engine, VoiceError

# Other people than the bot's anna and slt.
CALLER_VOICES: Mapping[str, str] = {"ru": "Aleksandr", "en": "Bdl"}
SPEECH_LEVEL_DBFS = -20.0
RECIPE = "3"
# A synthesiser takes 300 ms and more for a comma; a person who answers a question does not.
LONGEST_PAUSE_MS = 160

_NO_WORD = re.compile(r"[^\w]+")


class Voice(Protocol):
    """Says a sentence; raises VoiceError for one that it cannot say."""

    def say(self, text: str, language: str) -> Pcm16:
        """16-bit samples at 8 kHz, about -20 dBFS."""
        ...


class Synthesiser(Protocol):
    """What `RHVoice` needs of its engine."""

    def speak(self, text: str, voice: str) -> tuple[Pcm16, int]:
        """Samples and their rate."""
        ...


@dataclass(frozen=True, slots=True)
class Recordings:
    """Clips of a folder: `<language>/<name>.wav` says what `<language>/<name>.txt` holds."""

    folder: Path

    def say(self, text: str, language: str) -> Pcm16:
        wanted = _spoken(text)
        for written in sorted((self.folder / language).glob("*.txt")):
            if _spoken(written.read_text(encoding="utf-8")) == wanted:
                return _telephone(*read_wav(written.with_suffix(".wav")))
        raise VoiceError(f"no recording under {self.folder / language} says {text!r}")


@dataclass(frozen=True, slots=True)
class RHVoice:
    """Synthesised sentences; what was said once comes from `folder` the next time, without the engine."""

    folder: Path
    voices: Mapping[str, str]
    engine: Callable[[], Synthesiser]

    def say(self, text: str, language: str) -> Pcm16:
        if language not in self.voices:
            raise VoiceError(f"the caller speaks no {language!r}; known: {', '.join(sorted(self.voices))}")
        kept = self.folder / f"{_content_name(RECIPE, self.voices[language], text)}.wav"
        if not kept.exists():
            self._make(kept, text, self.voices[language])
        return read_wav(kept)[0]

    def _make(self, kept: Path, text: str, voice: str) -> None:
        aside = kept.with_suffix(".partial")
        write_wav(aside, tighten(_telephone(*self.engine().speak(text, voice))), TELEPHONE_HZ)
        aside.replace(kept)


@dataclass(frozen=True, slots=True)
class FirstThatCan:
    """Asks one voice after another."""

    voices: Sequence[Voice]

    def say(self, text: str, language: str) -> Pcm16:
        complaints: list[str] = []
        for voice in self.voices:
            try:
                return voice.say(text, language)
            except VoiceError as error:
                complaints.append(str(error))
        raise VoiceError("; ".join(complaints))


def default_voice(recordings: Path | None = None) -> Voice:
    """Recordings of the folder where there is one, RHVoice from Trunkline's cache for the rest."""
    synthesised = RHVoice(cache_dir() / "caller-voice", CALLER_VOICES, _engine)
    return FirstThatCan([Recordings(recordings), synthesised]) if recordings else synthesised


@cache
def _engine() -> Engine:
    """The one engine of this process."""
    return Engine(provided.ensure())


def tighten(samples: Pcm16, longest_pause_ms: int = LONGEST_PAUSE_MS) -> Pcm16:
    """The clip (8 kHz) without the middle of silences that are longer than this, and half as much at its ends."""
    voiced = np.flatnonzero(voiced_blocks(samples))
    half = longest_pause_ms // 2 // BLOCK_MS
    wanted = np.zeros(samples.size // BLOCK_SAMPLES, dtype=np.bool_)
    for offset in range(-half, half + 1):
        wanted[np.clip(voiced + offset, 0, wanted.size - 1)] = True
    return samples[: wanted.size * BLOCK_SAMPLES].reshape(-1, BLOCK_SAMPLES)[wanted].ravel()


def _telephone(samples: Pcm16, rate_hz: int) -> Pcm16:
    return at_level(resample(samples, rate_hz, TELEPHONE_HZ), SPEECH_LEVEL_DBFS)


def _spoken(text: str) -> str:
    return _NO_WORD.sub(" ", text.casefold()).strip()


def _content_name(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
