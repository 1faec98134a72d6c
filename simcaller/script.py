"""A conversation as data, the caller who holds it, and who was voiced when."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, assert_never

from simcaller.audio import encode_mulaw
from simcaller.call import CallOver, SipCall
from simcaller.measure import Spurt, voicing
from simcaller.speech import Voice

# A pause between two sentences of one prompt is shorter than this.
TURN_GAP_MS = 700.0


@dataclass(frozen=True, slots=True)
class WaitForBotToFinish:
    """Until the bot has spoken since the caller's last sound, and then been silent so long."""

    silence_ms: float = TURN_GAP_MS
    timeout_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Say:
    """One sentence, spoken to its end."""

    text: str


@dataclass(frozen=True, slots=True)
class Press:
    """Keys, one after another."""

    digits: str


@dataclass(frozen=True, slots=True)
class Pause:
    """The caller says nothing for a while."""

    pause_ms: float


@dataclass(frozen=True, slots=True)
class InterruptAfter:
    """Until the bot has spoken for so long since the caller's last sound; the next step interrupts it."""

    spoken_ms: float
    timeout_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class HangUp:
    """The caller ends the call."""


@dataclass(frozen=True, slots=True)
class ExpectHangUp:
    """The bot ends the call."""

    timeout_seconds: float = 30.0


Step = WaitForBotToFinish | Say | Press | Pause | InterruptAfter | HangUp | ExpectHangUp


@dataclass(frozen=True, slots=True)
class Turn:
    """Who was voiced when (unix seconds), and the caller's words where they are known."""

    who: Literal["caller", "bot"]
    began_at: float
    ended_at: float
    text: str = ""


@dataclass(slots=True)
class Caller:
    """Somebody who speaks one language and holds scripted conversations."""

    voice: Voice
    language: str
    _clips: dict[str, bytes] = field(default_factory=dict)

    async def prepare(self, steps: Sequence[Step]) -> None:
        """Make every sentence of a script ready, so that none is late in the call; raises VoiceError."""
        for step in steps:
            if isinstance(step, Say):
                await self._clip(step.text)

    async def run(
        self, call: SipCall, steps: Sequence[Step], *, spoken: Callable[[Turn], None] = lambda turn: None
    ) -> list[Turn]:
        """Hold the conversation and return both sides' turns; `spoken` gets each turn of the caller when it is over.

        Raises BotSilent, CallOver and, for ExpectHangUp, TimeoutError. Cancelling stops the caller in mid-word.
        """
        await self.prepare(steps)
        await call.answered
        said: list[Turn] = []
        for step in steps:
            turn = await self._take(call, step)
            if turn is not None:
                said.append(turn)
                spoken(turn)
        return turns(call, said)

    async def _take(self, call: SipCall, step: Step) -> Turn | None:
        match step:
            case WaitForBotToFinish(silence_ms, timeout_seconds):
                await call.wait_bot_silence(silence_ms, timeout_seconds=timeout_seconds)
            case Say(text):
                return await self._speak(call, text)
            case Press(digits):
                call.press(digits)
                await call.audio_sent()
            case Pause(pause_ms):
                await asyncio.sleep(pause_ms / 1000)
            case InterruptAfter(spoken_ms, timeout_seconds):
                since = call.caller_last_voiced_at()
                began = await call.wait_bot_speech(since=since, timeout_seconds=timeout_seconds)
                await call.wait_bot_speech(since=began + spoken_ms / 1000, timeout_seconds=timeout_seconds)
            case HangUp():
                await call.hang_up()
            case ExpectHangUp(timeout_seconds):
                await call.wait_hang_up(timeout_seconds=timeout_seconds)
            case _:
                assert_never(step)
        return None

    async def _speak(self, call: SipCall, text: str) -> Turn:
        if not call.is_up:
            raise CallOver(f"the call was over before the caller could say {text!r}")
        clip = await self._clip(text)
        before = len(call.sent)
        call.send_audio(clip)
        await call.audio_sent()
        heard = voicing(call.sent[before:])
        began, ended = heard.first_after(0.0), heard.last_before(float("inf"))
        if began is None or ended is None:
            raise CallOver(f"the call ended before the caller could say {text!r}")
        return Turn("caller", began, ended, text)

    async def _clip(self, text: str) -> bytes:
        if text not in self._clips:
            samples = await asyncio.to_thread(self.voice.say, text, self.language)
            self._clips[text] = encode_mulaw(samples)
        return self._clips[text]


def turns(call: SipCall, said: Sequence[Turn] = (), *, gap_ms: float = TURN_GAP_MS) -> list[Turn]:
    """Both sides' turns in the order in which they began; the caller's are `said`, or else what was voiced."""
    bot = [Turn("bot", *spurt) for spurt in voicing(call.received).spurts(gap_ms)]
    caller = said or [_silent_turn(spurt) for spurt in voicing(call.sent).spurts(gap_ms)]
    return sorted([*caller, *bot], key=lambda turn: turn.began_at)


def _silent_turn(spurt: Spurt) -> Turn:
    return Turn("caller", *spurt)
