"""The border between the bus and the machine: every delivery and every due timer becomes one hop."""

import asyncio
import logging
import time
from collections.abc import Callable

from redis.asyncio import Redis
from redis.exceptions import RedisError

from callbus.codec import encode
from callbus.commands import HangUp, PreparePrompts
from callbus.deadletters import DeadLetters
from callbus.delivery import Delivery
from callbus.events import CallEnded, CallStarted, DtmfReceived, FinalTranscript, PartialTranscript
from callbus.hop import StateConflict
from callbus.message import Message
from callbus.secrets import SecretStore
from callbus.streams import Streams
from dialog_fsm.backlog import Backlog
from dialog_fsm.choice import Scenarios
from dialog_fsm.machine import Event, Step, TimerFired, break_off, drop, initial, step
from dialog_fsm.program import Program
from dialog_fsm.state import DialogState, TimerName
from dialog_fsm.store import DialogStore, Stored

log = logging.getLogger(__name__)

# Several streams speak about one call, so two hops may meet; each loser finds a newer state.
_CONFLICTS = 50
_RETRIES = 4
_RETRY_SECONDS = 0.1
# A younger CallStarted is not looked up: its call has hardly ended.
_SURELY_LIVE_SECONDS = 2.0
_CONTROL_KEYS = ("#", "*")


class Conversations:
    """All calls' conversations; handles any number of calls, one delivery of a stream at a time."""

    def __init__(
        self,
        redis: Redis,
        names: Streams,
        scenarios: Scenarios,
        *,
        max_age_seconds: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = DialogStore(redis, names)
        self._backlog = Backlog(redis, names)
        self._secrets = SecretStore(redis, names)
        self._dead = DeadLetters(redis, names)
        self._scenarios = scenarios
        self._max_age_seconds = max_age_seconds
        self._clock = clock
        self.strangers = 0
        """Events of calls that are over or were never heard of."""

    async def prepare_prompts(self) -> None:
        """Announce every fixed text, so that it is made before it is needed."""
        for program in self._scenarios:
            prompts = list(program.fixed_prompts)
            message = PreparePrompts(call_id=f"scenario:{program.name}", scenario=program.name, prompts=prompts)
            try:
                await self._store.send([message])
            except (RedisError, OSError) as error:
                log.warning("prompts of %s not announced, they will be made when said: %s", program.name, error)

    async def handle(self, delivery: Delivery) -> None:
        """One delivery.

        :raises redis.exceptions.RedisError: Redis stayed away; the delivery comes again.
        """
        if isinstance(delivery.message, PartialTranscript):
            await self._store.settle(delivery)
            return
        await self._patiently(delivery)

    async def fire(self, call_id: str, timer: TimerName) -> bool:
        """A timer that is due; false when the conversation has no such timer (any more)."""
        stored = await self._store.load(call_id)
        if stored is None or timer not in stored.state.timers:
            return False
        try:
            taken, failure = self._advance(stored.state, TimerFired(timer))
            await self._store.commit(stored, taken)
            _report(stored.state, taken, failure)
        except StateConflict:
            log.debug("timer %s: the state was moved on", timer, extra={"call_id": call_id})
        return True

    async def _patiently(self, delivery: Delivery) -> None:
        """Repeat over a short absence of Redis: what was done already is known by then."""
        for attempt in range(_RETRIES):
            try:
                await self._deliver(delivery)
            except (RedisError, OSError):
                if attempt + 1 == _RETRIES:
                    raise
                await asyncio.sleep(_RETRY_SECONDS * 2**attempt)
            else:
                return

    async def _deliver(self, delivery: Delivery) -> None:
        event = await self._revealed(delivery.message)
        for _ in range(_CONFLICTS):
            try:
                stored = await self._stored(delivery)
                if stored is not None:
                    await self._hop(stored, event, delivery)
            except StateConflict:
                continue
            return
        raise StateConflict(f"the state of {delivery.message.call_id} never stood still")

    async def _hop(self, stored: Stored, event: Event, delivery: Delivery) -> None:
        taken, failure = self._advance(stored.state, event)
        if not taken.news:
            await self._store.settle(delivery)
            return
        await self._store.commit(stored, taken, delivery=None if failure else delivery)
        _report(stored.state, taken, failure)
        if failure is not None:
            await self._bury(delivery, failure)

    async def _stored(self, delivery: Delivery) -> Stored | None:
        """The conversation's state; None when the delivery has been dealt with because there is none."""
        message = delivery.message
        stored = await self._store.load(message.call_id)
        if stored is not None:
            return stored
        call = await self._start_of(message)
        if call is None:
            self.strangers += 1
            log.info("%s of a call that is over", message.type, extra={"call_id": message.call_id})
            await self._store.settle(delivery)
            return None
        now = self._clock()
        if now - (call.started_at or call.at or now) > self._max_age_seconds:
            log.warning("the dialog came too late for this call", extra={"call_id": message.call_id})
            await self._store.send([HangUp(call_id=call.call_id, reason="goal not reached: too late")], delivery)
            return None
        return await self._begun(call, delivery)

    async def _begun(self, call: CallStarted, delivery: Delivery) -> Stored | None:
        """A new conversation; greeted here when the call's start comes after another event of the call."""
        program = self._scenarios.chosen(call)
        fresh = Stored(initial(program, call, self._clock()), 0)
        if delivery.message.seq == call.seq and delivery.message.producer == call.producer:
            return fresh
        taken, failure = self._advance(fresh.state, call)
        await self._store.commit(fresh, taken)
        _report(fresh.state, taken, failure)
        return Stored(taken.state, 1)

    async def _start_of(self, message: Message) -> CallStarted | None:
        """The CallStarted of a call that goes on."""
        if isinstance(message, CallEnded):
            return None
        if isinstance(message, CallStarted) and self._clock() - message.at < _SURELY_LIVE_SECONDS:
            return message
        return await self._backlog.live_start(message.call_id)

    def _advance(self, state: DialogState, event: Event) -> tuple[Step, Exception | None]:
        """The machine's step; a bug in it costs this call its conversation, and no other call anything."""
        program: Program = self._scenarios.named(state.scenario)
        failure: Exception | None = None
        for act in (step, break_off):
            try:
                return act(program, state, event, self._clock()), failure
            except Exception as error:
                log.exception("%s failed in state %s", type(event).__name__, state.at, extra={"call_id": state.call_id})
                failure = failure or error
        return drop(program, state, event, self._clock()), failure

    async def _revealed(self, message: Message) -> Event:
        """The event with what was masked, which stays in this process; of keys only those that end a value."""
        match message:
            case FinalTranscript(secret_ref=str(reference)):
                return message.model_copy(update={"text": await self._secrets.get(reference) or ""})
            case DtmfReceived(secret_ref=str(reference)):
                key = await self._secrets.get(reference)
                return (
                    message.model_copy(update={"digit": key, "secret_ref": None}) if key in _CONTROL_KEYS else message
                )
        return message  # type: ignore[return-value]

    async def _bury(self, delivery: Delivery, failure: Exception) -> None:
        fields = {key.encode(): value.encode() for key, value in encode(delivery.message).items()}
        reason = f"{type(failure).__name__}: {failure}"
        await self._dead.bury(delivery.stream, delivery.group, delivery.entry_id, fields, delivery.attempts, reason)
        delivery.settle()


def _report(before: DialogState, taken: Step, failure: Exception | None) -> None:
    """The lines of the log that tell a conversation."""
    after, extra = taken.state, {"call_id": taken.state.call_id}
    if after.at != before.at:
        log.info("%s -> %s", before.at, after.at, extra=extra)
    if after.phase == "over" and before.phase != "over":
        goal = f"goal reached: {after.goal}" if after.goal else f"goal not reached: {after.at}"
        log.info("conversation over, %s%s", goal, "; it failed" if failure else "", extra=extra)
