"""Where ElevenLabs' realtime recogniser is, and how long it is waited for."""

from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit, urlunsplit

from speech_worker.scribe import ScribeTiming
from speech_worker.scribe_wire import AudioFormat

_PATH = "/v1/speech-to-text/realtime"


@dataclass(frozen=True, slots=True)
class ScribeSettings:
    """Where the vendor is, and how long it is waited for."""

    api_key: str = field(repr=False)
    base_url: str = "https://api.elevenlabs.io"
    model: str = "scribe_v2_realtime"
    audio_format: AudioFormat = "pcm_16000"
    timing: ScribeTiming = field(default_factory=ScribeTiming)
    connect_timeout_seconds: float = 3.0
    answer_timeout_seconds: float = 5.0
    """From the end of an utterance; then another engine gets it."""
    back_off_seconds: tuple[float, ...] = (0.0, 0.3, 1.0)
    """Waits before the connections that follow a failure; after the last of them the session gives up."""
    suspend_seconds: float = 60.0
    """How long new calls are spared an engine that gave up for good."""
    retry_seconds: float | None = None
    """After giving up, try again this often; None: not in this call, because another engine serves it."""

    def url(self, language: str) -> str:
        """The socket's address for a language (ISO 639-1)."""
        parts = urlsplit(self.base_url)
        scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
        query = {
            "model_id": self.model,
            "audio_format": self.audio_format,
            "language_code": language,
            "commit_strategy": "manual",
        }
        return urlunsplit((scheme, parts.netloc, parts.path.rstrip("/") + _PATH, urlencode(query), ""))
