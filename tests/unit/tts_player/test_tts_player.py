import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from callbus import Message
from callbus.commands import Listen, Play, PreparePrompts, Prompt, Say, StopPlayback, StopSpeaking
from callbus.delivery import Delivery
from callbus.events import PlaybackFailed, PlaybackFinished, SpeechSynthesised
from tests.unit.tts_player.scripted_voice import ScriptedVoice, unavailable
from tts_player import player as player_module
from tts_player.cache import PromptCache
from tts_player.engine import Engine
from tts_player.fallback import Apologies
from tts_player.player import Player
from tts_player.replies import playback_id
from tts_player.store import SoundStore

SORRY = {"ru": "простите", "en": "sorry"}


class Bus:
    """Keeps what was committed and held; ``failures`` makes commits fail first."""

    def __init__(self) -> None:
        self.held: list[Delivery] = []
        self.hops: list[tuple[list[Message], list[str]]] = []
        self.failures = 0
        self._more = asyncio.Condition()

    def hold(self, delivery: Delivery) -> None:
        self.held.append(delivery)

    async def commit(self, messages: Sequence[Message] = (), *, acks: Iterable[Delivery] = ()) -> list[Message]:
        if self.failures:
            self.failures -= 1
            raise RedisConnectionError("gone")
        async with self._more:
            self.hops.append((list(messages), [one.entry_id for one in acks]))
            self._more.notify_all()
        return list(messages)

    async def wait_for(self, hops: int) -> None:
        async with asyncio.timeout(5), self._more:
            await self._more.wait_for(lambda: len(self.hops) >= hops)

    @property
    def messages(self) -> list[Message]:
        return [message for messages, _ in self.hops for message in messages]

    @property
    def played(self) -> list[str]:
        return [message.say_id for message in self.messages if isinstance(message, Play)]

    @property
    def acked(self) -> list[str]:
        return [entry for _, entries in self.hops for entry in entries]


class House:
    """A player over scripted engines and a bus in memory."""

    def __init__(self, root: Path, tasks: asyncio.TaskGroup) -> None:
        self.store = SoundStore(root)
        self.store.open()
        self.voice = ScriptedVoice(concurrency=4)
        self.cache = PromptCache([Engine(self.voice)], self.store)
        self.apologies = Apologies(self.store, SORRY)
        self.bus = Bus()
        self.now = 1000.0
        self.player = Player(self.cache, self.apologies, self.bus, self.bus, tasks, now=lambda: self.now)
        self._number = 0

    async def give(self, message: Message, *, at: float = 1000.0, seq: int = 0) -> str:
        """Deliver a message as the consumer would; returns its entry's id."""
        self._number += 1
        entry_id = f"{self._number}-0"
        stamped = message.stamped(producer="dialog-fsm", seq=seq or self._number, at=at, traceparent="")
        await self.player.handle(Delivery(stamped, "dialog", "tts-player", entry_id))
        return entry_id

    async def say(self, text: str, *, call_id: str = "c1", language: str = "ru", substitute: bool = False) -> str:
        return await self.give(
            Say(call_id=call_id, say_id=f"say-{text}", text=text, language=language, substitute=substitute)
        )


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        house = House(tmp_path, tasks)
        yield house
        await house.player.finish(0)


async def test_a_say_becomes_a_play_and_a_record_in_one_hop(house: House) -> None:
    entry = await house.give(
        Say(call_id="c1", say_id="s1", text="да", language="ru", interruptible=False, protected_ms=300)
    )
    await house.bus.wait_for(1)

    (play, record), acks = house.bus.hops[0]
    assert isinstance(play, Play)
    assert play.media.startswith("sound:trunkline/")
    assert (house.store.root / f"{play.media.removeprefix('sound:')}.sln16").is_file()
    assert (play.say_id, play.playback_id) == ("s1", playback_id("c1", "s1"))
    assert (play.interruptible, play.protected_ms, play.engine, play.cached) == (False, 300, "first", False)
    assert play.audio_ms == pytest.approx(400, abs=25)
    assert isinstance(record, SpeechSynthesised)
    assert (record.engine, record.cached, record.substitute) == ("first", False, False)
    assert acks == [entry]


async def test_sentences_of_a_call_leave_in_order_though_made_side_by_side(house: House) -> None:
    slow = house.voice.gate("первое")
    await house.say("первое")
    await house.say("второе")
    await house.voice.begun["второе"].wait()
    slow.set()
    await house.bus.wait_for(2)

    assert house.bus.played == ["say-первое", "say-второе"]


async def test_calls_do_not_wait_for_each_other(house: House) -> None:
    slow = house.voice.gate("медленно")
    await house.say("медленно", call_id="c1")
    await house.say("быстро", call_id="c2")
    await house.bus.wait_for(1)

    assert house.bus.played == ["say-быстро"]
    slow.set()
    await house.bus.wait_for(2)


async def test_a_call_leaves_nothing_behind(house: House) -> None:
    await house.say("да")
    await house.bus.wait_for(1)
    for _ in range(5):
        await asyncio.sleep(0)

    assert house.player.calls == 0


async def test_the_same_say_again_is_acknowledged_and_not_played_twice(house: House) -> None:
    say = Say(call_id="c1", say_id="s1", text="да", language="ru")
    await house.give(say, seq=7)
    await house.bus.wait_for(1)
    again = await house.give(say, seq=7)

    assert house.bus.played == ["s1"]
    assert house.bus.acked[-1] == again


async def test_a_stop_drops_what_has_not_played(house: House) -> None:
    house.voice.gate("долго")
    first = await house.say("долго")
    await house.voice.begun["долго"].wait()
    second = await house.say("потом")
    stop = await house.give(StopSpeaking(call_id="c1", reason="barge-in"))
    await house.bus.wait_for(1)

    messages, acks = house.bus.hops[0]
    assert [type(message) for message in messages] == [PlaybackFinished, PlaybackFinished, StopPlayback]
    ends = [(m.say_id, m.outcome, m.played_ms) for m in messages if isinstance(m, PlaybackFinished)]
    assert ends == [("say-долго", "stopped", 0.0), ("say-потом", "stopped", 0.0)]
    assert sorted(acks) == sorted([first, second, stop])
    assert house.bus.played == []
    assert "долго" in house.voice.cancelled


async def test_a_stop_of_one_say_leaves_the_others(house: House) -> None:
    slow = house.voice.gate("долго")
    await house.say("долго")
    await house.say("потом")
    await house.give(StopSpeaking(call_id="c1", say_id="say-долго"))
    await house.bus.wait_for(2)

    assert house.bus.played == ["say-потом"]
    assert not any(isinstance(message, StopPlayback) for message in house.bus.messages)
    slow.set()


async def test_a_stop_of_what_already_plays_is_passed_on(house: House) -> None:
    await house.say("да")
    await house.bus.wait_for(1)
    await house.give(StopSpeaking(call_id="c1", say_id="say-да"))
    await house.bus.wait_for(2)

    (stop,) = house.bus.hops[1][0]
    assert isinstance(stop, StopPlayback)
    assert stop.playback_id == playback_id("c1", "say-да")


async def test_what_is_said_after_a_stop_plays_after_it(house: House) -> None:
    house.voice.gate("долго")
    await house.say("долго")
    await house.give(StopSpeaking(call_id="c1"))
    await house.say("потом")
    await house.bus.wait_for(2)

    kinds = [type(message) for message in house.bus.messages]
    assert kinds.index(StopPlayback) < kinds.index(Play)
    assert house.bus.played == ["say-потом"]


async def test_a_failed_sentence_is_replaced_by_the_apology_of_its_language(house: House) -> None:
    await house.apologies.prepare(house.cache)
    house.voice.failing = unavailable()
    await house.say("hello", language="en-GB")
    await house.bus.wait_for(1)

    play, record = house.bus.hops[0][0]
    assert isinstance(play, Play)
    assert play.engine == "prepared"
    expected = house.apologies.sound("en")
    assert expected is not None
    assert play.media == expected.name.media
    assert isinstance(record, SpeechSynthesised)
    assert record.substitute
    assert record.failure == "first: unavailable: down"


async def test_an_apology_of_another_language_is_better_than_silence(house: House) -> None:
    await house.apologies.prepare(house.cache)
    await house.say("bonjour", language="fr")
    await house.bus.wait_for(1)

    assert [message.engine for message in house.bus.messages if isinstance(message, Play)] == ["prepared"]


async def test_a_stand_in_that_fails_is_not_apologised_for(house: House) -> None:
    await house.apologies.prepare(house.cache)
    house.voice.failing = unavailable()
    await house.say("занято", substitute=True)
    await house.bus.wait_for(1)

    (failed,) = house.bus.messages
    assert isinstance(failed, PlaybackFailed)
    assert (failed.say_id, failed.playback_id) == ("say-занято", playback_id("c1", "say-занято"))
    assert failed.reason == "first: unavailable: down"


async def test_without_any_apology_the_dialog_is_told(house: House) -> None:
    house.voice.failing = unavailable()
    await house.say("да")
    await house.bus.wait_for(1)

    assert [type(message) for message in house.bus.messages] == [PlaybackFailed]


async def test_a_say_from_long_ago_is_not_spoken(house: House) -> None:
    await house.give(Say(call_id="c1", say_id="s1", text="да", language="ru"), at=house.now - 61)

    (failed,) = house.bus.messages
    assert isinstance(failed, PlaybackFailed)
    assert "waited 61 s" in failed.reason
    assert house.voice.asked == []


async def test_a_hop_is_repeated_until_redis_has_it(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(player_module, "RETRY_SECONDS", 0)
    house.bus.failures = 3
    await house.say("да")
    await house.bus.wait_for(1)

    assert house.bus.played == ["say-да"]


async def test_prompts_are_made_ahead_and_then_cost_nothing(house: House) -> None:
    prompts = [Prompt(text="привет", language="ru"), Prompt(text="hello", language="en")]
    entry = await house.give(PreparePrompts(call_id="scenario:clinic", scenario="clinic", prompts=prompts))
    await house.bus.wait_for(1)
    assert house.bus.hops[0] == ([], [entry])

    await house.say("привет")
    await house.bus.wait_for(2)

    assert house.voice.asked == ["привет", "hello"]
    assert [message.cached for message in house.bus.messages if isinstance(message, Play)] == [True]


async def test_one_prompt_that_fails_costs_the_others_nothing(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.voice.failures["плохо"] = unavailable()
    texts = ("раз", "плохо", "два", "три", "четыре")
    prompts = [Prompt(text=text, language="ru") for text in texts]
    await house.give(PreparePrompts(call_id="scenario:x", scenario="x", prompts=prompts))
    await house.bus.wait_for(1)

    assert sorted(house.voice.asked) == sorted(texts)
    assert any("'плохо' not made ahead" in record.getMessage() for record in caplog.records)


async def test_other_orders_are_acknowledged(house: House) -> None:
    entry = await house.give(Listen(call_id="c1", language="ru"))

    assert house.bus.hops == [([], [entry])]
    assert house.bus.held == []


async def test_what_is_slow_is_held_meanwhile(house: House) -> None:
    gate = house.voice.gate("долго")
    entry = await house.say("долго")

    assert [delivery.entry_id for delivery in house.bus.held] == [entry]
    assert house.bus.acked == []
    gate.set()
    await house.bus.wait_for(1)


async def test_stopping_lets_the_sentence_in_hand_leave(house: House) -> None:
    gate = house.voice.gate("долго")
    await house.say("долго")
    await house.voice.begun["долго"].wait()
    finishing = asyncio.create_task(house.player.finish(5))
    await asyncio.sleep(0)
    gate.set()
    await finishing

    assert house.bus.played == ["say-долго"]


async def test_stopping_does_not_wait_for_ever(house: House) -> None:
    house.voice.gate("никогда")
    await house.say("никогда")
    await house.voice.begun["никогда"].wait()

    await house.player.finish(0)

    assert house.bus.acked == []
