"""What the gateway does when Asterisk or the gateway itself goes away and comes back."""

import logging
import re
from collections.abc import AsyncIterator

import pytest

from callbus.events import CallEnded, CallStarted, PlaybackFinished, PlaybackStarted
from tests.fakes.asterisk import Channel, FakeAsterisk, repeated
from tests.fakes.asterisk.state import Bridge
from tests.integration.gateway_bed import APP, SOUND, Bed, eventually, gateway_bed, play

VOICE = b"\x05" * 160


@pytest.fixture
async def bed(redis_url: str, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Bed]:
    caplog.set_level(logging.INFO)
    async with gateway_bed(redis_url, asterisk_lost_seconds=1.0) as bed:
        yield bed


async def grows(bed: Bed, call: CallStarted, frames: int = 5) -> None:
    """More audio comes."""
    before = len(await bed.media(call.call_id))

    async def more() -> bool:
        return len(await bed.media(call.call_id)) >= before + frames

    await eventually(more, "more audio")


async def test_the_log_lines_that_users_know(bed: Bed, caplog: pytest.LogCaptureFixture) -> None:
    channel = bed.asterisk.call()
    await bed.talk(channel)

    lines = [record.getMessage() for record in caplog.records]
    assert "ARI WebSocket connected successfully" in lines
    assert "Listening for events on app: novofon_bot" in lines
    assert f"Snoop channel started: sn-{channel.id} for channel {channel.id}" in lines
    sent = re.compile(r"Sent \d+ bytes of pcmu audio to processor")
    await eventually(lambda: sent.search(caplog.text), "the line of sent audio")


async def test_a_call_outlives_the_loss_of_the_events(bed: Bed) -> None:
    channel = bed.asterisk.call()
    call = await bed.talk(channel)
    await bed.asterisk.events.drop(APP)
    await bed.listening()
    await grows(bed, call)
    bed.asterisk.hang_up(channel)

    assert (await bed.first(CallEnded)).reason == "caller_hung_up"
    await bed.all_gone()


async def test_a_hang_up_that_was_not_heard_is_found(bed: Bed) -> None:
    channel = bed.asterisk.call()
    await bed.talk(channel)
    await bed.asterisk.events.drop(APP)
    bed.asterisk.hang_up(channel)

    assert (await bed.first(CallEnded)).reason == "caller_hung_up"
    await bed.all_gone()


async def test_a_prompt_whose_end_was_not_heard_is_over(bed: Bed) -> None:
    call = await bed.talk(bed.asterisk.call())
    bed.asterisk.player.sounds[SOUND] = 30.0
    hold = bed.asterisk.faults.hold("GET", "asterisk/info")
    await bed.send(play(call, "p1", audio_ms=30_000.0))
    await bed.first(PlaybackStarted)
    await bed.asterisk.events.drop(APP)
    await eventually(lambda: not bed.asterisk.player.all, "the end of the prompt")
    hold.release()

    assert (await bed.first(PlaybackFinished)).outcome == "completed"


async def test_a_media_leg_that_is_lost_is_made_again(bed: Bed) -> None:
    channel = bed.asterisk.call(audio=repeated(VOICE))
    call = await bed.talk(channel)
    bed.asterisk.channels[f"em-{channel.id}"].close()
    await eventually(lambda: len(bed.asterisk.joins) == 2, "the second leg")
    await grows(bed, call)

    chunks = await bed.media(call.call_id)
    frames = sum(len(chunk.payload) // 160 for chunk in chunks)
    assert frames == chunks[-1].frame_seq + len(chunks[-1].payload) // 160 - 1
    assert bed.asterisk.joins[1] == [f"em-{channel.id}~2"]
    bed.asterisk.hang_up(channel)
    await bed.first(CallEnded)
    await bed.all_gone()


async def test_a_snoop_that_is_lost_is_made_again(bed: Bed) -> None:
    channel = bed.asterisk.call()
    call = await bed.talk(channel)
    bed.asterisk.destroy(bed.asterisk.channels[f"sn-{channel.id}"])
    await eventually(lambda: len(bed.asterisk.joins) == 2, "the second snoop")
    await grows(bed, call)

    assert bed.asterisk.joins[1] == [f"sn-{channel.id}~2"]


async def test_a_restarted_asterisk_has_ended_its_calls(bed: Bed) -> None:
    call = await bed.talk(bed.asterisk.call())
    await bed.asterisk.restart()

    ended = await bed.first(CallEnded)
    assert (ended.call_id, ended.reason) == (call.call_id, "asterisk_lost")
    await bed.listening()
    assert (await bed.talk(bed.asterisk.call())).call_id != call.call_id


async def test_an_asterisk_that_stays_away_has_ended_its_calls(bed: Bed) -> None:
    channel = bed.asterisk.call()
    call = await bed.talk(channel)
    await bed.asterisk.go_away()

    assert (await bed.first(CallEnded, call.call_id)).reason == "asterisk_lost"
    await bed.asterisk.listen()
    await eventually(lambda: bed.asterisk.continued, "the caller sent on")
    assert bed.asterisk.continued[0].channel_id == channel.id
    await bed.all_gone()


async def test_the_application_taken_by_another_is_said_with_the_cure(
    bed: Bed, caplog: pytest.LogCaptureFixture
) -> None:
    bed.asterisk.events.emit(APP, {"type": "ApplicationReplaced"})
    await eventually(lambda: bed.asterisk.events.connections == 2, "the second connection")

    (line,) = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert "another connection took the app novofon_bot" in line
    assert "TRUNKLINE_ARI_APP" in line


async def test_events_that_nobody_uses_and_texts_that_are_none(bed: Bed) -> None:
    bed.asterisk.events.emit(APP, {"type": "ChannelVarset", "variable": "X"})
    bed.asterisk.events.emit(APP, {"type": "StasisStart"})
    channel = bed.asterisk.call()

    assert await bed.talk(channel)


async def test_a_stopped_gateway_sends_its_callers_on(bed: Bed) -> None:
    channel = bed.asterisk.call()
    await bed.talk(channel)
    await bed.stop()

    assert [one.channel_id for one in bed.asterisk.continued] == [channel.id]
    assert bed.asterisk.continued[0].variables["TRUNKLINE_OUTCOME"] == "gateway_lost"
    assert (await bed.first(CallEnded)).reason == "gateway_lost"
    await bed.all_gone()


async def test_what_a_killed_gateway_left_is_cleared_by_the_next(bed: Bed) -> None:
    channel = bed.asterisk.call()
    call = await bed.talk(channel)
    await bed.kill()
    bed.asterisk.bridges["br-9.9"] = Bridge("br-9.9", "other_bot")
    await bed.start()

    ended = await bed.first(CallEnded)
    assert (ended.call_id, ended.reason) == (call.call_id, "gateway_lost")
    await eventually(lambda: bed.asterisk.continued, "the caller sent on")
    assert bed.asterisk.continued[0].channel_id == channel.id
    await eventually(lambda: bed.asterisk.leftovers == ["br-9.9"], "the end of legs and bridge")

    async def marked() -> bool:
        return (await bed.media(call.call_id))[-1].end == "gateway_lost"

    await eventually(marked, "the end mark")


async def test_a_call_that_ended_while_no_gateway_ran_is_ended_on_the_bus(bed: Bed) -> None:
    channel = bed.asterisk.call()
    call = await bed.talk(channel)
    await bed.kill()
    bed.asterisk.hang_up(channel)
    await bed.start()

    assert (await bed.first(CallEnded)).call_id == call.call_id
    await bed.all_gone()
    assert not bed.asterisk.continued


async def test_the_sweep_deletes_what_is_nobodys_the_second_time(bed: Bed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ari_gateway.link.SWEEP_SECONDS", 0.02)
    await bed.stop()
    await bed.start()
    channel = bed.asterisk.call()
    call = await bed.talk(channel)
    stray = Channel("sn-8.8", "Snoop/8.8", APP, state="Up", in_stasis=True, snoop_of="8.8")
    bed.asterisk.channels[stray.id] = stray

    await eventually(lambda: stray.id not in bed.asterisk.channels, "the end of the stray snoop")
    await grows(bed, call)


async def test_asterisk_absent_at_the_start(redis_url: str, caplog: pytest.LogCaptureFixture) -> None:
    async with FakeAsterisk.start() as asterisk:
        await asterisk.go_away()
        bed = Bed(asterisk, redis_url)
        try:
            await bed.start(listening=False)
            await eventually(lambda: caplog.text.count("trying again") >= 3, "three tries")
            await asterisk.listen()
            await bed.listening()
        finally:
            await bed.stop()
            await bed.redis.aclose()
    errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert all("cannot connect" in line and "check ASTERISK_ARI_URL" in line for line in errors)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "check ASTERISK_ARI_USERNAME and ASTERISK_ARI_PASSWORD against ari.conf"),
        (403, "read_only = no"),
        (503, "check ASTERISK_ARI_URL"),
    ],
)
async def test_refused_at_the_start(redis_url: str, caplog: pytest.LogCaptureFixture, status: int, words: str) -> None:
    async with FakeAsterisk.start() as asterisk:
        asterisk.faults.refuse("GET", "asterisk/info", status, times=2)
        bed = Bed(asterisk, redis_url)
        try:
            await bed.start()
        finally:
            await bed.stop()
            await bed.redis.aclose()
    errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 2
    assert all(words in line for line in errors)
    assert asterisk.password not in caplog.text


async def test_the_events_refused(redis_url: str, caplog: pytest.LogCaptureFixture) -> None:
    async with FakeAsterisk.start() as asterisk:
        asterisk.faults.refuse("GET", "events", 403, times=1)
        bed = Bed(asterisk, redis_url)
        try:
            await bed.start()
        finally:
            await bed.stop()
            await bed.redis.aclose()
    assert "events websocket: 403; the user in ari.conf needs read_only = no" in caplog.text


async def test_an_older_asterisk_gets_rtp(redis_url: str) -> None:
    async with gateway_bed(redis_url, asterisk={"version": "20.9.3"}) as bed:
        channel = bed.asterisk.call()
        await bed.talk(channel)

        assert bed.asterisk.channels[f"em-{channel.id}"].name.startswith("UnicastRTP/")


async def test_without_the_module_a_new_asterisk_gets_rtp(redis_url: str, caplog: pytest.LogCaptureFixture) -> None:
    async with gateway_bed(redis_url, running=False) as bed:
        bed.asterisk.modules.clear()
        await bed.start()
        await bed.talk(bed.asterisk.call())

    assert "load chan_websocket.so in modules.conf" in caplog.text


async def test_another_asterisk_at_the_same_address(bed: Bed) -> None:
    call = await bed.talk(bed.asterisk.call())
    bed.asterisk.entity_id = "02:00:00:00:00:02"
    await bed.asterisk.restart()

    assert (await bed.first(CallEnded)).call_id == call.call_id
    await bed.listening()
    assert (await bed.talk(bed.asterisk.call())).asterisk_id == "02:00:00:00:00:02"
