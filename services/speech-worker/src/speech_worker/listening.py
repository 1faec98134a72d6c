"""What the dialog expects to hear now, and how long a silence ends it."""

from dataclasses import dataclass

from pydantic import ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from callbus.commands import Listen, SlotType
from callbus.streams import Streams

# People think while they dictate digits, and do not while they say yes.
_ENDPOINTING_MS: dict[SlotType, int] = {
    "yes_no": 400,
    "choice": 500,
    "number": 700,
    "time": 600,
    "date": 700,
    "digits": 900,
    "phone": 1000,
}


@dataclass(frozen=True, slots=True)
class Expectation:
    """How the next utterance is to be heard; ``language`` is ISO 639-1."""

    language: str
    endpointing_ms: int
    secret: bool = False


def expectation(listen: Listen | None, language: str, endpointing_ms: int) -> Expectation:
    """What a Listen asks for; without one the defaults."""
    if listen is None:
        return Expectation(short_language(language), endpointing_ms)
    wanted_ms = listen.endpointing_ms or _ENDPOINTING_MS.get(listen.slot_type, endpointing_ms)
    return Expectation(short_language(listen.language), wanted_ms, listen.secret)


def short_language(tag: str) -> str:
    """``ru`` of ``ru-RU`` or ``ru_RU``."""
    return tag.replace("_", "-").partition("-")[0].lower()


class ListenKey:
    """Reads the newest Listen of a call."""

    def __init__(self, redis: Redis, streams: Streams) -> None:
        self._redis = redis
        self._streams = streams

    async def read(self, call_id: str) -> Listen | None:
        """The newest Listen, or None where there is none, or none that can be read: hearing goes on without."""
        try:
            raw = await self._redis.get(self._streams.listen(call_id))
        except (RedisError, OSError):
            return None
        if raw is None:
            return None
        try:
            return Listen.model_validate_json(raw)
        except ValidationError:
            return None
