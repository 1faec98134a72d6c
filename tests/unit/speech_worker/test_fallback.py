from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from speech_worker.fallback import WithFallback
from speech_worker.recogniser import RecogniserSession, Transcript
from speech_worker.utterance import Deaf, RecogniserFailed, Utterance


class Engine:
    """Fails as often as it is told to."""

    def __init__(self, engine: str, *failures: RecogniserFailed) -> None:
        self.engine = engine
        self.failures = list(failures)
        self.asked = 0
        self.reason = ""

    def trouble(self) -> str:
        return self.reason

    @asynccontextmanager
    async def session(self, call_id: str, language: str) -> AsyncIterator[RecogniserSession]:
        yield self

    async def recognise(self, utterance: Utterance) -> Transcript:
        self.asked += 1
        if self.failures:
            raise self.failures.pop(0)
        return Transcript("text", self.engine)


class Failures(Deaf):
    def __init__(self) -> None:
        self.seen: list[tuple[str, str | None]] = []

    def failed(self, failure: RecogniserFailed, fallback: str | None) -> None:
        self.seen.append((failure.meaning, fallback))


def utterance() -> Utterance:
    return Utterance("u0", language="ru")


async def test_the_second_engine_gets_the_same_utterance() -> None:
    first = Engine("vendor", RecogniserFailed("vendor", "unavailable", "slow"))
    second = Engine("local")
    heard, failures = utterance(), Failures()
    heard.listener = failures
    async with WithFallback(first, second).session("c1", "ru") as session:
        assert (await session.recognise(heard)).engine == "local"
        assert (await session.recognise(utterance())).engine == "vendor"
    assert failures.seen == [("unavailable", "local")]


async def test_after_a_lasting_failure_the_call_stays_with_the_second() -> None:
    first = Engine("vendor", RecogniserFailed("vendor", "quota", "none left", lasting=True))
    async with WithFallback(first, Engine("local")).session("c1", "ru") as session:
        await session.recognise(utterance())
        assert (await session.recognise(utterance())).engine == "local"
    assert first.asked == 1


async def test_a_new_call_is_spared_an_engine_in_trouble() -> None:
    first, second = Engine("vendor"), Engine("local")
    both = WithFallback(first, second)
    assert both.engine == "vendor"
    first.reason = "bad key"
    assert (both.engine, both.trouble()) == ("local", "")
    async with both.session("c1", "ru") as session:
        await session.recognise(utterance())
    assert (first.asked, second.asked) == (0, 1)


async def test_both_fail() -> None:
    failure = RecogniserFailed("local", "rate_limited", "full")
    both = WithFallback(Engine("vendor", RecogniserFailed("vendor", "unavailable", "")), Engine("local", failure))
    async with both.session("c1", "ru") as session:
        with pytest.raises(RecogniserFailed) as failed:
            await session.recognise(utterance())
    assert failed.value is failure
