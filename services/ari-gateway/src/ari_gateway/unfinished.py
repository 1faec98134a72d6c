"""Calls of this Asterisk that the bus still believes alive: begun by a gateway that is no more."""

from typing import Any

from ari_gateway.bus import Bus
from callbus.codec import CodecError, decode
from callbus.events import CallEnded, CallStarted

PAGE = 1000


async def unfinished_calls(bus: Bus, asterisk_id: str, app: str) -> list[CallStarted]:
    """Every CallStarted of this Asterisk and application that has no CallEnded, oldest first.

    :raises redis.exceptions.RedisError: Redis does not answer.
    """
    open_calls: dict[str, CallStarted] = {}
    for stream in bus.streams.all_of("calls"):
        start = "-"
        while page := await _page(bus, stream, start):
            for _, fields in page:
                _note(open_calls, fields, asterisk_id, app)
            start = "(" + page[-1][0].decode()
    return list(open_calls.values())


async def _page(bus: Bus, stream: str, start: str) -> list[tuple[bytes, dict[bytes, bytes]]]:
    entries: Any = await bus.redis.xrange(stream, min=start, count=PAGE)
    return list(entries)


def _note(open_calls: dict[str, CallStarted], fields: dict[bytes, bytes], asterisk_id: str, app: str) -> None:
    try:
        message = decode(fields)
    except CodecError:
        return
    match message:
        case CallStarted() if message.asterisk_id == asterisk_id and message.app == app:
            open_calls[message.call_id] = message
        case CallEnded():
            open_calls.pop(message.call_id, None)
        case _:
            pass


async def next_frame_seq(bus: Bus, call_id: str) -> int | None:
    """One past the last frame of a call's media stream; None when it is complete or not there."""
    entries: Any = await bus.redis.xrevrange(bus.streams.media(call_id), count=1)
    if not entries:
        return None
    entry_id, fields = entries[0]
    if b"end" in fields:
        return None
    frames = max(1, len(fields.get(b"d", b"")) // 160)
    return int(entry_id.partition(b"-")[0]) + frames
