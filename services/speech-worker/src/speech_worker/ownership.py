"""Who hears a call, and from where a successor has to hear it again.

Here a call is owned by holding its CallStarted in the group of the speech workers: whoever holds it, hears. The place
is the end of the last utterance whose text was published, so that nothing is lost between two owners.
"""

from redis.asyncio import Redis

from callbus.delivery import Delivery
from callbus.hop import Hop
from callbus.media import FRAME_MS
from callbus.message import Message
from callbus.streams import Streams

_TTL_SECONDS = 6 * 3600
_SEQ_TTL_AFTER_END_SECONDS = 300


class Ownership:
    """One call, owned by this worker."""

    def __init__(self, redis: Redis, streams: Streams, hop: Hop, delivery: Delivery) -> None:
        self._redis = redis
        self._streams = streams
        self._hop = hop
        self._delivery = delivery
        self.call_id = delivery.message.call_id
        self._place = f"{streams.media(self.call_id)}:heard"

    async def heard_frames(self) -> int:
        """How many frames of the call need not be heard again."""
        raw = await self._redis.get(self._place)
        return int(raw) if raw else 0

    async def audio_exists(self) -> bool:
        """Whether the call has a media stream."""
        return bool(await self._redis.exists(self._streams.media(self.call_id)))

    async def publish(self, message: Message, *, heard_ms: float | None = None) -> None:
        """Publish, and in the same hop remember up to where the call is done with."""
        sets = {} if heard_ms is None else {self._place: (str(int(heard_ms) // FRAME_MS), _TTL_SECONDS)}
        await self._hop.commit([message], sets=sets, traceparent=self._delivery.message.traceparent)

    async def release(self) -> None:
        """The call is over and done with: acknowledge it and delete its audio."""
        await self._hop.commit(
            [],
            acks=[self._delivery],
            deletes=[self._streams.media(self.call_id), self._place],
            expires={self._streams.seq(self.call_id): _SEQ_TTL_AFTER_END_SECONDS},
        )
