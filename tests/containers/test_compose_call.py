"""Real calls into the stack of compose.yaml through its published ports."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from simcaller import CallRefused, Credentials, SipCall
from simcaller.measure import voicing
from simcaller.script import Caller, Say, WaitForBotToFinish
from simcaller.speech import default_voice
from tests.containers.compose_stack import ComposeStack

ANSWER_SECONDS = 20.0
BUS_SECONDS = 30.0
GREETING_MIN_MS = 1000.0


async def until(found: Callable[[], Any], what: str) -> Any:
    """Poll until something is found; fails the test when it is not in time."""
    deadline = time.monotonic() + BUS_SECONDS
    while not (value := await asyncio.to_thread(found)):
        assert time.monotonic() < deadline, f"not in time: {what}"
        await asyncio.sleep(0.2)
    return value


def of_type(stack: ComposeStack, stream: str, kind: str) -> list[dict[str, Any]]:
    """The messages of one type."""
    return [message for message in stack.messages(stream) if message["type"] == kind]


def of_call(stack: ComposeStack, sip_call_id: str) -> str | None:
    """The bus's name of a call, once it has one."""
    started = [m for m in of_type(stack, "calls", "CallStarted") if m["sip_call_id"] == sip_call_id]
    return started[0]["call_id"] if started else None


async def greeted(stack: ComposeStack, extension: str) -> SipCall:
    """Call, hear the greeting to its end, hang up; returns the call for questions about it."""
    async with SipCall.place(stack.sip, extension, "softphone", credentials=stack.softphone) as call:
        await asyncio.wait_for(call.answered, ANSWER_SECONDS)
        await call.wait_bot_silence(since=call.answered.result())
    return call


def voiced_ms(call: SipCall) -> float:
    """For how long the bot was heard."""
    return sum(end - begin for begin, end in voicing(call.received).spurts(300.0)) * 1000


async def test_a_softphone_hears_the_greeting(stack: ComposeStack) -> None:
    call = await greeted(stack, "1001")

    assert voiced_ms(call) > GREETING_MIN_MS


async def test_the_caller_is_heard_and_answered(stack: ComposeStack) -> None:
    caller = Caller(await asyncio.to_thread(default_voice), "en")
    steps = (WaitForBotToFinish(), Say("I would like to make an appointment."), WaitForBotToFinish())

    async with SipCall.place(stack.sip, "1002", "softphone", credentials=stack.softphone) as call:
        turns = await caller.run(call, steps)
        call_id = await until(lambda: of_call(stack, call.call_id), "CallStarted on the bus")

    finals = [m for m in of_type(stack, "speech", "FinalTranscript") if m["call_id"] == call_id]
    assert "appointment" in " ".join(m["text"] for m in finals).lower()
    assert [turn.who for turn in turns][-1] == "bot"
    await until(lambda: [m for m in of_type(stack, "calls", "CallEnded") if m["call_id"] == call_id], "CallEnded")


async def test_more_speech_workers_share_the_calls(stack: ComposeStack) -> None:
    stack.up("--no-recreate", "--scale", "speech-worker=2")

    calls = await asyncio.gather(*(greeted(stack, "1002") for _ in range(3)))

    assert len(stack.containers("speech-worker")) == 2
    assert all(voiced_ms(call) > GREETING_MIN_MS for call in calls)


async def test_a_call_with_a_wrong_password_is_refused(stack: ComposeStack) -> None:
    wrong = Credentials("softphone", "not the password")
    async with SipCall.place(stack.sip, "1001", "softphone", credentials=wrong) as call:
        with pytest.raises(CallRefused) as refused:
            await asyncio.wait_for(call.answered, ANSWER_SECONDS)

    assert refused.value.status in {401, 403}
