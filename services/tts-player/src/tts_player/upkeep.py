"""What the service does beside speaking: old sounds go, missing apologies are made, connections stay warm."""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tts_player.cache import PromptCache
from tts_player.engine import Engine
from tts_player.fallback import Apologies
from tts_player.retention import RetentionPolicy
from tts_player.store import SoundStore, StoreError

log = logging.getLogger(__name__)

PART_AGE_SECONDS = 60.0
"""A writer is done in milliseconds: an older part is left from one that died."""


@dataclass(frozen=True, slots=True)
class Periods:
    """How often each task is done, in seconds."""

    sweep_seconds: float = 600.0
    apology_seconds: float = 5.0
    warm_seconds: float = 45.0


async def keep_store(store: SoundStore, policy: RetentionPolicy, periods: Periods) -> None:
    """Remove unfinished and old sounds, now and then again and again."""
    while True:
        try:
            await asyncio.to_thread(_sweep, store, policy)
        except (OSError, StoreError) as error:
            log.warning("old sounds were not removed: %s", error)
        await asyncio.sleep(periods.sweep_seconds)


async def keep_apologies(apologies: Apologies, cache: PromptCache, periods: Periods) -> None:
    """Make the apologies, and try again until every language has one."""
    await apologies.prepare(cache)
    while apologies.complaint:
        await asyncio.sleep(periods.apology_seconds)
        await apologies.prepare(cache)


async def keep_warm(engines: Sequence[Engine], periods: Periods) -> None:
    """Keep the engines ready, so that a sentence after a quiet minute waits for no connection or process."""
    while True:
        await asyncio.sleep(periods.warm_seconds)
        await warm(engines)


async def warm(engines: Sequence[Engine]) -> None:
    """Make the engines ready that are not left alone; takes at most seconds, and failing is not an error yet."""
    for engine in engines:
        if not engine.rests:
            await engine.voice.warm()


def _sweep(store: SoundStore, policy: RetentionPolicy) -> None:
    now = time.time()
    parts = store.sweep_parts(older_than=now - PART_AGE_SECONDS)
    count, size_bytes = store.remove_old(policy, now)
    if parts or count:
        log.info("removed %d unused sounds (%.1f MB) and %d unfinished ones", count, size_bytes / 1e6, parts)
