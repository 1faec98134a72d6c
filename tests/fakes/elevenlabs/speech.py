"""`POST /v1/text-to-speech/{voice_id}` with /stream, /with-timestamps and /stream/with-timestamps."""

import base64
import json
import random
from collections.abc import Iterator
from typing import Any, TypeVar

from aiohttp import web

from .audio import AudioFormat, Samples
from .errors import ProblemRaised
from .faults import Break, EmptyBody, LateFirstByte, LateHeaders, Pace, Pause, Refuse, SpeechFault
from .record import SpeechRequest
from .service import SERVICE, Service
from .slots import Slots
from .sockets import abort
from .speech_request import SpeechOrder, read_order

SLOTS = web.AppKey("slots", Slots)
Kind = TypeVar("Kind")


class SpeechEndpoint:
    """One request: checked, queued for a slot, synthesised, and sent in one of the four forms."""

    def __init__(self, request: web.Request) -> None:
        self._request = request
        self._service: Service = request.app[SERVICE]
        self._slots = request.app[SLOTS]
        self._faults: tuple[SpeechFault, ...] = self._service.speech_faults.take()
        self._timed = request.path.endswith("/with-timestamps")
        self._streamed = "/stream" in request.path

    async def answer(self) -> web.StreamResponse:
        self._service.check_key(self._request)
        for refusal in self._chosen(Refuse):
            raise ProblemRaised(refusal.problem)
        order = await read_order(self._request, self._service.speech.voices)
        entry = self._enter(order)
        try:
            async with self._slots.taken():
                self._service.record.peak_speech = max(self._service.record.peak_speech, self._slots.running)
                return await self._respond(order, entry)
        except ProblemRaised:
            entry.outcome = "refused"
            raise
        finally:
            self._service.record.changed()

    def _enter(self, order: SpeechOrder) -> SpeechRequest:
        entry = SpeechRequest(
            path=self._request.path,
            voice_id=order.voice_id,
            text=order.text,
            model_id=order.model_id,
            output_format=order.audio_format.name,
            body=order.body,
            received_at=self._service.clock.now(),
        )
        self._service.record.speech.append(entry)
        self._service.record.changed()
        return entry

    async def _respond(self, order: SpeechOrder, entry: SpeechRequest) -> web.StreamResponse:
        for late in self._chosen(LateHeaders):
            await self._service.clock.sleep(late.delay_ms / 1000)
        response = web.StreamResponse(headers=self._headers(order))
        response.content_type = "application/json" if self._timed else self._service.speech.content_type
        response.enable_chunked_encoding()
        await response.prepare(self._request)
        try:
            await self._send(response, order, entry)
            await response.write_eof()
        except ConnectionError:
            entry.outcome = "broken" if entry.outcome == "broken" else "client_left"
        else:
            entry.outcome = "finished"
        return response

    def _headers(self, order: SpeechOrder) -> dict[str, str]:
        return {
            "request-id": self._service.identifier(),
            "history-item-id": self._service.identifier()[:20],
            "character-cost": str(len(order.text)),
            "current-concurrent-requests": str(self._slots.running),
            "maximum-concurrent-requests": str(self._slots.maximum or 0),
        }

    async def _send(self, response: web.StreamResponse, order: SpeechOrder, entry: SpeechRequest) -> None:
        delays = self._service.delays
        samples = await self._service.spoken(order.text, order.audio_format.rate_hz, order.voice_id)
        late_ms = sum(late.delay_ms for late in self._chosen(LateFirstByte))
        first_byte = self._service.jittered(delays.first_byte_ms, delays.first_byte_jitter_ms)
        await self._service.clock.sleep(first_byte + late_ms / 1000)
        if any(self._chosen(EmptyBody)):
            return
        if self._streamed:
            await self._stream(response, order, samples, entry)
        else:
            await response.write(self._whole(order, samples))
            entry.bytes_sent = len(samples) * order.audio_format.bytes_per_sample

    async def _stream(
        self, response: web.StreamResponse, order: SpeechOrder, samples: Samples, entry: SpeechRequest
    ) -> None:
        audio, seconds = order.audio_format.encode(samples), len(samples) / order.audio_format.rate_hz
        flow = Flow(self._service, self._faults, order.audio_format)
        for start, piece in odd_pieces(audio, self._service.speech.largest_piece_bytes, order.text):
            if await flow.breaks_at(start):
                entry.outcome = "broken"
                abort(self._request)
                raise ConnectionResetError
            entry.first_byte_at = entry.first_byte_at or self._service.clock.now()
            timing = alignment(order.text, seconds) if self._timed and start == 0 else None
            await response.write(timed_line(piece, timing) if self._timed else piece)
            entry.bytes_sent += len(piece)

    def _whole(self, order: SpeechOrder, samples: Samples) -> bytes:
        audio = order.audio_format.encode(samples)
        timing = alignment(order.text, len(samples) / order.audio_format.rate_hz)
        return timed_line(audio, timing) if self._timed else audio

    def _chosen(self, kind: type[Kind]) -> Iterator[Kind]:
        return (fault for fault in self._faults if isinstance(fault, kind))


class Flow:
    """When each piece of a stream may go out: the vendor's pace, pauses and breaks, in seconds of audio."""

    def __init__(self, service: Service, faults: tuple[SpeechFault, ...], audio_format: AudioFormat) -> None:
        self._clock = service.clock
        self._faults = faults
        self._bytes_per_second = audio_format.rate_hz * audio_format.bytes_per_sample
        paces = [fault.times_real_time for fault in faults if isinstance(fault, Pace)]
        self._pace = paces[0] if paces else service.delays.speech_times_real_time
        self._started_at = service.clock.now()
        self._paused: set[SpeechFault] = set()

    async def breaks_at(self, start_byte: int) -> bool:
        """Wait until the piece at `start_byte` is due; True when the stream breaks instead."""
        seconds = start_byte / self._bytes_per_second
        for fault in self._faults:
            match fault:
                case Break(after_seconds=after) if seconds >= after:
                    return True
                case Pause(after_seconds=after, pause_ms=pause_ms) if seconds >= after and fault not in self._paused:
                    self._paused.add(fault)
                    await self._clock.sleep(pause_ms / 1000)
        if self._pace:
            await self._clock.sleep(self._started_at + seconds / self._pace - self._clock.now())
        return False


def odd_pieces(audio: bytes, largest: int, seed: str) -> Iterator[tuple[int, bytes]]:
    """(offset, piece) with pieces of odd length, the same ones for the same text."""
    dice = random.Random(seed)
    start = 0
    while start < len(audio):
        size = dice.randrange(1, largest + 1, 2)
        yield start, audio[start : start + size]
        start += size


def timed_line(piece: bytes, timing: dict[str, Any] | None) -> bytes:
    """One line of a stream with times; the first one times the whole text, the rest have null."""
    line = {"audio_base64": base64.b64encode(piece).decode(), "alignment": timing, "normalized_alignment": timing}
    return json.dumps(line).encode() + b"\n"


def alignment(text: str, seconds: float) -> dict[str, Any]:
    """Every character's share of `seconds`, evenly."""
    step = seconds / max(1, len(text))
    return {
        "characters": list(text),
        "character_start_times_seconds": [round(step * place, 3) for place in range(len(text))],
        "character_end_times_seconds": [round(step * (place + 1), 3) for place in range(len(text))],
    }


async def speech(request: web.Request) -> web.StreamResponse:
    return await SpeechEndpoint(request).answer()
