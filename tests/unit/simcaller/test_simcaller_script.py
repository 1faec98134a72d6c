"""Conversations as data, the caller's voice, and the command line."""

import argparse
import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from simcaller import CallOver, SipCall, measure
from simcaller.__main__ import _parser, lines, script, target
from simcaller.audio import Pcm16, encode_mulaw, write_wav
from simcaller.rhvoice import VoiceError
from simcaller.script import (
    Caller,
    ExpectHangUp,
    HangUp,
    InterruptAfter,
    Pause,
    Press,
    Say,
    Step,
    Turn,
    WaitForBotToFinish,
    turns,
)
from simcaller.speech import FirstThatCan, Recordings, RHVoice, tighten
from tests.unit.simcaller.far_end import FarEnd, far_end

SOUND = (6000 * np.sin(np.arange(1600) / 3)).astype(np.int16)
SOUND_PCMU = encode_mulaw(SOUND)


@dataclass
class Beeping:
    """A voice that says everything with the same 200 ms."""

    said: list[str] = field(default_factory=list)

    def say(self, text: str, language: str) -> Pcm16:
        self.said.append(f"{language}: {text}")
        return SOUND


async def on_response(end: FarEnd, then: Callable[[], None]) -> None:
    await end.until("ACK")
    then()


async def test_a_script_is_followed_step_by_step() -> None:
    voice = Beeping()
    heard: list[Turn] = []
    steps: list[Step] = [Pause(20), Say("Да"), Press("1"), HangUp()]
    async with far_end() as end, SipCall.place(end.address, "1001") as call:
        call_turns = await Caller(voice, "ru").run(call, steps, spoken=heard.append)

        assert end.methods()[-1] == "BYE"
    assert voice.said == ["ru: Да"]
    assert [turn.text for turn in heard] == ["Да"]
    assert {turn.who for turn in call_turns} == {"caller", "bot"}
    assert heard[0].ended_at > heard[0].began_at


async def test_the_caller_interrupts_and_waits() -> None:
    caller = Caller(Beeping(), "ru")
    async with far_end(echo=False) as end, SipCall.place(end.address, "1001") as call:
        await call.answered
        end.play(SOUND_PCMU * 3)
        await caller.run(call, [InterruptAfter(100), Say("Да")])
        end.play(SOUND_PCMU)
        await caller.run(call, [WaitForBotToFinish(60)])
        bot, said = turns(call)[0], measure.voicing(call.sent).spurts()[0]

        assert said.began_at - bot.began_at == pytest.approx(0.1, abs=0.09)


async def test_a_sentence_is_made_once_however_often_it_is_said() -> None:
    voice = Beeping()
    caller = Caller(voice, "en")

    await caller.prepare([Say("Yes"), Pause(1), Say("Yes"), Say("No")])

    assert voice.said == ["en: Yes", "en: No"]


async def test_nothing_can_be_said_when_the_call_is_over() -> None:
    async with far_end() as end, SipCall.place(end.address, "1001") as call:
        with pytest.raises(CallOver, match="could say 'Да'"):
            await Caller(Beeping(), "ru").run(call, [HangUp(), Say("Да")])


async def test_the_bot_is_expected_to_hang_up() -> None:
    async with far_end() as end, SipCall.place(end.address, "1001") as call, asyncio.TaskGroup() as group:
        group.create_task(on_response(end, lambda: end.ask("BYE")))
        await Caller(Beeping(), "ru").run(call, [ExpectHangUp(5)])

        assert call.ended.done()


async def test_a_bot_that_does_not_hang_up_is_a_time_out() -> None:
    async with far_end() as end, SipCall.place(end.address, "1001") as call:
        with pytest.raises(TimeoutError):
            await Caller(Beeping(), "ru").run(call, [ExpectHangUp(0.02)])


async def test_without_known_words_the_callers_turns_are_what_was_voiced() -> None:
    async with far_end() as end, SipCall.place(end.address, "1001") as call:
        await Caller(Beeping(), "ru").run(call, [Say("Да")])
        await call.wait_bot_silence(60, since=call.invited_at)

        assert [(turn.who, turn.text) for turn in turns(call)] == [("caller", ""), ("bot", "")]


def test_recordings_are_found_by_what_they_say(tmp_path: Path) -> None:
    (tmp_path / "ru").mkdir()
    (tmp_path / "ru" / "one.txt").write_text("Да, конечно!\n", encoding="utf-8")
    write_wav(tmp_path / "ru" / "one.wav", np.repeat(SOUND, 2), 16000)

    assert Recordings(tmp_path).say("да конечно", "ru").size == SOUND.size
    with pytest.raises(VoiceError, match="says 'нет'"):
        Recordings(tmp_path).say("нет", "ru")


@dataclass
class CountingEngine:
    """Stands for RHVoice."""

    calls: int = 0

    def speak(self, text: str, voice: str) -> tuple[Pcm16, int]:
        self.calls += 1
        return SOUND, 8000


def test_a_synthesised_sentence_is_kept(tmp_path: Path) -> None:
    engine = CountingEngine()
    voice = RHVoice(tmp_path, {"ru": "Irina"}, lambda: engine)

    first, second = voice.say("Да", "ru"), voice.say("Да", "ru")

    assert engine.calls == 1
    assert np.array_equal(first, second)
    assert not list(tmp_path.glob("*.partial"))


def test_long_pauses_are_shortened_and_short_ones_stay() -> None:
    def silence(milliseconds: int) -> Pcm16:
        return np.zeros(8 * milliseconds, dtype=np.int16)

    clip = np.concatenate([silence(300), SOUND, silence(100), SOUND, silence(500), SOUND, silence(300)])

    tight = tighten(clip, 160)

    heard = measure.voiced_blocks(tight)
    assert heard.sum() == measure.voiced_blocks(clip).sum()
    assert tight.size / 8 == pytest.approx(80 + 200 + 100 + 200 + 160 + 200 + 80, abs=15)


def test_another_language_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(VoiceError, match="no 'de'; known: ru"):
        RHVoice(tmp_path, {"ru": "Irina"}, CountingEngine).say("Ja", "de")


def test_the_next_voice_says_what_the_first_cannot(tmp_path: Path) -> None:
    assert FirstThatCan([Recordings(tmp_path), Beeping()]).say("Да", "ru") is SOUND
    with pytest.raises(VoiceError, match="no recording"):
        FirstThatCan([Recordings(tmp_path)]).say("Да", "ru")


def test_the_order_of_the_arguments_is_the_order_of_the_conversation() -> None:
    conversation = "--say Да --interrupt-after 300 --say Нет --pause 50 --press 12"

    steps = _parser().parse_args(["--to", "sip:1001@127.0.0.1:5070", *conversation.split()]).steps

    assert steps == [Say("Да"), InterruptAfter(300), Say("Нет"), Pause(50), Press("12")]


def test_a_polite_caller_lets_the_bot_finish_except_to_interrupt() -> None:
    steps = script([Say("Да"), InterruptAfter(300), Say("Нет")])

    finish = WaitForBotToFinish()
    assert steps == [finish, Say("Да"), InterruptAfter(300), Say("Нет"), finish, HangUp()]


def test_a_target_is_extension_host_and_port() -> None:
    assert target("sip:1001@127.0.0.1:5070") == ("127.0.0.1", 5070, "1001")
    assert target("1001@pbx") == ("pbx", 5060, "1001")
    with pytest.raises(argparse.ArgumentTypeError, match="sip:EXTENSION"):
        target("127.0.0.1")


def test_turns_are_told_in_seconds_from_the_first() -> None:
    assert lines([Turn("bot", 10.0, 12.5), Turn("caller", 13.0, 14.0, "Да")]) == [
        "   0.00 -    2.50 s  bot",
        "   3.00 -    4.00 s  caller  Да",
    ]
