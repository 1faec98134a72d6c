"""What ElevenLabs' error answers mean. Pure.

Three shapes of body are on the wire: ``{"detail": {"type", "code", "message", "status", ...}}`` (2026),
``{"detail": {"status", "message"}}`` (older) and ``{"detail": [{"loc", "msg", "type"}]}`` (validation). The code
decides; the HTTP status only where the code is unknown, because an empty quota comes as 401 too.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from tts_player.voice import (
    AccessDenied,
    EngineBug,
    EngineUnavailable,
    Meaning,
    QuotaExceeded,
    RateLimited,
    TextRejected,
    VoiceError,
)

ENGINE = "elevenlabs"

_MEANINGS: Mapping[Meaning, frozenset[str]] = {
    "auth": frozenset({
        "invalid_api_key", "missing_api_key", "unauthorized", "sign_in_required", "needs_authorization",
        "detected_unusual_activity", "forbidden", "insufficient_permissions", "missing_permissions",
    }),
    "quota": frozenset({"quota_exceeded", "insufficient_credits"}),
    "rate_limited": frozenset({
        "rate_limit_exceeded", "concurrent_limit_exceeded", "too_many_concurrent_requests", "system_busy",
    }),
    "rejected": frozenset({
        "voice_not_found", "model_not_found", "text_too_long", "empty_text", "invalid_text", "invalid_voice_id",
        "voice_access_denied", "model_access_denied", "feature_not_available", "subscription_required",
        "unsupported_model", "unsupported_language", "max_character_limit_exceeded",
    }),
    "unavailable": frozenset({"internal_error", "service_unavailable", "maintenance"}),
    "bug": frozenset({
        "invalid_parameters", "invalid_voice_settings", "invalid_output_format", "missing_required_field",
    }),
}  # fmt: skip
_BY_CODE: Mapping[str, Meaning] = {code: meaning for meaning, codes in _MEANINGS.items() for code in codes}
_BY_STATUS: Mapping[int, Meaning] = {
    400: "rejected",
    401: "auth",
    402: "quota",
    403: "auth",
    404: "rejected",
    405: "bug",
    422: "bug",
    429: "rate_limited",
}
_OWN_REQUESTS = frozenset({"concurrent_limit_exceeded", "too_many_concurrent_requests"})
LONGEST_DETAIL = 200


@dataclass(frozen=True, slots=True)
class _Answer:
    codes: tuple[str, ...]
    text: str


def classify(status: int, headers: Mapping[str, str], body: bytes) -> VoiceError:
    """The error that an HTTP answer stands for."""
    answer = _parsed(body)
    known = next((code for code in answer.codes if code in _BY_CODE), "")
    meaning = _BY_CODE.get(known) or _BY_STATUS.get(status) or ("unavailable" if status >= 500 else "bug")
    label = known or next(iter(answer.codes), "")
    detail = f"HTTP {status}{f' {label}' if label else ''}{f': {answer.text}' if answer.text else ''}"[:LONGEST_DETAIL]
    match meaning:
        case "auth":
            return AccessDenied(ENGINE, f"{detail} (check ELEVENLABS_API_KEY)")
        case "quota":
            return QuotaExceeded(ENGINE, detail)
        case "rate_limited":
            own = not _OWN_REQUESTS.isdisjoint(answer.codes)
            return RateLimited(ENGINE, detail, retry_after_seconds=_retry_after(headers), own=own)
        case "rejected":
            return TextRejected(ENGINE, detail)
        case "unavailable":
            return EngineUnavailable(ENGINE, detail)
        case "bug":
            return EngineBug(ENGINE, detail)


def _parsed(body: bytes) -> _Answer:
    try:
        detail = json.loads(body)["detail"]
    except (ValueError, KeyError, TypeError):
        return _Answer((), "")
    match detail:
        case {**fields}:
            codes = [fields.get(name) for name in ("code", "status", "type")]
            return _Answer(tuple(code for code in codes if isinstance(code, str)), _text(fields.get("message")))
        case [{"loc": list(loc), "msg": message}, *_]:
            return _Answer((), f"{'.'.join(map(str, loc))}: {_text(message)}")
        case str(message):
            return _Answer((), _text(message))
        case _:
            return _Answer((), "")


def _text(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _retry_after(headers: Mapping[str, str]) -> float | None:
    value = headers.get("Retry-After", "")
    return float(value) if value.isdigit() else None
