"""Calls that answer one question again and again, timed in the audio that the caller sends and receives."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from callbus import Message, decode
from callbus.connect import connect
from callbus.events import CallStarted, FinalTranscript
from callbus.streams import CONTROL
from simcaller.call import CallError, SipCall
from simcaller.measure import silenced_after_ms, voicing

TURN_SILENCE_MS = 400.0
BOT_TIMEOUT_SECONDS = 20.0
BARGE_IN_AFTER_SECONDS = 0.6


@dataclass(slots=True)
class Timings:
    """Milliseconds over all turns of all calls; ``failed`` counts calls that did not go through to their end."""

    greeting_ms: list[float] = field(default_factory=list)
    reply_ms: list[float] = field(default_factory=list)
    turn_ms: list[float] = field(default_factory=list)
    barge_in_ms: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Plan:
    """What one caller does: ``answers`` times "yes", every one after the first an interruption when ``barge_in``."""

    answers: int
    clip: bytes
    barge_in: bool = False


async def hold_calls(sip: tuple[str, int], redis_url: str, count: int, plan: Plan, apart_seconds: float) -> Timings:
    """Place ``count`` calls, ``apart_seconds`` after one another, and time them all."""
    timings = Timings()
    async with transcripts(redis_url) as finals, asyncio.TaskGroup() as callers:
        for number in range(count):
            callers.create_task(_one_call(sip, plan, finals, timings), name=f"caller:{number}")
            await asyncio.sleep(apart_seconds)
    return timings


@dataclass(slots=True)
class Finals:
    """Final transcripts as they are committed, by SIP Call-ID."""

    call_ids: dict[str, str] = field(default_factory=dict)
    at: dict[str, list[float]] = field(default_factory=dict)

    def take(self, message: Message) -> None:
        """Remember what a caller needs to time its turns."""
        match message:
            case CallStarted():
                self.call_ids[message.sip_call_id] = message.call_id
            case FinalTranscript():
                self.at.setdefault(message.call_id, []).append(message.at)

    def of(self, sip_call_id: str) -> list[float]:
        """When the call's transcripts were committed, in unix seconds."""
        return self.at.get(self.call_ids.get(sip_call_id, ""), [])


@asynccontextmanager
async def transcripts(redis_url: str) -> AsyncIterator[Finals]:
    """Follow the bus while the context is open."""
    finals = Finals()
    redis = connect(redis_url)
    follower = asyncio.create_task(_follow(redis, finals), name="follow:bus")
    try:
        yield finals
    finally:
        follower.cancel()
        await asyncio.gather(follower, return_exceptions=True)
        await redis.aclose()


async def _follow(redis: Any, finals: Finals) -> None:
    # From the beginning: "$" would be another place at each read.
    positions: dict[Any, Any] = dict.fromkeys(CONTROL, "0")
    while True:
        for stream, entries in await redis.xread(positions, block=200, count=500):
            positions[stream.decode()] = entries[-1][0].decode()
            for _, fields in entries:
                finals.take(decode(fields))


async def _one_call(sip: tuple[str, int], plan: Plan, finals: Finals, timings: Timings) -> None:
    try:
        async with SipCall.place(sip, "2000", "+79001234567") as call:
            answered_at = await call.answered
            await call.wait_bot_speech(since=answered_at, timeout_seconds=BOT_TIMEOUT_SECONDS)
            first = voicing(call.received).first_after(answered_at)
            if first is not None:
                timings.greeting_ms.append((first - answered_at) * 1000)
            for number in range(plan.answers):
                await _one_turn(call, plan, finals, timings, interrupt=plan.barge_in and number > 0)
    except (CallError, TimeoutError) as error:
        timings.failed.append(f"{type(error).__name__}: {error}")


async def _one_turn(call: SipCall, plan: Plan, finals: Finals, timings: Timings, *, interrupt: bool) -> None:
    if interrupt:
        began = await call.wait_bot_speech(since=time.time(), timeout_seconds=BOT_TIMEOUT_SECONDS)
        await call.wait_bot_speech(since=began + BARGE_IN_AFTER_SECONDS, timeout_seconds=BOT_TIMEOUT_SECONDS)
    else:
        await call.wait_bot_silence(TURN_SILENCE_MS, timeout_seconds=BOT_TIMEOUT_SECONDS)
    before, sent_before = len(finals.of(call.call_id)), len(call.sent)
    call.send_audio(plan.clip)
    await call.audio_sent()
    said = voicing(call.sent[sent_before:])
    onset, ended = said.first_after(0.0), said.last_before(time.time())
    if onset is None or ended is None:
        return
    final_at = await _next_final(call, finals, before)
    await call.wait_bot_speech(since=final_at, timeout_seconds=BOT_TIMEOUT_SECONDS)
    bot = voicing(call.received)
    audible = bot.first_after(final_at)
    if audible is not None:
        timings.reply_ms.append((audible - final_at) * 1000)
        timings.turn_ms.append((audible - ended) * 1000)
    silenced = silenced_after_ms(bot, onset) if interrupt else None
    if silenced is not None:
        timings.barge_in_ms.append(silenced)


async def _next_final(call: SipCall, finals: Finals, before: int) -> float:
    async with asyncio.timeout(BOT_TIMEOUT_SECONDS):
        while len(finals.of(call.call_id)) <= before:  # noqa: ASYNC110 - the bus is another task's
            await asyncio.sleep(0.01)
    return finals.of(call.call_id)[before]


def clip_folder(folder: Path, clip_wav: bytes, text: str) -> Path:
    """A folder with one clip and its text, as the emulated recogniser takes them; returns the list's path."""
    import json

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "answer.wav").write_bytes(clip_wav)
    listing = folder / "clips.json"
    listing.write_text(json.dumps([{"audio": str(folder / "answer.wav"), "text": text}]), encoding="utf-8")
    return listing
