"""What one call has Asterisk do; each piece of work returns what the call's state machine is to hear of it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ari_gateway.arrival import Arrival
from ari_gateway.audio import CallAudio
from ari_gateway.call_actions import Destination
from ari_gateway.call_inputs import (
    Answered,
    Departed,
    DepartFailed,
    Joined,
    Made,
    PartGone,
    Removed,
    StepFailed,
)
from ari_gateway.errors import ARIError, ARIUnavailable, NotFound
from ari_gateway.media_leg import MediaLeg
from ari_gateway.names import OUTCOME, Part
from ari_gateway.surroundings import Surroundings

log = logging.getLogger(__name__)

REMOVE_PAUSES_SECONDS = (0.2, 0.8, 0.0)
"""Pauses after failed deletions while Asterisk does not answer; then the part is left to the sweep."""


@dataclass(slots=True)
class _LegSink:
    """Where one media leg's audio falls."""

    push: Callable[[bytes], None]
    on_lost: Callable[[PartGone], None]
    identifier: str

    def lost(self, reason: str) -> None:
        log.warning("%s (%s)", reason, self.identifier)
        self.on_lost(PartGone(Part.MEDIA, self.identifier))


class ChannelWork:
    """Everything that is done in Asterisk for one call; media legs are kept here until they are closed."""

    def __init__(
        self, arrival: Arrival, around: Surroundings, audio: CallAudio, on_lost: Callable[[PartGone], None]
    ) -> None:
        self._arrival = arrival
        self._around = around
        self._ari = around.ari
        self._channel_id = arrival.channel_id
        self._audio = audio
        self._on_lost = on_lost
        self._legs: dict[str, MediaLeg] = {}
        self._log = {"call_id": arrival.call_id}

    async def answer(self) -> Answered | StepFailed:
        """Answer, and meanwhile read what CallStarted will say."""
        answering = self._ari.answer_channel(self._channel_id)
        answered, _ = await asyncio.gather(
            self._attempt(answering, "the caller could not be answered"), self._arrival.ask(self._around)
        )
        return answered or Answered()

    async def make(self, part: Part, identifier: str) -> Made | StepFailed:
        """Make a part; while no events are heard nobody would hear of its entering, so it is not tried."""
        if not self._around.listening:
            return StepFailed(part, f"{_FAILURES[part]}: Asterisk's events are not heard", unreachable=True)
        self._audio.resume()
        work = {Part.SNOOP: self._snoop, Part.MEDIA: self._open_media, Part.BRIDGE: self._bridge}[part]
        failure = await self._attempt(work(identifier), _FAILURES[part], part)
        if failure is None:
            return Made(part)
        if part is Part.MEDIA or failure.unreachable:
            # It may have been made all the same, or half.
            await self.remove(part, identifier)
        return failure

    async def join(self, bridge_id: str, leg_ids: tuple[str, ...]) -> Joined | StepFailed:
        """Put legs into the bridge."""
        joining = self._ari.add_channel(bridge_id, *leg_ids)
        return await self._attempt(joining, "the legs could not be bridged", None, caller=False) or Joined()

    async def remove(self, part: Part, identifier: str) -> Removed:
        """Delete a part; what is not there is deleted."""
        if part is Part.MEDIA:
            self._close(identifier)
        deletion = self._ari.delete_bridge if part is Part.BRIDGE else self._ari.hang_up
        for pause in REMOVE_PAUSES_SECONDS:
            try:
                await deletion(identifier)
            except NotFound:
                break
            except ARIUnavailable:
                await asyncio.sleep(pause)
            except ARIError as error:
                log.warning("%s is left in Asterisk: %s", identifier, error, extra=self._log)
                break
            else:
                break
        return Removed(part, identifier)

    async def go_on(self, destination: Destination, outcome: str) -> Departed | DepartFailed:
        """Send the caller on in the dialplan."""
        return await self._depart(self._continue(destination, outcome))

    async def hang_up(self, cause: int | None) -> Departed | DepartFailed:
        """Hang the caller up."""
        return await self._depart(self._ari.hang_up(self._channel_id, cause))

    def close_media(self) -> None:
        """Receive nothing more."""
        for identifier in list(self._legs):
            self._close(identifier)

    async def _depart(self, departing: Awaitable[None]) -> Departed | DepartFailed:
        try:
            await departing
        except ARIError as error:
            log.warning("the caller could not be sent on: %s", error, extra=self._log)
            return DepartFailed(isinstance(error, NotFound), str(error))
        return Departed()

    async def _continue(self, destination: Destination, outcome: str) -> None:
        await self._ari.set_variable(self._channel_id, OUTCOME, outcome)
        await self._ari.continue_in_dialplan(
            self._channel_id, destination.context, destination.extension, destination.priority
        )

    async def _attempt(
        self, work: Awaitable[None], failure: str, part: Part | None = None, *, caller: bool = True
    ) -> StepFailed | None:
        try:
            await work
        except ARIError as error:
            gone = caller and isinstance(error, NotFound) and part in (None, Part.SNOOP)
            if not gone:
                log.error("%s: %s", failure, error, extra=self._log)
            return StepFailed(part, f"{failure}: {error}", gone, isinstance(error, ARIUnavailable))
        return None

    async def _snoop(self, identifier: str) -> None:
        around = self._around
        await self._ari.snoop_channel(
            self._channel_id, around.app, around.spy, snoop_id=identifier, app_args=f"snoop,{self._channel_id}"
        )
        log.info("Snoop channel started: %s for channel %s", identifier, self._channel_id, extra=self._log)

    async def _open_media(self, identifier: str) -> None:
        sink = _LegSink(self._audio.push, self._on_lost, identifier)
        self._legs[identifier] = await self._around.route.open(identifier, sink)

    async def _bridge(self, identifier: str) -> None:
        await self._ari.create_bridge(identifier, self._around.app)

    def _close(self, identifier: str) -> None:
        leg = self._legs.pop(identifier, None)
        if leg is not None:
            leg.close()


_FAILURES = {
    Part.SNOOP: "Snoop channel failed",
    Part.MEDIA: "the media leg could not be made",
    Part.BRIDGE: "the bridge could not be made",
}
