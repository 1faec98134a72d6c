"""What the stream of calls says about a call whose state is not there."""

from typing import Any

from redis.asyncio import Redis

from callbus.codec import CodecError, decode
from callbus.events import CallEnded, CallStarted
from callbus.streams import Streams

_PAGE = 500
_PAGES = 40


class Backlog:
    """Looks a call up in the stream ``calls``, the newest entries first."""

    def __init__(self, redis: Redis, names: Streams) -> None:
        self._redis = redis
        self._names = names

    async def live_start(self, call_id: str) -> CallStarted | None:
        """The call's CallStarted, unless the call has ended or nothing is known of it."""
        stream = self._names.control("calls", call_id)
        wanted, newest = call_id.encode(), "+"
        for _ in range(_PAGES):
            rows: Any = await self._redis.xrevrange(stream, max=newest, count=_PAGE)
            for _entry_id, fields in rows:
                if fields.get(b"call_id") == wanted:
                    return _live(fields)
            if len(rows) < _PAGE:
                return None
            newest = f"({rows[-1][0].decode()}"
        return None


def _live(fields: dict[bytes, bytes]) -> CallStarted | None:
    """The newest entry of a call: its start while it lives, else its end."""
    try:
        message = decode(fields)
    except CodecError:
        return None
    match message:
        case CallStarted():
            return message
        case CallEnded():
            return None
        case _:
            return None
