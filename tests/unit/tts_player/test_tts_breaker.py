import itertools

import pytest

from tts_player.breaker import Breaker, BreakerPolicy
from tts_player.voice import Meaning

POLICY = BreakerPolicy(failures=3, pause_seconds=5, longest_pause_seconds=15, refused_pause_seconds=60)


def failed_times(breaker: Breaker, times: int, now: float = 0.0) -> list[bool]:
    return [breaker.failed("unavailable", now) for _ in range(times)]


def test_it_opens_after_failures_in_a_row_and_says_so_once() -> None:
    breaker = Breaker(POLICY)

    assert failed_times(breaker, 4) == [False, False, True, False]
    assert not breaker.admits(4.9)


def test_a_success_between_failures_keeps_it_closed() -> None:
    breaker = Breaker(POLICY)
    failed_times(breaker, 2)
    breaker.succeeded()

    assert failed_times(breaker, 2) == [False, False]
    assert breaker.state(0) == "closed"


def test_half_open_lets_one_probe_pass() -> None:
    breaker = Breaker(POLICY)
    failed_times(breaker, 3)

    assert [breaker.admits(5.0), breaker.admits(5.0)] == [True, False]
    assert breaker.succeeded()
    assert breaker.admits(5.0)


def test_an_abandoned_probe_makes_room_for_the_next() -> None:
    breaker = Breaker(POLICY)
    failed_times(breaker, 3)
    assert breaker.admits(5.0)

    breaker.abandoned()

    assert breaker.admits(5.0)


def test_each_failed_probe_doubles_the_pause_up_to_the_longest() -> None:
    breaker = Breaker(POLICY)
    failed_times(breaker, 3)
    opened_until = [5.0]
    for _ in range(3):
        now = opened_until[-1]
        assert breaker.admits(now)
        breaker.failed("unavailable", now)
        opened_until.append(next(t for t in range(int(now), 200) if breaker.state(t) == "half_open"))

    assert [b - a for a, b in itertools.pairwise(opened_until)] == [10, 15, 15]


@pytest.mark.parametrize("meaning", ["auth", "quota"])
def test_a_refusal_that_does_not_pass_opens_it_at_once(meaning: Meaning) -> None:
    breaker = Breaker(POLICY)

    assert breaker.failed(meaning, 0.0)
    assert not breaker.admits(59.0)
    assert breaker.admits(60.0)


def test_a_rejected_text_says_nothing_against_the_engine() -> None:
    breaker = Breaker(POLICY)
    failed_times(breaker, 2)

    assert not breaker.failed("rejected", 0.0)
    assert failed_times(breaker, 2) == [False, False]
