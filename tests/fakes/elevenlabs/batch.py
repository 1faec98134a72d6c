"""`POST /v1/speech-to-text`: a whole file at once."""

import io
import wave
from typing import Any

import numpy as np
from aiohttp import web

from .audio import TELEPHONE_HZ, Samples, resample
from .errors import ProblemRaised, bad_request, invalid_fields, model_not_found
from .faults import LateHeaders, Refuse
from .messages import guess_language, word_list
from .record import BatchRequest
from .service import SERVICE, Service
from .transcriber import Transcript

MODELS = ("scribe_v2", "scribe_v1")
ISO_639_3 = {"ru": "rus", "en": "eng"}


async def batch(request: web.Request) -> web.Response:
    service = request.app[SERVICE]
    token = request.query.get("token")
    if not (token and service.spend_token(token, "batch_scribe")):
        service.check_key(request)
    await _suffer(service)
    fields, audio = await _form(request)
    _check(fields, audio)
    samples, rate_hz = _decode(audio or b"", fields.get("file_format", "other"))
    await service.clock.sleep(service.delays.batch_ms / 1000)
    transcript = service.transcriber.commit(resample(samples, rate_hz, TELEPHONE_HZ))
    seconds = len(samples) / rate_hz
    service.record.batch.append(BatchRequest(fields, seconds, transcript.text))
    service.record.changed()
    return web.json_response(_reply(transcript, fields, seconds, service.identifier()))


async def _suffer(service: Service) -> None:
    for fault in service.batch_faults.take():
        match fault:
            case Refuse(problem=problem):
                raise ProblemRaised(problem)
            case LateHeaders(delay_ms=delay_ms):
                await service.clock.sleep(delay_ms / 1000)


async def _form(request: web.Request) -> tuple[dict[str, str], bytes | None]:
    fields: dict[str, str] = {}
    audio = None
    form = await request.post()
    for name, value in form.items():
        if isinstance(value, web.FileField):
            audio = value.file.read()
        elif isinstance(value, str):
            fields[name] = value
    return fields, audio


def _check(fields: dict[str, str], audio: bytes | None) -> None:
    model_id = fields.get("model_id")
    if model_id is None:
        raise ProblemRaised(invalid_fields((("body", "model_id"), "Field required", "missing")))
    if model_id not in MODELS:
        raise ProblemRaised(model_not_found(model_id))
    if audio is None:
        raise ProblemRaised(bad_request("missing_required_field", "Provide a file.", "file"))


def _decode(audio: bytes, file_format: str) -> tuple[Samples, int]:
    """(samples, rate in Hz) of raw 16 kHz PCM or of a mono 16-bit WAV, the only containers known here."""
    if file_format == "pcm_s16le_16":
        return np.frombuffer(audio[: len(audio) // 2 * 2], dtype="<i2").astype(np.int16), 16000
    try:
        with wave.open(io.BytesIO(audio)) as file:
            return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.int16), file.getframerate()
    except (wave.Error, EOFError) as problem:
        raise ProblemRaised(bad_request("invalid_parameters", f"The audio cannot be read: {problem}", "file")) from None


def _reply(transcript: Transcript, fields: dict[str, str], seconds: float, identifier: str) -> dict[str, Any]:
    language = fields.get("language_code") or transcript.language or guess_language(transcript.text)
    return {
        "language_code": ISO_639_3.get(language, language),
        "language_probability": 0.98,
        "text": transcript.text,
        "words": word_list(transcript),
        "transcription_id": identifier,
        "audio_duration_secs": seconds,
    }
