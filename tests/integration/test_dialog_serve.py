"""The dialog's shell on a real Redis: hops, duplicates, timers, restarts, failures."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from callbus.codec import decode, encode
from callbus.commands import HangUp, Listen, PreparePrompts, Say, Transfer
from callbus.connect import connect
from callbus.events import (
    CallEnded,
    CallStarted,
    DtmfReceived,
    FinalTranscript,
    PartialTranscript,
    PlaybackFinished,
    SpeechStarted,
)
from callbus.hop import Hop
from callbus.message import Message
from callbus.secrets import MASK, SecretStore
from callbus.streams import Streams
from dialog_fsm import conversations as border
from dialog_fsm.choice import Scenarios
from dialog_fsm.load import load_scenarios
from dialog_fsm.machine import step
from dialog_fsm.serve import serve
from dialog_fsm.settings import DialogSettings
from dialog_fsm.store import DialogStore

SCENARIOS = Path(__file__).parents[2] / "scenarios"
CALL = "pbx-1.7"


def call_started(call_id: str, started_at: float, **fields: object) -> CallStarted:
    return CallStarted.model_validate(
        {
            "call_id": call_id,
            "channel_id": call_id,
            "asterisk_id": "pbx-1",
            "app": "novofon_bot",
            "caller_number": "+79123456789",
            "media_stream": f"media:{call_id}",
            "started_at": started_at,
            **fields,
        }
    )


class Caller:
    """The other services, as far as the dialog sees them."""

    def __init__(self, redis: Redis) -> None:
        # redis-py's types hold every reply of every protocol.
        self.redis: Any = redis
        self.names = Streams()
        self.gateway = Hop(redis, self.names, producer="ari-gateway")
        self.worker = Hop(redis, self.names, producer="speech-worker")
        self.utterances = 0

    async def arrives(self, call_id: str = CALL, *, started_at: float | None = None, **fields: object) -> None:
        await self.gateway.commit([call_started(call_id, time.time() if started_at is None else started_at, **fields)])

    async def hears_out(self) -> None:
        """Everything that was ordered is played."""
        for say in await self.said():
            finished = PlaybackFinished(
                call_id=CALL, playback_id=say.say_id, say_id=say.say_id, outcome="completed", played_ms=900
            )
            await self.gateway.commit([finished])

    async def says(self, text: str, *, secret_ref: str | None = None, call_id: str = CALL) -> None:
        self.utterances += 1
        name = f"u{self.utterances}"
        await self.worker.commit([SpeechStarted(call_id=call_id, utterance_id=name, audio_ms=0, onset_at=time.time())])
        await self.worker.commit(
            [PartialTranscript(call_id=call_id, utterance_id=name, text=text, audio_ms=9, engine="t")]
        )
        final = FinalTranscript(
            call_id=call_id,
            utterance_id=name,
            text=text,
            language="ru",
            started_ms=0,
            ended_ms=900,
            engine="test",
            secret_ref=secret_ref,
        )
        await self.worker.commit([final])

    async def orders(self, call_id: str = CALL) -> list[Message]:
        rows = await self.redis.xrange("dialog")
        found = [decode(fields) for _, fields in rows]
        return [message for message in found if message.call_id == call_id]

    async def said(self) -> list[Say]:
        return [message for message in await self.orders() if isinstance(message, Say)]


@pytest.fixture
async def caller(redis_url: str) -> AsyncIterator[Caller]:
    redis = connect(redis_url)
    yield Caller(redis)
    await redis.aclose()


@asynccontextmanager
async def running(redis_url: str, **settings: object) -> AsyncIterator[None]:
    """The service, until the block ends."""
    configured = DialogSettings.model_validate({"redis_url": redis_url, "scenarios_dir": SCENARIOS, **settings})
    scenarios = Scenarios(load_scenarios(SCENARIOS), configured.scenario, configured.scenario_by_number)
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(serve(configured, scenarios, stop))
        try:
            yield
        finally:
            stop.set()


async def until(what: Callable[[], Awaitable[bool]], seconds: float = 10.0) -> None:
    """Ask again and again until the answer is yes."""
    async with asyncio.timeout(seconds):
        while True:
            if await what():
                return
            await asyncio.sleep(0.01)


async def until_said(caller: Caller, fragment: str) -> None:
    async def found() -> bool:
        return any(fragment in say.text for say in await caller.said())

    await until(found)


async def until_settled(caller: Caller) -> None:
    async def settled() -> bool:
        try:
            infos = [await caller.redis.xinfo_groups(stream) for stream in ("calls", "speech", "channel")]
        except ResponseError:
            return False
        groups = [group for info in infos for group in info]
        return len(groups) == 3 and all(group["lag"] == 0 and group["pending"] == 0 for group in groups)

    await until(settled)


async def test_a_whole_call(redis_url: str, caller: Caller) -> None:
    async with running(redis_url):
        await caller.arrives()
        await until_said(caller, "Здравствуйте")
        for sentence, reply in (
            ("Я хочу записаться к терапевту", "На какой день и время"),
            ("Завтра в десять утра", "по этому номеру"),
            ("Да", "Всё верно?"),
            ("Да, подтверждаю", "вы записаны"),
            ("Нет, спасибо", "До свидания"),
        ):
            await caller.says(sentence)
            await until_said(caller, reply)
        await caller.hears_out()

        async def hung_up() -> bool:
            return any(isinstance(order, HangUp) for order in await caller.orders())

        await until(hung_up)
        await caller.gateway.commit([CallEnded(call_id=CALL, reason="bot_hung_up")])
        await until_settled(caller)
    orders = await caller.orders()
    assert [order.reason for order in orders if isinstance(order, HangUp)] == ["goal reached: booked"]
    assert [order.seq for order in orders] == list(range(1, len(orders) + 1))
    names = caller.names
    assert await caller.redis.exists(names.listen(CALL)) == 0
    assert 0 < await caller.redis.ttl(names.dialog_state(CALL)) <= 300
    assert await caller.redis.zcard(names.timers()) == 0


async def test_prompts_are_announced_at_the_start(redis_url: str, caller: Caller) -> None:
    async with running(redis_url):

        async def announced() -> bool:
            return len(await caller.orders("scenario:clinic-en")) == 1

        await until(announced)
    (message,) = await caller.orders("scenario:clinic-ru")
    assert isinstance(message, PreparePrompts)
    assert "Вас не слышно." in {prompt.text for prompt in message.prompts}


async def test_what_is_expected_lies_beside(redis_url: str, caller: Caller) -> None:
    async with running(redis_url):
        await caller.arrives()
        await caller.says("записаться к врачу")
        await until_said(caller, "К какому врачу")
    listen = Listen.model_validate_json(await caller.redis.get(caller.names.listen(CALL)))
    assert listen.slot_type == "choice"
    assert "терапевт" in listen.hints


async def test_a_repeated_delivery_changes_nothing(redis_url: str, caller: Caller) -> None:
    async with running(redis_url):
        await caller.arrives()
        await until_said(caller, "Здравствуйте")
        rows = await caller.redis.xrange("calls")
        await caller.redis.xadd("calls", rows[0][1])
        await caller.says("к хирургу")
        await until_said(caller, "к хирургу")
        for _, fields in await caller.redis.xrange("speech"):
            await caller.redis.xadd("speech", fields)
        await until_settled(caller)
    assert len(await caller.said()) == 2


async def test_silence_is_noticed_by_a_successor(redis_url: str, caller: Caller) -> None:
    """The timer was armed by a process that is gone when it is due."""
    async with running(redis_url):
        await caller.arrives()
        await until_said(caller, "Здравствуйте")
        await caller.hears_out()
        await until_settled(caller)
    key = caller.names.timers()
    member = f"{CALL}|no_input"
    due_at = await caller.redis.zscore(key, member)
    assert due_at == pytest.approx(time.time() + 7, abs=3)
    await _let_timer_be_due(caller, "no_input")
    async with running(redis_url):
        await until_said(caller, "Вас не слышно")
    assert await caller.redis.zscore(key, member) is None


async def _let_timer_be_due(caller: Caller, name: str) -> None:
    """As if the time had passed."""
    store = DialogStore(caller.redis, caller.names)
    stored = await store.load(CALL)
    assert stored is not None
    stored.state.timers[name] = time.time() - 0.1  # type: ignore[index]
    await caller.redis.hset(caller.names.dialog_state(CALL), "data", stored.state.model_dump_json())
    await caller.redis.zadd(caller.names.timers(), {f"{CALL}|{name}": time.time() - 0.1})


async def test_two_processes_fire_a_timer_once(redis_url: str, caller: Caller) -> None:
    async with running(redis_url), running(redis_url):
        await caller.arrives()
        await until_said(caller, "Здравствуйте")
        await caller.hears_out()
        await until_settled(caller)
        await _let_timer_be_due(caller, "no_input")
        await until_said(caller, "Вас не слышно")
        await until_settled(caller)
    assert sum("Вас не слышно" in say.text for say in await caller.said()) == 1


async def test_speech_before_the_calls_start_is_seen_begins_the_call(redis_url: str, caller: Caller) -> None:
    """The streams are read side by side: what comes first is no matter."""
    await caller.arrives()
    rows = await caller.redis.xrange("calls")
    await caller.says("к окулисту")
    async with running(redis_url):
        await until_said(caller, "к окулисту")
        await until_settled(caller)
    assert sum("Здравствуйте" in say.text for say in await caller.said()) == 1
    assert len(rows) == 1


async def test_a_call_that_is_over_is_not_greeted(redis_url: str, caller: Caller) -> None:
    at = time.time() - 5
    started = call_started(CALL, at).stamped(producer="ari-gateway", seq=1, at=at, traceparent="")
    ended = CallEnded(call_id=CALL, reason="caller_hung_up").stamped(
        producer="ari-gateway", seq=2, at=at + 1, traceparent=""
    )
    for message in (started, ended):
        fields: dict[Any, Any] = dict(encode(message))
        await caller.redis.xadd("calls", fields)
    await caller.says("алло")
    async with running(redis_url):
        await until_settled(caller)
    assert await caller.orders() == []


async def test_a_call_that_waited_too_long_is_hung_up(redis_url: str, caller: Caller) -> None:
    await caller.arrives(started_at=time.time() - 1000)
    async with running(redis_url, dialog_max_age_seconds=60):
        await until_settled(caller)
    assert [order.type for order in await caller.orders()] == ["HangUp"]


async def test_events_of_a_stranger_are_acknowledged(redis_url: str, caller: Caller) -> None:
    async with running(redis_url):
        await caller.says("алло", call_id="nobody")
        await until_settled(caller)
    assert await caller.orders("nobody") == []
    assert await caller.redis.xlen("dead-letters") == 0


async def test_a_call_may_ask_for_its_scenario(redis_url: str, caller: Caller) -> None:
    async with running(redis_url, scenario_by_number="100=clinic-en"):
        await caller.arrives("a", scenario="clinic-en")
        await caller.arrives("b", dialled_number="100")
        await caller.arrives("c", scenario="nosuch")
        await caller.arrives("d", language="en-GB")
        await until_settled(caller)
    greetings = {}
    for call_id in "abcd":
        greetings[call_id] = next(order.language for order in await caller.orders(call_id) if isinstance(order, Say))
    assert greetings == {"a": "en", "b": "en", "c": "ru", "d": "en"}


async def test_keys_and_words_that_are_masked(redis_url: str, caller: Caller) -> None:
    secrets = SecretStore(caller.redis, caller.names)
    async with running(redis_url):
        await caller.arrives()
        await caller.says("отменить запись")
        await until_said(caller, "четыре цифры")
        for digit in "4711":
            ref = await secrets.put(CALL, digit)
            await caller.gateway.commit([DtmfReceived(call_id=CALL, digit="*", secret_ref=ref)])
        await until_said(caller, "Отменить вашу запись?")
        await caller.says("нет")
        await until_said(caller, "Что-нибудь ещё")
        await caller.says("отменить запись")
        await until(lambda: _count(caller, "четыре цифры", 2))
        ref = await secrets.put(CALL, "четыре семь один один")
        await caller.says(MASK, secret_ref=ref)
        await until(lambda: _count(caller, "Отменить вашу запись?", 2))
    everything = [
        await caller.redis.hget(caller.names.dialog_state(CALL), "data"),
        *(fields[b"body"] for _, fields in await caller.redis.xrange("dialog")),
    ]
    assert not any(b"4711" in text or "семь".encode() in text for text in everything if b"PreparePrompts" not in text)
    assert b"secret:" in everything[0]


async def _count(caller: Caller, fragment: str, wanted: int) -> bool:
    return sum(fragment in say.text for say in await caller.said()) == wanted


async def test_a_bug_costs_one_call_its_conversation(
    redis_url: str, caller: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def buggy(*arguments: object) -> object:
        event = arguments[2]
        if isinstance(event, FinalTranscript) and event.text == "взрыв":
            raise RuntimeError("a bug")
        return step(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(border, "step", buggy)
    async with running(redis_url):
        await caller.arrives()
        await caller.arrives("other")
        await until_said(caller, "Здравствуйте")
        await caller.says("взрыв")
        await until_said(caller, "технический сбой")
        await caller.hears_out()
        await caller.says("к хирургу", call_id="other")

        async def answered() -> bool:
            orders = await caller.orders("other")
            return any(isinstance(order, Say) and "к хирургу" in order.text for order in orders)

        await until(answered)
        await until_settled(caller)
    assert any(isinstance(order, Transfer) for order in await caller.orders())
    (letter,) = await caller.redis.xrange("dead-letters")
    assert letter[1][b"reason"] == b"RuntimeError: a bug"
    assert "FinalTranscript failed in state greeting" in caplog.text


async def test_many_calls_at_once(redis_url: str, caller: Caller) -> None:
    calls = [f"many-{number}" for number in range(30)]
    async with running(redis_url), running(redis_url):
        await asyncio.gather(*(caller.arrives(call_id) for call_id in calls))
        await asyncio.gather(*(caller.says("к хирургу", call_id=call_id) for call_id in calls))

        async def answered() -> bool:
            rows = [decode(fields) for _, fields in await caller.redis.xrange("dialog")]
            answers = {row.call_id for row in rows if isinstance(row, Say) and "Хорошо, к хирургу" in row.text}
            return len(answers) == len(calls)

        await until(answered)
        await until_settled(caller)
    for call_id in calls:
        says = [order for order in await caller.orders(call_id) if isinstance(order, Say)]
        assert [say.say_id for say in says] == [f"{call_id}-1", f"{call_id}-2"]
