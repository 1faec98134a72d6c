"""Calls through the gateway: set-up, audio, orders, ends."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from callbus.commands import HangUp, Listen, Transfer
from callbus.events import CallEnded, CallStarted, ChannelHungUp, DtmfReceived
from tests.fakes.asterisk import Continued, repeated
from tests.integration.gateway_bed import Bed, eventually, gateway_bed

VOICE = bytes(range(100, 200)) * 16


@pytest.fixture(params=["websocket", "rtp"])
async def bed(request: pytest.FixtureRequest, redis_url: str) -> AsyncIterator[Bed]:
    async with gateway_bed(redis_url, media_route=request.param, channel_variables="X_ORDER,MISSING") as bed:
        yield bed


async def test_who_calls_is_told_with_everything_that_is_known(bed: Bed) -> None:
    bed.asterisk.call(
        "+79001234567",
        exten="1001",
        args=["scenario=clinic-ru", "language=ru"],
        variables={"X_ORDER": "77", "CALLERID(dnid)": "4950001122"},
    )
    started = await bed.first(CallStarted)

    assert started.call_id == "020000000001-1700000000.1"
    assert (started.caller_number, started.dialled_number) == ("+79001234567", "4950001122")
    assert (started.scenario, started.language) == ("clinic-ru", "ru")
    assert started.sip_call_id == "sip-1@caller"
    assert started.variables == {"X_ORDER": "77"}
    assert started.media_stream == bed.streams.media(started.call_id)


async def test_the_callers_audio_arrives_exactly(bed: Bed) -> None:
    channel = bed.asterisk.call(audio=repeated(VOICE))
    call = await bed.talk(channel)

    async def ten() -> bool:
        return len(await bed.media(call.call_id)) >= 10

    await eventually(ten, "ten frames")
    chunks = await bed.media(call.call_id)
    audio = b"".join(chunk.payload for chunk in chunks)
    assert [chunk.frame_seq for chunk in chunks] == list(range(1, len(chunks) + 1))
    assert audio == (VOICE * (len(audio) // len(VOICE) + 1))[: len(audio)]


async def test_the_caller_is_in_no_bridge_and_the_legs_are_joined_once(bed: Bed) -> None:
    channel = bed.asterisk.call()
    await bed.talk(channel)

    assert bed.asterisk.joins == [[f"sn-{channel.id}", f"em-{channel.id}"]]
    assert bed.asterisk.channels[f"sn-{channel.id}"].variables == {"spy": "in", "whisper": "none"}


async def test_the_caller_hangs_up(bed: Bed) -> None:
    channel = bed.asterisk.call()
    call = await bed.talk(channel)
    bed.asterisk.hang_up(channel)

    ended = await bed.first(CallEnded)
    assert (ended.call_id, ended.reason) == (call.call_id, "caller_hung_up")
    assert (await bed.first(ChannelHungUp)).by == "caller"
    await bed.all_gone()

    async def marked() -> bool:
        return (await bed.media(call.call_id))[-1].end == "caller_hung_up"

    await eventually(marked, "the end mark")
    assert (await bed.media(call.call_id))[-1].frame_seq == ended.frames + 1
    assert 0 < await bed.redis.ttl(call.media_stream) <= 60
    assert len(await bed.messages(CallEnded)) == 1


async def test_transfer_deletes_the_legs_first(bed: Bed) -> None:
    channel = bed.asterisk.call()
    call = await bed.talk(channel)
    await bed.send(Transfer(call_id=call.call_id, context="operator", extension="s"))

    assert (await bed.first(CallEnded)).reason == "transferred"
    outcome = {"TRUNKLINE_OUTCOME": "transferred"}
    assert bed.asterisk.continued == [Continued(channel.id, "operator", "s", "1", {**channel.variables, **outcome})]
    deleted = bed.asterisk.requests.index(("DELETE", f"channels/sn-{channel.id}"))
    assert deleted < bed.asterisk.requests.index(("POST", f"channels/{channel.id}/continue"))
    await bed.all_gone()


async def test_a_transferred_caller_who_comes_back_is_a_new_call(bed: Bed) -> None:
    channel = bed.asterisk.call()
    first = await bed.talk(channel)
    await bed.send(Transfer(call_id=first.call_id, context="operator", extension="s"))
    await bed.first(CallEnded)
    bed.asterisk.channels[channel.id] = channel
    bed.asterisk.enter(channel)
    second = await bed.first(CallStarted, count=2)

    assert second.call_id == f"{first.call_id}-2"


async def test_the_bot_hangs_up_with_a_cause(bed: Bed) -> None:
    channel = bed.asterisk.call()
    call = await bed.talk(channel)
    await bed.send(HangUp(call_id=call.call_id, cause=21))

    ended = await bed.first(CallEnded)
    assert (ended.reason, ended.cause) == ("bot_hung_up", 21)
    assert (channel.id, "21") in bed.asterisk.hung_up
    hung_up = await bed.first(ChannelHungUp)
    assert (hung_up.by, hung_up.cause) == ("bot", 21)
    await bed.all_gone()


async def test_keys_are_told_and_secret_ones_masked(bed: Bed) -> None:
    channel = bed.asterisk.call()
    call = await bed.talk(channel)
    bed.asterisk.press(channel, "5")
    assert (await bed.first(DtmfReceived)).digit == "5"
    await bed.send(Listen(call_id=call.call_id, language="ru", secret=True))
    await bed.all_settled()
    bed.asterisk.press(channel, "7")
    masked = await bed.first(DtmfReceived, count=2)
    await bed.send(Listen(call_id=call.call_id, language="ru"))
    await bed.all_settled()
    bed.asterisk.press(channel, "#")

    assert (masked.digit, masked.duration_ms) == ("*", 100)
    assert masked.secret_ref is not None
    assert await bed.redis.get(masked.secret_ref) == b"7"
    assert (await bed.first(DtmfReceived, count=3)).digit == "#"


async def test_three_callers_at_once_are_three_calls(bed: Bed) -> None:
    channels = [bed.asterisk.call(f"+7900000000{n}", audio=repeated(bytes([n]) * 160)) for n in range(1, 4)]
    calls = await asyncio.gather(*(bed.talk(channel) for channel in channels))

    for number, call in enumerate(calls, 1):
        assert call.caller_number == f"+7900000000{number}"
        assert {chunk.payload for chunk in await bed.media(call.call_id)} == {bytes([number]) * 160}
    for channel in channels:
        bed.asterisk.hang_up(channel)
    await bed.first(CallEnded, count=3)
    await bed.all_gone()


STEPS = [
    ("POST", "channels/1700000000.1/answer"),
    ("POST", "channels/1700000000.1/snoop"),
    ("POST", "channels/externalMedia"),
    ("POST", "bridges/br-1700000000.1$"),
    ("POST", "bridges/.*/addChannel"),
]


@pytest.mark.parametrize(("method", "path"), STEPS)
async def test_the_caller_hangs_up_half_way_through_the_set_up(bed: Bed, method: str, path: str) -> None:
    hold = bed.asterisk.faults.hold(method, path)
    channel = bed.asterisk.call()
    async with asyncio.timeout(5):
        await hold.arrived.wait()
    bed.asterisk.hang_up(channel)
    hold.release()

    assert (await bed.first(CallEnded)).reason == "caller_hung_up"
    await bed.all_gone()
    assert len(await bed.messages(CallEnded)) == 1


@pytest.mark.parametrize("status", [403, 409, 500])
@pytest.mark.parametrize(("method", "path"), STEPS)
async def test_a_set_up_that_fails_sends_the_caller_on(bed: Bed, method: str, path: str, status: int) -> None:
    bed.asterisk.faults.refuse(method, path, status, times=3)
    channel = bed.asterisk.call()
    ended = await bed.first(CallEnded)

    assert ended.reason == "setup_failed"
    assert str(status) in ended.detail
    assert [one.channel_id for one in bed.asterisk.continued] == [channel.id]
    assert bed.asterisk.continued[0].variables["TRUNKLINE_OUTCOME"] == "setup_failed"
    await bed.all_gone()


async def test_a_media_leg_that_was_made_though_the_answer_says_no(bed: Bed) -> None:
    bed.asterisk.faults.refuse("POST", "channels/externalMedia", 503, done_first=True)
    bed.asterisk.call()

    assert (await bed.first(CallEnded)).reason == "setup_failed"
    await bed.all_gone()
