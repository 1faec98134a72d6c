"""A caller who follows a story and a watcher who shows it, against a bot of the test's own on loopback."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from callbus import Message
from callbus.commands import HangUp, Play, Say
from callbus.events import CallEnded, CallStarted, FinalTranscript, PlaybackFinished, PlaybackStarted
from demo import scene as scene_module
from demo.scene import Scene
from demo.story import Move, Story
from demo.watch import Watch
from demo.words import Answer, Heard, Line, Note, Spoken
from simcaller import SipCall, measure, script
from simcaller.audio import Pcm16, encode_mulaw
from tests.unit.simcaller.far_end import FarEnd, far_end

SOUND = (6000 * np.sin(np.arange(1600) / 3)).astype(np.int16)
SORRY = "Простите?"


class Beeping:
    """A voice that says everything with the same 200 ms."""

    def say(self, text: str, language: str) -> Pcm16:
        return SOUND


@dataclass
class Bot:
    """The far end and what it puts on the bus."""

    end: FarEnd
    call: SipCall
    bus: asyncio.Queue[Message | None] = field(default_factory=asyncio.Queue)
    says: int = 0

    async def messages(self) -> AsyncIterator[Message]:
        while (message := await self.bus.get()) is not None:
            yield message

    async def start(self) -> None:
        await self.end.until("ACK")
        self.tell(
            CallStarted(
                call_id="c",
                channel_id="c",
                asterisk_id="a",
                app="novofon_bot",
                sip_call_id=self.call.call_id,
                media_stream="media:c",
            )
        )

    def tell(self, message: Message) -> None:
        self.bus.put_nowait(message.model_copy(update={"at": time.time()}))

    async def speak(self, text: str) -> None:
        """Play 200 ms, and wait until the caller has heard them."""
        self.says += 1
        name = f"s{self.says}"
        self.tell(Say(call_id="c", say_id=name, text=text, language="ru"))
        self.tell(Play(call_id="c", playback_id=name, say_id=name, media="sound:x", audio_ms=200))
        before = time.time()
        self.end.play(encode_mulaw(SOUND))
        self.tell(PlaybackStarted(call_id="c", playback_id=name, say_id=name))
        await self.call.wait_bot_silence(20, since=before)
        self.tell(PlaybackFinished(call_id="c", playback_id=name, say_id=name, outcome="completed", played_ms=200))

    async def listen(self, words: int) -> None:
        """Wait until the caller has said so many sentences."""
        async with asyncio.timeout(5):
            while len(self._spoken()) < words or time.time() - self._spoken()[-1].ended_at < 0.05:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        self.tell(
            FinalTranscript(
                call_id="c", utterance_id="u", text="да", language="ru", started_ms=0, ended_ms=200, engine="ear"
            )
        )

    def hang_up(self) -> None:
        self.tell(HangUp(call_id="c", reason="goal reached: booked"))
        self.end.ask("BYE")
        self.tell(CallEnded(call_id="c", reason="bot_hung_up"))

    def _spoken(self) -> Sequence[measure.Spurt]:
        return measure.voicing(self.call.sent).spurts(100)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    patient = script.WaitForBotToFinish(silence_ms=60, timeout_seconds=3)
    monkeypatch.setattr(scene_module, "PATIENT", patient)


def story(*moves: Move) -> Story:
    return Story("clinic", "+7900", moves, frozenset({SORRY}), {})


async def test_a_story_is_acted_and_shown() -> None:
    shown: list[Line] = []
    async with far_end(echo=False) as end, SipCall.place(end.address, "1001") as call:
        bot = Bot(end, call)
        scene = Scene(story(Move(script.Say("Да"))), script.Caller(Beeping(), "ru"), Watch(call, shown.extend))
        async with asyncio.TaskGroup() as group:
            playing = group.create_task(scene.play(bot.messages()))
            await bot.start()
            await bot.speak("Здравствуйте!")
            await bot.listen(1)
            await bot.speak("Готово.")
            bot.hang_up()

    assert playing.result() == ""
    kinds = [type(line) for line in shown]
    assert kinds == [Note, Answer, Spoken, Heard, Answer]
    answer = shown[-1]
    assert isinstance(answer, Answer)
    assert [hop.name for hop in answer.hops][-1] == "audible"
    assert 0 < sum(hop.hop_ms for hop in answer.hops) < 3000
    assert [turn.text for turn in scene.watch.conversation.spoken] == ["Здравствуйте!", "Да", "Готово."]


async def test_what_was_not_understood_is_said_again() -> None:
    shown: list[Line] = []
    async with far_end(echo=False) as end, SipCall.place(end.address, "1001") as call:
        bot = Bot(end, call)
        scene = Scene(story(Move(script.Say("Да"))), script.Caller(Beeping(), "ru"), Watch(call, shown.extend))
        async with asyncio.TaskGroup() as group:
            playing = group.create_task(scene.play(bot.messages()))
            await bot.start()
            await bot.speak("Здравствуйте!")
            await bot.listen(1)
            await bot.speak(SORRY)
            await bot.listen(2)
            await bot.speak("Готово.")
            bot.hang_up()

    assert playing.result() == ""
    assert sum(isinstance(line, Spoken) for line in shown) == 2


async def test_a_call_that_is_refused_is_the_callers_trouble() -> None:
    async with far_end(486) as end, SipCall.place(end.address, "1001") as call:
        scene = Scene(story(), script.Caller(Beeping(), "ru"), Watch(call, lambda lines: None))
        bot = Bot(end, call)
        bot.bus.put_nowait(None)

        assert await scene.play(bot.messages()) == "the call was refused: 486 Because"
