"""The bus's orders: from the control streams to the call that they are for."""

import logging

from redis.exceptions import RedisError

from ari_gateway.calls import Calls
from callbus.commands import HangUp, Listen, Play, StopPlayback, StopSpeaking, Transfer
from callbus.consume import Consumer
from callbus.delivery import Delivery
from callbus.events import FinalTranscript, SpeechStarted
from callbus.streams import Control, Streams, gateway_group

log = logging.getLogger(__name__)

KINDS: tuple[Control, ...] = ("dialog", "playback", "speech")


class Orders:
    """Reads what the others order; an order is acknowledged once its call's task has it.

    Orders of a call that is over, or on another Asterisk, are acknowledged and counted.
    """

    def __init__(self, redis_url: str, streams: Streams, calls: Calls, asterisk_id: str, consumer: str) -> None:
        self._calls = calls
        self.consumer = Consumer(
            redis_url,
            group=gateway_group(asterisk_id),
            consumer=consumer,
            streams=[name for kind in KINDS for name in streams.all_of(kind)],
            handle=self.handle,
            names=streams,
        )

    async def handle(self, delivery: Delivery) -> None:
        """Pass an order on."""
        match delivery.message:
            case (
                Play()
                | StopPlayback()
                | StopSpeaking()
                | SpeechStarted()
                | FinalTranscript()
                | Listen()
                | Transfer()
                | HangUp()
            ) as order:
                self._calls.on_order(order)
            case _:
                pass
        try:
            await self.consumer.ack(delivery)
        except (RedisError, OSError) as error:
            # It comes again, and its call knows it by its number.
            log.warning("%s: not acknowledged: %s", delivery.stream, error)
