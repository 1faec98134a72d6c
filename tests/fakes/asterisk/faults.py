"""Faults on purpose: refusals and held requests, by method and path."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field


@dataclass(slots=True)
class Refusal:
    """Answer ``times`` matching requests with this status: instead of doing them, or after that."""

    method: str
    path: re.Pattern[str]
    status: int
    message: str
    times: int
    done_first: bool = False


@dataclass(slots=True)
class Hold:
    """Matching requests wait; ``arrived`` tells that one is there, ``release`` lets them go on."""

    method: str
    path: re.Pattern[str]
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def release(self) -> None:
        """Let every waiting request go on, and those that come later."""
        self.released.set()


class Faults:
    """What is to go wrong."""

    def __init__(self) -> None:
        self._refusals: list[Refusal] = []
        self._holds: list[Hold] = []

    def refuse(
        self,
        method: str,
        path: str,
        status: int,
        message: str = "refused on purpose",
        *,
        times: int = 1,
        done_first: bool = False,
    ) -> None:
        """Refuse the next requests whose path (below ``/ari/``) matches the pattern from its start."""
        self._refusals.append(Refusal(method, re.compile(path), status, message, times, done_first))

    def hold(self, method: str, path: str) -> Hold:
        """Let matching requests wait."""
        hold = Hold(method, re.compile(path))
        self._holds.append(hold)
        return hold

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self._refusals.clear()
        for hold in self._holds:
            hold.release()
        self._holds.clear()

    async def wait(self, method: str, path: str) -> None:
        """Wait for as long as the request is held."""
        for hold in self._holds:
            if hold.method == method and hold.path.match(path):
                hold.arrived.set()
                await hold.released.wait()

    def refusal(self, method: str, path: str) -> Refusal | None:
        """The refusal that this request meets, used up once."""
        for refusal in self._refusals:
            if refusal.times > 0 and refusal.method == method and refusal.path.match(path):
                refusal.times -= 1
                return refusal
        return None
