"""The queue of a call's playbacks: order, time-outs, barge-in, and one end for each."""

import random

import pytest

from ari_gateway.playback_steps import Start, Step, Stop, Tell
from ari_gateway.playbacks import QUEUE_LIMIT, UNKNOWN_LENGTH_SECONDS, Playbacks
from callbus.commands import Play
from callbus.events import PlaybackFailed, PlaybackFinished, PlaybackStarted

MARGIN_SECONDS = 2.0


def play(
    playback_id: str,
    *,
    say_id: str = "",
    media: str = "sound:trunkline/ab/cafe",
    audio_ms: float = 1000.0,
    interruptible: bool = True,
    protected_ms: int = 0,
) -> Play:
    return Play(
        call_id="c",
        playback_id=playback_id,
        say_id=say_id or f"say-{playback_id}",
        media=media,
        audio_ms=audio_ms,
        interruptible=interruptible,
        protected_ms=protected_ms,
    )


def playing(*orders: Play, now: float = 0.0) -> Playbacks:
    """All ordered, the first begun."""
    playbacks = Playbacks(MARGIN_SECONDS)
    for order in orders:
        playbacks.play(order, now)
    playbacks.accepted(orders[0].playback_id, now)
    playbacks.started(orders[0].playback_id, now)
    return playbacks


def told(steps: list[Step]) -> list[tuple[str, str, float]]:
    """Playback, outcome ("failed" too) and milliseconds of each report."""
    rows = []
    for step in steps:
        if isinstance(step, Tell):
            report = step.report
            match report:
                case PlaybackStarted():
                    rows.append((report.playback_id, "started", 0.0))
                case PlaybackFinished():
                    rows.append((report.playback_id, report.outcome, report.played_ms))
                case PlaybackFailed():
                    rows.append((report.playback_id, "failed", 0.0))
    return rows


def test_the_first_is_played_at_once_and_the_second_after_it() -> None:
    playbacks = Playbacks(MARGIN_SECONDS)
    assert playbacks.play(play("a"), 0.0) == [Start("a", "sound:trunkline/ab/cafe")]
    assert playbacks.play(play("b"), 0.0) == []
    playbacks.accepted("a", 0.0)
    assert told(playbacks.started("a", 0.1)) == [("a", "started", 0.0)]

    steps = playbacks.finished("a", False, 1.1)

    assert told(steps) == [("a", "completed", 1000.0)]
    assert steps[-1] == Start("b", "sound:trunkline/ab/cafe")


def test_an_order_that_comes_twice_is_played_once() -> None:
    playbacks = playing(play("a"))
    playbacks.finished("a", False, 1.0)

    assert playbacks.play(play("a"), 1.0) == []


@pytest.mark.parametrize(
    "media",
    [
        "sound:trunkline/../../etc/passwd",
        "sound:trunkline/ab/../x",
        "sound:/etc/passwd",
        "recording:x",
        "sound:trunkline/ab/x,sound:y",
        "sound:trunkline/ab/x.sln16",
        "",
    ],
)
def test_other_media_than_ours_is_never_asked_for(media: str) -> None:
    assert told(Playbacks(MARGIN_SECONDS).play(play("a", media=media), 0.0)) == [("a", "failed", 0.0)]


def test_a_name_that_does_not_fit_into_a_path_fails() -> None:
    assert told(Playbacks(MARGIN_SECONDS).play(play("a/../b"), 0.0)) == [("a/../b", "failed", 0.0)]


def test_a_file_that_asterisk_cannot_play() -> None:
    playbacks = playing(play("a"), play("b"))

    steps = playbacks.finished("a", True, 0.001)

    assert told(steps) == [("a", "failed", 0.0)]
    assert isinstance(steps[-1], Start)


def test_refused_by_asterisk() -> None:
    playbacks = Playbacks(MARGIN_SECONDS)
    playbacks.play(play("a"), 0.0)

    assert told(playbacks.refused("a", "404 Channel not found", 0.0)) == [("a", "failed", 0.0)]


def test_an_end_that_never_comes_is_timed_out_and_the_next_is_played() -> None:
    playbacks = playing(play("a"), play("b"))
    assert playbacks.deadline == 3.0
    assert playbacks.overdue(2.9) == []

    steps = playbacks.overdue(3.0)

    assert steps[0] == Stop("a")
    assert told(steps) == [("a", "failed", 0.0)]
    assert steps[-1] == Start("b", "sound:trunkline/ab/cafe")
    assert playbacks.finished("a", False, 3.1) == []


def test_audio_of_unknown_length_has_a_limit_too() -> None:
    assert playing(play("a", audio_ms=0.0)).deadline == UNKNOWN_LENGTH_SECONDS + MARGIN_SECONDS


def test_barge_in_stops_what_plays_and_what_waits_but_not_the_uninterruptible() -> None:
    playbacks = playing(play("a"), play("b"), play("c", interruptible=False))

    steps = playbacks.voice_began("u", 0.4)

    assert steps[0] == Stop("a")
    assert told(steps) == [("b", "stopped", 0.0)]
    steps = playbacks.finished("a", False, 0.41)
    assert told(steps) == [("a", "stopped", 410.0)]
    assert steps[-1] == Start("c", "sound:trunkline/ab/cafe")


def test_the_uninterruptible_plays_on() -> None:
    playbacks = playing(play("a", interruptible=False), play("b"))

    assert playbacks.voice_began("u", 0.4) == []


def test_within_the_protected_beginning_barge_in_waits() -> None:
    playbacks = playing(play("a", protected_ms=500))
    assert playbacks.voice_began("u", 0.2) == []
    assert playbacks.deadline == 0.5
    assert playbacks.overdue(0.4) == []

    assert playbacks.overdue(0.5) == [Stop("a")]


def test_who_falls_silent_within_the_protected_beginning_interrupts_nothing() -> None:
    playbacks = playing(play("a", protected_ms=500))
    playbacks.voice_began("u", 0.2)
    playbacks.voice_ended("u")

    assert playbacks.overdue(0.5) == []
    assert playbacks.deadline == 3.0


def test_a_late_barge_in_counts_as_heard_in_full() -> None:
    playbacks = playing(play("a"))
    playbacks.voice_began("u", 0.99)

    assert told(playbacks.deleted("a", 0.995)) == [("a", "completed", 995.0)]


def test_stopped_before_asterisk_took_it() -> None:
    playbacks = Playbacks(MARGIN_SECONDS)
    playbacks.play(play("a"), 0.0)
    assert playbacks.voice_began("u", 0.001) == []

    assert playbacks.accepted("a", 0.002) == [Stop("a")]
    assert told(playbacks.deleted("a", 0.003)) == [("a", "stopped", 0.0)]


def test_the_answer_to_the_deletion_is_enough_and_the_event_changes_nothing() -> None:
    playbacks = playing(play("a"))
    playbacks.stop("a", 0.3)

    assert told(playbacks.deleted("a", 0.31)) == [("a", "stopped", 310.0)]
    assert playbacks.finished("a", False, 0.32) == []


def test_stop_one_that_waits() -> None:
    playbacks = playing(play("a"), play("b"))

    assert told(playbacks.stop("b", 0.1)) == [("b", "stopped", 0.0)]
    assert playbacks.finished("a", False, 1.0)[1:] == []


def test_a_say_that_was_stopped_before_its_audio_came() -> None:
    playbacks = Playbacks(MARGIN_SECONDS)
    playbacks.stop_say("say-a", 0.0)

    assert told(playbacks.play(play("a"), 0.1)) == [("a", "stopped", 0.0)]


def test_stop_all() -> None:
    playbacks = playing(play("a"), play("b", interruptible=False))

    assert playbacks.stop_say(None, 0.1)[0] == Stop("a")
    assert playbacks.finished("a", False, 0.1)[1:] == []


def test_a_stop_that_asterisk_never_confirms() -> None:
    playbacks = playing(play("a", audio_ms=60_000))
    playbacks.stop(None, 1.0)
    assert playbacks.deadline == 1.0 + MARGIN_SECONDS

    steps = playbacks.overdue(3.0)

    assert told(steps) == [("a", "stopped", 3000.0)]


def test_the_end_of_the_call_ends_all_of_them() -> None:
    playbacks = playing(play("a"), play("b"))

    steps = playbacks.close(0.25)

    assert steps[0] == Stop("a")
    assert told(steps) == [("a", "stopped", 250.0), ("b", "stopped", 0.0)]
    assert told(playbacks.play(play("c"), 0.3)) == [("c", "stopped", 0.0)]


def test_missed_events_are_made_good() -> None:
    playbacks = playing(play("a"), play("b"))

    assert told(playbacks.vanished("a", 1.5)) == [("a", "completed", 1000.0)]


def test_too_many_waiting() -> None:
    playbacks = playing(play("a"), *(play(f"w{number}") for number in range(QUEUE_LIMIT)))

    assert told(playbacks.play(play("z"), 0.0)) == [("z", "failed", 0.0)]


def at_random(playbacks: Playbacks, chance: random.Random, playback_id: str, now: float) -> list[Step]:
    match chance.randrange(8):
        case 0:
            return playbacks.play(play(playback_id, protected_ms=chance.choice([0, 300])), now)
        case 1:
            return playbacks.accepted(playback_id, now)
        case 2:
            return playbacks.started(playback_id, now)
        case 3:
            return playbacks.finished(playback_id, chance.random() < 0.2, now)
        case 4:
            return playbacks.deleted(playback_id, now)
        case 5:
            return playbacks.refused(playback_id, "no", now)
        case 6:
            return playbacks.voice_began("u", now)
        case _:
            return playbacks.overdue(now)


@pytest.mark.parametrize("seed", range(200))
def test_whatever_happens_each_playback_ends_exactly_once(seed: int) -> None:
    chance = random.Random(seed)
    playbacks, now, steps = Playbacks(MARGIN_SECONDS), 0.0, list[Step]()
    for _ in range(80):
        now += chance.random() * 0.4
        steps += at_random(playbacks, chance, f"p{chance.randrange(8)}", now)
    steps += playbacks.close(now)
    ends = [name for name, outcome, _ in told(steps) if outcome != "started"]

    assert sorted(ends) == sorted(set(ends))
    assert set(ends) == set(playbacks._seen)
