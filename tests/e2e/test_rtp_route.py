"""The same whole call with the caller's audio leaving Asterisk as RTP."""

import pytest
import pytest_asyncio

from simcaller.script import Caller
from stack.whole import Stack
from tests.e2e.conftest import OFFLINE, StartStack
from tests.e2e.dialogues import place_and_follow
from tests.e2e.record import Bus, assert_nothing_is_left

pytestmark = pytest.mark.asyncio(loop_scope="module")

STACK = "rtp_stack"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rtp_stack(start_stack: StartStack) -> Stack:
    return await start_stack("rtp", **OFFLINE, TRUNKLINE_MEDIA_ROUTE="rtp")


async def test_an_english_call_over_rtp_reaches_its_goal(rtp_stack: Stack, bus: Bus, english: Caller) -> None:
    assert "media route: RTP" in rtp_stack.services["ari-gateway"].log()

    record = await place_and_follow(rtp_stack, bus, english, "1002", "clinic-en-demo", "+14155550123")

    assert record.started.language == "en"
    await assert_nothing_is_left(rtp_stack, bus)
