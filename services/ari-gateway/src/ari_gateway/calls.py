"""The calls of this gateway: who owns which channel, and who is told what."""

import asyncio
import logging
from collections import Counter, OrderedDict
from typing import assert_never

from redis.exceptions import RedisError

from ari_gateway import events
from ari_gateway.adopt import send_on
from ari_gateway.arrival import Arrival
from ari_gateway.call_inputs import AsteriskLost, CallerHungUp, CallerLeft, Entered, GatewayStops, PartGone
from ari_gateway.errors import ARIError
from ari_gateway.live_call import LiveCall, Order
from ari_gateway.names import Part, call_id_of, owner_of
from ari_gateway.surroundings import Surroundings
from callbus.events import CallEnded

log = logging.getLogger(__name__)

REMEMBERED_VISITS = 10_000


class Calls:
    """Starts a task ``call:<id>`` for each caller and routes events and orders to it."""

    def __init__(self, around: Surroundings, tasks: asyncio.TaskGroup) -> None:
        self._around = around
        self._tasks = tasks
        self._by_channel: dict[str, LiveCall] = {}
        self._by_call_id: dict[str, LiveCall] = {}
        self._by_part: dict[str, tuple[LiveCall, Part]] = {}
        self._visits: OrderedDict[str, int] = OrderedDict()
        self._running: set[asyncio.Task[None]] = set()
        self._none_left = asyncio.Event()
        self._none_left.set()
        self.closed = False
        self.passed_over: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._by_call_id)

    @property
    def call_ids(self) -> frozenset[str]:
        """The calls that are owned here."""
        return frozenset(self._by_call_id)

    def owns(self, identifier: str) -> bool:
        """Whether a channel or bridge belongs to a call here."""
        return identifier in self._by_channel or identifier in self._by_part

    def on_event(self, event: events.AriEvent) -> None:
        """Tell the call that an event is about."""
        match event:
            case events.StasisStart():
                self._entered(event)
            case events.StasisEnd(channel=channel):
                self._left(channel.id, None)
            case events.ChannelHangupRequest(channel=channel, cause=cause, soft=soft):
                if call := self._by_channel.get(channel.id):
                    call.tell(CallerHungUp(None if soft else cause))
            case events.ChannelDestroyed(channel=channel, cause=cause):
                self._left(channel.id, cause)
            case events.ChannelDtmfReceived(channel=channel):
                if call := self._by_channel.get(channel.id):
                    call.tell(event)
            case events.PlaybackStarted(playback=playback) | events.PlaybackFinished(playback=playback):
                if call := self._by_channel.get(playback.target_uri.removeprefix("channel:")):
                    call.tell(event)
            case events.ApplicationReplaced():
                return
            case _:
                assert_never(event)

    def on_order(self, order: Order) -> None:
        """Tell the call that an order is for; orders for calls that are not here are passed over."""
        call = self._by_call_id.get(order.call_id)
        if call is None:
            self.passed_over[order.type] += 1
        else:
            call.tell(order)

    def reconcile(self, channel_ids: frozenset[str], *, restarted: bool) -> None:
        """Make good for events that were missed: callers and legs that Asterisk no longer lists are gone."""
        for channel_id, call in list(self._by_channel.items()):
            if channel_id not in channel_ids:
                call.tell(CallerLeft(restarted))
        for identifier, (call, part) in list(self._by_part.items()):
            if part is not Part.BRIDGE and identifier not in channel_ids:
                call.tell(PartGone(part, identifier))

    async def check_playbacks(self) -> None:
        """Ask Asterisk about the playbacks whose end may have been missed."""
        await asyncio.gather(*(call.check_playback() for call in self._by_call_id.values()))

    def asterisk_lost(self, detail: str) -> None:
        """Asterisk is out of reach for good: every call is over."""
        for call in self._by_call_id.values():
            call.tell(AsteriskLost(detail))

    async def close(self) -> None:
        """Take no more callers, send those on that are here, and return when all are gone."""
        self.closed = True
        for call in self._by_call_id.values():
            call.tell(GatewayStops())
        await self._none_left.wait()

    def cancel(self) -> None:
        """Give up the calls that are still here; their leftovers are for the next gateway."""
        for task in self._running:
            task.cancel()

    def _entered(self, event: events.StasisStart) -> None:
        identifier = event.channel.id
        if owner_of(identifier) is not None:
            owned = self._by_part.get(identifier)
            if owned is not None:
                owned[0].tell(Entered(owned[1], identifier))
            return
        current = self._by_channel.get(identifier)
        if event.application == self._around.app and (current is None or current.leaving):
            self._take_on(event)

    def _take_on(self, event: events.StasisStart) -> None:
        if self.closed:
            self.passed_over["StasisStart"] += 1
            return
        arrival = Arrival(self._call_id(event.channel.id), event)
        call = LiveCall(arrival, self._around, lambda identifier, part: self._index(identifier, call, part))
        self._by_channel[arrival.channel_id] = call
        self._by_call_id[arrival.call_id] = call
        self._none_left.clear()
        log.info("a caller entered on channel %s", arrival.channel_id, extra={"call_id": arrival.call_id})
        task = self._tasks.create_task(self._own(call), name=f"call:{arrival.call_id}")
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def _call_id(self, channel_id: str) -> str:
        """A channel that comes back after a transfer is a new call."""
        visit = self._visits.pop(channel_id, 0) + 1
        self._visits[channel_id] = visit
        if len(self._visits) > REMEMBERED_VISITS:
            self._visits.popitem(last=False)
        call_id = call_id_of(self._around.asterisk_id, channel_id)
        return call_id if visit == 1 else f"{call_id}-{visit}"

    async def _own(self, call: LiveCall) -> None:
        """The border of one call: whatever fails in it ends this call and no other."""
        try:
            await call.run()
        except Exception:
            log.exception("the call is given up: this is a bug", extra={"call_id": call.call_id})
            await self._abandon(call)
        finally:
            self._forget(call)

    async def _abandon(self, call: LiveCall) -> None:
        """Leave nothing of a call whose own task failed: its parts, the caller in silence, the bus without an end."""
        call.abandon()
        ari = self._around.ari
        parts = [(identifier, part) for identifier, (owner, part) in self._by_part.items() if owner is call]
        deletions = [(ari.delete_bridge if part is Part.BRIDGE else ari.hang_up)(name) for name, part in parts]
        for work in [*deletions, send_on(ari, call.arrival.channel_id, "setup_failed")]:
            try:
                await work
            except ARIError as error:
                log.debug("%s", error, extra={"call_id": call.call_id})
        ended = CallEnded(call_id=call.call_id, reason="setup_failed", detail="internal error")
        try:
            await self._around.bus.publish(call.call_id, [ended], last=True)
        except (RedisError, OSError) as error:
            log.error("CallEnded not published: %s", error, extra={"call_id": call.call_id})

    def _left(self, identifier: str, cause: int | None) -> None:
        if call := self._by_channel.get(identifier):
            call.tell(CallerLeft() if cause is None else CallerHungUp(cause))
        elif owned := self._by_part.get(identifier):
            owned[0].tell(PartGone(owned[1], identifier))

    def _index(self, identifier: str, call: LiveCall, part: Part) -> None:
        self._by_part[identifier] = (call, part)

    def _forget(self, call: LiveCall) -> None:
        if self._by_channel.get(call.arrival.channel_id) is call:
            del self._by_channel[call.arrival.channel_id]
        self._by_call_id.pop(call.call_id, None)
        for identifier in [name for name, (owner, _) in self._by_part.items() if owner is call]:
            del self._by_part[identifier]
        if not self._by_call_id:
            self._none_left.set()
