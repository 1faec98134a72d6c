"""Whole simulated calls on loopback sockets against a far end of our own."""

import asyncio
from itertools import pairwise

import numpy as np
import pytest

from simcaller import BotSilent, CallOver, CallRefused, HungUp, Network, SipCall, Timers, measure, rtp, sdp
from simcaller.audio import encode_mulaw
from tests.unit.simcaller.far_end import far_end

TONE = encode_mulaw((8000 * np.sin(np.arange(1600) / 3)).astype(np.int16))
QUICK = Timers(t1_seconds=0.02, t2_seconds=0.08)


async def test_a_call_is_placed_heard_and_hung_up() -> None:
    async with far_end() as end, SipCall.place(end.address, "1001", "+79001234567", headers={"X-A": "b"}) as call:
        answered_at = await call.answered
        call.send_audio(TONE)
        await call.wait_bot_silence(100, since=call.invited_at)
        await call.hang_up()

        assert call.invited_at <= answered_at
        assert call.progress == [100, 180]
        assert call.ended.result() == HungUp("caller")
        assert end.methods() == ["INVITE", "ACK", "BYE"]
        assert end.requests[0].headers.get("X-A") == "b"
        assert TONE in b"".join(packet.payload for packet in end.packets)
        assert TONE in b"".join(frame.payload for frame in call.received)


async def test_packets_leave_every_20_ms_and_their_clock_goes_on() -> None:
    async with far_end() as end, SipCall.place(end.address, "1001") as call:
        await call.answered
        call.send_audio(TONE * 3)
        await call.audio_sent()
        sent = call.sent

        assert {after.timestamp - before.timestamp for before, after in pairwise(sent)} == {160}
        assert sent[-1].at - sent[0].at == pytest.approx(0.02 * (len(sent) - 1), abs=0.2)


async def test_arrival_times_follow_departure_times() -> None:
    async with far_end() as end, SipCall.place(end.address, "1001") as call:
        await call.answered
        call.send_audio(TONE)
        await call.wait_bot_silence(60, since=call.invited_at)
        departed, arrived = measure.voicing(call.sent), measure.voicing(call.received)

        echo_ms = (arrived.voiced_times[0] - departed.voiced_times[0]) * 1000

    assert -1.0 < echo_ms < 500.0


async def test_leaving_the_block_hangs_up() -> None:
    async with far_end() as end:
        async with SipCall.place(end.address, "1001") as call:
            await call.answered

        assert end.methods() == ["INVITE", "ACK", "BYE"]


async def test_hanging_up_before_the_answer_cancels() -> None:
    async with far_end(100, 180) as end:
        async with SipCall.place(end.address, "1001") as call:
            await call.hang_up()

        assert end.methods() == ["INVITE", "CANCEL", "ACK"]
        with pytest.raises(CallRefused) as refused:
            await call.answered
        assert refused.value.status == 487


async def test_a_refused_call_says_why() -> None:
    async with far_end(486) as end, SipCall.place(end.address, "1001") as call:
        with pytest.raises(CallRefused, match="486 Because"):
            await call.answered


async def test_a_server_that_is_not_there_is_a_refusal() -> None:
    async with far_end() as end:
        address = end.address
    async with SipCall.place(address, "1001", timers=Timers(t1_seconds=0.002)) as call:
        with pytest.raises(CallRefused, match="408"):
            await call.answered


async def test_a_lost_invite_and_a_lost_ack_do_no_harm() -> None:
    async with far_end(drop_acks=1, dropped_invites=2) as end, SipCall.place(end.address, "1001", timers=QUICK) as call:
        await call.answered
        await end.until("ACK", times=2)
        await call.hang_up()

        assert end.methods() == ["INVITE", "INVITE", "INVITE", "ACK", "ACK", "BYE"]


async def test_the_bot_hangs_up() -> None:
    async with far_end() as end, SipCall.place(end.address, "1001") as call:
        await call.answered
        end.ask("BYE", extra=(("Reason", "Q.850;cause=16"),))

        assert await call.wait_hang_up() == HungUp("bot", 16)
        assert (await end.until_response()).status == 200
        assert not call.is_up


async def test_waiting_for_a_bot_that_hangs_up_ends() -> None:
    async with far_end() as end, SipCall.place(end.address, "1001") as call:
        await call.answered
        waiting = asyncio.ensure_future(call.wait_bot_speech())
        await asyncio.sleep(0)
        end.ask("BYE")

        with pytest.raises(CallOver):
            await waiting


async def test_waiting_for_a_bot_that_says_nothing_ends() -> None:
    async with far_end() as end, SipCall.place(end.address, "1001") as call:
        await call.answered

        with pytest.raises(BotSilent):
            await call.wait_bot_silence(timeout_seconds=0.05)


async def test_waiting_for_a_bot_that_never_stops_ends() -> None:
    async with far_end() as end, SipCall.place(end.address, "1001") as call:
        await call.answered
        call.send_audio(TONE * 5)

        with pytest.raises(BotSilent, match="did not stop"):
            await call.wait_bot_silence(since=call.invited_at, timeout_seconds=0.2)


async def test_keys_are_sent_as_events_between_the_audio() -> None:
    async with far_end() as end, SipCall.place(end.address, "1001") as call:
        await call.answered
        call.press("1#", duration_ms=40, gap_ms=40)
        await call.audio_sent()
        await call.hang_up()

        events = [packet.payload[0] for packet in end.packets if packet.payload_type == sdp.TELEPHONE_EVENT]
        assert events == [1] * 4 + [11] * 4


async def test_a_caller_may_send_no_rtp_at_all() -> None:
    async with far_end() as end, SipCall.place(end.address, "1001", send_rtp=False) as call:
        await call.answered
        call.send_audio(TONE)
        await call.audio_sent()
        await call.hang_up()

        assert end.packets == []
        assert call.sent == []


async def test_a_bad_network_loses_packets() -> None:
    network = Network(loss=0.5, seed=3)
    async with far_end() as end, SipCall.place(end.address, "1001", network=network) as call:
        await call.answered
        call.send_audio(TONE * 2)
        await call.audio_sent()

        sequences = [frame.sequence for frame in call.sent]
        assert 2 <= len(sequences) < 20
        assert sequences[-1] - sequences[0] >= len(sequences)


async def test_falling_silent_drops_what_was_not_said_yet() -> None:
    async with far_end() as end, SipCall.place(end.address, "1001") as call:
        await call.answered
        call.send_audio(TONE * 100)
        await call.wait_bot_speech(since=call.invited_at)
        call.fall_silent()

        async with asyncio.timeout(1):
            await call.audio_sent()


async def test_a_reinvite_on_hold_stops_the_audio() -> None:
    async with far_end() as end, SipCall.place(end.address, "1001") as call:
        await call.answered
        call.send_audio(rtp.SILENCE)
        await call.audio_sent()
        held = sdp.Audio("127.0.0.1", 9, direction="inactive")
        end.ask("INVITE", body=sdp.build(held, session_id=1, version=2))
        assert (await end.until_response()).status == 200
        before = len(call.sent)
        call.send_audio(TONE)
        await call.audio_sent()

        assert len(call.sent) == before
