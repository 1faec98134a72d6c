"""What could not be handled is kept with its reason, and can be put back."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from callbus.streams import Streams

MAXLEN = 10_000

# The letter and the acknowledgement commit together.
_BURY = """
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], '*', unpack(ARGV, 4))
return redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
"""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that failed, with where it came from and why it is here."""

    letter_id: str
    stream: str
    group: str
    entry_id: str
    attempts: int
    reason: str
    at: float
    original: dict[str, str]


class DeadLetters:
    """Buries, lists and replays."""

    def __init__(self, redis: Redis, streams: Streams) -> None:
        self._redis = redis
        self._streams = streams
        self._script = redis.register_script(_BURY)

    async def bury(
        self, stream: str, group: str, entry_id: str, fields: Mapping[bytes, bytes], attempts: int, reason: str
    ) -> None:
        """Move an entry to the dead letters and acknowledge it, in one transaction."""
        original = {key.decode(errors="replace"): value.decode(errors="replace") for key, value in fields.items()}
        letter = {
            "reason": reason[:500],
            "type": original.get("type", ""),
            "call_id": original.get("call_id", ""),
            "stream": stream,
            "group": group,
            "entry_id": entry_id,
            "attempts": str(attempts),
            "at": f"{time.time():.3f}",
            "original": json.dumps(original, ensure_ascii=False),
        }
        flat = [part for pair in letter.items() for part in pair]
        await self._script(
            keys=[stream, self._streams.dead_letters(stream)], args=[group, entry_id, str(MAXLEN), *flat]
        )

    async def list(self, count: int = 100, stream: str = "dead-letters") -> list[DeadLetter]:
        """The newest letters first."""
        rows: Any = await self._redis.xrevrange(stream, count=count)
        return [_letter(letter_id.decode(), fields) for letter_id, fields in rows]

    async def replay(self, letter: DeadLetter, letters: str = "dead-letters") -> str:
        """Put the original back on its stream, remove the letter, and return the new entry's id."""
        async with self._redis.pipeline(transaction=True) as pipe:
            original: dict[Any, Any] = dict(letter.original)
            pipe.xadd(letter.stream, original)
            pipe.xdel(letters, letter.letter_id)
            added, _ = await pipe.execute()
        return str(added.decode())


def _letter(letter_id: str, fields: Mapping[bytes, bytes]) -> DeadLetter:
    text = {key.decode(): value.decode() for key, value in fields.items()}
    return DeadLetter(
        letter_id=letter_id,
        stream=text["stream"],
        group=text["group"],
        entry_id=text["entry_id"],
        attempts=int(text["attempts"]),
        reason=text["reason"],
        at=float(text["at"]),
        original=json.loads(text["original"]),
    )
