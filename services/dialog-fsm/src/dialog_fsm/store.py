"""A conversation's state in Redis, and the hop that moves it on."""

from dataclasses import dataclass
from typing import Any, cast

from redis.asyncio import Redis

from callbus.commands import Listen
from callbus.delivery import Delivery
from callbus.events import CallEnded
from callbus.hop import STATE_TTL_SECONDS, Hop, StateWrite, Timer
from callbus.message import Message
from callbus.streams import DIALOG_FSM, Streams
from dialog_fsm.machine import Step
from dialog_fsm.state import DialogState

# Kept after the call's end, so that what is delivered again is known.
ENDED_TTL_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Stored:
    """A state and the version under which it lies; 0 for one that is not stored yet."""

    state: DialogState
    version: int


class DialogStore:
    """Loads states and commits steps."""

    def __init__(self, redis: Redis, names: Streams) -> None:
        self._redis = redis
        self._names = names
        self._hop = Hop(redis, names, producer=DIALOG_FSM)

    async def load(self, call_id: str) -> Stored | None:
        """The state, or None where there is none."""
        reply = self._redis.hmget(self._names.dialog_state(call_id), ["version", "data"])
        version, data = cast("list[bytes | None]", await cast(Any, reply))
        if version is None or data is None:
            return None
        return Stored(DialogState.model_validate_json(data), int(version))

    async def commit(
        self, before: Stored, step: Step, *, delivery: Delivery | None = None, ended: bool = False
    ) -> list[Message]:
        """State, commands, timers and acknowledgement at once.

        :raises callbus.hop.StateConflict: the state was moved on meanwhile.
        """
        call_id = step.state.call_id
        ended = ended or step.state.phase == "over" or _ends_call(delivery)
        ttl_seconds = ENDED_TTL_SECONDS if ended else STATE_TTL_SECONDS
        write = StateWrite(
            key=self._names.dialog_state(call_id),
            expected_version=before.version,
            data=step.state.to_json(),
            ttl_seconds=ttl_seconds,
        )
        return await self._hop.commit(
            step.commands,
            acks=[delivery] if delivery else [],
            state=write,
            sets=self._listen(call_id, step),
            timers=self._timers(before.state, step.state),
            timers_gone=self._timers_gone(before.state, step.state),
            deletes=[self._names.listen(call_id)] if ended else [],
            traceparent=delivery.message.traceparent if delivery else "",
        )

    async def settle(self, delivery: Delivery) -> None:
        """Acknowledge what changes nothing."""
        await self._hop.commit(acks=[delivery])

    async def send(self, messages: list[Message], delivery: Delivery | None = None) -> None:
        """Messages that belong to no state."""
        await self._hop.commit(messages, acks=[delivery] if delivery else [])

    def _listen(self, call_id: str, step: Step) -> dict[str, tuple[str, int]]:
        newest = [command for command in step.commands if isinstance(command, Listen)]
        return {self._names.listen(call_id): (one.model_dump_json(), STATE_TTL_SECONDS) for one in newest[-1:]}

    def _timers(self, before: DialogState, after: DialogState) -> list[Timer]:
        key = self._names.timers_of(after.call_id)
        return [
            Timer(key, member(after.call_id, name), due_at)
            for name, due_at in after.timers.items()
            if before.timers.get(name) != due_at
        ]

    def _timers_gone(self, before: DialogState, after: DialogState) -> list[tuple[str, str]]:
        key = self._names.timers_of(after.call_id)
        return [(key, member(after.call_id, name)) for name in before.timers if name not in after.timers]


def _ends_call(delivery: Delivery | None) -> bool:
    return delivery is not None and isinstance(delivery.message, CallEnded)


def member(call_id: str, timer: str) -> str:
    """A timer in the sorted set."""
    return f"{call_id}|{timer}"
