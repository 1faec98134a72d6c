"""What crossed the bus for one call, and what is left when all calls are over."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any, TypeVar, cast

import aiohttp
from redis.asyncio import Redis

from callbus import Message, decode
from callbus.commands import Say
from callbus.connect import connect
from callbus.events import CallEnded, CallStarted, FinalTranscript
from callbus.streams import CONTROL
from stack.whole import Stack

M = TypeVar("M", bound=Message)

POLL_SECONDS = 0.05
GONE_WITHIN_SECONDS = 300


async def eventually(check: Callable[[], Any], *, within_seconds: float = 10.0, what: str = "it") -> Any:
    """The first true value of ``check`` (awaited when it is awaitable); AssertionError after the deadline."""
    deadline = time.monotonic() + within_seconds
    while True:
        value = check()
        if asyncio.iscoroutine(value):
            value = await value
        if value:
            return value
        assert time.monotonic() < deadline, f"{what} did not happen within {within_seconds:g} s"
        await asyncio.sleep(POLL_SECONDS)


class Bus:
    """Reads everything on the control plane of a stack."""

    def __init__(self, redis_url: str) -> None:
        self.redis: Redis = connect(redis_url)

    async def messages(self) -> list[Message]:
        """All messages of all streams by the time of their commit."""
        found: list[Message] = []
        for stream in CONTROL:
            rows: Any = await self.redis.xrange(stream)
            found.extend(decode(fields) for _, fields in rows)
        return sorted(found, key=lambda message: message.at)

    async def call(self, sip_call_id: str) -> "CallRecord":
        """The record of the call with this SIP Call-ID, once it has started on the bus."""

        async def started() -> CallStarted | None:
            found = [m for m in await self.messages() if isinstance(m, CallStarted) and m.sip_call_id == sip_call_id]
            return found[0] if found else None

        return CallRecord(self, cast("CallStarted", await eventually(started, what="CallStarted")))

    async def pending(self) -> dict[str, int]:
        """Unacknowledged entries by stream and group, where there are any."""
        left: dict[str, int] = {}
        for stream in CONTROL:
            if not await self.redis.exists(stream):
                continue
            groups: Any = await self.redis.xinfo_groups(stream)
            left.update({f"{stream}/{g['name'].decode()}": g["pending"] for g in groups if g["pending"]})
        return left

    async def keys(self, pattern: str) -> list[str]:
        """Keys that match."""
        return sorted([key.decode() async for key in self.redis.scan_iter(pattern)])

    async def keys_that_stay(self) -> list[str]:
        """Keys of calls that will not be gone in minutes."""
        mine = [key for kind in ("dialog", "listen", "seq", "secret") for key in await self.keys(f"{kind}:*")]
        calls = [key for key in mine if not key.startswith("seq:scenario:")]
        return [key for key in calls if not 0 < await self.redis.ttl(key) <= GONE_WITHIN_SECONDS]

    async def dead_letters(self) -> list[dict[str, str]]:
        """All dead letters."""
        rows: Any = await self.redis.xrange("dead-letters")
        return [{k.decode(): v.decode() for k, v in fields.items()} for _, fields in rows]


class CallRecord:
    """What crossed the bus for one call."""

    def __init__(self, bus: Bus, started: CallStarted) -> None:
        self._bus = bus
        self.started = started
        self.call_id = started.call_id

    async def all(self, kind: type[M]) -> list[M]:
        """The call's messages of a type, in order."""
        return [m for m in await self._bus.messages() if isinstance(m, kind) and m.call_id == self.call_id]

    async def wait_for(self, kind: type[M], count: int = 1, *, within_seconds: float = 20.0) -> list[M]:
        """The call's messages of a type once there are ``count``."""

        async def enough() -> list[M] | None:
            found = await self.all(kind)
            return found if len(found) >= count else None

        what = f"{count} x {kind.__name__} of {self.call_id}"
        return cast("list[M]", await eventually(enough, within_seconds=within_seconds, what=what))

    async def ended(self, *, within_seconds: float = 20.0) -> CallEnded:
        """The end of the call; AssertionError when it was announced twice."""
        (end,) = await self.wait_for(CallEnded, within_seconds=within_seconds)
        return end

    async def heard(self) -> list[str]:
        """The final transcripts."""
        return [m.text for m in await self.all(FinalTranscript)]

    async def said(self) -> list[str]:
        """What the bot was told to say."""
        return [m.text for m in await self.all(Say)]


async def ari(stack: Stack, resource: str) -> Any:
    """GET a resource of the stack's Asterisk."""
    login = aiohttp.encode_basic_auth(stack.asterisk.ari_username, stack.asterisk.ari_password)
    async with (
        aiohttp.ClientSession(headers={"Authorization": login}) as session,
        session.get(f"{stack.asterisk.ari_url}/ari/{resource}") as response,
    ):
        return await response.json()


async def leftovers(stack: Stack, bus: Bus) -> dict[str, object]:
    """What the calls left behind, by place; empty when all is clean."""
    found: dict[str, object] = {
        "channels": [channel["name"] for channel in await ari(stack, "channels")],
        "bridges": [bridge["id"] for bridge in await ari(stack, "bridges")],
        "pending": await bus.pending(),
        "media streams": await bus.keys("media:*"),
        "keys that stay": await bus.keys_that_stay(),
        "timers": await bus.redis.zcard("timers"),
        "dead letters": await bus.dead_letters(),
    }
    return {place: what for place, what in found.items() if what}


async def assert_nothing_is_left(stack: Stack, bus: Bus) -> None:
    """Wait until the calls' traces are gone; AssertionError lists what stays."""
    try:
        await eventually(lambda: _clean(stack, bus), what="a clean end")
    except AssertionError:
        left = json.dumps(await leftovers(stack, bus), ensure_ascii=False, indent=1, default=str)
        raise AssertionError(f"the calls left behind: {left}") from None


async def _clean(stack: Stack, bus: Bus) -> bool:
    return not await leftovers(stack, bus)
