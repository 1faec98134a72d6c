"""The messages of a call -> the lines that are shown, and whether the goal was reached."""

import re

import pytest

from callbus import Message
from callbus.commands import HangUp, Play, Say, Transfer
from callbus.events import (
    CallEnded,
    CallStarted,
    DtmfReceived,
    FinalTranscript,
    PlaybackFailed,
    PlaybackFinished,
    PlaybackStarted,
    SpeechFailed,
    SpeechSynthesised,
)
from demo.conversation import Conversation
from demo.render import Renderer, summary
from demo.verdict import failure
from demo.words import Answer, Heard, Hop, Note, Spoken

CALL = "call-1"


def at(moment: float, message: Message) -> Message:
    return message.model_copy(update={"at": moment})


def started() -> CallStarted:
    return CallStarted(
        call_id=CALL,
        channel_id=CALL,
        asterisk_id="pbx",
        app="novofon_bot",
        caller_number="+7900",
        dialled_number="1001",
        media_stream="media:call-1",
    )


def say(number: int, text: str) -> Say:
    return Say(call_id=CALL, say_id=f"s{number}", text=text, language="ru")


def play(number: int, *, cached: bool) -> Play:
    return Play(
        call_id=CALL,
        playback_id=f"p{number}",
        say_id=f"s{number}",
        media="sound:x",
        audio_ms=900,
        engine="rhvoice",
        cached=cached,
    )


def playing(number: int) -> PlaybackStarted:
    return PlaybackStarted(call_id=CALL, playback_id=f"p{number}", say_id=f"s{number}")


def played(number: int, outcome: str = "completed") -> PlaybackFinished:
    return PlaybackFinished.model_validate(
        {"call_id": CALL, "playback_id": f"p{number}", "say_id": f"s{number}", "outcome": outcome, "played_ms": 900}
    )


def transcript(text: str) -> FinalTranscript:
    return FinalTranscript(
        call_id=CALL,
        utterance_id="u1",
        text=text,
        language="ru",
        started_ms=0,
        ended_ms=900,
        engine="whisper",
        endpointing_ms=500,
        recogniser_ms=300,
    )


def spoken_through(
    *, reason: str = "goal reached: booked", outcome: str = "completed", heard: bool = True
) -> Conversation:
    conversation = Conversation()
    for message in (started(), say(1, "Готово."), playing(1), played(1, outcome), HangUp(call_id=CALL, reason=reason)):
        conversation.take(at(1.0, message))
        if heard and isinstance(message, PlaybackStarted):
            conversation.audible("s1", 1.1)
    conversation.take(CallEnded(call_id=CALL, reason="bot_hung_up"))
    return conversation


def hops(answer: object) -> list[tuple[str, float]]:
    assert isinstance(answer, Answer)
    return [(hop.name, round(hop.hop_ms)) for hop in answer.hops]


def test_an_answers_way_is_told_hop_by_hop() -> None:
    conversation = Conversation()

    heard = conversation.take(at(10.85, transcript("да")), caller_ended_at=10.0)
    conversation.take(at(10.86, say(1, "Готово.")))
    conversation.take(at(10.87, play(1, cached=True)))
    conversation.take(at(10.875, playing(1)))
    (answer,) = conversation.audible("s1", 10.9)

    assert heard == [Heard(10.85, "да")]
    assert hops(answer) == [
        ("end of speech", 550),
        ("transcript (whisper)", 300),
        ("dialog", 10),
        ("audio (ready before)", 10),
        ("play", 5),
        ("audible", 25),
    ]
    assert conversation.waits[0].wait_ms == pytest.approx(900)
    assert conversation.spoken == [Spoken("bot", 10.9, "Готово.")]


def test_the_greetings_way_begins_with_the_answer_of_the_call() -> None:
    conversation = Conversation()

    conversation.take(at(5.02, started()), caller_ended_at=5.0)
    conversation.take(at(5.03, say(1, "Здравствуйте!")))
    conversation.take(at(5.06, play(1, cached=False)))
    (answer,) = conversation.audible("s1", 5.1)

    assert hops(answer) == [("call started", 20), ("dialog", 10), ("audio (rhvoice)", 30), ("audible", 40)]


def test_only_the_first_words_of_an_answer_have_a_way() -> None:
    conversation = Conversation()
    conversation.take(at(1.0, transcript("да")), caller_ended_at=0.5)
    for number in (1, 2):
        conversation.take(at(1.1, say(number, f"{number}")))
    conversation.audible("s1", 1.2)
    conversation.take(at(3.0, play(2, cached=True)))

    assert conversation.audible("s2", 3.1) == [Answer(3.1, "2", ())]


def test_a_key_is_answered_like_a_word() -> None:
    conversation = Conversation()

    lines = conversation.take(at(2.0, DtmfReceived(call_id=CALL, digit="1")), caller_ended_at=1.9)
    conversation.take(at(2.01, say(1, "Хорошо.")))
    (answer,) = conversation.audible("s1", 2.1)

    assert lines == [Note(2.0, "key 1")]
    assert hops(answer) == [("key", 100), ("dialog", 10), ("audible", 90)]


def test_words_of_nobody_are_passed_over() -> None:
    assert Conversation().audible("unknown", 1.0) == []


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (played(1, "stopped"), "interrupted after 0.9 s"),
        (PlaybackFailed(call_id=CALL, playback_id="p", say_id="s", reason="no such sound"), "no such sound"),
        (
            SpeechFailed(call_id=CALL, engine="elevenlabs", meaning="quota", fallback="offline"),
            "quota; offline takes over",
        ),
        (
            SpeechSynthesised(
                call_id=CALL,
                say_id="s",
                engine="x",
                cached=False,
                audio_ms=0,
                first_byte_ms=0,
                total_ms=0,
                failure="disk full",
            ),
            "disk full",
        ),
        (Transfer(call_id=CALL, context="operator", extension="s", reason="asked"), "extension s in operator: asked"),
    ],
)
def test_what_is_unusual_is_noted(message: Message, text: str) -> None:
    (note,) = Conversation().take(message)

    assert isinstance(note, Note)
    assert text in note.text


CONFIRMATIONS = {"booked": (re.compile("Готово.*"),)}


def test_the_goal_is_reached_when_its_confirmation_was_heard() -> None:
    assert failure(spoken_through(), CONFIRMATIONS) is None


@pytest.mark.parametrize(
    ("conversation", "reason"),
    [
        (spoken_through(reason="goal not reached: ask_doctor"), "without the goal .*ask_doctor"),
        (spoken_through(outcome="stopped"), "did not hear the confirmation of 'booked' to its end"),
        (spoken_through(heard=False), "did not hear the confirmation"),
        (spoken_through(reason="goal reached: cancelled"), "did not hear the confirmation of 'cancelled'"),
        (Conversation(), "never hung up: no end"),
        (Conversation(ended=CallEnded(call_id=CALL, reason="caller_hung_up")), "never hung up: caller_hung_up"),
    ],
)
def test_every_other_end_has_its_reason(conversation: Conversation, reason: str) -> None:
    assert re.search(reason, failure(conversation, CONFIRMATIONS) or "")


def test_the_callers_own_trouble_tells_more_than_the_bus() -> None:
    assert failure(Conversation(), CONFIRMATIONS, "the bot said nothing in time") == "the bot said nothing in time"


def test_trouble_after_the_goal_does_not_matter() -> None:
    assert failure(spoken_through(), CONFIRMATIONS, "the call was over before the caller could say 'bye'") is None


def test_plain_lines_have_no_colours() -> None:
    renderer = Renderer(100.0, coloured=False)

    assert renderer.line(Spoken("caller", 101.5, "Да")) == "  1.50 s  caller   Да"
    assert renderer.line(Heard(102.0, "")) == " " * 19 + "understood: (nothing)"
    assert renderer.line(Note(102.0, "key 1")) == "  2.00 s  -        key 1"
    assert renderer.line(Answer(103.0, "Готово.", (Hop("dialog", 1.4), Hop("play", 2.0)))).splitlines() == [
        "  3.00 s  bot      Готово.",
        " " * 19 + "dialog 1 > play 2 = 3 ms",
    ]


def test_coloured_lines_end_plain() -> None:
    line = Renderer(0.0, coloured=True).line(Spoken("bot", 1.0, "Да"))

    assert line.startswith("\x1b[33m")
    assert line.endswith("\x1b[0m")


def test_the_summary_tells_median_and_longest() -> None:
    assert summary([]) == "the bot answered nothing"
    assert summary([300.0, 100.0, 200.0]) == "3 answers; wait for the first sound: median 200 ms, longest 300 ms"
