"""Whole calls with the offline engines: real SIP, real Asterisk, real audio at the caller's end."""

import asyncio

import pytest

from callbus.commands import Play, Say
from callbus.events import CallStarted, FinalTranscript, PlaybackFinished, SpeechStarted
from simcaller.audio import encode_mulaw
from simcaller.call import SipCall
from simcaller.measure import voicing
from simcaller.script import Caller
from simcaller.speech import Voice
from stack.whole import Stack
from tests.e2e.dialogues import place_and_follow
from tests.e2e.record import Bus, assert_nothing_is_left

pytestmark = pytest.mark.asyncio(loop_scope="module")

STACK = "offline_stack"


async def test_the_websocket_route_is_chosen(offline_stack: Stack) -> None:
    log = offline_stack.services["ari-gateway"].log()

    assert "media route: websocket" in log
    assert "ARI WebSocket connected successfully" in log
    assert "Listening for events on app: novofon_bot" in log


async def test_a_russian_call_reaches_its_goal(offline_stack: Stack, bus: Bus, russian: Caller) -> None:
    record = await place_and_follow(offline_stack, bus, russian, "1001", "clinic-ru-demo")

    assert record.started.caller_number == "+79123456789"
    assert record.started.dialled_number == "1001"
    assert (record.started.scenario, record.started.language) == ("clinic-ru", "ru")
    log = offline_stack.services["ari-gateway"].log()
    channel = record.started.channel_id
    assert f"Snoop channel started: sn-{channel} for channel {channel}" in log
    assert "bytes of pcmu audio to processor" in log
    await assert_nothing_is_left(offline_stack, bus)


async def test_three_calls_at_once_each_get_their_own_dialog(
    offline_stack: Stack, bus: Bus, russian: Caller, english: Caller
) -> None:
    async with asyncio.TaskGroup() as calls:
        first = calls.create_task(
            place_and_follow(offline_stack, bus, russian, "1001", "clinic-ru-demo", "+79120000001")
        )
        second = calls.create_task(
            place_and_follow(offline_stack, bus, english, "1002", "clinic-en-demo", "+14155550123")
        )
        third = calls.create_task(
            place_and_follow(offline_stack, bus, russian, "1001", "clinic-ru-demo", "+79120000003")
        )

    records = [first.result(), second.result(), third.result()]
    assert len({record.call_id for record in records}) == 3
    assert {m.language for m in await records[1].all(Say)} == {"en"}
    assert {m.language for m in await records[0].all(Say)} == {"ru"}
    assert [r.started.caller_number for r in records] == ["+79120000001", "+14155550123", "+79120000003"]
    await assert_nothing_is_left(offline_stack, bus)


async def test_the_caller_hangs_up_in_mid_prompt(offline_stack: Stack, bus: Bus) -> None:
    async with SipCall.place(offline_stack.sip, "1001", "+79123456789") as call:
        await call.answered
        record = await bus.call(call.call_id)
        await call.wait_bot_speech(since=0.0)
        await record.wait_for(Play)

    ended = await record.ended()
    assert ended.reason == "caller_hung_up"
    assert await record.all(FinalTranscript) == []
    await assert_nothing_is_left(offline_stack, bus)


async def test_the_caller_hangs_up_in_mid_sentence(offline_stack: Stack, bus: Bus, voice: Voice) -> None:
    async with SipCall.place(offline_stack.sip, "1001", "+79123456789") as call:
        await call.answered
        record = await bus.call(call.call_id)
        await call.wait_bot_silence(since=0.0)
        call.send_audio(encode_mulaw(voice.say("Я хочу записаться к терапевту на завтра", "ru"))[:16_000])
        await call.audio_sent()

    assert (await record.ended()).reason == "caller_hung_up"
    transcript = (await record.wait_for(FinalTranscript))[0]
    assert "запис" in transcript.text.lower()
    await assert_nothing_is_left(offline_stack, bus)


async def test_the_caller_hangs_up_at_once(offline_stack: Stack, bus: Bus) -> None:
    for _ in range(5):
        async with SipCall.place(offline_stack.sip, "1001", "+79123456789") as call:
            await call.answered

    await assert_nothing_is_left(offline_stack, bus)
    started = [m for m in await bus.messages() if isinstance(m, CallStarted)]
    assert len({m.call_id for m in started}) == len(started)


async def test_speech_over_the_prompt_stops_it(offline_stack: Stack, bus: Bus, voice: Voice) -> None:
    async with SipCall.place(offline_stack.sip, "1001", "+79123456789") as call:
        await call.answered
        record = await bus.call(call.call_id)
        began = await call.wait_bot_speech(since=0.0)
        await call.wait_bot_speech(since=began + 1.0)
        call.send_audio(encode_mulaw(voice.say("Я хочу записаться к терапевту", "ru")))
        await call.audio_sent()
        (finished, *_) = await record.wait_for(PlaybackFinished)
        (transcript, *_) = await record.wait_for(FinalTranscript)
        (onset, *_) = await record.all(SpeechStarted)

    assert finished.outcome == "stopped"
    assert "терапевт" in transcript.text.lower()
    silent_from = voicing(call.received).last_before(finished.at + 0.2)
    assert silent_from is not None
    assert silent_from - onset.at < 0.2
    await record.ended()
    await assert_nothing_is_left(offline_stack, bus)
