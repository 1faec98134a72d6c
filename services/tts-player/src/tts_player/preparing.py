"""A scenario's fixed prompts, made ahead of the calls that need them."""

import asyncio
import logging
import time
from collections.abc import Iterator

from callbus.commands import PreparePrompts
from tts_player.cache import Prompt, PromptCache, PromptFailed, Sentence
from tts_player.slots import Urgency

log = logging.getLogger(__name__)

AT_ONCE = 3
"""Enough to keep an engine busy; each leaves its place to a live sentence when it is done."""


async def prepare_ahead(cache: PromptCache, order: PreparePrompts) -> list[Prompt | PromptFailed]:
    """Make what is not there yet; a prompt that fails costs the others nothing. Cancelling stops the engines."""
    started_at = time.monotonic()
    sentences = iter([Sentence(one.text, one.language, one.voice) for one in order.prompts])
    outcomes: list[Prompt | PromptFailed] = []
    async with asyncio.TaskGroup() as workers:
        for number in range(AT_ONCE):
            workers.create_task(_work(cache, order, sentences, outcomes), name=f"prepare:{order.scenario}:{number}")
    ready = [outcome for outcome in outcomes if isinstance(outcome, Prompt)]
    log.info(
        "scenario %s: %d prompts ready, %d of them made now, %d failed, in %.1f s",
        order.scenario, len(ready), sum(not prompt.cached for prompt in ready), len(outcomes) - len(ready),
        time.monotonic() - started_at,
    )  # fmt: skip
    return outcomes


async def _work(
    cache: PromptCache,
    order: PreparePrompts,
    sentences: Iterator[Sentence],
    outcomes: list[Prompt | PromptFailed],
) -> None:
    for sentence in sentences:
        outcome = await cache.attempt(sentence, Urgency.AHEAD, order.call_id)
        outcomes.append(outcome)
        if isinstance(outcome, PromptFailed):
            log.warning("scenario %s: %r not made ahead: %s", order.scenario, sentence.text[:60], outcome)
