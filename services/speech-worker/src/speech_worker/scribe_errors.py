"""What each error of ElevenLabs' realtime recogniser means, and what to do about it. Error texts never decide."""

from dataclasses import dataclass
from typing import Literal

from callbus.events import SpeechFailure

Remedy = Literal["give_up", "back_off", "reconnect", "renew", "go_on"]
"""``renew`` is a reconnection that is no failure; ``go_on`` leaves the socket as it is."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Meaning and remedy of one error."""

    meaning: SpeechFailure
    remedy: Remedy
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something went wrong with the session."""

    rule: Rule
    detail: str

    @property
    def remedy(self) -> Remedy:
        """What to do about it."""
        return self.rule.remedy


_UNKNOWN = Rule("unavailable", "reconnect")

_FRAMES: dict[str, Rule] = {
    "auth_error": Rule("auth", "give_up", "check ELEVENLABS_API_KEY"),
    "unaccepted_terms": Rule("auth", "give_up", "accept the terms in the ElevenLabs account"),
    "quota_exceeded": Rule("quota", "give_up", "the ElevenLabs account has no credits left"),
    "invalid_request": Rule("rejected", "give_up", "check TRUNKLINE_SCRIBE_MODEL and the language"),
    "rate_limited": Rule("rate_limited", "back_off"),
    "queue_overflow": Rule("rate_limited", "back_off"),
    "resource_exhausted": Rule("rate_limited", "back_off"),
    "session_time_limit_exceeded": Rule("unavailable", "renew"),
    "insufficient_audio_activity": Rule("unavailable", "renew"),
    "transcriber_error": _UNKNOWN,
    "error": _UNKNOWN,
    "input_error": Rule("bug", "go_on"),
    "chunk_size_exceeded": Rule("bug", "reconnect"),
    "commit_throttled": Rule("bug", "reconnect"),
}


def of_frame(message_type: str) -> Rule | None:
    """The rule of an error frame; None when the type is none that is known."""
    return _FRAMES.get(message_type)


def of_status(status: int) -> Rule:
    """The rule of a refused handshake."""
    match status:
        case 401 | 403:
            return _FRAMES["auth_error"]
        case 402:
            return _FRAMES["quota_exceeded"]
        case 429:
            return _FRAMES["rate_limited"]
        case _ if 400 <= status < 500:
            return Rule("rejected", "give_up", "check ELEVENLABS_BASE_URL and TRUNKLINE_SCRIBE_MODEL")
        case _:
            return _UNKNOWN


def of_loss() -> Rule:
    """The rule of a connection that broke or could not be made."""
    return _UNKNOWN
