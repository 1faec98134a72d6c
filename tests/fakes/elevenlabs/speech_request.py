"""A request for speech, read and checked as the service checks it."""

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from .audio import SPEECH_FORMATS, AudioFormat
from .errors import Problem, ProblemRaised, bad_request, invalid_fields, model_not_found, voice_not_found

# Characters that one request may hold, by model.
MODELS = {
    "eleven_flash_v2_5": 40_000,
    "eleven_turbo_v2_5": 40_000,
    "eleven_flash_v2": 30_000,
    "eleven_turbo_v2": 30_000,
    "eleven_multilingual_v2": 10_000,
    "eleven_v3": 5_000,
}
DEFAULT_MODEL = "eleven_multilingual_v2"
NO_STITCHING = ("eleven_v3",)
SETTING_RANGES = {"stability": (0.0, 1.0), "similarity_boost": (0.0, 1.0), "style": (0.0, 1.0), "speed": (0.7, 1.2)}
VOICE_ID_CHARACTERS = 20


@dataclass(frozen=True)
class SpeechOrder:
    """What shall be spoken, by whom and in which format."""

    text: str
    voice_id: str
    model_id: str
    audio_format: AudioFormat
    body: dict[str, Any]


async def read_order(request: web.Request, voices: tuple[str, ...] | None) -> SpeechOrder:
    """The order in an HTTP request; raises ProblemRaised."""
    body = await _json_body(request)
    text = body.get("text")
    if not isinstance(text, str):
        missing = ("Field required", "missing") if text is None else ("Input should be a valid string", "string_type")
        raise ProblemRaised(invalid_fields((("body", "text"), *missing)))
    voice_id, model_id = request.match_info["voice_id"], body.get("model_id") or DEFAULT_MODEL
    audio_format = speech_format(request.query.get("output_format", "mp3_44100_128"))
    problem = (
        voice_problem(voice_id, voices)
        or model_problem(model_id)
        or _text_problem(text, model_id)
        or settings_problem(body.get("voice_settings"))
        or _stitching_problem(body, model_id)
    )
    if problem:
        raise ProblemRaised(problem)
    return SpeechOrder(text, voice_id, model_id, audio_format, body)


async def _json_body(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError:
        raise ProblemRaised(invalid_fields((("body", "0"), "JSON decode error", "json_invalid"))) from None
    if not isinstance(body, dict):
        kind = "model_attributes_type"
        raise ProblemRaised(invalid_fields((("body",), "Input should be a valid dictionary", kind)))
    return body


def speech_format(name: str) -> AudioFormat:
    """The format called `name`; the emulator makes no mp3, opus or A-law and says so."""
    if name in SPEECH_FORMATS:
        return SPEECH_FORMATS[name]
    known = ", ".join(SPEECH_FORMATS)
    raise ProblemRaised(bad_request("invalid_output_format", f"{name}: the emulator makes {known}", "output_format"))


def voice_problem(voice_id: str, voices: tuple[str, ...] | None) -> Problem | None:
    known = voice_id in voices if voices is not None else len(voice_id) == VOICE_ID_CHARACTERS and voice_id.isalnum()
    return None if known else voice_not_found(voice_id)


def model_problem(model_id: str) -> Problem | None:
    return None if model_id in MODELS else model_not_found(model_id)


def _text_problem(text: str, model_id: str) -> Problem | None:
    if not text.strip():
        return bad_request("empty_text", "The text must not be empty.", "text")
    if len(text) > MODELS[model_id]:
        return bad_request("text_too_long", f"The text exceeds {MODELS[model_id]} characters.", "text")
    return None


def settings_problem(settings: Any) -> Problem | None:
    if not isinstance(settings, dict | None):
        location = ("body", "voice_settings")
        return invalid_fields((location, "Input should be a valid dictionary", "model_attributes_type"))
    for name, (low, high) in SETTING_RANGES.items():
        value = (settings or {}).get(name)
        if value is not None and not (isinstance(value, int | float) and low <= value <= high):
            return bad_request("invalid_voice_settings", f"{name} must be between {low} and {high}", name)
    return None


def _stitching_problem(body: dict[str, Any], model_id: str) -> Problem | None:
    if model_id not in NO_STITCHING or not (body.get("previous_request_ids") or body.get("next_request_ids")):
        return None
    return bad_request("unsupported_model", f"{model_id} does not support request stitching", "model_id")
