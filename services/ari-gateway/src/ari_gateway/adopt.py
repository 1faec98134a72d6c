"""What becomes of calls and leftovers of a gateway that is no more: decided here and nowhere else."""

import logging
from collections.abc import Coroutine
from typing import Any

from ari_gateway.bus import Bus
from ari_gateway.client import AsteriskARIClient
from ari_gateway.errors import ARIError, ARIRefused
from ari_gateway.names import OUTCOME
from ari_gateway.pump import MediaPump
from ari_gateway.sweep import Orphans
from ari_gateway.unfinished import next_frame_seq, unfinished_calls
from callbus.events import CallEnded, CallStarted, EndReason

log = logging.getLogger(__name__)


async def take_over(ari: AsteriskARIClient, orphans: Orphans) -> None:
    """Delete legs and bridges that belong to no call, and send callers on whom nobody owns.

    Legs first: a snoop that is left would listen to whoever the caller speaks to next.
    """
    for leg in orphans.legs:
        await _attempt(ari.hang_up(leg), f"leg {leg}")
    for bridge in orphans.bridges:
        await _attempt(ari.delete_bridge(bridge), f"bridge {bridge}")
    for caller in orphans.callers:
        await _attempt(send_on(ari, caller.id, "gateway_lost"), f"caller {caller.id}")
    if orphans:
        log.warning(
            "found what belongs to no call: %d callers sent on in the dialplan, %d legs and %d bridges deleted",
            len(orphans.callers),
            len(orphans.legs),
            len(orphans.bridges),
        )


async def finish_unfinished(bus: Bus, pump: MediaPump, asterisk_id: str, app: str) -> list[CallStarted]:
    """End the calls on the bus that a gateway before us began and did not end; returns them.

    :raises redis.exceptions.RedisError: Redis does not answer.
    """
    calls = await unfinished_calls(bus, asterisk_id, app)
    for call in calls:
        frame_seq = await next_frame_seq(bus, call.call_id)
        if frame_seq is not None:
            pump.end(call.call_id, frame_seq, "gateway_lost")
        ended = CallEnded(call_id=call.call_id, reason="gateway_lost", detail="the gateway was restarted")
        await bus.publish(call.call_id, [ended], last=True)
        log.warning("ended a call that a gateway before this one had begun", extra={"call_id": call.call_id})
    return calls


async def send_on(ari: AsteriskARIClient, channel_id: str, outcome: EndReason) -> None:
    """Let a caller go on in the dialplan, which finds ``outcome`` in TRUNKLINE_OUTCOME, or else hang up.

    :raises ARIError: Asterisk does not answer, or the caller is gone.
    """
    try:
        await ari.set_variable(channel_id, OUTCOME, outcome)
        await ari.continue_in_dialplan(channel_id)
    except ARIRefused:
        await ari.hang_up(channel_id)


async def _attempt(work: Coroutine[Any, Any, None], what: str) -> None:
    try:
        await work
    except ARIError as error:
        log.warning("%s: %s", what, error)
