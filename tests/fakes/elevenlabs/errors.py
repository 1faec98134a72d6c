"""What the API answers when it refuses, in its three shapes of body, and the close codes of the realtime socket."""

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Problem:
    """An HTTP refusal: its status and the JSON of its body."""

    status: int
    body: dict[str, Any]


class ProblemRaised(Exception):
    """Ends a request with `problem` as its answer."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.body)
        self.problem = problem


def _legacy(http_status: int, status: str, message: str) -> Problem:
    return Problem(http_status, {"detail": {"status": status, "message": message}})


def _typed(http_status: int, kind: str, code: str, message: str, status: str = "", **more: str) -> Problem:
    detail = {"type": kind, "code": code, "message": message, "status": status or code, **more}
    return Problem(http_status, {"detail": detail})


def invalid_fields(*fields: tuple[tuple[str, ...], str, str]) -> Problem:
    """FastAPI's 422; each field is (location, message, type)."""
    detail = [{"loc": list(loc), "msg": msg, "type": kind} for loc, msg, kind in fields]
    return Problem(422, {"detail": detail})


def bad_request(code: str, message: str, param: str) -> Problem:
    return _typed(400, "validation_error", code, message, param=param)


def missing_api_key() -> Problem:
    return _typed(401, "authentication_error", "missing_api_key", "You must be authenticated to use this endpoint.")


def invalid_api_key() -> Problem:
    return _legacy(401, "invalid_api_key", "Invalid API key")


def quota_exceeded(quota: int = 10000, left: int = 12, needed: int = 40) -> Problem:
    """A used-up quota, which comes as 401 like a bad key: only the body tells them apart."""
    message = (
        f"This request exceeds your quota of {quota}. You have {left} credits remaining, "
        f"while {needed} credits are required for this request."
    )
    request_id = "00000000000000000000000000000000"
    return _typed(401, "invalid_request", "quota_exceeded", message, request_id=request_id)


def detected_unusual_activity() -> Problem:
    return _legacy(401, "detected_unusual_activity", "Unusual activity detected. Free Tier usage disabled.")


def payment_required() -> Problem:
    return _typed(402, "payment_required", "insufficient_credits", "You do not have enough credits.")


def forbidden() -> Problem:
    return _typed(403, "authorization_error", "forbidden", "You are not allowed to do this.")


def voice_not_found(voice_id: str) -> Problem:
    return _typed(404, "not_found", "voice_not_found", f"A voice with the voice_id {voice_id} was not found.")


def model_not_found(model_id: str) -> Problem:
    return _typed(404, "not_found", "model_not_found", f"A model with model ID {model_id} does not exist.")


def concurrent_limit_exceeded(limit: int = 4) -> Problem:
    message = (
        "Too many concurrent requests. Your current subscription is associated with a maximum of "
        f"{limit} concurrent requests (running in parallel)."
    )
    status = "too_many_concurrent_requests"
    return _typed(429, "rate_limit_error", "concurrent_limit_exceeded", message, status)


def system_busy() -> Problem:
    return _legacy(429, "system_busy", "We are sorry, the system is experiencing heavy traffic, please try again.")


def rate_limit_exceeded() -> Problem:
    return _typed(429, "rate_limit_error", "rate_limit_exceeded", "Too many requests.")


def internal_error() -> Problem:
    return _typed(500, "internal_error", "internal_error", "Something went wrong. You are not charged.")


def service_unavailable() -> Problem:
    return _typed(503, "service_unavailable", "service_unavailable", "The service is temporarily unavailable.")


PROBLEMS = {
    "missing_api_key": missing_api_key(),
    "invalid_api_key": invalid_api_key(),
    "quota_exceeded": quota_exceeded(),
    "detected_unusual_activity": detected_unusual_activity(),
    "payment_required": payment_required(),
    "forbidden": forbidden(),
    "voice_not_found": voice_not_found("absent"),
    "invalid_fields": invalid_fields((("body", "text"), "Field required", "missing")),
    "concurrent_limit_exceeded": concurrent_limit_exceeded(),
    "rate_limit_exceeded": rate_limit_exceeded(),
    "system_busy": system_busy(),
    "internal_error": internal_error(),
    "service_unavailable": service_unavailable(),
}

RealtimeError = Literal[
    "error",
    "auth_error",
    "quota_exceeded",
    "commit_throttled",
    "transcriber_error",
    "unaccepted_terms",
    "rate_limited",
    "input_error",
    "invalid_request",
    "queue_overflow",
    "resource_exhausted",
    "session_time_limit_exceeded",
    "chunk_size_exceeded",
    "insufficient_audio_activity",
]

# (close code, reason) that follows an error frame; None: the socket stays open. The first five are proven, the rest
# assumed.
CLOSES: dict[RealtimeError, tuple[int, str] | None] = {
    "auth_error": (1000, ""),
    "invalid_request": (1008, ""),
    "commit_throttled": (1000, "commit_throttled"),
    "input_error": None,
    "unaccepted_terms": (1000, ""),
    "error": (1000, ""),
    "quota_exceeded": (1000, ""),
    "transcriber_error": (1000, ""),
    "rate_limited": (1000, ""),
    "queue_overflow": (1000, ""),
    "resource_exhausted": (1000, ""),
    "session_time_limit_exceeded": (1000, ""),
    "chunk_size_exceeded": (1000, ""),
    "insufficient_audio_activity": (1000, ""),
}
