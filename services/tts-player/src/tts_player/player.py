"""Say -> Play: every order of the dialog, answered in the order of its call and exactly once."""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Protocol

from redis.exceptions import RedisError

from callbus import Message
from callbus.commands import PreparePrompts, Say, StopSpeaking
from callbus.delivery import Delivery
from tts_player.cache import Prompt, PromptCache, PromptFailed, Sentence
from tts_player.call_sentences import CallSentences, PendingSay, PendingStop
from tts_player.fallback import Apologies
from tts_player.preparing import prepare_ahead
from tts_player.replies import not_spoken, spoken_by_apology, spoken_by_engine, stopped
from tts_player.slots import Urgency

log = logging.getLogger(__name__)

MOST_PENDING = 500
"""Sentences in hand at once; beyond it the stream is read no further, so the rest waits in Redis."""
COMMITS_AT_ONCE = 8
"""Redis does one after the other anyway; each takes a connection."""
STALE_SECONDS = 60.0
"""An older Say belongs to a moment that is over."""
REMEMBERED = 4096
RETRY_SECONDS = 0.5


class Bus(Protocol):
    """What of :class:`callbus.consume.Consumer` is needed."""

    def hold(self, delivery: Delivery) -> None:
        """Keep a delivery beyond the handler's return."""


class Committer(Protocol):
    """What of :class:`callbus.hop.Hop` is needed."""

    async def commit(self, messages: Sequence[Message] = (), *, acks: Iterable[Delivery] = ()) -> list[Message]:
        """Commit messages and acknowledgements at once."""


class Player:
    """Serves the ``dialog`` stream; its tasks live in the task group that it is given."""

    def __init__(
        self,
        cache: PromptCache,
        apologies: Apologies,
        hop: Committer,
        bus: Bus,
        tasks: asyncio.TaskGroup,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._cache = cache
        self._apologies = apologies
        self._hop = hop
        self._bus = bus
        self._tasks = tasks
        self._now = now
        self._calls: dict[str, CallSentences] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(MOST_PENDING)
        self._committing = asyncio.Semaphore(COMMITS_AT_ONCE)
        self._seen: OrderedDict[tuple[str, str, int], None] = OrderedDict()

    @property
    def calls(self) -> int:
        """How many calls wait for a sentence."""
        return len(self._calls)

    async def handle(self, delivery: Delivery) -> None:
        """Take one order; what it needs goes on after the return."""
        match delivery.message:
            case Say() as say:
                await self._take(delivery, say)
            case StopSpeaking() as stop:
                self._stop(delivery, stop)
            case PreparePrompts() as order:
                self._bus.hold(delivery)
                self._start(self._prepare(delivery, order), f"prepare:{order.scenario}")
            case _:
                await self._hop.commit(acks=[delivery])

    async def finish(self, patience_seconds: float) -> None:
        """Let the sentences in hand leave, then cancel what is left; that comes again to the next process."""
        live = [task for task in self._running if task.get_name().startswith("call:")]
        if live:
            await asyncio.wait(live, timeout=patience_seconds)
        for task in [*self._running, *(say.making for call in self._calls.values() for say in call.says())]:
            task.cancel()

    async def _take(self, delivery: Delivery, say: Say) -> None:
        key = (say.call_id, say.producer, say.seq)
        if key in self._seen:
            await self._hop.commit(acks=[delivery])
            return
        if say.at and self._now() - say.at > STALE_SECONDS:
            reason = f"it waited {self._now() - say.at:.0f} s to be spoken, which is too late"
            await self._hop.commit(not_spoken(say, reason), acks=[delivery])
            return
        await self._room.acquire()
        self._bus.hold(delivery)
        self._remember(key)
        making = self._tasks.create_task(
            self._cache.attempt(Sentence(say.text, say.language, say.voice), Urgency.LIVE, say.call_id),
            name=f"say:{say.say_id}",
        )
        self._queue(say.call_id, PendingSay(delivery, say, making))

    def _stop(self, delivery: Delivery, stop: StopSpeaking) -> None:
        self._bus.hold(delivery)
        call = self._calls.get(stop.call_id)
        dropped = call.drop(stop.say_id) if call else []
        self._queue(stop.call_id, PendingStop(delivery, stop, dropped))

    def _queue(self, call_id: str, one: PendingSay | PendingStop) -> None:
        call = self._calls.get(call_id)
        if call is not None:
            call.pending.append(one)
            return
        call = self._calls[call_id] = CallSentences()
        call.pending.append(one)
        self._start(self._serve(call_id, call), f"call:{call_id}")

    async def _serve(self, call_id: str, call: CallSentences) -> None:
        """Hand out one call's sentences; it is gone when none is left."""
        try:
            while call.pending:
                match call.pending[0]:
                    case PendingSay() as say:
                        await self._hand_out(say)
                    case PendingStop() as stop:
                        dropped = [one.say for one in stop.dropped]
                        acks = [stop.delivery, *(one.delivery for one in stop.dropped)]
                        await self._commit(stopped(stop.stop, dropped), acks)
                call.pending.popleft()
        finally:
            del self._calls[call_id]

    async def _hand_out(self, one: PendingSay) -> None:
        try:
            await asyncio.wait({one.making})
            if one.dropped:
                return
            one.leaving = True
            await self._commit(self._answer(one.say, one.making.result()), [one.delivery])
        finally:
            self._room.release()

    def _answer(self, say: Say, outcome: Prompt | PromptFailed) -> list[Message]:
        if isinstance(outcome, Prompt):
            return spoken_by_engine(say, outcome)
        apology = None if say.substitute else self._apologies.sound(say.language)
        said = "an apology is played" if apology else "nothing is played"
        log.error("%s cannot be spoken: %s; %s", say.say_id, outcome, said, extra={"call_id": say.call_id})
        return spoken_by_apology(say, apology, outcome) if apology else not_spoken(say, str(outcome))

    async def _prepare(self, delivery: Delivery, order: PreparePrompts) -> None:
        await prepare_ahead(self._cache, order)
        await self._commit([], [delivery])

    async def _commit(self, messages: Sequence[Message], acks: Sequence[Delivery]) -> None:
        """Until Redis has it. A repeated Play has the same playback_id, so the gateway passes it over."""
        while True:
            try:
                async with self._committing:
                    await self._hop.commit(messages, acks=acks)
            except (RedisError, OSError) as error:
                log.warning("Redis did not take a hop (%s); trying again in %g s", error, RETRY_SECONDS)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return

    def _remember(self, key: tuple[str, str, int]) -> None:
        self._seen[key] = None
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)

    def _start(self, work: Coroutine[None, None, None], name: str) -> None:
        task = self._tasks.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
