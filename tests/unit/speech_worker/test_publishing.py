import asyncio
from collections import deque
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from callbus.codec import encode
from callbus.events import FinalTranscript, PartialTranscript, SpeechStarted
from callbus.message import Message
from callbus.streams import Streams
from speech_worker.publishing import Publisher


class Bus:
    """Takes hops; some of them fail, with or without being done."""

    def __init__(self, *outcomes: str) -> None:
        self.outcomes = deque(outcomes)
        self.published: list[Message] = []
        self.heard: list[float | None] = []

    async def publish(self, message: Message, *, heard_ms: float | None = None) -> None:
        outcome = self.outcomes.popleft() if self.outcomes else "done"
        if outcome != "lost":
            self.published.append(message)
            self.heard.append(heard_ms)
        if outcome != "done":
            raise RedisConnectionError("Connection closed by server.")

    async def xrevrange(self, stream: str, count: int) -> list[tuple[bytes, dict[bytes, bytes]]]:
        assert stream == "speech"
        entries = [(b"1-1", _wire(message)) for message in reversed(self.published[-count:])]
        return [*entries, (b"0-1", {b"type": b"Unknown"})]


def _wire(message: Message) -> dict[bytes, bytes]:
    return {_bytes(name): _bytes(value) for name, value in encode(message).items()}


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def publisher(bus: Bus) -> Publisher:
    return Publisher(bus, Streams(), bus)  # type: ignore[arg-type]


def final(utterance_id: str = "u0") -> FinalTranscript:
    return FinalTranscript(
        call_id="c1", utterance_id=utterance_id, text="да", language="ru", started_ms=0, ended_ms=1, engine="e"
    )


def partial(text: str) -> PartialTranscript:
    return PartialTranscript(call_id="c1", utterance_id="u0", text=text, audio_ms=1, engine="e")


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("speech_worker.publishing._RETRY_SECONDS", 0.0)


async def test_a_final_is_published_when_redis_is_back() -> None:
    bus = Bus("lost", "lost", "lost")
    await publisher(bus).publish(final(), heard_ms=700)
    assert bus.published == [final()]
    assert bus.heard == [700]


async def test_a_hop_whose_answer_was_lost_is_not_repeated() -> None:
    bus = Bus("unanswered")
    await publisher(bus).publish(final())
    assert bus.published == [final()]


async def test_another_message_of_the_utterance_is_not_taken_for_it() -> None:
    bus = Bus("done", "lost")
    mine = publisher(bus)
    await mine.publish(SpeechStarted(call_id="c1", utterance_id="u0", audio_ms=0, onset_at=0))
    await mine.publish(final())
    assert [message.type for message in bus.published] == ["SpeechStarted", "FinalTranscript"]


async def test_only_the_newest_partial_is_published_and_none_after_the_final() -> None:
    bus = Bus()
    mine = publisher(bus)
    background = asyncio.create_task(mine.publish_partials())
    mine.partial_soon(partial("one"))
    mine.partial_soon(partial("one two"))
    await asyncio.sleep(0.01)
    mine.partial_soon(partial("one two three"))
    await mine.publish(final())
    await asyncio.sleep(0.01)
    background.cancel()
    await asyncio.wait({background})
    assert bus.published == [partial("one two"), final()]
