"""`GET /v1/text-to-speech/{voice_id}/stream-input`: text in pieces over a websocket, speech back."""

import asyncio
import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from .audio import AudioFormat
from .errors import ProblemRaised
from .record import SpeechRequest
from .service import SERVICE, Service
from .speech import SLOTS, odd_pieces
from .speech_request import DEFAULT_MODEL, model_problem, settings_problem, speech_format, voice_problem

SCHEDULE = (120, 160, 250, 290)
INACTIVITY_SECONDS, MOST_INACTIVITY_SECONDS = 20.0, 180.0
NOT_HERE = ("eleven_v3",)
IDLE = (
    "Have not received a new text input within the timeout of {:.0f} seconds. Streaming input terminated. Please make "
    'sure to either feed the input in the timely manner, or to send the end of input text (empty string "") when done.'
)
SETTINGS_CHANGED = (
    "voice_settings field must be provided in the first message and then either be not provided or not change."
)


class Refused(Exception):
    """Ends the socket with an error message and close 1008; `error` is its short name."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(message)
        self.error = error
        self.message = message


@dataclass
class TextBuffer:
    """Gathers text until there is enough to speak: by the schedule, a flush, auto mode or the end."""

    auto_mode: bool
    schedule: tuple[int, ...] = SCHEDULE
    _text: str = ""
    _spoken: int = 0
    _settings: Any = None
    _messages: int = 0
    ended: bool = field(default=False, init=False)

    def take(self, message: dict[str, Any]) -> str:
        """The text to be spoken now, "" for none; raises Refused."""
        self._check(message)
        text = message["text"]
        self.ended = text == ""
        self._text += text
        ready = self.ended or message.get("flush") or self.auto_mode or len(self._text) >= self._threshold()
        return self._drain() if ready and self._text.strip() else ""

    def _check(self, message: dict[str, Any]) -> None:
        if not isinstance(message.get("text"), str):
            raise Refused("invalid_message", "text must be a string")
        settings = message.get("voice_settings")
        if self._messages and settings is not None and settings != self._settings:
            raise Refused("invalid_voice_settings", SETTINGS_CHANGED)
        if not self._messages:
            self._settings = settings
            generation = message.get("generation_config") or {}
            self.schedule = tuple(generation.get("chunk_length_schedule") or self.schedule)
        self._messages += 1

    def _threshold(self) -> int:
        return self.schedule[min(self._spoken, len(self.schedule) - 1)]

    def _drain(self) -> str:
        text, self._text = self._text, ""
        self._spoken += 1
        return text


class StreamInput:
    """One socket: checked, then text in and speech out until its end, an error or too long a silence."""

    def __init__(self, request: web.Request) -> None:
        self._request = request
        self._service: Service = request.app[SERVICE]
        self._slots = request.app[SLOTS]
        self.websocket = web.WebSocketResponse(timeout=2.0)
        self._buffer = TextBuffer(request.query.get("auto_mode", "false") == "true")
        given = float(request.query.get("inactivity_timeout", INACTIVITY_SECONDS))
        self._patience_seconds = min(given, MOST_INACTIVITY_SECONDS)

    async def run(self) -> None:
        await self.websocket.prepare(self._request)
        try:
            audio_format = self._checked()
            while not self._buffer.ended and (message := await self._next()) is not None:
                await self._speak(self._buffer.take(message), audio_format)
            if self._buffer.ended:
                await self.websocket.send_json(audio_message(None, final=True))
                await self.websocket.close(code=1000)
        except Refused as refused:
            await self._refuse(refused)
        except ConnectionError:
            return  # the client left in the middle of its speech

    def _checked(self) -> AudioFormat:
        """The output format; raises Refused for a key, voice, model or format that the service does not take."""
        model_id = self._request.query.get("model_id", DEFAULT_MODEL)
        if not self._authenticated():
            raise Refused("invalid_api_key", "You must be authenticated to use this endpoint.")
        if voice_problem(self._request.match_info["voice_id"], self._service.speech.voices):
            raise Refused("voice_id_does_not_exist", "A voice with this voice_id does not exist.")
        if model_problem(model_id) or model_id in NOT_HERE:
            raise Refused("model_not_supported", f"Model {model_id} is not supported on this endpoint.")
        try:
            return speech_format(self._request.query.get("output_format", "mp3_44100_128"))
        except ProblemRaised as raised:
            raise Refused("invalid_output_format", raised.problem.body["detail"]["message"]) from None

    def _authenticated(self) -> bool:
        token = self._request.query.get("single_use_token")
        if token:
            return self._service.spend_token(token, "tts_websocket")
        return self._service.key_problem(self._request) is None

    async def _next(self) -> dict[str, Any] | None:
        """The client's next message, None when it closed; raises Refused after too long a silence."""
        arriving = asyncio.ensure_future(self.websocket.receive())
        idle = asyncio.ensure_future(self._service.clock.sleep(self._patience_seconds))
        try:
            await asyncio.wait({arriving, idle}, return_when=asyncio.FIRST_COMPLETED)
            if not arriving.done():
                raise Refused("input_timeout_exceeded", IDLE.format(self._patience_seconds))
            return self._parsed(arriving.result())
        finally:
            idle.cancel()
            arriving.cancel()

    def _parsed(self, message: Any) -> dict[str, Any] | None:
        if message.type is not WSMsgType.TEXT:
            return None
        try:
            parsed = json.loads(message.data)
        except ValueError:
            parsed = None
        if not isinstance(parsed, dict):
            raise Refused("invalid_message", "Message must be a JSON object.")
        if problem := settings_problem(parsed.get("voice_settings")):
            raise Refused("invalid_voice_settings", str(problem.body["detail"]))
        return parsed

    async def _speak(self, text: str, audio_format: AudioFormat) -> None:
        if not text:
            return
        entry = self._enter(text, audio_format)
        try:
            async with self._slots.taken():
                await self._generate(text, audio_format, entry)
        except ProblemRaised as raised:
            entry.outcome = "refused"
            raise Refused("too_many_concurrent_requests", raised.problem.body["detail"]["message"]) from None
        finally:
            self._service.record.changed()

    def _enter(self, text: str, audio_format: AudioFormat) -> SpeechRequest:
        entry = SpeechRequest(
            path=self._request.path,
            voice_id=self._request.match_info["voice_id"],
            text=text,
            model_id=self._request.query.get("model_id", DEFAULT_MODEL),
            output_format=audio_format.name,
            body={},
            received_at=self._service.clock.now(),
        )
        self._service.record.speech.append(entry)
        return entry

    async def _generate(self, text: str, audio_format: AudioFormat, entry: SpeechRequest) -> None:
        delays = self._service.delays
        samples = await self._service.spoken(text.strip(), audio_format.rate_hz, entry.voice_id)
        await self._service.clock.sleep(self._service.jittered(delays.first_byte_ms, delays.first_byte_jitter_ms))
        entry.first_byte_at = self._service.clock.now()
        timing: dict[str, Any] | None = chunk_timing(text, len(samples) / audio_format.rate_hz)
        for _, piece in odd_pieces(audio_format.encode(samples), self._service.speech.largest_piece_bytes, text):
            await self.websocket.send_json(audio_message(piece, timing))
            timing = None
            entry.bytes_sent += len(piece)
        entry.outcome = "finished"

    async def _refuse(self, refused: Refused) -> None:
        self._service.record.refusals.append((self._request.path, 1008))
        await self.websocket.send_json({"message": refused.message, "error": refused.error, "code": 1008})
        await self.websocket.close(code=1008, message=_reason(refused.message))


def audio_message(piece: bytes | None, timing: dict[str, Any] | None = None, *, final: bool = False) -> dict[str, Any]:
    """A server message: audio with `isFinal` null, or the final one without audio."""
    audio = None if piece is None else base64.b64encode(piece).decode()
    return {"audio": audio, "isFinal": True if final else None, "normalizedAlignment": timing, "alignment": timing}


def chunk_timing(text: str, seconds: float) -> dict[str, Any]:
    step = seconds * 1000 / max(1, len(text))
    starts = [int(step * place) for place in range(len(text))]
    return {"chars": list(text), "charStartTimesMs": starts, "charDurationsMs": list(_lengths(starts, seconds))}


def _lengths(starts: list[int], seconds: float) -> Iterator[int]:
    return (end - start for start, end in zip(starts, [*starts[1:], int(seconds * 1000)], strict=True))


def _reason(message: str) -> bytes:
    """A close reason holds 123 bytes at most (RFC 6455, 5.5)."""
    return message.encode()[:123]


async def stream_input(request: web.Request) -> web.StreamResponse:
    socket = StreamInput(request)
    await socket.run()
    return socket.websocket
