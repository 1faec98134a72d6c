"""What the caller hears: carries out a call's playbacks in Asterisk and reports them."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, assert_never

from ari_gateway import events
from ari_gateway.arrival import Arrival
from ari_gateway.errors import ARIError
from ari_gateway.outbox import Outbox
from ari_gateway.playback_inputs import PlayAccepted, PlaybackDeleted, PlaybackInput, PlaybackVanished, PlayRefused
from ari_gateway.playback_steps import Start, Step, Stop, Tell
from ari_gateway.playbacks import Playbacks
from ari_gateway.surroundings import Surroundings
from callbus.commands import Play, StopPlayback, StopSpeaking
from callbus.events import FinalTranscript, PlaybackFailed, SpeechStarted

log = logging.getLogger(__name__)

VoiceOrder = Play | StopPlayback | StopSpeaking | SpeechStarted | FinalTranscript
VoiceEvent = events.PlaybackStarted | events.PlaybackFinished
VoiceInput = VoiceOrder | VoiceEvent | PlaybackInput
Spawn = Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"]


class Voice:
    """The playbacks of one call, with their effects; ``tell`` brings results back to the call's own task."""

    def __init__(
        self,
        arrival: Arrival,
        around: Surroundings,
        outbox: Outbox,
        spawn: Spawn,
        tell: Callable[[PlaybackInput], None],
    ) -> None:
        self._channel_id = arrival.channel_id
        self._ari = around.ari
        self._clock = around.clock
        self._outbox = outbox
        self._spawn = spawn
        self._tell = tell
        self._playbacks = Playbacks(around.playback_margin_seconds)
        self._running: set[asyncio.Task[None]] = set()
        self._log = {"call_id": arrival.call_id}

    @property
    def deadline(self) -> float | None:
        """When :meth:`overdue` is to be called."""
        return self._playbacks.deadline

    @property
    def speaking(self) -> bool:
        """Whether the caller may be hearing the bot."""
        return self._playbacks.speaking

    def take(self, event: VoiceInput) -> None:
        """Do what follows from an order, an event or a result."""
        self._carry_out(self._steps(event, self._clock()))

    def overdue(self) -> None:
        """Do what time asks for."""
        self._carry_out(self._playbacks.overdue(self._clock()))

    def close(self) -> None:
        """Stop everything; nothing plays any more in this call."""
        self._carry_out(self._playbacks.close(self._clock()))

    async def silent(self) -> None:
        """Return when Asterisk has taken every order given so far."""
        if self._running:
            await asyncio.wait(self._running)

    async def check(self) -> None:
        """Find out about the current playback after a time without events."""
        playback_id = self._playbacks.current_id
        if playback_id is None:
            return
        try:
            if not await self._ari.playback_exists(playback_id):
                self._tell(PlaybackVanished(playback_id))
        except ARIError as error:
            log.warning("playback %s: %s", playback_id, error, extra=self._log)

    def _steps(self, event: VoiceInput, now: float) -> list[Step]:
        match event:
            case Play() | StopPlayback() | StopSpeaking() | SpeechStarted() | FinalTranscript():
                return self._ordered(event, now)
            case events.PlaybackStarted(playback=playback):
                return self._playbacks.started(playback.id, now)
            case events.PlaybackFinished(playback=playback):
                return self._playbacks.finished(playback.id, playback.state == "failed", now)
            case PlayAccepted(playback_id):
                return self._playbacks.accepted(playback_id, now)
            case PlayRefused(playback_id, reason):
                return self._playbacks.refused(playback_id, reason, now)
            case PlaybackDeleted(playback_id):
                return self._playbacks.deleted(playback_id, now)
            case PlaybackVanished(playback_id):
                return self._playbacks.vanished(playback_id, now)
            case _:
                assert_never(event)

    def _ordered(self, order: VoiceOrder, now: float) -> list[Step]:
        match order:
            case Play():
                return self._playbacks.play(order, now)
            case StopPlayback(playback_id=playback_id):
                return self._playbacks.stop(playback_id, now)
            case StopSpeaking(say_id=say_id):
                return self._playbacks.stop_say(say_id, now)
            case SpeechStarted(utterance_id=utterance_id):
                return self._playbacks.voice_began(utterance_id, now)
            case FinalTranscript(utterance_id=utterance_id):
                self._playbacks.voice_ended(utterance_id)
                return []

    def _carry_out(self, steps: list[Step]) -> None:
        for step in steps:
            match step:
                case Tell(report):
                    if isinstance(report, PlaybackFailed):
                        log.warning("PlaybackFinished state: failed: %s", report.reason, extra=self._log)
                    self._outbox.put(report)
                case Start():
                    self._keep(self._spawn(self._start(step)))
                case Stop(playback_id):
                    self._keep(self._spawn(self._stop(playback_id)))
                case _:
                    assert_never(step)

    def _keep(self, task: "asyncio.Task[None]") -> None:
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _start(self, step: Start) -> None:
        try:
            await self._ari.play_media(self._channel_id, step.media, playback_id=step.playback_id)
        except ARIError as error:
            log.error("playback %s: %s", step.playback_id, error, extra=self._log)
            self._tell(PlayRefused(step.playback_id, str(error)))
        else:
            self._tell(PlayAccepted(step.playback_id))

    async def _stop(self, playback_id: str) -> None:
        try:
            await self._ari.stop_playback(playback_id)
        except ARIError as error:
            log.debug("playback %s: %s", playback_id, error, extra=self._log)
        self._tell(PlaybackDeleted(playback_id))
