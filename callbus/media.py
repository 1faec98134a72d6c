"""The media log of a call: the caller's audio as one stream per call, 50 frames a second.

An entry's id is ``<frame_seq>-1``, where ``frame_seq`` counts 20 ms frames of the call from 1 and names the entry's
first frame. So a frame that is sent again is refused as "equal or smaller", and a gap is visible. An entry has the
field ``d`` (PCMU, 160 bytes a frame, one or more frames) or, as the last of a call, ``end`` (the reason).
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from callbus.streams import Streams

FRAME_BYTES = 160
FRAME_MS = 20
KEPT_FRAMES = 1500
"""30 s a call, in Redis and in the gateway's buffer."""
END_TTL_SECONDS = 60


@dataclass(frozen=True, slots=True)
class MediaChunk:
    """Consecutive frames of one call; ``end`` is set in the last chunk, which has no payload."""

    call_id: str
    frame_seq: int
    payload: bytes
    end: str | None = None

    @property
    def audio_ms(self) -> int:
        """Where the payload begins in the call's audio."""
        return (self.frame_seq - 1) * FRAME_MS


@dataclass(slots=True)
class _Outgoing:
    """Frames of one call that Redis has not acknowledged; the oldest go first when there are too many."""

    waiting: deque[tuple[int, bytes]] = field(default_factory=deque)
    end: tuple[int, str] | None = None
    dropped_frames: int = 0


class MediaWriter:
    """Collects the frames of all calls and sends them in one pipeline a flush.

    Frames stay buffered until Redis has taken them: at most ``kept_frames`` a call, then the oldest are dropped and
    counted.
    """

    def __init__(self, redis: Redis, streams: Streams, *, kept_frames: int = KEPT_FRAMES) -> None:
        self._redis = redis
        self._streams = streams
        self._kept_frames = kept_frames
        self._calls: dict[str, _Outgoing] = {}
        self.dropped_frames = 0

    def append(self, call_id: str, frame_seq: int, payload: bytes) -> None:
        """Buffer one or more frames that begin at ``frame_seq``."""
        outgoing = self._calls.setdefault(call_id, _Outgoing())
        outgoing.waiting.append((frame_seq, payload))
        if len(outgoing.waiting) > self._kept_frames:
            outgoing.waiting.popleft()
            self.dropped_frames += 1

    def end(self, call_id: str, frame_seq: int, reason: str) -> None:
        """Mark the call's audio as complete; ``frame_seq`` is one past its last frame."""
        self._calls.setdefault(call_id, _Outgoing()).end = (frame_seq, reason)

    @property
    def waiting_calls(self) -> int:
        """How many calls have something to send."""
        return sum(1 for outgoing in self._calls.values() if outgoing.waiting or outgoing.end)

    async def flush(self) -> int:
        """Send everything buffered and return how many entries were sent.

        One flush may run at a time. On a :class:`redis.exceptions.RedisError` all of it stays buffered; sending it
        again changes nothing that was taken.
        """
        sent = [(call_id, o, list(o.waiting), o.end) for call_id, o in self._calls.items() if o.waiting or o.end]
        if not sent:
            return 0
        async with self._redis.pipeline(transaction=False) as pipe:
            for call_id, _, waiting, end in sent:
                self._queue(pipe, self._streams.media(call_id), waiting, end)
            replies = iter(await pipe.execute(raise_on_error=False))
        for call_id, outgoing, waiting, end in sent:
            self._settle(call_id, outgoing, waiting, end, replies)
        return sum(len(waiting) for _, _, waiting, _ in sent)

    def _queue(self, pipe: Any, stream: str, waiting: list[tuple[int, bytes]], end: tuple[int, str] | None) -> None:
        for frame_seq, payload in waiting:
            pipe.xadd(stream, {"d": payload}, id=f"{frame_seq}-1", maxlen=KEPT_FRAMES, approximate=True)
        if end is not None:
            pipe.xadd(stream, {"end": end[1]}, id=f"{end[0]}-1")
            pipe.expire(stream, END_TTL_SECONDS)

    def _settle(
        self,
        call_id: str,
        outgoing: _Outgoing,
        waiting: list[tuple[int, bytes]],
        end: tuple[int, str] | None,
        replies: Any,
    ) -> None:
        for item in waiting:
            if _taken(next(replies)) and outgoing.waiting and outgoing.waiting[0] is item:
                outgoing.waiting.popleft()
        if end is not None:
            ended, _ = next(replies), next(replies)
            if _taken(ended):
                self._calls.pop(call_id, None)


def _taken(reply: object) -> bool:
    """Whether Redis has the entry: an id that is "equal or smaller" was taken the first time."""
    if isinstance(reply, ResponseError):
        return "equal or smaller" in str(reply)
    return not isinstance(reply, Exception)


class MediaReader:
    """One blocking XREAD over all calls that a worker owns; no group: positions are the owner's."""

    def __init__(self, redis: Redis, streams: Streams, *, count: int = 64) -> None:
        self._redis = redis
        self._streams = streams
        self._count = count
        self._positions: dict[str, str] = {}
        self._call_ids: dict[bytes, str] = {}
        self._any = asyncio.Event()

    def follow(self, call_id: str, after_frame_seq: int = 0) -> None:
        """Read the call from the frame after ``after_frame_seq``; takes effect with the next :meth:`read`."""
        stream = self._streams.media(call_id)
        self._positions[stream] = f"{after_frame_seq}-1" if after_frame_seq else "0"
        self._call_ids[stream.encode()] = call_id
        self._any.set()

    def forget(self, call_id: str) -> None:
        """Stop reading the call."""
        stream = self._streams.media(call_id)
        self._positions.pop(stream, None)
        self._call_ids.pop(stream.encode(), None)
        if not self._positions:
            self._any.clear()

    async def read(self, block_ms: int = 40) -> list[MediaChunk]:
        """What arrived since, over all calls; waits at most ``block_ms`` for it, and for ever while there is no call.

        A call that is followed meanwhile is served by the next read: keep ``block_ms`` short.
        """
        await self._any.wait()
        positions: dict[Any, Any] = dict(self._positions)
        reply: Any = await self._redis.xread(positions, count=self._count, block=block_ms)
        chunks: list[MediaChunk] = []
        for stream, entries in reply:
            chunks.extend(self._chunks(stream, entries))
        return chunks

    def _chunks(self, stream: bytes, entries: Any) -> list[MediaChunk]:
        call_id = self._call_ids.get(stream)
        if call_id is None:
            return []
        self._positions[stream.decode()] = entries[-1][0].decode()
        return [_chunk(call_id, entry_id, fields) for entry_id, fields in entries]


def _chunk(call_id: str, entry_id: bytes, fields: dict[bytes, bytes]) -> MediaChunk:
    frame_seq = int(entry_id.partition(b"-")[0])
    end = fields.get(b"end")
    return MediaChunk(call_id, frame_seq, fields.get(b"d", b""), None if end is None else end.decode())
