import asyncio
from pathlib import Path

import pytest

from tests.unit.tts_player.scripted_voice import ScriptedVoice, unavailable
from tts_player.breaker import BreakerPolicy
from tts_player.cache import Prompt, PromptCache, PromptFailed, Sentence
from tts_player.engine import Engine
from tts_player.slots import Urgency
from tts_player.store import SoundStore
from tts_player.voice import AccessDenied

YES = Sentence("да", "ru")


class House:
    """A cache over two scripted engines."""

    def __init__(self, root: Path, *, concurrency: int = 4) -> None:
        self.store = SoundStore(root)
        self.store.open()
        self.first = ScriptedVoice("first", concurrency=concurrency)
        self.second = ScriptedVoice("second", languages=("ru",))
        self.now = 0.0
        policy = BreakerPolicy(failures=3, pause_seconds=5)
        self.engines = [Engine(voice, policy, clock=lambda: self.now) for voice in (self.first, self.second)]
        self.cache = PromptCache(self.engines, self.store, clock=lambda: self.now)

    async def say(self, text: str = "да", urgency: Urgency = Urgency.LIVE) -> Prompt:
        return await self.cache.obtain(Sentence(text, "ru"), urgency)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_hit_costs_the_engine_nothing(house: House) -> None:
    made = await house.say()
    found = await house.say(" да ")

    assert (made.cached, found.cached) == (False, True)
    assert made.sound == found.sound
    assert house.first.asked == ["да"]


async def test_what_was_made_before_a_restart_is_found(house: House, tmp_path: Path) -> None:
    await house.say()

    again = House(tmp_path)

    assert (await again.say()).cached
    assert again.first.asked == []


async def test_the_same_sentence_at_the_same_time_is_made_once(house: House) -> None:
    gate = house.first.gate("да")
    asking = [asyncio.create_task(house.say()) for _ in range(5)]
    await house.first.begun["да"].wait()
    gate.set()
    prompts = await asyncio.gather(*asking)

    assert house.first.asked == ["да"]
    assert sorted(prompt.cached for prompt in prompts) == [False, True, True, True, True]


async def test_when_the_maker_leaves_another_takes_over(house: House) -> None:
    gate = house.first.gate("да")
    maker = asyncio.create_task(house.say())
    await house.first.begun["да"].wait()
    waiter = asyncio.create_task(house.say())
    await settled()

    maker.cancel()
    gate.set()

    assert not (await waiter).cached
    assert house.first.cancelled == ["да"]
    assert house.first.asked == ["да", "да"]


async def test_a_waiter_that_leaves_disturbs_nobody(house: House) -> None:
    gate = house.first.gate("да")
    maker = asyncio.create_task(house.say())
    await house.first.begun["да"].wait()
    waiter = asyncio.create_task(house.say())
    await settled()

    waiter.cancel()
    await settled()
    gate.set()

    assert not (await maker).cached
    assert house.first.asked == ["да"]


async def test_a_failure_is_told_to_all_who_wait_and_not_repeated_for_each(house: House) -> None:
    gate = house.first.gate("да")
    house.first.failing = unavailable()
    house.second.failing = unavailable("second")
    asking = [asyncio.create_task(house.say()) for _ in range(3)]
    await house.first.begun["да"].wait()
    gate.set()
    outcomes = await asyncio.gather(*asking, return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [PromptFailed] * 3
    assert str(outcomes[0]) == "first: unavailable: down; second: unavailable: down"
    assert house.first.asked == ["да"]


async def test_the_next_engine_speaks_where_the_first_fails(house: House) -> None:
    house.first.failing = unavailable()

    prompts = [await house.say(), await house.say()]

    assert [prompt.engine for prompt in prompts] == ["second", "second"]
    assert [prompt.cached for prompt in prompts] == [False, True]
    assert house.first.asked == ["да", "да"]  # it is asked again: it may be well by then


async def test_the_first_engines_sound_is_its_own_again_when_it_is_well(house: House) -> None:
    house.first.failing = unavailable()
    substitute = await house.say()
    house.first.failing = None

    prompt = await house.say()

    assert (prompt.engine, prompt.cached) == ("first", False)
    assert prompt.sound.name != substitute.sound.name


async def test_an_engine_that_keeps_failing_is_left_alone_for_a_while(house: House) -> None:
    house.first.failing = unavailable()
    for number in range(5):
        await house.say(str(number))
    assert house.first.asked == ["0", "1", "2"]
    assert house.engines[0].rests

    house.now = 5.0
    house.first.failing = None

    assert (await house.say("5")).engine == "first"
    assert (await house.say("6")).engine == "first"


async def test_a_refused_key_is_tried_once(house: House) -> None:
    house.first.failing = AccessDenied("first", "HTTP 401")

    for number in range(3):
        assert (await house.say(str(number))).engine == "second"

    assert house.first.asked == ["0"]


async def test_a_cached_sentence_outlives_the_engine_that_made_it(house: House) -> None:
    await house.say()
    house.first.failing = AccessDenied("first", "HTTP 401")
    await house.say("нет")

    prompt = await house.say()

    assert (prompt.engine, prompt.cached) == ("first", True)


async def test_live_overtakes_what_is_prepared(tmp_path: Path) -> None:
    house = House(tmp_path, concurrency=1)
    gate = house.first.gate("0")
    ahead = [asyncio.create_task(house.say(str(number), Urgency.AHEAD)) for number in range(3)]
    await house.first.begun["0"].wait()
    live = asyncio.create_task(house.say("live"))
    await settled()
    gate.set()
    await asyncio.gather(live, *ahead)

    assert house.first.asked == ["0", "live", "1", "2"]


async def test_a_live_call_hastens_what_was_to_be_prepared(tmp_path: Path) -> None:
    house = House(tmp_path, concurrency=1)
    gate = house.first.gate("0")
    ahead = [asyncio.create_task(house.say(str(number), Urgency.AHEAD)) for number in range(3)]
    await house.first.begun["0"].wait()
    live = asyncio.create_task(house.say("2"))
    await settled()
    gate.set()
    await asyncio.gather(live, *ahead)

    assert house.first.asked == ["0", "2", "1"]


async def test_an_engine_gets_no_more_than_it_can_take(tmp_path: Path) -> None:
    house = House(tmp_path, concurrency=2)
    texts = [str(number) for number in range(10)]
    gates = [house.first.gate(text) for text in texts]
    asking = [asyncio.create_task(house.say(text)) for text in texts]
    for text, gate in zip(texts, gates, strict=True):
        await house.first.begun[text].wait()
        gate.set()
    await asyncio.gather(*asking)

    assert house.first.most_at_once == 2


async def test_a_language_that_nobody_speaks_fails_by_name(house: House) -> None:
    with pytest.raises(PromptFailed, match="first: rejected: no fr; second: rejected: no fr"):
        await house.cache.obtain(Sentence("oui", "fr"), Urgency.LIVE)


async def test_a_language_that_only_one_speaks_is_left_to_it(house: House) -> None:
    house.first.languages = ("en",)

    assert (await house.say()).engine == "second"
    assert house.first.asked == []


async def test_a_full_disk_is_no_fault_of_the_engine(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(descriptor: int, data: memoryview) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(house.store, "_write", write)

    with pytest.raises(PromptFailed, match="no room in the sounds folder"):
        await house.say()
    assert house.second.asked == []


async def test_a_bug_costs_one_sentence(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.first.failing = ZeroDivisionError("secret words")

    outcome = await house.cache.attempt(YES, Urgency.LIVE, "c1")

    assert isinstance(outcome, PromptFailed)
    assert str(outcome) == "bug: ZeroDivisionError"
    assert caplog.records[0].call_id == "c1"  # type: ignore[attr-defined]
    house.first.failing = None
    assert isinstance(await house.cache.attempt(YES, Urgency.LIVE, "c1"), Prompt)


async def test_audio_that_is_silent_counts_as_a_failure_of_that_engine(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(text: str, rendition: object):  # type: ignore[no-untyped-def]
        yield bytes(32000)

    monkeypatch.setattr(house.first, "synthesise", silent)

    assert (await house.say()).engine == "second"
