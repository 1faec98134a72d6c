"""One hop is one Redis transaction: state, messages out and acknowledgements commit together."""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, cast

from redis.asyncio import Redis

from callbus.codec import encode
from callbus.delivery import Delivery
from callbus.message import Message
from callbus.streams import Streams
from callbus.trace import child_of, new_traceparent

_SCRIPT = files("callbus.lua").joinpath("hop.lua").read_text(encoding="utf-8")

SEQ_TTL_SECONDS = 24 * 3600
STATE_TTL_SECONDS = 6 * 3600


class StateConflict(Exception):
    """Somebody else moved the state on; load it again and repeat the hop."""


@dataclass(frozen=True, slots=True)
class StateWrite:
    """A hash written only while its version is ``expected_version`` (0 = it does not exist yet)."""

    key: str
    expected_version: int
    data: str
    ttl_seconds: int = STATE_TTL_SECONDS


@dataclass(frozen=True, slots=True)
class Timer:
    """A member of a sorted set; ``due_at`` in unix seconds."""

    key: str
    member: str
    due_at: float


@dataclass(slots=True)
class _Plan:
    """The arguments of the script: each key once, named by its index."""

    keys: dict[str, int] = field(default_factory=dict)

    def key(self, name: str) -> int:
        return self.keys.setdefault(name, len(self.keys) + 1)


class Hop:
    """Commits hops of one producer.

    All keys of one hop must belong to calls of one partition. Stream lengths are bounded by ``maxlen`` (approximately).
    """

    def __init__(self, redis: Redis, streams: Streams, *, producer: str, maxlen: int = 20_000) -> None:
        self._redis = redis
        self._streams = streams
        self._producer = producer
        self._maxlen = maxlen
        self._script = redis.register_script(_SCRIPT)

    async def commit(
        self,
        messages: Sequence[Message] = (),
        *,
        acks: Iterable[Delivery] = (),
        state: StateWrite | None = None,
        sets: Mapping[str, tuple[str, int]] | None = None,
        timers: Iterable[Timer] = (),
        timers_gone: Iterable[tuple[str, str]] = (),
        expires: Mapping[str, int] | None = None,
        deletes: Iterable[str] = (),
        traceparent: str = "",
    ) -> list[Message]:
        """Commit everything at once and return the messages as stamped.

        ``sets`` maps a key to (value, seconds to live), ``expires`` a key to seconds; ``timers_gone`` are
        (key, member).
        Messages without a traceparent continue that of the first acknowledged delivery, or ``traceparent``.

        :raises StateConflict: the state's version moved; nothing was written.
        :raises redis.exceptions.RedisError: it is unknown whether the hop was done; repeating it is safe only with
            ``state``, or for consumers that drop what they have seen.
        """
        settled = list(acks)
        traced = self._traced(messages, settled, traceparent)
        at = time.time()
        plan = _Plan()
        argument = {
            "producer": self._producer,
            "maxlen": self._maxlen,
            "seq_ttl_seconds": SEQ_TTL_SECONDS,
            "messages": [self._message(plan, message, at) for message in traced],
            "state": None
            if state is None
            else {
                "key": plan.key(state.key),
                "expected": state.expected_version,
                "data": state.data,
                "ttl_seconds": state.ttl_seconds,
            },
            "sets": [{"key": plan.key(k), "value": v, "ttl_seconds": ttl} for k, (v, ttl) in (sets or {}).items()],
            "zadds": [{"key": plan.key(t.key), "score": f"{t.due_at:.3f}", "member": t.member} for t in timers],
            "zrems": [{"key": plan.key(k), "member": member} for k, member in timers_gone],
            "expires": [{"key": plan.key(k), "seconds": seconds} for k, seconds in (expires or {}).items()],
            "deletes": [plan.key(k) for k in deletes],
            "acks": [{"stream": plan.key(d.stream), "group": d.group, "id": d.entry_id} for d in settled],
        }
        stamps = await self._run(plan, argument)
        for delivery in settled:
            delivery.settle()
        return [
            message.stamped(producer=self._producer, seq=seq, at=at, traceparent=message.traceparent)
            for message, seq in zip(traced, stamps, strict=True)
        ]

    async def _run(self, plan: _Plan, argument: dict[str, Any]) -> list[int]:
        argument = {name: value for name, value in argument.items() if value is not None}
        reply = cast(
            "list[bytes]",
            await self._script(keys=list(plan.keys), args=[json.dumps(argument, ensure_ascii=False)]),
        )
        if reply[0] == b"conflict":
            raise StateConflict(f"the state is at version {reply[1].decode()}")
        return [int(seq) for seq in reply[1::2]]

    def _traced(self, messages: Sequence[Message], acks: list[Delivery], traceparent: str) -> list[Message]:
        cause = traceparent or (acks[0].message.traceparent if acks else "")
        parent = child_of(cause) if cause else new_traceparent()
        return [
            message if message.traceparent else message.model_copy(update={"traceparent": parent})
            for message in messages
        ]

    def _message(self, plan: _Plan, message: Message, at: float) -> dict[str, Any]:
        stream = self._streams.control(message.channel_of, message.call_id)
        stamped = message.model_copy(update={"producer": self._producer, "at": at})
        fields = [part for pair in encode(stamped).items() for part in pair]
        return {
            "stream": plan.key(stream),
            "seq_key": plan.key(self._streams.seq(message.call_id)),
            "fields": fields,
        }
