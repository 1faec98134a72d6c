import json
from typing import Any

import pytest

from tests.fakes.elevenlabs.errors import PROBLEMS
from tts_player.elevenlabs_errors import classify
from tts_player.voice import Meaning, RateLimited

MEANINGS: dict[str, Meaning] = {
    "missing_api_key": "auth",
    "invalid_api_key": "auth",
    "quota_exceeded": "quota",
    "detected_unusual_activity": "auth",
    "payment_required": "quota",
    "forbidden": "auth",
    "voice_not_found": "rejected",
    "invalid_fields": "bug",
    "concurrent_limit_exceeded": "rate_limited",
    "rate_limit_exceeded": "rate_limited",
    "system_busy": "rate_limited",
    "internal_error": "unavailable",
    "service_unavailable": "unavailable",
}


@pytest.mark.parametrize("name", sorted(PROBLEMS))
def test_every_answer_that_the_emulator_knows_has_its_meaning(name: str) -> None:
    problem = PROBLEMS[name]

    error = classify(problem.status, {}, json.dumps(problem.body).encode())

    assert error.meaning == MEANINGS[name]


@pytest.mark.parametrize(
    ("status", "meaning"),
    [(400, "rejected"), (401, "auth"), (402, "quota"), (403, "auth"), (404, "rejected"), (409, "bug"), (422, "bug"),
     (429, "rate_limited"), (500, "unavailable"), (503, "unavailable"), (302, "bug")],
)  # fmt: skip
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"detail":null}', b'{"detail":{"code":7}}', b"\xff", b"{"])
def test_an_unknown_body_is_judged_by_its_status(status: int, meaning: Meaning, body: bytes) -> None:
    assert classify(status, {}, body).meaning == meaning


def test_quota_comes_as_401_and_is_no_bad_key() -> None:
    problem = PROBLEMS["quota_exceeded"]

    assert "check ELEVENLABS_API_KEY" not in str(classify(401, {}, json.dumps(problem.body).encode()))
    assert "check ELEVENLABS_API_KEY" in str(classify(401, {}, json.dumps(PROBLEMS["invalid_api_key"].body).encode()))


@pytest.mark.parametrize(
    ("name", "own"), [("concurrent_limit_exceeded", True), ("system_busy", False), ("rate_limit_exceeded", False)]
)
def test_our_own_concurrency_is_told_from_the_vendors_load(name: str, own: bool) -> None:
    error = classify(429, {}, json.dumps(PROBLEMS[name].body).encode())

    assert isinstance(error, RateLimited)
    assert error.own is own


@pytest.mark.parametrize(("value", "seconds"), [("3", 3.0), ("", None), ("Wed, 21 Oct 2026", None)])
def test_retry_after_is_taken_where_it_is_a_number(value: str, seconds: float | None) -> None:
    error = classify(429, {"Retry-After": value}, b"")

    assert isinstance(error, RateLimited)
    assert error.retry_after_seconds == seconds


def test_a_long_message_is_cut_and_put_on_one_line() -> None:
    body: dict[str, Any] = {"detail": {"status": "system_busy", "message": "a\nb " * 500}}

    detail = str(classify(429, {}, json.dumps(body).encode()))

    assert len(detail) < 260
    assert "\n" not in detail
