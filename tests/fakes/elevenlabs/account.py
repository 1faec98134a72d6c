"""Tokens, and the account's lists in a minimal honest form."""

from aiohttp import web

from .errors import ProblemRaised, invalid_fields
from .service import SERVICE, TOKEN_TYPES
from .speech_request import MODELS

CHARACTER_LIMIT = 100_000
DEFAULT_VOICE = "21m00Tcm4TlvDq8ikWAM"


async def token(request: web.Request) -> web.Response:
    service = request.app[SERVICE]
    service.check_key(request)
    kind = request.match_info["token_type"]
    if kind not in TOKEN_TYPES:
        message = f"Input should be one of {', '.join(TOKEN_TYPES)}"
        raise ProblemRaised(invalid_fields((("path", "token_type"), message, "enum")))
    return web.json_response({"token": service.issue_token(kind)})


async def subscription(request: web.Request) -> web.Response:
    service = request.app[SERVICE]
    service.check_key(request)
    used = sum(len(entry.text) for entry in service.record.speech)
    body = {
        "tier": "emulator",
        "character_count": used,
        "character_limit": CHARACTER_LIMIT,
        "max_credit_limit_extension": 0,
        "can_extend_character_limit": False,
        "allowed_to_extend_character_limit": False,
        "voice_slots_used": 0,
        "professional_voice_slots_used": 0,
        "professional_voice_slots_used_in_workspace": 0,
        "voice_limit": 10,
        "voice_add_edit_counter": 0,
        "professional_voice_limit": 0,
        "can_extend_voice_limit": False,
        "can_use_instant_voice_cloning": False,
        "can_use_professional_voice_cloning": False,
        "current_overage": {"amount": "0", "currency": "usd"},
        "status": "active",
    }
    return web.json_response(body)


async def voices(request: web.Request) -> web.Response:
    service = request.app[SERVICE]
    service.check_key(request)
    known = service.speech.voices or (DEFAULT_VOICE,)
    entries = [{"voice_id": voice_id, "name": f"Voice {voice_id[:4]}", "category": "premade"} for voice_id in known]
    return web.json_response({"voices": entries})


async def models(request: web.Request) -> web.Response:
    request.app[SERVICE].check_key(request)
    languages = [{"language_id": "en", "name": "English"}, {"language_id": "ru", "name": "Russian"}]
    entries = [
        {
            "model_id": model_id,
            "name": model_id,
            "can_do_text_to_speech": True,
            "maximum_text_length_per_request": characters,
            "languages": languages[:1] if model_id.endswith("_v2") and "multi" not in model_id else languages,
        }
        for model_id, characters in MODELS.items()
    ]
    return web.json_response(entries)
