"""One call: the object that owns it, from the caller's arrival to the last thing deleted."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any, assert_never

from ari_gateway import events
from ari_gateway.arrival import Arrival
from ari_gateway.audio import CallAudio
from ari_gateway.call import Call, Phase
from ari_gateway.call_actions import (
    Action,
    AnnounceStarted,
    Answer,
    ContinueInDialplan,
    Destination,
    Ended,
    HangUpCaller,
    HungUp,
    Join,
    Make,
    Remove,
    StopMedia,
    Work,
)
from ari_gateway.call_inputs import HangUpOrdered, Input, Joined, Overdue, TransferOrdered
from ari_gateway.channel_work import ChannelWork
from ari_gateway.names import Part
from ari_gateway.outbox import Outbox
from ari_gateway.surroundings import Surroundings
from ari_gateway.voice import Voice, VoiceInput
from callbus.commands import HangUp, Listen, Play, StopPlayback, StopSpeaking, Transfer
from callbus.events import CallEnded, ChannelHungUp, DtmfReceived, FinalTranscript, SpeechStarted
from callbus.message import Message

log = logging.getLogger(__name__)

INBOX = 1000
"""More unread inputs than this mean that the call's task hangs: the newest are dropped and logged."""
NO_MEDIA_SECONDS = 2.0

Order = Play | StopPlayback | StopSpeaking | SpeechStarted | FinalTranscript | Listen | Transfer | HangUp
Thing = Input | VoiceInput | Listen | Transfer | HangUp | events.ChannelDtmfReceived


class LiveCall:
    """Owns one call; :meth:`run` is its task, :meth:`tell` the only way to it."""

    def __init__(self, arrival: Arrival, around: Surroundings, index_part: Callable[[str, Part], None]) -> None:
        self.arrival = arrival
        self.call_id = arrival.call_id
        self._around = around
        self._index_part = index_part
        self._inbox: asyncio.Queue[Thing] = asyncio.Queue(INBOX)
        self._heard: dict[str, int] = {}
        self._call = Call(arrival.channel_id, around.setup_seconds)
        self._outbox = Outbox(arrival.call_id, around.bus)
        self._voice = Voice(arrival, around, self._outbox, self._spawn, self.tell)
        gate = (lambda: self._voice.speaking) if around.spy == "both" else None
        self.audio = CallAudio(arrival.call_id, around.pump, around.clock, gate)
        self._work = ChannelWork(arrival, around, self.audio, self.tell)
        self._tasks: asyncio.TaskGroup | None = None
        self._secret = False
        self._announced = False
        self._media_due: float | None = None
        self._log = {"call_id": arrival.call_id}

    @property
    def leaving(self) -> bool:
        """Whether the call is on its way out."""
        return self._call.phase in (Phase.LEAVING, Phase.OVER)

    def tell(self, thing: Thing) -> None:
        """Let the call's task know; never blocks."""
        try:
            self._inbox.put_nowait(thing)
        except asyncio.QueueFull:
            log.error("the call does not keep up: %s dropped", type(thing).__name__, extra=self._log)

    async def run(self) -> None:
        """Take the caller on and stay until nothing of the call is left and the bus knows its end.

        Cancelling it leaves what the call made in Asterisk; the next start of a gateway deletes that.
        """
        async with asyncio.TaskGroup() as self._tasks:
            self._tasks.create_task(self._outbox.run(), name=f"outbox:{self.call_id}")
            self._act(self._call.begin(self._around.clock()))
            while self._call.phase is not Phase.OVER:
                self._take(await self._next())

    async def check_playback(self) -> None:
        """Make good for events that were missed."""
        await self._voice.check()

    def abandon(self) -> None:
        """Receive nothing more; for a call whose task failed."""
        self._work.close_media()
        self.audio.end("setup_failed")

    async def _next(self) -> Thing:
        deadlines = [at for at in (self._call.deadline, self._voice.deadline, self._media_due) if at is not None]
        if not deadlines or not self._inbox.empty():
            return await self._inbox.get()
        try:
            async with asyncio.timeout(max(0.0, min(deadlines) - self._around.clock())):
                return await self._inbox.get()
        except TimeoutError:
            return Overdue()

    def _take(self, thing: Thing) -> None:
        if isinstance(thing, Message) and not self._is_new(thing):
            return
        match thing:
            case Listen(secret=secret):
                self._secret = secret
            case events.ChannelDtmfReceived():
                self._report_digit(thing)
            case Transfer(context=context, extension=extension, priority=priority):
                self._hear(TransferOrdered(Destination(context, extension, priority)))
            case HangUp(cause=cause):
                self._hear(HangUpOrdered(cause))
            case Overdue():
                self._overdue()
            case _ if isinstance(thing, VoiceInput):
                self._voice.take(thing)
            case _:
                self._hear(thing)

    def _is_new(self, message: Message) -> bool:
        """A producer's messages come in order; one delivered a second time is not."""
        if message.seq and message.seq <= self._heard.get(message.producer, 0):
            return False
        self._heard[message.producer] = message.seq
        return True

    def _overdue(self) -> None:
        now = self._around.clock()
        self._voice.overdue()
        self._hear(Overdue())
        if self._media_due is not None and now >= self._media_due:
            self._media_due = None
            if self.audio.frames == 0:
                log.warning("no media has come from Asterisk in %g s; %s", NO_MEDIA_SECONDS, _CURE, extra=self._log)

    def _hear(self, event: Input) -> None:
        if isinstance(event, Joined):
            self._media_due = self._around.clock() + NO_MEDIA_SECONDS
        self._act(self._call.on(event, self._around.clock()))

    def _act(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case AnnounceStarted():
                    self._announced = True
                    self._outbox.put(self.arrival.started(self._around))
                case HungUp(by, cause):
                    self._outbox.put(ChannelHungUp(call_id=self.call_id, cause=cause, by=by))
                case StopMedia(reason):
                    self._stop_media(reason)
                case Ended():
                    self._report_end(action)
                case _:
                    self._spawn(self._work_on(action))

    async def _work_on(self, action: Work) -> None:
        self.tell(await self._result(action))

    async def _result(self, action: Work) -> Input:
        match action:
            case Answer():
                return await self._work.answer()
            case Make(part, identifier):
                self._index_part(identifier, part)
                return await self._work.make(part, identifier)
            case Join(bridge_id, leg_ids):
                return await self._work.join(bridge_id, leg_ids)
            case Remove(part, identifier):
                return await self._work.remove(part, identifier)
            case ContinueInDialplan(destination, outcome):
                # Asterisk would play on to the end before the caller leaves.
                await self._voice.silent()
                return await self._work.go_on(destination, outcome)
            case HangUpCaller(cause):
                return await self._work.hang_up(cause)
            case _:
                assert_never(action)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        if self._tasks is None:
            raise RuntimeError("the call does not run")
        return self._tasks.create_task(work, name=f"call:{self.call_id}:work")

    def _stop_media(self, reason: str) -> None:
        self._media_due = None
        self._work.close_media()
        if self._announced:  # nobody hears a call that the bus does not know
            self.audio.end(reason)
        self._voice.close()

    def _report_digit(self, event: events.ChannelDtmfReceived) -> None:
        report = DtmfReceived(
            call_id=self.call_id,
            digit="*" if self._secret else event.digit,
            duration_ms=event.duration_ms,
            received_at=time.time(),
        )
        self._outbox.put(report, secret=event.digit if self._secret else "")

    def _report_end(self, end: Ended) -> None:
        seconds = round(time.time() - self.arrival.at, 3)
        log.info("the call ended after %.1f s: %s %s", seconds, end.reason, end.detail, extra=self._log)
        ended = CallEnded(
            call_id=self.call_id,
            reason=end.reason,
            cause=end.cause,
            detail=end.detail,
            duration_seconds=seconds,
            frames=self.audio.frames,
        )
        self._outbox.put(ended, last=True)


_CURE = "the caller may send no RTP, or with the RTP route TRUNKLINE_RTP_HOST or a firewall may be wrong"
