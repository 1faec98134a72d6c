"""What every voice engine is: text in, PCM16 at 16 kHz out, and errors by meaning."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

SAMPLE_RATE_HZ = 16_000
BYTES_PER_MS = SAMPLE_RATE_HZ * 2 // 1000

Meaning = Literal["auth", "quota", "rate_limited", "unavailable", "rejected", "bug"]


class VoiceError(Exception):
    """A voice engine did not speak; ``detail`` never holds a secret."""

    meaning: ClassVar[Meaning] = "bug"

    def __init__(self, engine: str, detail: str) -> None:
        super().__init__(f"{engine}: {self.meaning}: {detail}")
        self.engine = engine
        self.detail = detail


class AccessDenied(VoiceError):
    """The key or the account is not accepted; trying again changes nothing."""

    meaning = "auth"


class QuotaExceeded(VoiceError):
    """The account has no credits left."""

    meaning = "quota"


class RateLimited(VoiceError):
    """Too many requests; ``retry_after_seconds`` where the engine said so, ``own`` when they were our own requests."""

    meaning = "rate_limited"

    def __init__(
        self, engine: str, detail: str, *, retry_after_seconds: float | None = None, own: bool = False
    ) -> None:
        super().__init__(engine, detail)
        self.retry_after_seconds = retry_after_seconds
        self.own = own


class EngineUnavailable(VoiceError):
    """The engine cannot be reached, died, stalled or broke off."""

    meaning = "unavailable"


class TextRejected(VoiceError):
    """The engine will not speak this text in this voice; another engine may."""

    meaning = "rejected"


class EngineBug(VoiceError):
    """The engine answered what its documentation does not allow, or our request was malformed."""

    meaning = "bug"


@dataclass(frozen=True, slots=True)
class Rendition:
    """Everything beside the text that decides how a sentence sounds."""

    engine: str
    model: str
    voice: str
    language: str
    settings: str = ""


class Voice(Protocol):
    """A voice engine."""

    @property
    def engine(self) -> str:
        """The engine's name."""

    @property
    def concurrency(self) -> int:
        """How many sentences it may be given at a time."""

    def rendition(self, language: str, voice: str | None) -> Rendition:
        """How a text of ``language`` (ISO 639-1) is spoken when the dialog asked for ``voice``.

        :raises TextRejected: it does not speak that language.
        """

    def synthesise(self, text: str, rendition: Rendition) -> AsyncGenerator[bytes]:
        """PCM16 mono at 16 kHz in pieces of whole samples, as they are made.

        Closing the generator stops the engine.

        :raises VoiceError: at any moment; the pieces before it are worth nothing.
        """

    async def warm(self) -> None:
        """Make the first sentence as fast as the next ones; failing is not an error yet."""

    async def close(self) -> None:
        """Give everything back."""


def base_language(language: str) -> str:
    """``ru-RU`` and ``RU`` -> ``ru``."""
    return language.replace("_", "-").partition("-")[0].lower()


def whole_samples(rest: bytes, piece: bytes) -> tuple[bytes, bytes]:
    """Split what arrived into whole samples and the byte that waits for its other half."""
    joined = rest + piece if rest else piece
    even = len(joined) & ~1
    return joined[:even], joined[even:]
