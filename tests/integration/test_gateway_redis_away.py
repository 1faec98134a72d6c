"""Redis goes away in mid-call: no call is dropped, no audio and no message is lost."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from callbus.events import CallEnded, DtmfReceived, PlaybackFinished
from provision.cache import ProvisionError
from stack.redis_server import RedisServer
from tests.fakes.asterisk import repeated
from tests.integration.gateway_bed import Bed, eventually, gateway_bed, play

VOICE = bytes(range(1, 51)) * 160


@pytest.fixture
async def redis(tmp_path: Path) -> AsyncIterator[RedisServer]:
    try:
        async with RedisServer.start(workdir=tmp_path, appendonly=True, config={"appendfsync": "always"}) as server:
            yield server
    except ProvisionError as error:
        pytest.skip(str(error))


@pytest.fixture
async def bed(redis: RedisServer) -> AsyncIterator[Bed]:
    async with gateway_bed(redis.url) as bed:
        yield bed


async def test_a_call_outlives_a_restart_of_redis(redis: RedisServer, bed: Bed) -> None:
    channel = bed.asterisk.call(audio=repeated(VOICE))
    call = await bed.talk(channel)
    await redis.kill()
    sent = bed.asterisk.ticker.sent_frames
    bed.asterisk.press(channel, "5")
    await eventually(lambda: bed.asterisk.ticker.sent_frames >= sent + 20, "frames while Redis is away")
    await redis.restart()
    await bed.reconnect()
    bed.asterisk.press(channel, "6")
    await bed.first(DtmfReceived, count=2)
    bed.asterisk.hang_up(channel)
    ended = await bed.first(CallEnded)

    async def complete() -> bool:
        return (await bed.media(call.call_id))[-1].end is not None

    await eventually(complete, "the end mark")
    chunks = await bed.media(call.call_id)
    assert [chunk.frame_seq for chunk in chunks] == list(range(1, ended.frames + 2))
    assert [one.digit for one in await bed.messages(DtmfReceived)] == ["5", "6"]
    assert ended.reason == "caller_hung_up"


async def test_a_frozen_redis_delays_and_loses_nothing(redis: RedisServer, bed: Bed) -> None:
    channel = bed.asterisk.call(audio=repeated(VOICE))
    call = await bed.talk(channel)
    redis.pause()
    sent = bed.asterisk.ticker.sent_frames
    bed.asterisk.press(channel, "5")
    bed.asterisk.hang_up(channel)
    await eventually(lambda: not bed.asterisk.leftovers, "the end of legs and bridge")
    redis.resume()

    ended = await bed.first(CallEnded)
    assert ended.call_id == call.call_id
    assert ended.frames >= sent
    assert len(await bed.messages(DtmfReceived)) == 1
    assert len(await bed.messages(CallEnded)) == 1


async def test_orders_are_obeyed_again_after_a_restart_of_redis(redis: RedisServer, bed: Bed) -> None:
    call = await bed.talk(bed.asterisk.call())
    await redis.restart()
    await bed.reconnect()
    await bed.send(play(call, "p1"))

    assert (await bed.first(PlaybackFinished, count=1)).playback_id == "p1"
