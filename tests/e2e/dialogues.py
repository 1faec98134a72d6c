"""Callers who follow a scenario's story, and what must hold of such a call."""

import difflib
import re
from collections.abc import Sequence

from callbus.commands import HangUp
from callbus.events import CallEnded, PlaybackFinished
from demo.story import load
from demo.verdict import GOAL_REACHED
from simcaller.call import SipCall
from simcaller.measure import voicing
from simcaller.script import Caller, Press, Say, Turn, WaitForBotToFinish
from stack.services import ROOT
from stack.whole import Stack
from tests.e2e.record import Bus, CallRecord

PATIENT = WaitForBotToFinish(timeout_seconds=30.0)


def story_steps(name: str) -> list[Say | Press]:
    """What the caller of a story does, turn by turn."""
    return [move.step for move in load(ROOT / "scenarios", name).moves]


async def follow_story(call: SipCall, caller: Caller, name: str) -> list[Turn]:
    """Hold the whole conversation of a story and wait until the bot hangs up; returns the caller's turns."""
    steps = [part for step in story_steps(name) for part in (PATIENT, step)]
    turns = await caller.run(call, steps)
    await call.wait_hang_up(timeout_seconds=30)
    return [turn for turn in turns if turn.who == "caller"]


# The recogniser writes these numbers as digits.
DIGITS = {"десять": "10", "ten": "10"}


def words(text: str) -> list[str]:
    """Comparable words."""
    return [DIGITS.get(word, word) for word in re.findall(r"\w+", text.lower().replace("ё", "е"))]


def share_heard(said: Sequence[str], heard: Sequence[str]) -> float:
    """The share of said words that stand, in order, in what was heard."""
    wanted, got = words(" ".join(said)), words(" ".join(heard))
    same = sum(block.size for block in difflib.SequenceMatcher(a=wanted, b=got, autojunk=False).get_matching_blocks())
    return same / len(wanted)


async def assert_goal_reached(record: CallRecord, call: SipCall) -> None:
    """The dialog reached its goal, the bot hung up, and every completed prompt was audible at the caller."""
    (order,) = await record.all(HangUp)
    assert order.reason.startswith(GOAL_REACHED)
    ended = await record.ended()
    assert ended.reason == "bot_hung_up"
    played_ms = sum(m.played_ms for m in await record.all(PlaybackFinished))
    bot = voicing(call.received)
    voiced_ms = sum((spurt.ended_at - spurt.began_at) * 1000 for spurt in bot.spurts())
    assert voiced_ms > 0.7 * played_ms, f"{played_ms:.0f} ms were played, {voiced_ms:.0f} ms of sound arrived"


async def place_and_follow(
    stack: Stack, bus: Bus, caller: Caller, extension: str, story: str, number: str = "+79123456789"
) -> CallRecord:
    """One whole call by a story; asserts that its goal was reached and its words were recognised."""
    async with SipCall.place(stack.sip, extension, number) as call:
        await call.answered
        record = await bus.call(call.call_id)
        await follow_story(call, caller, story)
        await record.wait_for(CallEnded)
        await assert_goal_reached(record, call)
    said = [step.text for step in story_steps(story) if isinstance(step, Say)]
    heard = await record.heard()
    share = share_heard(said, heard)
    assert share >= 0.8, f"recognised {share:.0%} of what was said: {said} -> {heard}"
    return record
