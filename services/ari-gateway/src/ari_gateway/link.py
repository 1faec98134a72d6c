"""The connection to Asterisk's events: taken, kept, taken again, and what was missed meanwhile made good."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from ari_gateway.adopt import take_over
from ari_gateway.backoff import Backoff
from ari_gateway.calls import Calls
from ari_gateway.client import AsteriskARIClient
from ari_gateway.errors import ARIError, cure
from ari_gateway.events import ApplicationReplaced
from ari_gateway.resources import AsteriskInfo
from ari_gateway.surroundings import Surroundings
from ari_gateway.sweep import Orphans, orphans_of, take_snapshot

log = logging.getLogger(__name__)

SWEEP_SECONDS = 30.0


class OtherAsterisk(Exception):
    """Another Asterisk answers at the same address: everything begins anew."""


class Replaced(ARIError):
    """Another connection took the application."""


class Link:
    """Listens to one Asterisk for as long as it runs."""

    def __init__(
        self,
        around: Surroundings,
        calls: Calls,
        info: AsteriskInfo,
        *,
        on_restart: Callable[[AsteriskInfo], Awaitable[None]],
        lost_seconds: float,
        backoff: Backoff | None = None,
    ) -> None:
        self._around = around
        self._ari: AsteriskARIClient = around.ari
        self._calls = calls
        self._info = info
        self._on_restart = on_restart
        self._lost_seconds = lost_seconds
        self._backoff = backoff or Backoff()
        self._down_since: float | None = None
        self._seen: Orphans = Orphans()
        self.problem = "not connected to Asterisk yet"

    async def run(self) -> None:
        """Connect, listen, and connect again, for ever.

        :raises OtherAsterisk: the address now leads to another one.
        """
        while True:
            try:
                await self._listen()
            except ARIError as error:
                self._note_loss(error)
            pause = self._backoff.lost(self._around.clock())
            log.info("connecting to Asterisk again in %.1f s", pause)
            await asyncio.sleep(pause)

    async def _listen(self) -> None:
        # What is unowned before we connect was never ours to hear of: nobody enters an application without a listener.
        before = await self._look()
        async with self._ari.events(self._around.app) as events:
            self._around.listening = True
            log.info("ARI WebSocket connected successfully")
            log.info("Listening for events on app: %s", self._around.app)
            await self._catch_up(before)
            async for event in events:
                if isinstance(event, ApplicationReplaced):
                    raise Replaced(_REPLACED.format(app=self._around.app))
                self._calls.on_event(event)

    async def _look(self) -> Orphans:
        info = await self._ari.info()
        if info.system.entity_id != self._info.system.entity_id:
            raise OtherAsterisk(info.system.entity_id)
        if info.status.startup_time != self._info.status.startup_time:
            log.warning("Asterisk was restarted")
            await self._on_restart(info)
        restarted = info.status.startup_time != self._info.status.startup_time
        self._info = info
        snapshot = await take_snapshot(self._ari, self._around.app)
        if restarted:
            self._calls.reconcile(snapshot.channel_ids, restarted=True)
        return orphans_of(snapshot, self._around.app, self._calls.owns)

    async def _catch_up(self, before: Orphans) -> None:
        self._backoff.connected(self._around.clock())
        snapshot = await take_snapshot(self._ari, self._around.app)
        self._calls.reconcile(snapshot.channel_ids, restarted=False)
        now = orphans_of(snapshot, self._around.app, self._calls.owns)
        await take_over(self._ari, now.also_in(before))
        if self._down_since is not None:
            await self._calls.check_playbacks()
        self._down_since, self.problem = None, ""

    def _note_loss(self, error: ARIError) -> None:
        now = self._around.clock()
        self._around.listening = False
        self.problem = str(error)
        log.error("Asterisk at %s: %s%s", self._ari.where, error, cure(error))
        if self._down_since is None:
            self._down_since = now
        elif now - self._down_since >= self._lost_seconds and len(self._calls):
            log.error("Asterisk was out of reach for %.0f s: its calls are over", now - self._down_since)
            self._calls.asterisk_lost(f"out of reach for {now - self._down_since:.0f} s")

    async def sweep(self) -> None:
        """Every half minute, delete what belonged to no call twice in a row."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                await self.sweep_once()
            except ARIError as error:
                log.debug("sweep put off: %s", error)

    async def sweep_once(self) -> None:
        """Compare, and delete what was an orphan the last time too."""
        snapshot = await take_snapshot(self._ari, self._around.app)
        found = orphans_of(snapshot, self._around.app, self._calls.owns)
        await take_over(self._ari, found.also_in(self._seen))
        self._seen = found


_REPLACED = (
    "another connection took the app {app}; stop the other gateway, or give one of them another name by "
    "TRUNKLINE_ARI_APP and in the dialplan's Stasis()"
)
