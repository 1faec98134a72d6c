"""The shapes of the realtime messages: the client's taken apart, the lists of words put together."""

import base64
import binascii
import json
from typing import Any

from .transcriber import Transcript


def word_list(transcript: Transcript, offset_seconds: float = 0.0) -> list[dict[str, Any]]:
    """Words as the API lists them, with `spacing` items between."""
    items: list[dict[str, Any]] = []
    for word in transcript.words:
        start, end = round(offset_seconds + word.start_seconds, 3), round(offset_seconds + word.end_seconds, 3)
        if items:
            items.append(_item(" ", items[-1]["end"], start, "spacing"))
        items.append(_item(word.text, start, end, "word"))
    return items


def _item(text: str, start: float, end: float, kind: str) -> dict[str, Any]:
    step = (end - start) / max(1, len(text))
    characters = [
        {"text": letter, "start": round(start + step * place, 3), "end": round(start + step * (place + 1), 3)}
        for place, letter in enumerate(text)
    ]
    timing = {"text": text, "start": start, "end": end, "type": kind}
    return timing | {"speaker_id": None, "logprob": -0.1, "characters": characters, "channel_index": None}


def guess_language(text: str) -> str:
    """By the alphabet: "ru" or "en"."""
    return "ru" if any("а" <= letter <= "я" or letter == "ё" for letter in text.lower()) else "en"


def parse_message(text: str) -> dict[str, Any] | None:
    """The client's message, None when it is none of the protocol's shape."""
    try:
        message = json.loads(text)
    except ValueError:
        return None
    return message if isinstance(message, dict) and isinstance(message.get("message_type"), str) else None


def audio_bytes(message: dict[str, Any]) -> bytes | None:
    """The audio of an `input_audio_chunk`, None when a field has the wrong type."""
    encoded = message.get("audio_base_64")
    if not isinstance(encoded, str) or not isinstance(message.get("commit", False), bool):
        return None
    if not isinstance(message.get("previous_text"), str | None):
        return None
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return None
