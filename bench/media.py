"""How long a frame is on its way to the recogniser, with many calls in one speech worker.

The bench takes the gateway's and the vendor's place: it writes every call's frames to the media log at 20 ms ticks,
numbered in the lowest bits of their samples, and finds the numbers again in what the worker sends to the recogniser
(ulaw_8000, which passes through unchanged).
"""

import asyncio
import base64
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from aiohttp import WSMsgType, web

from bench.bars import MEDIA, WORKER_CPU, Figure
from bench.machine import usage
from callbus.connect import connect
from callbus.events import CallEnded, CallStarted
from callbus.hop import Hop
from callbus.media import FRAME_BYTES, MediaWriter
from callbus.streams import Streams
from simcaller.audio import encode_mulaw
from simcaller.speech import default_voice
from stack.redis_server import RedisServer
from stack.services import ServiceProcess, python_path

CALLS = 100
SECONDS = 20.0
TICK_SECONDS = 0.02
SYNC = np.array([1, 0, 1, 1, 0, 0, 1, 0], dtype=np.uint8)
NUMBER_BITS = 24
SENTENCE = "I would like to book an appointment for tomorrow at ten, and I would like to keep talking for a while."


def numbered(frame: npt.NDArray[np.uint8], number: int) -> bytes:
    """The frame with a mark and its number in the lowest bits of its first samples."""
    bits = np.array([(number >> bit) & 1 for bit in range(NUMBER_BITS)], dtype=np.uint8)
    marked = frame.copy()
    head = np.concatenate([SYNC, bits])
    marked[: head.size] = (marked[: head.size] & 0xFE) | head
    return marked.tobytes()


def number_at_end(tail: npt.NDArray[np.uint8]) -> int | None:
    """The number of the frame in which the audio ends; None when no two frames in a row are found."""
    bits = tail & np.uint8(1)
    for start in range(bits.size - 2 * FRAME_BYTES, -1, -1):
        first, second = _number(bits, start), _number(bits, start + FRAME_BYTES)
        if first is not None and second == first + 1:
            return first + (bits.size - 1 - start) // FRAME_BYTES
    return None


def _number(bits: npt.NDArray[np.uint8], start: int) -> int | None:
    head = bits[start : start + SYNC.size + NUMBER_BITS]
    if not np.array_equal(head[: SYNC.size], SYNC):
        return None
    return int(np.dot(head[SYNC.size :].astype(np.int64), 1 << np.arange(NUMBER_BITS)))


@dataclass(slots=True)
class Sink:
    """A recogniser that understands nothing and notes when each piece of audio arrived."""

    sent_at: dict[int, float] = field(default_factory=dict)
    latencies_ms: list[float] = field(default_factory=list)
    sockets: int = 0

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One realtime socket."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets += 1
        await socket.send_json({"message_type": "session_started", "session_id": "bench", "config": {}})
        tail = np.zeros(0, dtype=np.uint8)
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
            chunk = json.loads(message.data)
            audio = np.frombuffer(base64.b64decode(chunk["audio_base_64"]), dtype=np.uint8)
            tail = np.concatenate([tail, audio])[-3 * FRAME_BYTES :]
            self._note(tail, time.monotonic())
            if chunk["commit"]:
                await socket.send_json({"message_type": "committed_transcript", "text": ""})
        return socket

    def _note(self, tail: npt.NDArray[np.uint8], now: float) -> None:
        number = number_at_end(tail) if tail.size == 3 * FRAME_BYTES else None
        sent_at = self.sent_at.get(number) if number is not None else None
        if sent_at is not None:
            self.latencies_ms.append((now - sent_at) * 1000)


@asynccontextmanager
async def served(sink: Sink) -> AsyncIterator[str]:
    """The sink on a free port; its address."""
    application = web.Application()
    application.router.add_get("/v1/speech-to-text/realtime", sink.serve)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def media_figures(workdir: Path) -> list[Figure]:
    """Frame latency and CPU of one speech worker with all calls speaking at once."""
    sink = Sink()
    async with RedisServer.start(workdir=workdir / "redis") as redis, served(sink) as vendor:
        worker = _worker(redis.url, vendor, workdir)
        await worker.start()
        try:
            await worker.wait_ready()
            await _speak(redis.url, sink, 1, 2.0)
            sink.latencies_ms.clear()
            before, began = usage(worker.pid), time.monotonic()
            await _speak(redis.url, sink, CALLS, SECONDS)
            seconds, after = time.monotonic() - began, usage(worker.pid)
        finally:
            await worker.stop()
    percent = (after.cpu_seconds - before.cpu_seconds) / seconds / CALLS * 100
    note = f"{sink.sockets} sockets; all calls speaking; {after.resident_mb:.0f} MB in all"
    return [
        Figure(MEDIA, f"{CALLS} calls", tuple(sink.latencies_ms), note),
        Figure(WORKER_CPU, f"{CALLS} calls", (percent,), note),
    ]


def _worker(redis_url: str, vendor_url: str, workdir: Path) -> ServiceProcess:
    environment = {
        **os.environ,
        "PYTHONPATH": python_path(),
        "REDIS_URL": redis_url,
        "TRUNKLINE_ASR": "elevenlabs",
        "TRUNKLINE_SCRIBE_AUDIO_FORMAT": "ulaw_8000",
        "TRUNKLINE_LOG_LEVEL": "WARNING",
        "ELEVENLABS_API_KEY": "sk_bench",
        "ELEVENLABS_BASE_URL": vendor_url,
    }
    return ServiceProcess("speech-worker", environment, workdir / "speech-worker.log")


async def _speak(redis_url: str, sink: Sink, calls: int, seconds: float) -> None:
    """Let calls speak without a pause, then end them."""
    clip = np.frombuffer(encode_mulaw(default_voice().say(SENTENCE, "en")), dtype=np.uint8)
    frames = clip[: clip.size // FRAME_BYTES * FRAME_BYTES].reshape(-1, FRAME_BYTES)
    redis, names = connect(redis_url), Streams()
    hop, writer = Hop(redis, names, producer="ari-gateway"), MediaWriter(redis, names)
    call_ids = [f"bench-{time.monotonic_ns()}-{number}" for number in range(calls)]
    await hop.commit([_started(call_id, names) for call_id in call_ids])
    began, ticks = time.monotonic(), int(seconds / TICK_SECONDS)
    for tick in range(1, ticks + 1):
        await asyncio.sleep(max(0.0, began + tick * TICK_SECONDS - time.monotonic()))
        number = len(sink.sent_at) + 1
        payload = numbered(frames[tick % len(frames)], number)
        sink.sent_at[number] = time.monotonic()
        for call_id in call_ids:
            writer.append(call_id, tick, payload)
        await writer.flush()
    for call_id in call_ids:
        writer.end(call_id, ticks + 1, "caller_hung_up")
    await writer.flush()
    await hop.commit([CallEnded(call_id=call_id, reason="caller_hung_up") for call_id in call_ids])
    await redis.aclose()


def _started(call_id: str, names: Streams) -> CallStarted:
    return CallStarted(
        call_id=call_id,
        channel_id=call_id,
        asterisk_id="bench",
        app="novofon_bot",
        media_stream=names.media(call_id),
        language="en",
    )
