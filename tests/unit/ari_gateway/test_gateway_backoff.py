"""Waiting between tries."""

from ari_gateway.backoff import Backoff


def test_it_doubles_up_to_a_limit() -> None:
    backoff = Backoff()

    assert [backoff.lost(0.0) for _ in range(8)] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


def test_a_steady_contact_starts_it_anew() -> None:
    backoff = Backoff()
    for _ in range(5):
        backoff.lost(0.0)
    backoff.connected(100.0)

    assert backoff.lost(111.0) == 0.1


def test_a_contact_that_is_lost_at_once_does_not() -> None:
    backoff = Backoff()
    for _ in range(5):
        backoff.lost(0.0)
    backoff.connected(100.0)

    assert backoff.lost(100.5) == 3.2
