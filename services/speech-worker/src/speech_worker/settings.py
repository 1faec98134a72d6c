"""The settings of the speech worker."""

import os
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from callbus.settings import Settings
from speech_worker.offline_whisper import WhisperSettings
from speech_worker.scribe import ScribeTiming
from speech_worker.scribe_settings import ScribeSettings
from speech_worker.scribe_wire import AudioFormat
from speech_worker.segmenter import Timing

SERVICE = "speech-worker"
DEFAULT_URL = "https://api.elevenlabs.io"

Share = Annotated[float, Field(gt=0.0, lt=1.0)]


def default_model() -> Path:
    """Where the provisioned Whisper model lies: in Trunkline's cache folder."""
    cache = os.environ.get("TRUNKLINE_CACHE")
    if cache:
        return Path(cache) / "whisper"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "trunkline" / "whisper"


class SpeechWorkerSettings(Settings):
    """From the environment; each has its unit in its name."""

    redis_url: str = Field("redis://127.0.0.1:6379/0", validation_alias="REDIS_URL")
    asr: Literal["auto", "elevenlabs", "offline"] = "auto"
    language: str = Field("ru", pattern=r"^[A-Za-z]{2}([-_][A-Za-z]{2})?$")

    elevenlabs_api_key: SecretStr | None = Field(None, validation_alias="ELEVENLABS_API_KEY", validate_default=True)
    elevenlabs_base_url: str = Field(DEFAULT_URL, validation_alias="ELEVENLABS_BASE_URL")
    scribe_model: str = Field("scribe_v2_realtime", min_length=1)
    scribe_audio_format: AudioFormat = "pcm_16000"
    scribe_cut_at_pause_seconds: float = Field(15.0, ge=0.4, le=25.0)
    scribe_answer_seconds: float = Field(5.0, ge=1.0, le=30.0)

    whisper_model: Path = Field(default_factory=default_model)
    whisper_workers: int = Field(1, ge=1, le=64)
    whisper_threads: int = Field(2, ge=1, le=64)
    whisper_waiting: int = Field(16, ge=0, le=1000)

    onset_probability: Share = 0.5
    sure_probability: Share = 0.65
    offset_probability: Share = 0.35
    onset_ms: int = Field(64, ge=32, le=1000)
    look_back_ms: int = Field(300, ge=0, le=1000)
    pause_ms: int = Field(200, ge=64, le=2000)
    endpointing_ms: int = Field(500, ge=100, le=5000)
    max_utterance_seconds: float = Field(28.0, ge=2.0, le=55.0)
    take_over_seconds: float = Field(5.0, ge=0.5, le=60.0)
    media_lost_seconds: float = Field(600.0, ge=20.0)

    partitions: int = Field(1, ge=1, le=256)
    health_port: int = Field(0, ge=0, le=65535)
    log_format: Literal["pretty", "json"] = "pretty"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("elevenlabs_api_key", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("elevenlabs_api_key")
    @classmethod
    def _given_where_needed(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is None and info.data.get("asr") == "elevenlabs":
            raise ValueError("is not set, but TRUNKLINE_ASR=elevenlabs needs it; set it, or TRUNKLINE_ASR=offline")
        if value is not None and any(not "!" <= letter <= "~" for letter in value.get_secret_value()):
            raise ValueError("holds characters that no key has; copy the key again, without spaces")
        return value

    @field_validator("elevenlabs_base_url")
    @classmethod
    def _address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"is no http(s) address; give one like {DEFAULT_URL} or leave it out")
        return value.rstrip("/")

    @field_validator("offset_probability")
    @classmethod
    def _not_above_onset(cls, value: float, info: ValidationInfo) -> float:
        if value > info.data.get("onset_probability", 1.0):
            raise ValueError("is above TRUNKLINE_ONSET_PROBABILITY; lower it")
        return value

    @property
    def timing(self) -> Timing:
        """When a voice counts as speech."""
        return Timing(
            onset_probability=self.onset_probability,
            offset_probability=self.offset_probability,
            sure_probability=self.sure_probability,
            onset_ms=self.onset_ms,
            look_back_ms=self.look_back_ms,
            pause_ms=self.pause_ms,
            endpointing_ms=self.endpointing_ms,
            max_utterance_ms=int(self.max_utterance_seconds * 1000),
        )

    def scribe(self, *, alone: bool) -> ScribeSettings:
        """The vendor's settings; ``alone`` when no other engine can take over."""
        key = self.elevenlabs_api_key
        return ScribeSettings(
            api_key=key.get_secret_value() if key else "",
            base_url=self.elevenlabs_base_url,
            model=self.scribe_model,
            audio_format=self.scribe_audio_format,
            timing=ScribeTiming(cut_at_pause_seconds=self.scribe_cut_at_pause_seconds),
            answer_timeout_seconds=self.scribe_answer_seconds,
            retry_seconds=5.0 if alone else None,
        )

    @property
    def whisper(self) -> WhisperSettings:
        """The offline engine's settings."""
        return WhisperSettings(
            self.whisper_model,
            workers=self.whisper_workers,
            threads=self.whisper_threads,
            most_waiting=self.whisper_waiting,
        )
