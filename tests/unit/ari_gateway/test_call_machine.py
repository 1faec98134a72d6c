"""One call's set-up and teardown, as inputs and actions."""

import random

import pytest

from ari_gateway.call import REBUILDS, RETRY_SECONDS, STEADY_SECONDS, TEARDOWN_SECONDS, Call, Phase
from ari_gateway.call_actions import (
    Action,
    AnnounceStarted,
    Answer,
    ContinueInDialplan,
    Destination,
    Ended,
    HangUpCaller,
    HungUp,
    Join,
    Make,
    Remove,
    StopMedia,
)
from ari_gateway.call_inputs import (
    Answered,
    AsteriskLost,
    CallerHungUp,
    CallerLeft,
    Departed,
    DepartFailed,
    Entered,
    GatewayStops,
    HangUpOrdered,
    Input,
    Joined,
    Made,
    Overdue,
    PartGone,
    Removed,
    StepFailed,
    TransferOrdered,
)
from ari_gateway.names import Part

SN, EM, BR = "sn-1.1", "em-1.1", "br-1.1"
OPERATOR = Destination("operator", "s", 1)
MADE = [Make(Part.SNOOP, SN), Make(Part.MEDIA, EM), Make(Part.BRIDGE, BR)]


def new_call() -> Call:
    call = Call("1.1", setup_seconds=5.0)
    assert call.begin(0.0) == [Answer()]
    return call


def after(call: Call, *inputs: Input, now: float = 0.0) -> list[Action]:
    """The actions of the last of these inputs."""
    actions: list[Action] = []
    for one in inputs:
        actions = call.on(one, now)
    return actions


def connected() -> Call:
    call = new_call()
    after(call, Answered(), *(Made(part) for part in Part), Entered(Part.SNOOP, SN), Entered(Part.MEDIA, EM), Joined())
    assert call.phase is Phase.LIVE
    assert call.deadline is None
    return call


def removed() -> list[Input]:
    return [Removed(Part.SNOOP, SN), Removed(Part.MEDIA, EM), Removed(Part.BRIDGE, BR)]


REMOVALS = [Remove(Part.SNOOP, SN), Remove(Part.MEDIA, EM), Remove(Part.BRIDGE, BR)]


def test_the_bus_knows_the_call_as_soon_as_it_is_answered() -> None:
    assert after(new_call(), Answered()) == [AnnounceStarted(), *MADE]


def test_the_legs_are_joined_only_after_both_entered() -> None:
    call = new_call()
    assert after(call, Answered(), *(Made(part) for part in Part)) == []
    assert after(call, Entered(Part.MEDIA, EM)) == []
    assert after(call, Entered(Part.SNOOP, SN)) == [Join(BR, (SN, EM))]


def test_entering_may_overtake_the_answer_to_the_making() -> None:
    call = new_call()
    after(call, Answered(), Entered(Part.MEDIA, EM), Entered(Part.SNOOP, SN), Made(Part.MEDIA), Made(Part.BRIDGE))

    assert after(call, Made(Part.SNOOP)) == [Join(BR, (SN, EM))]


def test_caller_hangs_up() -> None:
    call = connected()
    assert after(call, CallerHungUp(16)) == [HungUp("caller", 16), StopMedia("caller_hung_up"), *REMOVALS]
    assert after(call, *removed()) == [Ended("caller_hung_up", 16, "")]
    assert call.phase is Phase.OVER


def test_caller_hangs_up_before_the_answer() -> None:
    call = new_call()

    assert after(call, CallerHungUp(None)) == [
        HungUp("caller", None),
        StopMedia("caller_hung_up"),
        Ended("caller_hung_up", None, ""),
    ]
    assert after(call, Answered()) == []


def test_a_part_is_deleted_only_after_the_answer_to_its_making() -> None:
    call = new_call()
    after(call, Answered(), Made(Part.SNOOP))

    assert after(call, CallerHungUp(None))[2:] == [Remove(Part.SNOOP, SN)]
    assert after(call, Made(Part.MEDIA)) == [Remove(Part.MEDIA, EM)]
    assert after(call, StepFailed(Part.BRIDGE, "no")) == []
    assert after(call, Removed(Part.SNOOP, SN)) == []
    assert after(call, Removed(Part.MEDIA, EM)) == [Ended("caller_hung_up", None, "")]


def test_a_leg_that_goes_with_the_caller_needs_no_deletion() -> None:
    call = connected()
    after(call, CallerHungUp(None), PartGone(Part.SNOOP, SN), Removed(Part.MEDIA, EM))

    assert after(call, Removed(Part.BRIDGE, BR)) == [Ended("caller_hung_up", None, "")]


def test_transfer_goes_on_only_when_the_snoop_is_gone() -> None:
    call = connected()
    assert after(call, TransferOrdered(OPERATOR)) == [StopMedia("transferred"), *REMOVALS]
    assert after(call, Removed(Part.MEDIA, EM), Removed(Part.BRIDGE, BR)) == []
    assert after(call, Removed(Part.SNOOP, SN)) == [ContinueInDialplan(OPERATOR, "transferred")]
    assert after(call, CallerLeft()) == []
    assert after(call, Departed()) == [Ended("transferred", None, "")]


def test_caller_hangs_up_during_a_transfer() -> None:
    call = connected()
    after(call, TransferOrdered(OPERATOR), Removed(Part.MEDIA, EM))
    assert after(call, CallerHungUp(16)) == [HungUp("caller", 16)]

    assert after(call, *removed()) == [Ended("caller_hung_up", 16, "")]


def test_a_refused_transfer_hangs_up_rather_than_leaves_in_silence() -> None:
    call = connected()
    after(call, TransferOrdered(OPERATOR), *removed())
    assert after(call, DepartFailed(False, "409 not in Stasis")) == [HangUpCaller(None)]

    assert after(call, Departed()) == [HungUp("bot", None), Ended("bot_hung_up", None, "409 not in Stasis")]


def test_a_transfer_of_a_caller_who_is_gone() -> None:
    call = connected()
    after(call, TransferOrdered(OPERATOR), *removed())

    assert after(call, DepartFailed(True, "404")) == [HungUp("caller", None), Ended("caller_hung_up", None, "")]


def test_hang_up_does_not_wait_for_deletions() -> None:
    call = connected()
    assert after(call, HangUpOrdered(21)) == [StopMedia("bot_hung_up"), *REMOVALS, HangUpCaller(21)]
    assert after(call, CallerHungUp(None)) == [HungUp("bot", 21)]
    assert after(call, Departed()) == []
    assert after(call, *removed()) == [Ended("bot_hung_up", 21, "")]


def test_set_up_failure_sends_the_caller_on() -> None:
    call = new_call()
    after(call, Answered(), Made(Part.MEDIA), Made(Part.BRIDGE))
    actions = after(call, StepFailed(Part.SNOOP, "Snoop channel failed: 403"))
    assert actions == [StopMedia("setup_failed"), Remove(Part.MEDIA, EM), Remove(Part.BRIDGE, BR)]
    going_on = after(call, Removed(Part.MEDIA, EM), Removed(Part.BRIDGE, BR))
    assert going_on == [ContinueInDialplan(Destination(), "setup_failed")]
    assert after(call, Departed()) == [Ended("setup_failed", None, "Snoop channel failed: 403")]


def test_a_snoop_of_a_caller_who_is_gone_is_no_set_up_failure() -> None:
    call = new_call()
    after(call, Answered(), Made(Part.MEDIA), Made(Part.BRIDGE))
    after(call, StepFailed(Part.SNOOP, "404", caller_gone=True), Removed(Part.MEDIA, EM))

    assert after(call, Removed(Part.BRIDGE, BR)) == [Ended("caller_hung_up", None, "")]


def test_set_up_that_takes_too_long_says_what_is_missing() -> None:
    call = new_call()
    after(call, Answered(), Made(Part.SNOOP), Made(Part.MEDIA), Made(Part.BRIDGE), Entered(Part.SNOOP, SN))
    assert after(call, Overdue(), now=4.9) == []
    after(call, Overdue(), now=5.0)
    after(call, *removed(), now=5.1)

    (ended,) = after(call, Departed(), now=5.2)
    assert ended == Ended("setup_failed", None, "not set up within 5 s: waiting for StasisStart of the media leg")


def test_a_lost_media_leg_is_made_again_and_joined_alone() -> None:
    call = connected()
    assert after(call, PartGone(Part.MEDIA, EM), now=9.0) == [Remove(Part.MEDIA, EM), Make(Part.MEDIA, "em-1.1~2")]
    assert after(call, Removed(Part.MEDIA, EM), PartGone(Part.MEDIA, EM)) == []
    assert after(call, Made(Part.MEDIA), Entered(Part.MEDIA, "em-1.1~2")) == [Join(BR, ("em-1.1~2",))]
    after(call, Joined())

    assert call.deadline is None
    assert Remove(Part.MEDIA, "em-1.1~2") in after(call, CallerHungUp(None))


def lose_the_media_leg(call: Call, number: int, now: float) -> list[Action]:
    """The leg of this generation goes; its successor, made at once or after a pause, is joined."""
    name = EM if number == 1 else f"{EM}~{number}"
    actions = after(call, PartGone(Part.MEDIA, name), now=now)
    actions += after(call, Overdue(), now=now + RETRY_SECONDS)
    after(call, Made(Part.MEDIA), Entered(Part.MEDIA, f"{EM}~{number + 1}"), Joined(), now=now + RETRY_SECONDS)
    return actions


def test_a_leg_that_is_lost_over_and_over_ends_the_call() -> None:
    call = connected()
    for number in range(1, REBUILDS + 1):
        assert Make(Part.MEDIA, f"{EM}~{number + 1}") in lose_the_media_leg(call, number, now=float(number))
    actions = lose_the_media_leg(call, REBUILDS + 1, now=10.0)

    assert actions[0] == StopMedia("setup_failed")


def test_the_second_loss_in_a_row_is_answered_after_a_pause() -> None:
    call = connected()
    lose_the_media_leg(call, 1, now=1.0)

    assert after(call, PartGone(Part.MEDIA, f"{EM}~2"), now=2.0) == [Remove(Part.MEDIA, f"{EM}~2")]
    assert after(call, Removed(Part.MEDIA, f"{EM}~2"), Overdue(), now=2.1) == []
    assert after(call, Overdue(), now=2.0 + RETRY_SECONDS) == [Make(Part.MEDIA, f"{EM}~3")]


def test_losses_far_apart_do_not_add_up() -> None:
    call = connected()
    for number in range(1, 3 * REBUILDS):
        lose_the_media_leg(call, number, now=number * (STEADY_SECONDS + 1.0))

    assert call.phase is Phase.LIVE


def test_while_asterisk_is_away_a_lost_leg_is_tried_again() -> None:
    call = connected()
    after(call, PartGone(Part.MEDIA, EM), now=1.0)
    assert after(call, StepFailed(Part.MEDIA, "no answer", unreachable=True), now=1.0) == []
    assert call.deadline == 1.0 + RETRY_SECONDS

    assert after(call, Overdue(), now=1.5) == [Make(Part.MEDIA, "em-1.1~3")]


def test_asterisk_lost_deletes_nothing() -> None:
    call = connected()

    assert after(call, AsteriskLost("away")) == [
        HungUp("asterisk", None),
        StopMedia("asterisk_lost"),
        Ended("asterisk_lost", None, "away"),
    ]


def test_asterisk_lost_while_leaving() -> None:
    call = connected()
    after(call, CallerHungUp(None))

    assert after(call, AsteriskLost("away")) == [Ended("caller_hung_up", None, "")]


def test_a_caller_that_a_restarted_asterisk_does_not_list() -> None:
    call = connected()
    after(call, CallerLeft(asterisk_restarted=True))

    assert after(call, *removed()) == [Ended("asterisk_lost", None, "Asterisk was restarted")]


def test_a_stopping_gateway_sends_the_caller_on() -> None:
    call = connected()
    after(call, GatewayStops())

    assert after(call, *removed()) == [ContinueInDialplan(Destination(), "gateway_lost")]
    assert after(call, Departed()) == [Ended("gateway_lost", None, "the gateway was stopped")]


def test_a_teardown_that_hangs_ends_all_the_same() -> None:
    call = connected()
    after(call, CallerHungUp(None))

    assert after(call, Overdue(), now=TEARDOWN_SECONDS) == [Ended("caller_hung_up", None, "")]


ANYTHING: list[Input] = [
    Answered(),
    *(Made(part) for part in Part),
    *(StepFailed(part, "no") for part in Part),
    StepFailed(None, "no"),
    StepFailed(None, "gone", caller_gone=True),
    StepFailed(Part.MEDIA, "away", unreachable=True),
    Entered(Part.SNOOP, SN),
    Entered(Part.MEDIA, EM),
    Joined(),
    PartGone(Part.SNOOP, SN),
    PartGone(Part.MEDIA, EM),
    *removed(),
    CallerHungUp(16),
    CallerLeft(),
    TransferOrdered(OPERATOR),
    HangUpOrdered(None),
    GatewayStops(),
    AsteriskLost("away"),
    Departed(),
    DepartFailed(False, "no"),
    DepartFailed(True, "gone"),
    Overdue(),
]


@pytest.mark.parametrize("seed", range(300))
def test_whatever_comes_in_whatever_order_a_call_ends_exactly_once(seed: int) -> None:
    chance = random.Random(seed)
    call = new_call()
    actions: list[Action] = []
    for number in range(60):
        actions += call.on(chance.choice(ANYTHING), number * 0.01)
    for number in range(1, 5):
        actions += call.on(Overdue(), 100.0 * number)

    assert sum(isinstance(action, Ended) for action in actions) == 1
    assert isinstance(actions[-1], Ended)
    assert sum(isinstance(action, HungUp) for action in actions) <= 1
    assert sum(isinstance(action, AnnounceStarted) for action in actions) <= 1
    assert sum(isinstance(action, StopMedia) for action in actions) == 1
