"""Which sounds may go: decided on a listing, touching nothing."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from tts_player.names import SoundName

HOUR_SECONDS = 3600.0
DAY_SECONDS = 24 * HOUR_SECONDS


@dataclass(frozen=True, slots=True)
class Kept:
    """A sound in the store; ``used_at`` is when it was last made or played, in unix seconds."""

    name: SoundName
    size_bytes: int
    used_at: float


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """Sounds used within ``protected_seconds`` stay whatever happens: they play or are about to."""

    max_bytes: int = 2 * 1024**3
    max_age_seconds: float = 30 * DAY_SECONDS
    protected_seconds: float = 0.5 * HOUR_SECONDS


def removable(
    sounds: Iterable[Kept], policy: RetentionPolicy, now: float, pinned: Collection[SoundName] = ()
) -> list[Kept]:
    """The sounds to remove: those too old, then the least recently used until the rest fits."""
    by_use = sorted(sounds, key=lambda kept: kept.used_at)
    free = [kept for kept in by_use if kept.name not in pinned and now - kept.used_at >= policy.protected_seconds]
    excess_bytes = sum(kept.size_bytes for kept in by_use) - policy.max_bytes
    gone: list[Kept] = []
    for kept in free:
        if now - kept.used_at < policy.max_age_seconds and excess_bytes <= 0:
            break
        gone.append(kept)
        excess_bytes -= kept.size_bytes
    return gone
