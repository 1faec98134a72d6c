"""What a call's playbacks hear of Asterisk, beside its events."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PlayAccepted:
    """Asterisk took the order to play."""

    playback_id: str


@dataclass(frozen=True, slots=True)
class PlayRefused:
    """Asterisk did not take it."""

    playback_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class PlaybackDeleted:
    """Asterisk stopped it, or did not have it any more."""

    playback_id: str


@dataclass(frozen=True, slots=True)
class PlaybackVanished:
    """Asterisk does not know it any more, and its end was not heard."""

    playback_id: str


PlaybackInput = PlayAccepted | PlayRefused | PlaybackDeleted | PlaybackVanished
