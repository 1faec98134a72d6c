"""The query string of the realtime socket: checked, and echoed as `session_started` shows it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from .audio import REALTIME_FORMATS, AudioFormat

Value = TypeVar("Value")
Query = Mapping[str, list[str]]

MODELS = ("scribe_v2_realtime", "scribe_v3_live")
STRATEGIES = ("manual", "vad", "turn_prediction")
MAX_KEYTERMS, MAX_KEYTERM_CHARACTERS, MAX_EDIT_CHARACTERS = 50, 20, 2000


class InvalidQuery(ValueError):
    """A parameter that the service refuses; the text names it."""


@dataclass(frozen=True)
class SessionOptions:
    """The parameters of one realtime socket, with the service's defaults."""

    audio_format: AudioFormat
    model_id: str
    language_code: str | None
    secondary_languages: tuple[str, ...]
    vad: bool
    vad_silence_threshold_seconds: float
    vad_threshold: float
    min_speech_duration_ms: int
    min_silence_duration_ms: int
    include_timestamps: bool
    include_language_detection: bool
    filter_background_audio: bool
    keyterms: tuple[str, ...]
    no_verbatim: bool
    enable_logging: bool
    entity_detection: tuple[str, ...]

    def echo(self) -> dict[str, Any]:
        """`session_started.config`: the wire's own names, which differ from the query's."""
        return {
            "sample_rate": self.audio_format.rate_hz,
            "audio_format": self.audio_format.name,
            "language_code": self.language_code,
            "secondary_languages": list(self.secondary_languages),
            "timestamps_granularity": "word",
            "vad_commit_strategy": self.vad,
            "vad_silence_threshold_secs": self.vad_silence_threshold_seconds,
            "vad_threshold": self.vad_threshold,
            "min_speech_duration_ms": self.min_speech_duration_ms,
            "min_silence_duration_ms": self.min_silence_duration_ms,
            "max_tokens_to_recompute": 5,
            "model_id": self.model_id,
            "disable_logging": not self.enable_logging,
            "include_timestamps": self.include_timestamps,
            "include_language_detection": self.include_language_detection,
            "filter_background_audio": self.filter_background_audio,
            "keyterms": list(self.keyterms),
            "no_verbatim": self.no_verbatim,
            "entity_detection": list(self.entity_detection) or None,
        }


def parse_query(query: Query) -> SessionOptions:
    """The options in `query`; raises InvalidQuery. Unknown parameters are let through, as the service does."""
    options = SessionOptions(
        audio_format=REALTIME_FORMATS[_choice(query, "audio_format", tuple(REALTIME_FORMATS), "pcm_16000")],
        model_id=_choice(query, "model_id", MODELS, MODELS[0]),
        language_code=_language(_one(query, "language_code")),
        secondary_languages=tuple(filter(None, map(_language, query.get("secondary_languages", [])))),
        vad=_choice(query, "commit_strategy", STRATEGIES, "manual") != "manual",
        vad_silence_threshold_seconds=_number(query, "vad_silence_threshold_secs", float, 0.3, 3.0, 1.5),
        vad_threshold=_number(query, "vad_threshold", float, 0.1, 0.9, 0.4),
        min_speech_duration_ms=_number(query, "min_speech_duration_ms", int, 50, 2000, 100),
        min_silence_duration_ms=_number(query, "min_silence_duration_ms", int, 50, 2000, 100),
        include_timestamps=_boolean(query, "include_timestamps", default=False),
        include_language_detection=_boolean(query, "include_language_detection", default=False),
        filter_background_audio=_boolean(query, "filter_background_audio", default=False),
        keyterms=_keyterms(query.get("keyterms", [])),
        no_verbatim=_boolean(query, "no_verbatim", default=False),
        enable_logging=_boolean(query, "enable_logging", default=True),
        entity_detection=tuple(query.get("entity_detection", [])),
    )
    _check_together(options, query)
    return options


def _check_together(options: SessionOptions, query: Query) -> None:
    if options.filter_background_audio and options.include_timestamps:
        raise InvalidQuery("filter_background_audio cannot be combined with include_timestamps")
    edit = _one(query, "transcript_edit")
    if edit is not None and len(edit) > MAX_EDIT_CHARACTERS:
        raise InvalidQuery(f"transcript_edit must be at most {MAX_EDIT_CHARACTERS} characters")
    if edit is not None and query.get("entity_redaction"):
        raise InvalidQuery("entity_redaction cannot be combined with transcript_edit")


def _one(query: Query, name: str) -> str | None:
    values = query.get(name)
    return values[-1] if values else None


def _choice(query: Query, name: str, allowed: tuple[str, ...], default: str) -> str:
    value = _one(query, name) or default
    if value not in allowed:
        raise InvalidQuery(f"{name} must be one of {', '.join(allowed)}, not {value!r}")
    return value


def _number(query: Query, name: str, kind: Callable[[str], Value], low: float, high: float, default: Value) -> Value:
    text = _one(query, name)
    if text is None:
        return default
    try:
        value = kind(text)
    except ValueError:
        raise InvalidQuery(f"{name} must be a number, not {text!r}") from None
    if not low <= float(text) <= high:
        raise InvalidQuery(f"{name} must be between {low} and {high}, not {text}")
    return value


def _boolean(query: Query, name: str, *, default: bool) -> bool:
    match (_one(query, name) or str(default)).lower():
        case "true" | "1":
            return True
        case "false" | "0":
            return False
        case other:
            raise InvalidQuery(f"{name} must be true or false, not {other!r}")


def _language(code: str | None) -> str | None:
    if code is not None and not re.fullmatch(r"[a-z]{2,3}", code):
        raise InvalidQuery(f"language_code must be ISO 639-1 or 639-3, not {code!r}")
    return code


def _keyterms(terms: list[str]) -> tuple[str, ...]:
    if len(terms) > MAX_KEYTERMS:
        raise InvalidQuery(f"at most {MAX_KEYTERMS} keyterms are allowed, not {len(terms)}")
    for term in terms:
        if len(term) > MAX_KEYTERM_CHARACTERS:
            raise InvalidQuery(f"keyterm {term!r} is longer than {MAX_KEYTERM_CHARACTERS} characters")
    return tuple(terms)
