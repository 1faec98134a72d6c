"""Keys, secrets, transfer and the dialplan's fallback on a real Asterisk."""

import pytest

from callbus.commands import Listen, Transfer
from callbus.events import DtmfReceived
from simcaller.audio import encode_mulaw
from simcaller.call import CallRefused, SipCall
from simcaller.speech import Voice
from stack.whole import Stack
from tests.e2e.record import Bus, ari, assert_nothing_is_left, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

STACK = "offline_stack"


async def speak(call: SipCall, voice: Voice, text: str) -> None:
    """Say one sentence."""
    call.send_audio(encode_mulaw(voice.say(text, "ru")))
    await call.audio_sent()


async def test_a_transfer_leaves_no_ear_on_the_line(offline_stack: Stack, bus: Bus, voice: Voice) -> None:
    async with SipCall.place(offline_stack.sip, "1001", "+79123456789") as call:
        await call.answered
        record = await bus.call(call.call_id)
        await call.wait_bot_silence(since=0.0)
        await speak(call, voice, "Соедините меня с оператором")
        (transfer,) = await record.wait_for(Transfer)
        assert transfer.context == "operator"
        assert (await record.ended()).reason == "transferred"

        async def only_the_caller() -> bool:
            return [channel["id"] for channel in await ari(offline_stack, "channels")] == [record.started.channel_id]

        await eventually(only_the_caller, what="an Asterisk with nothing but the caller's channel")
        (channel,) = await ari(offline_stack, "channels")
        assert channel["dialplan"]["context"] == "operator"
    await assert_nothing_is_left(offline_stack, bus)


async def test_keyed_secrets_appear_nowhere(offline_stack: Stack, bus: Bus, voice: Voice) -> None:
    async with SipCall.place(offline_stack.sip, "1001", "+79123456789") as call:
        await call.answered
        record = await bus.call(call.call_id)
        await call.wait_bot_silence(since=0.0)
        await speak(call, voice, "Я хочу отменить запись")

        async def secret_asked() -> bool:
            return any(listen.secret for listen in await record.all(Listen))

        await eventually(secret_asked, what="the question for the code", within_seconds=20)
        await call.wait_bot_silence()
        call.press("7391")
        await call.audio_sent()
        keys = await record.wait_for(DtmfReceived, 4)
        await call.wait_bot_speech(timeout_seconds=15)

    assert {key.digit for key in keys} == {"*"}
    assert all(key.secret_ref for key in keys)
    await record.ended()
    everything = " ".join(m.model_dump_json() for m in await bus.messages() if m.call_id == record.call_id)
    logs = " ".join(service.log() for service in offline_stack.services.values())
    assert "7391" not in everything
    assert "7391" not in logs
    await assert_nothing_is_left(offline_stack, bus)


async def test_without_a_bot_the_dialplan_goes_on(offline_stack: Stack, bus: Bus) -> None:
    gateway = offline_stack.services["ari-gateway"]
    assert await gateway.stop() == 0
    try:
        async with SipCall.place(offline_stack.sip, "1001", "+79123456789") as call:
            with pytest.raises(CallRefused, match=r"486|480|503"):
                await call.answered
    finally:
        await gateway.start()
        await gateway.wait_ready()
    async with SipCall.place(offline_stack.sip, "1001", "+79123456789") as call:
        await call.answered
        await call.wait_bot_speech(since=0.0)
    await assert_nothing_is_left(offline_stack, bus)


async def test_every_service_stops_cleanly_and_comes_back(offline_stack: Stack, bus: Bus) -> None:
    for service in offline_stack.services.values():
        assert await service.stop() == 0, service.log_tail()
    for service in offline_stack.services.values():
        await service.start()
    for service in offline_stack.services.values():
        await service.wait_ready()
    async with SipCall.place(offline_stack.sip, "1001", "+79123456789") as call:
        await call.answered
        await call.wait_bot_speech(since=0.0)
    await assert_nothing_is_left(offline_stack, bus)
