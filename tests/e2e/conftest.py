"""Stacks for the end-to-end tests: real Asterisk, real Redis, real services, shared by the tests of a module."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from provision.cache import ProvisionError
from simcaller.script import Caller
from simcaller.speech import Voice, default_voice
from stack.whole import Stack, keep_logs, run_stack
from tests.e2e.record import Bus

IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}

OFFLINE = {"TRUNKLINE_ASR": "offline", "TRUNKLINE_TTS": "offline", "ELEVENLABS_API_KEY": ""}

StartStack = Callable[..., Awaitable[Stack]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def start_stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[StartStack]:
    """Starts stacks that end with the module; takes the services' settings."""
    async with AsyncExitStack() as running:

        async def start(name: str = "stack", /, **environment: str) -> Stack:
            workdir: Path = tmp_path_factory.mktemp(name)
            try:
                stack = await running.enter_async_context(run_stack(workdir, environment=environment))
            except ProvisionError as error:
                if IN_CI:
                    pytest.fail(str(error))
                pytest.skip(str(error))
            logs = os.environ.get("TRUNKLINE_TEST_LOGS")
            if logs:
                running.callback(keep_logs, stack, Path(logs) / name)
            return stack

        yield start


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def offline_stack(start_stack: StartStack) -> Stack:
    """Offline engines, media by the route that Asterisk's version allows."""
    return await start_stack("offline", **OFFLINE)


@pytest_asyncio.fixture(loop_scope="module")
async def bus(request: pytest.FixtureRequest) -> AsyncIterator[Bus]:
    """The control plane of the module's stack (the fixture that the module names in ``STACK``)."""
    stack: Stack = request.getfixturevalue(request.module.STACK)
    bus = Bus(stack.redis.url)
    yield bus
    await bus.redis.aclose()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def voice() -> Voice:
    """The callers' voice."""
    return await asyncio.to_thread(default_voice)


@pytest.fixture
def russian(voice: Voice) -> Caller:
    """A caller who speaks Russian."""
    return Caller(voice, "ru")


@pytest.fixture
def english(voice: Voice) -> Caller:
    """A caller who speaks English."""
    return Caller(voice, "en")
