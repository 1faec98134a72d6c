"""The settings of the tts-player."""

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from callbus.settings import Settings
from tts_player.elevenlabs_voice import DEFAULT_MODEL, DEFAULT_URL
from tts_player.fallback import TEXTS
from tts_player.rhvoice_voice import SAFE_VOICES

SERVICE = "tts-player"

_KEY = re.compile(r"[!#-&(-~]+")
Share = Annotated[float, Field(ge=0.0, le=1.0)]


class TtsPlayerSettings(Settings):
    """From the environment; each has its unit in its name."""

    redis_url: str = Field("redis://127.0.0.1:6379/0", validation_alias="REDIS_URL")
    sounds_dir: Path = Path("/usr/share/asterisk/sounds")
    tts: Literal["auto", "elevenlabs", "offline"] = "auto"

    elevenlabs_api_key: SecretStr | None = Field(None, validation_alias="ELEVENLABS_API_KEY")
    elevenlabs_base_url: str = Field(DEFAULT_URL, validation_alias="ELEVENLABS_BASE_URL")
    elevenlabs_tts_model: str = DEFAULT_MODEL
    # Voices that ElevenLabs gives to every account.
    elevenlabs_voice_ru: str = "EXAVITQu4vr4xnSDxMaL"
    elevenlabs_voice_en: str = "JBFqnCBsd6RMkjVDRZzb"
    elevenlabs_tts_concurrency: int = Field(4, ge=1, le=100)
    elevenlabs_stability: Share | None = None
    elevenlabs_similarity_boost: Share | None = None
    elevenlabs_style: Share | None = None
    elevenlabs_speed: Annotated[float, Field(ge=0.7, le=1.2)] | None = None
    elevenlabs_first_byte_seconds: float = Field(2.5, gt=0, le=30)

    voice_ru: str = "anna"
    voice_en: str = "slt"
    rhvoice_library: Path | None = None
    rhvoice_data: Path | None = None
    rhvoice_config: Path | None = None
    rhvoice_processes: int = Field(2, ge=1, le=16)
    espeak_program: str = "espeak-ng"

    apology_ru: str = TEXTS["ru"]
    apology_en: str = TEXTS["en"]

    sounds_max_megabytes: int = Field(2048, ge=16)
    sounds_max_age_days: float = Field(30, gt=0)
    sounds_protected_minutes: float = Field(30, ge=5)

    health_port: int = Field(0, ge=0, le=65535)
    log_format: Literal["pretty", "json"] = "pretty"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("elevenlabs_api_key", "rhvoice_library", "rhvoice_data", "rhvoice_config", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("elevenlabs_api_key")
    @classmethod
    def _printable(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _KEY.fullmatch(value.get_secret_value()):
            raise ValueError("holds characters that no key has; copy the key again, without spaces and quotes")
        return value

    @field_validator("elevenlabs_base_url")
    @classmethod
    def _address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("is no http(s) address; give one like https://api.elevenlabs.io or leave it out")
        return value.rstrip("/")

    @field_validator("voice_ru")
    @classmethod
    def _russian(cls, value: str) -> str:
        return _safe_voice("ru", value)

    @field_validator("voice_en")
    @classmethod
    def _english(cls, value: str) -> str:
        return _safe_voice("en", value)

    @property
    def api_key(self) -> str:
        """The key, or an empty text."""
        return self.elevenlabs_api_key.get_secret_value() if self.elevenlabs_api_key else ""

    @property
    def offline_voices(self) -> dict[str, str]:
        """RHVoice's voice per language."""
        return {"ru": self.voice_ru, "en": self.voice_en}

    @property
    def apologies(self) -> dict[str, str]:
        """What is said per language when nothing else can be."""
        return {"ru": self.apology_ru, "en": self.apology_en}

    @property
    def elevenlabs_voice_settings(self) -> dict[str, float]:
        """Only what was set: the rest is the voice's own."""
        named = {
            "stability": self.elevenlabs_stability,
            "similarity_boost": self.elevenlabs_similarity_boost,
            "style": self.elevenlabs_style,
            "speed": self.elevenlabs_speed,
        }
        return {name: value for name, value in named.items() if value is not None}


def _safe_voice(language: str, voice: str) -> str:
    if voice.lower() not in SAFE_VOICES[language]:
        raise ValueError(
            f"{voice!r} is no voice that may be used freely; choose from {', '.join(SAFE_VOICES[language])}"
        )
    return voice.lower()
