"""The simulated caller against a real Asterisk: audio both ways, keys, hang-ups from both sides, credentials."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable

import numpy as np
import pytest
import pytest_asyncio

from provision.cache import ProvisionError
from simcaller import CallRefused, Credentials, HungUp, Network, Refused, SipCall, measure
from simcaller.audio import Pcm16, decode_mulaw, encode_mulaw, resample
from simcaller.timeline import lay_out
from stack.asterisk_server import AsteriskServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

MODULES = ("app_echo", "app_read", "app_playback", "app_dial")
# extension -> applications; each begins with Answer()
DIALPLAN = {
    "700": ("Echo()",),
    "701": ("Hangup(21)",),
    "702": ("Read(pressed,,4,,,10)", "Verbose(0,pressed=${pressed}:from=${CALLERID(num)}/${CALLERID(name)})"),
    "703": ("Playback(trunkline/sweep)",),
    "704": ("Verbose(0,campaign=${PJSIP_HEADER(read,X-Campaign)})",),
}
SECONDS = 1.5


def sweep() -> Pcm16:
    """A tone that rises from 300 to 3000 Hz: found at one place only."""
    at = np.arange(int(SECONDS * 8000)) / 8000
    return (8000 * np.sin(2 * np.pi * (300 * at + 900 * at**2))).astype(np.int16)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def asterisk() -> AsyncIterator[AsteriskServer]:
    """An Asterisk with a few extensions for callers to call."""
    try:
        async with AsteriskServer.start() as server:
            for module in MODULES:
                await server.command(f"module load {module}.so")
            for extension, applications in DIALPLAN.items():
                for priority, application in enumerate(("Answer()", *applications), start=1):
                    step = f"{extension},{priority},{application}"
                    for context in ("from-novofon", "internal"):
                        await server.command(f"dialplan add extension {step} into {context}")
            (server.sounds_dir / "trunkline" / "sweep.sln16").write_bytes(resample(sweep(), 8000, 16000).tobytes())
            yield server
    except ProvisionError as error:
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(str(error))
        pytest.skip(str(error))


def sip(asterisk: AsteriskServer) -> tuple[str, int]:
    return ("127.0.0.1", asterisk.sip_port)


async def until(check: Callable[[], Awaitable[bool]]) -> None:
    """Ask again and again until it is so; TimeoutError after a while."""
    async with asyncio.timeout(5):
        while not await check():  # noqa: ASYNC110 another process is asked, which has no event for us
            await asyncio.sleep(0.02)


async def until_written(asterisk: AsteriskServer, text: str) -> None:
    """Wait until Asterisk's log holds the text."""

    async def written() -> bool:
        return text in asterisk.log_path.read_text(encoding="utf-8", errors="replace")

    await until(written)


async def test_what_is_said_comes_back_whole(asterisk: AsteriskServer) -> None:
    async with SipCall.place(sip(asterisk), "700", "+79001234567") as call:
        await call.answered
        call.send_audio(encode_mulaw(sweep()))
        await call.wait_bot_silence(300, since=call.invited_at)

        began_at = call.sent[0].at
        said, heard = lay_out(call.sent, began_at), lay_out(call.received, began_at)
        echo = measure.find_clip(decode_mulaw(encode_mulaw(sweep())), heard)
        assert echo.score > 0.98
        assert echo.offset_ms - measure.find_clip(sweep(), said).offset_ms < 200


async def test_what_the_bot_plays_is_heard(asterisk: AsteriskServer) -> None:
    async with SipCall.place(sip(asterisk), "703", "+79001234567") as call:
        answered_at = await call.answered
        ended = await call.wait_hang_up()

        heard = lay_out(call.received, answered_at)
        assert measure.find_clip(sweep()[800:-800], heard).score > 0.98
        (spurt,) = measure.voicing(call.received).spurts()
        assert spurt.ended_at - spurt.began_at == pytest.approx(SECONDS, abs=0.2)
        assert ended == HungUp("bot", 0)


async def test_the_caller_hangs_up_and_no_channel_stays(asterisk: AsteriskServer) -> None:
    async with SipCall.place(sip(asterisk), "700") as call:
        await call.answered
        await call.hang_up()

        assert call.ended.result() == HungUp("caller")

    async def no_channels() -> bool:
        return "0 active channels" in await asterisk.command("core show channels count")

    await until(no_channels)


async def test_the_bot_hangs_up_and_says_why(asterisk: AsteriskServer) -> None:
    async with SipCall.place(sip(asterisk), "701") as call:
        await call.answered

        assert await call.wait_hang_up() == HungUp("bot", 21)


@pytest.mark.parametrize("network", [Network(), Network(loss=0.1, reordered=0.05, duplicates=0.05, seed=5)])
async def test_keys_and_the_callers_number_arrive(asterisk: AsteriskServer, network: Network) -> None:
    number = f"+7900{network.seed}"
    async with SipCall.place(sip(asterisk), "702", number, caller_name="Anna", network=network) as call:
        await call.answered
        call.press("42*7", duration_ms=160)
        await call.wait_hang_up()

    await until_written(asterisk, f"pressed=42*7:from={number}/Anna")


async def test_headers_of_the_invite_can_be_read(asterisk: AsteriskServer) -> None:
    async with SipCall.place(sip(asterisk), "704", headers={"X-Campaign": "spring"}) as call:
        await call.answered
        await call.wait_hang_up()

    await until_written(asterisk, "campaign=spring")


async def test_a_call_that_no_bot_takes_is_busy(asterisk: AsteriskServer) -> None:
    async with SipCall.place(sip(asterisk), "1001") as call:
        with pytest.raises(CallRefused, match="486"):
            await call.answered


async def test_a_call_that_rings_is_cancelled(asterisk: AsteriskServer) -> None:
    for step in ("705,1,Ringing()", "705,2,Wait(20)"):
        await asterisk.command(f"dialplan add extension {step} into from-novofon")
    async with SipCall.place(sip(asterisk), "705") as call:

        async def rings() -> bool:
            return 180 in call.progress

        await until(rings)
        await call.hang_up()

        ended = call.ended.result()
        assert isinstance(ended, Refused)
        assert ended.status == 487


async def test_the_softphone_account_needs_its_password(asterisk: AsteriskServer) -> None:
    login = Credentials("softphone", asterisk.softphone_password)
    async with SipCall.place(sip(asterisk), "700", "softphone", credentials=login) as call:
        await call.answered
        assert call.is_up

    wrong = Credentials("softphone", "wrong")
    async with SipCall.place(sip(asterisk), "700", "softphone", credentials=wrong) as call:
        with pytest.raises(CallRefused, match="401"):
            await call.answered


async def test_without_rtp_from_the_caller_the_call_stays_up(asterisk: AsteriskServer) -> None:
    async with SipCall.place(sip(asterisk), "703", send_rtp=False) as call:
        await call.answered
        await call.wait_hang_up()

        assert call.sent == []
        assert measure.voicing(call.received).first_after(0) is not None


async def test_twenty_callers_at_once(asterisk: AsteriskServer) -> None:
    clip = encode_mulaw(sweep())

    async def echoed() -> float:
        async with SipCall.place(sip(asterisk), "700") as call:
            await call.answered
            call.send_audio(clip)
            await call.wait_bot_silence(300, since=call.invited_at)
            return measure.find_clip(sweep()[800:-800], lay_out(call.received, call.received[0].at)).score

    async with asyncio.TaskGroup() as group:
        callers = [group.create_task(echoed()) for _ in range(20)]

    assert min(caller.result() for caller in callers) > 0.9
