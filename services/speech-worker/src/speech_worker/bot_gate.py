"""Deaf while the bot speaks: for audio that carries the bot's own voice (``spy=both``). Barge-in is lost with it."""

import asyncio
import logging
from collections import defaultdict
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from callbus.codec import CodecError, decode
from callbus.events import PlaybackFailed, PlaybackFinished, PlaybackStarted
from callbus.message import Message
from callbus.streams import Streams
from speech_worker.ears import Ears

log = logging.getLogger(__name__)

_BLOCK_MS = 1000
_RETRY_SECONDS = 0.5


class BotGate:
    """Follows the playbacks of all calls, from now on, without a group: every worker needs all of them."""

    def __init__(self, redis: Redis, streams: Streams, ears: Ears) -> None:
        self._redis = redis
        self._positions: dict[Any, Any] = dict.fromkeys(streams.all_of("channel"), None)
        self._ears = ears
        self._playing: defaultdict[str, set[str]] = defaultdict(set)

    async def watch(self) -> None:
        """Deafen and undeafen calls until cancelled."""
        while True:
            try:
                await self._read()
            except (RedisError, OSError) as error:
                log.warning("playbacks cannot be followed: %s", error)
                await asyncio.sleep(_RETRY_SECONDS)

    async def _read(self) -> None:
        for stream, position in self._positions.items():
            if position is None:
                newest: Any = await self._redis.xrevrange(stream, count=1)
                self._positions[stream] = newest[0][0] if newest else "0"
        reply: Any = await self._redis.xread(self._positions, block=_BLOCK_MS)
        for stream, entries in reply:
            self._positions[stream.decode()] = entries[-1][0]
            for _, fields in entries:
                self._take(fields)

    def _take(self, fields: dict[bytes, bytes]) -> None:
        try:
            message = decode(fields)
        except CodecError:
            return  # its reader by right buries it
        self.follow(message)

    def follow(self, message: Message) -> None:
        """Take one event of a channel."""
        playing = self._playing[message.call_id]
        match message:
            case PlaybackStarted(playback_id=playback_id):
                playing.add(playback_id)
            case PlaybackFinished(playback_id=playback_id) | PlaybackFailed(playback_id=playback_id):
                playing.discard(playback_id)
        hearing = self._ears.hearing(message.call_id)
        if hearing is not None:
            hearing.deafen(bool(playing))
        if not playing:
            del self._playing[message.call_id]
