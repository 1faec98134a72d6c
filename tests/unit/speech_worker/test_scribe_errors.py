import pytest

from speech_worker import scribe_errors
from speech_worker.patience import Patience

DOCUMENTED = {
    "error": ("unavailable", "reconnect"),
    "auth_error": ("auth", "give_up"),
    "quota_exceeded": ("quota", "give_up"),
    "commit_throttled": ("bug", "reconnect"),
    "transcriber_error": ("unavailable", "reconnect"),
    "unaccepted_terms": ("auth", "give_up"),
    "rate_limited": ("rate_limited", "back_off"),
    "input_error": ("bug", "go_on"),
    "invalid_request": ("rejected", "give_up"),
    "queue_overflow": ("rate_limited", "back_off"),
    "resource_exhausted": ("rate_limited", "back_off"),
    "session_time_limit_exceeded": ("unavailable", "renew"),
    "chunk_size_exceeded": ("bug", "reconnect"),
    "insufficient_audio_activity": ("unavailable", "renew"),
}


@pytest.mark.parametrize(("message_type", "wanted"), DOCUMENTED.items())
def test_every_documented_error_has_a_meaning(message_type: str, wanted: tuple[str, str]) -> None:
    rule = scribe_errors.of_frame(message_type)
    assert rule is not None
    assert (rule.meaning, rule.remedy) == wanted


def test_what_is_no_error_has_none() -> None:
    assert scribe_errors.of_frame("warning") is None


@pytest.mark.parametrize(
    ("status", "meaning"),
    [(401, "auth"), (403, "auth"), (402, "quota"), (429, "rate_limited"), (404, "rejected"), (503, "unavailable")],
)
def test_refused_handshakes(status: int, meaning: str) -> None:
    assert scribe_errors.of_status(status).meaning == meaning


def test_patience_ends_after_its_last_wait() -> None:
    patience = Patience((0.0, 0.3))
    assert [patience.wait_after("reconnect", 0.1) for _ in range(3)] == [0.0, 0.3, None]


def test_patience_is_new_after_an_answer_or_a_long_connection() -> None:
    patience = Patience((0.0,))
    assert patience.wait_after("reconnect", 0.1) == 0.0
    patience.answered()
    assert patience.wait_after("reconnect", 0.1) == 0.0
    assert patience.wait_after("reconnect", 20.0) == 0.0
    assert patience.wait_after("reconnect", 0.1) is None


def test_a_session_that_ran_out_is_renewed_without_counting() -> None:
    patience = Patience((0.0,))
    assert [patience.wait_after("renew", 600.0) for _ in range(5)] == [0.0] * 5
    assert patience.wait_after("renew", 0.1) == 0.0
    assert patience.wait_after("renew", 0.1) is None


def test_backing_off_takes_at_least_a_second() -> None:
    assert Patience((0.0, 3.0)).wait_after("back_off", 0.1) == 1.0


def test_some_errors_are_final() -> None:
    assert Patience((0.0,)).wait_after("give_up", 100.0) is None
