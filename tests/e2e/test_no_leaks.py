"""Many calls leave nothing behind: not in Asterisk, not in Redis, not in the services' memory."""

import asyncio

import pytest

from bench.machine import usage
from simcaller.call import SipCall
from stack.whole import Stack
from tests.e2e.record import Bus, assert_nothing_is_left

pytestmark = pytest.mark.asyncio(loop_scope="module")

STACK = "offline_stack"
AT_ONCE = 10
ROUNDS = 3
GROWTH_MB = 6.0
"""Allocators keep some; a call that stayed would hold its 30 s of audio, prompts and tasks: 0.3 MB and more each."""


async def ring(stack: Stack) -> None:
    """One call that hears the greeting begin, and hangs up."""
    async with SipCall.place(stack.sip, "1001", "+79123456789") as call:
        await call.answered
        await call.wait_bot_speech(since=0.0)


async def rounds(stack: Stack, bus: Bus, count: int) -> None:
    """Ten calls at once, so many times."""
    for _ in range(count):
        async with asyncio.TaskGroup() as callers:
            for _ in range(AT_ONCE):
                callers.create_task(ring(stack))
        await assert_nothing_is_left(stack, bus)


async def test_calls_leave_nothing_behind(offline_stack: Stack, bus: Bus) -> None:
    await rounds(offline_stack, bus, 2)
    before = {name: usage(service.pid).resident_mb for name, service in offline_stack.services.items()}

    await rounds(offline_stack, bus, ROUNDS)

    after = {name: usage(service.pid).resident_mb for name, service in offline_stack.services.items()}
    grown = {name: round(after[name] - before[name], 1) for name in before if after[name] - before[name] > GROWTH_MB}
    assert grown == {}, f"MB more after {AT_ONCE * ROUNDS} calls: {grown} (before {before})"
