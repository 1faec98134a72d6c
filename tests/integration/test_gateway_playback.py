"""Prompts through the gateway: played on the caller's channel, stopped, timed out, each ended exactly once."""

from collections.abc import AsyncIterator

import pytest

from callbus.commands import Play, StopPlayback, StopSpeaking
from callbus.events import (
    CallStarted,
    FinalTranscript,
    PlaybackFailed,
    PlaybackFinished,
    PlaybackStarted,
    SpeechStarted,
)
from tests.fakes.asterisk import Channel, repeated
from tests.integration.gateway_bed import SOUND, Bed, eventually, gateway_bed, play

VOICE = b"\x05" * 160


@pytest.fixture
async def bed(redis_url: str) -> AsyncIterator[Bed]:
    async with gateway_bed(redis_url, playback_margin_seconds=0.3) as bed:
        yield bed


@pytest.fixture
async def channel(bed: Bed) -> Channel:
    return bed.asterisk.call(audio=repeated(VOICE))


@pytest.fixture
async def call(bed: Bed, channel: Channel) -> CallStarted:
    return await bed.talk(channel)


def voice(call: CallStarted, utterance_id: str = "u1") -> SpeechStarted:
    return SpeechStarted(call_id=call.call_id, utterance_id=utterance_id, audio_ms=0.0, onset_at=0.0)


async def test_a_prompt_is_played_on_the_callers_own_channel(bed: Bed, channel: Channel, call: CallStarted) -> None:
    bed.asterisk.player.sounds[SOUND] = 60.0
    await bed.send(play(call, "p1", audio_ms=60.0))

    started = await bed.first(PlaybackStarted)
    finished = await bed.first(PlaybackFinished)
    assert ("POST", f"channels/{channel.id}/play/p1") in bed.asterisk.requests
    assert (started.playback_id, started.say_id) == ("p1", "say-p1")
    assert (finished.playback_id, finished.outcome) == ("p1", "completed")
    assert finished.played_ms == pytest.approx(60.0, abs=30.0)


async def test_prompts_are_played_in_order(bed: Bed, call: CallStarted) -> None:
    for number in range(3):
        bed.asterisk.player.sounds[f"{SOUND}{number}"] = 20.0
    await bed.send(*(play(call, f"p{number}", media=f"{SOUND}{number}", audio_ms=20.0) for number in range(3)))
    await bed.first(PlaybackFinished, count=3)

    assert bed.asterisk.player.played == [f"{SOUND}{number}" for number in range(3)]


async def test_the_same_order_twice_is_played_once(bed: Bed, call: CallStarted) -> None:
    bed.asterisk.player.sounds[SOUND] = 20.0
    await bed.send(play(call, "p1", audio_ms=20.0), play(call, "p1", audio_ms=20.0), play(call, "p2", audio_ms=20.0))
    await bed.first(PlaybackFinished, count=2)

    assert len(bed.asterisk.player.played) == 2


async def test_a_missing_file_is_told_at_once(bed: Bed, call: CallStarted) -> None:
    await bed.send(play(call, "p1", media="sound:trunkline/ab/missing"))

    failed = await bed.first(PlaybackFailed)
    assert (failed.playback_id, failed.say_id) == ("p1", "say-p1")
    assert "no such file, not readable, or the wrong format" in failed.reason


async def test_other_names_than_ours_never_reach_asterisk(bed: Bed, call: CallStarted) -> None:
    await bed.send(play(call, "p1", media="sound:trunkline/../../etc/passwd"))
    await bed.first(PlaybackFailed)

    assert not [path for _, path in bed.asterisk.requests if "/play/" in path]


async def test_an_end_that_never_comes_is_timed_out_and_the_next_is_played(bed: Bed, call: CallStarted) -> None:
    bed.asterisk.player.sounds[SOUND] = 3_600_000.0
    bed.asterisk.player.sounds[f"{SOUND}2"] = 20.0
    await bed.send(play(call, "p1", audio_ms=50.0), play(call, "p2", media=f"{SOUND}2", audio_ms=20.0))

    failed = await bed.first(PlaybackFailed)
    assert failed.playback_id == "p1"
    assert "no end" in failed.reason
    assert (await bed.first(PlaybackFinished)).playback_id == "p2"


async def test_refused_by_asterisk(bed: Bed, call: CallStarted) -> None:
    bed.asterisk.faults.refuse("POST", "channels/.*/play/", 500, "Internal error")
    await bed.send(play(call, "p1"))

    assert "500 Internal error" in (await bed.first(PlaybackFailed)).reason


async def test_barge_in_stops_what_plays_and_what_waits(bed: Bed, call: CallStarted) -> None:
    await bed.send(play(call, "p1"), play(call, "p2"))
    await bed.first(PlaybackStarted)
    await bed.send(voice(call))
    await bed.first(PlaybackFinished, count=2)

    outcomes = {one.playback_id: one.outcome for one in await bed.messages(PlaybackFinished)}
    assert outcomes == {"p1": "stopped", "p2": "stopped"}
    assert bed.asterisk.player.played == [SOUND]
    assert not bed.asterisk.player.all


async def test_barge_in_waits_for_the_end_of_the_protected_beginning(bed: Bed, call: CallStarted) -> None:
    await bed.send(play(call, "p1", protected_ms=150))
    await bed.first(PlaybackStarted)
    await bed.send(voice(call))

    finished = await bed.first(PlaybackFinished)
    assert finished.outcome == "stopped"
    assert 150.0 <= finished.played_ms < 700.0


async def test_speech_that_ended_in_the_protected_beginning_stops_nothing(bed: Bed, call: CallStarted) -> None:
    bed.asterisk.player.sounds[SOUND] = 300.0
    final = FinalTranscript(
        call_id=call.call_id, utterance_id="u1", text="да", language="ru", started_ms=0, ended_ms=0, engine="test"
    )
    await bed.send(play(call, "p1", audio_ms=300.0, protected_ms=200))
    await bed.first(PlaybackStarted)
    await bed.send(voice(call), final)

    assert (await bed.first(PlaybackFinished)).outcome == "completed"


async def test_the_uninterruptible_plays_on(bed: Bed, call: CallStarted) -> None:
    bed.asterisk.player.sounds[SOUND] = 150.0
    await bed.send(play(call, "p1", interruptible=False, audio_ms=150.0))
    await bed.first(PlaybackStarted)
    await bed.send(voice(call))

    assert (await bed.first(PlaybackFinished)).outcome == "completed"


async def test_stop_one_and_stop_all(bed: Bed, call: CallStarted) -> None:
    await bed.send(play(call, "p1"), play(call, "p2"), play(call, "p3", interruptible=False))
    await bed.first(PlaybackStarted)
    await bed.send(StopPlayback(call_id=call.call_id, playback_id="p2"))
    assert (await bed.first(PlaybackFinished)).playback_id == "p2"
    await bed.send(StopSpeaking(call_id=call.call_id))
    await bed.first(PlaybackFinished, count=3)

    assert bed.asterisk.player.played == [SOUND]


async def test_audio_that_comes_after_its_say_was_stopped(bed: Bed, call: CallStarted) -> None:
    await bed.send(StopSpeaking(call_id=call.call_id, say_id="say-p1"))
    await bed.all_settled()
    await bed.send(play(call, "p1"))

    finished = await bed.first(PlaybackFinished)
    assert (finished.outcome, finished.played_ms) == ("stopped", 0.0)
    assert not bed.asterisk.player.played


async def test_the_caller_hangs_up_in_mid_prompt(bed: Bed, channel: Channel, call: CallStarted) -> None:
    await bed.send(play(call, "p1"), play(call, "p2"))
    await bed.first(PlaybackStarted)
    bed.asterisk.hang_up(channel)
    await bed.first(PlaybackFinished, count=2)
    await bed.all_gone()

    assert not await bed.messages(PlaybackFailed)
    assert len(await bed.messages(PlaybackFinished)) == 2


async def test_orders_for_calls_that_are_over_or_elsewhere_are_acknowledged(bed: Bed) -> None:
    await bed.send(Play(call_id="nobody", playback_id="p", say_id="s", media=SOUND, audio_ms=1.0))
    await bed.all_settled()

    assert not bed.asterisk.player.played


async def test_listening_to_both_directions_takes_out_the_bots_voice(redis_url: str) -> None:
    async with gateway_bed(redis_url, snoop_spy="both") as bed:
        call = await bed.talk(bed.asterisk.call(audio=repeated(VOICE)))
        await bed.send(play(call, "p1"))
        await bed.first(PlaybackStarted)

        async def gated() -> bool:
            return (await bed.media(call.call_id))[-1].payload == b"\xff" * 160

        await eventually(gated, "silence for the recogniser")
        await bed.send(StopPlayback(call_id=call.call_id))
        await bed.first(PlaybackFinished)

        async def open_again() -> bool:
            return (await bed.media(call.call_id))[-1].payload == VOICE

        await eventually(open_again, "the caller's voice")
