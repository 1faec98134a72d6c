"""What is told of a playback."""

from typing import Literal

from callbus.commands import Play
from callbus.events import PlaybackFailed, PlaybackFinished, PlaybackStarted

Report = PlaybackStarted | PlaybackFinished | PlaybackFailed


def started(order: Play) -> PlaybackStarted:
    """It began."""
    return PlaybackStarted(call_id=order.call_id, playback_id=order.playback_id, say_id=order.say_id)


def finished(order: Play, outcome: Literal["completed", "stopped"], played_ms: float) -> PlaybackFinished:
    """It ended."""
    return PlaybackFinished(
        call_id=order.call_id,
        playback_id=order.playback_id,
        say_id=order.say_id,
        outcome=outcome,
        played_ms=played_ms,
    )


def stopped(order: Play, played_ms: float) -> PlaybackFinished:
    """It was stopped, or never begun."""
    return finished(order, "stopped", played_ms)


def failed(order: Play, reason: str) -> PlaybackFailed:
    """It could not be played."""
    return PlaybackFailed(call_id=order.call_id, playback_id=order.playback_id, say_id=order.say_id, reason=reason)
