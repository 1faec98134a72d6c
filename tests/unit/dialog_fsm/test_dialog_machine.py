"""The machine: what a caller does, and what the bot makes of it."""

from typing import Any

import pytest

from callbus.commands import HangUp, Listen, Say, StopSpeaking, Transfer
from callbus.events import (
    CallEnded,
    ChannelHungUp,
    DtmfReceived,
    FinalTranscript,
    PlaybackFailed,
    PlaybackFinished,
    PlaybackStarted,
    SpeechFailed,
    SpeechStarted,
    SpeechSynthesised,
)
from callbus.message import Message
from dialog_fsm.machine import Event, Step, TimerFired, break_off, drop, initial, step
from dialog_fsm.rehearsal import Rehearsal
from dialog_fsm.state import DialogState, Seen, TimerName
from tests.unit.dialog_fsm.small_scenarios import NOW, call, rehearse, small

NEWS_TELL = ('  news: {say: "Новостей нет.", goto: stay}', "  news: tell")


def of_type(commands: list[Message], kind: type[Message]) -> list[Any]:
    return [command for command in commands if isinstance(command, kind)]


def fed(rehearsal: Rehearsal, event: Event) -> list[Message]:
    """The commands of one event, with nothing played after it."""
    before = len(rehearsal.commands)
    rehearsal.feed(event)
    return rehearsal.commands[before:]


def final(text: str, *, voiced_ms: float = 900, secret_ref: str | None = None) -> FinalTranscript:
    return FinalTranscript(
        call_id="c1",
        utterance_id="u",
        text=text,
        language="ru",
        started_ms=0,
        ended_ms=voiced_ms,
        engine="t",
        secret_ref=secret_ref,
    )


def started() -> SpeechStarted:
    return SpeechStarted(call_id="c1", utterance_id="u", audio_ms=0, onset_at=NOW)


def finished(say_id: str, outcome: str = "completed") -> PlaybackFinished:
    return PlaybackFinished.model_validate(
        {"call_id": "c1", "playback_id": "p", "say_id": say_id, "outcome": outcome, "played_ms": 500}
    )


def greeted(*changes: tuple[str, str]) -> Step:
    """The first step; the greeting is not played yet."""
    program = small(*changes)
    return step(program, initial(program, call(), NOW), call(), NOW)


def test_the_greeting_and_what_is_expected() -> None:
    taken = greeted()
    assert [command.type for command in taken.commands] == ["Say", "Listen"]
    say, listen = taken.commands
    assert isinstance(say, Say)
    assert isinstance(listen, Listen)
    assert (say.say_id, say.text, say.interruptible) == ("c1-1", "Это магазин. Чего желаете?", True)
    assert listen.slot_type == "yes_no"
    assert "заказать" in listen.hints
    assert set(taken.state.timers) == {"call_limit", "playback"}


def test_a_whole_conversation() -> None:
    bot = rehearse()
    for sentence in ("хочу заказать", "пять", "красный", "Иван"):
        bot.say(sentence)
    assert bot.state.at == "ask_pin"
    bot.press("4711")
    assert bot.heard == ["Размер пять, цвета красного. Готово, Иван.", "До свидания."]
    assert (bot.ending, bot.reason) == ("hangup", "goal reached: done")
    assert bot.state.phase == "over"
    assert bot.state.timers == {}


def test_a_slot_that_came_along_is_not_asked_for() -> None:
    bot = rehearse()
    bot.say("заказать")
    bot.say("пять, синий")
    assert bot.state.at == "ask_name"


def test_values_in_the_sentence_of_an_intent_are_kept() -> None:
    bot = rehearse()
    bot.say("заказать")
    bot.say("синий")
    assert bot.state.at == "ask_size"
    assert bot.state.no_match == 0
    bot.say("семь")
    assert bot.state.at == "ask_name"


def test_no_match_escalates() -> None:
    bot = rehearse()
    bot.say("абракадабра")
    assert bot.heard == ["Не понимаю.", "Желаете что-нибудь заказать?"]
    bot.mumble()
    assert bot.heard == ["Совсем не понимаю.", "Желаете что-нибудь заказать?"]
    bot.say("абракадабра")
    assert bot.heard == ["Соединяю."]
    (transfer,) = of_type(bot.commands, Transfer)
    assert (transfer.context, transfer.extension, transfer.reason) == (
        "operator",
        "обычный",
        "goal not reached: operator",
    )


def test_no_input_escalates() -> None:
    bot = rehearse()
    bot.wait()
    assert bot.heard == ["Не слышу.", "Желаете что-нибудь заказать?"]
    bot.wait()
    assert bot.heard[0] == "Совсем не слышу."
    bot.wait()
    assert bot.heard == ["До свидания."]
    assert bot.ending == "hangup"


def test_understanding_something_starts_the_counting_anew() -> None:
    bot = rehearse()
    for sentence in ("абракадабра", "абракадабра", "заказать", "абракадабра", "абракадабра"):
        bot.say(sentence)
    assert bot.state.at == "ask_size"


def test_variants_of_a_question() -> None:
    bot = rehearse()
    bot.say("заказать")
    assert bot.heard == ["Какой размер?"]
    bot.say("абракадабра")
    assert bot.heard == ["Не понимаю.", "Размер?"]


def test_a_value_that_cannot_be_is_refused_with_its_reason() -> None:
    bot = rehearse()
    bot.say("заказать")
    bot.say("двадцать пять")
    assert bot.heard[0] == "От одного до девяти."
    assert "size" not in bot.state.slots


def test_repeat_help_and_questions_stay_where_they_are() -> None:
    bot = rehearse()
    bot.say("новости")
    assert bot.heard == ["Новостей нет.", "Желаете что-нибудь заказать?"]
    bot.say("повторите")
    assert bot.heard == ["Новостей нет.", "Желаете что-нибудь заказать?"]
    bot.say("помогите")
    assert bot.heard == ["Скажите: заказать."]
    bot.say("повторите пожалуйста")
    assert bot.heard == ["Скажите: заказать."]
    assert (bot.state.at, bot.state.no_match) == ("hello", 0)


def test_a_denied_wish_is_none() -> None:
    bot = rehearse()
    bot.say("не хочу ничего заказывать")
    assert bot.state.at == "bye"
    bot = rehearse()
    bot.say("только не оператора")
    assert bot.state.at == "hello"


def test_free_text_is_no_intent_unless_it_is_most_of_it() -> None:
    bot = rehearse()
    for sentence in ("заказать", "пять", "красный", "Иван Новостев из города Энска"):
        bot.say(sentence)
    assert bot.state.slots["name"].value == "Иван Новостев из города Энска"
    bot = rehearse()
    for sentence in ("заказать", "пять", "красный", "оператора"):
        bot.say(sentence)
    assert bot.state.at == "operator"


def test_barge_in_with_an_answer_stops_the_rest() -> None:
    taken = greeted()
    program = small()
    state = step(program, taken.state, started(), NOW + 1).state
    assert state.caller_speaking == "u"
    after = step(program, state, final("заказать"), NOW + 2)
    assert [command.type for command in after.commands] == ["StopSpeaking", "Say", "Listen"]
    assert [said.say_id for said in after.state.outstanding] == ["c1-2"]
    late = step(program, after.state, finished("c1-1", "stopped"), NOW + 2)
    assert late.commands == ()
    assert not late.state.interrupted


def test_what_follows_a_stopped_playback_is_stopped_too() -> None:
    bot = rehearse()
    commands = fed(bot, final("новости"))
    first, second = of_type(commands, Say)
    fed(bot, started())
    assert [command.type for command in fed(bot, finished(first.say_id, "stopped"))] == ["StopSpeaking"]
    assert bot.state.outstanding == []
    assert second.say_id not in {said.say_id for said in bot.state.outstanding}


def test_a_cough_over_the_prompt_is_answered_by_the_prompt_and_not_counted() -> None:
    bot = rehearse()
    bot.interrupt("кхм")
    assert bot.heard == ["Это магазин. Чего желаете?"]
    assert bot.state.no_match == 0
    bot.interrupt("кхм")
    assert bot.heard[0] == "Не понимаю."
    assert bot.state.no_match == 1


def test_a_noise_that_stopped_the_prompt_is_never_counted() -> None:
    bot = rehearse()
    for _ in range(5):
        fed(bot, final("повторите"))
        fed(bot, started())
        fed(bot, finished(bot.state.outstanding[0].say_id, "stopped"))
        (say,) = of_type(fed(bot, final("", voiced_ms=100)), Say)
        assert say.text == "Это магазин. Чего желаете?"
        fed(bot, finished(say.say_id))
    assert (bot.state.at, bot.state.no_match) == ("hello", 0)


def test_a_noise_in_the_silence_only_restarts_the_timer() -> None:
    bot = rehearse()
    due_at = bot.state.timers["no_input"]
    bot.noise()
    assert bot.heard == []
    assert bot.state.timers["no_input"] > due_at


def test_an_answer_over_what_must_be_heard_waits_behind_it() -> None:
    taken = greeted(("    also: size\n", "    also: size\n    interruptible: false\n"))
    program = small(("    also: size\n", "    also: size\n    interruptible: false\n"))
    nothing = step(program, taken.state, final("абракадабра"), NOW + 1)
    assert nothing.commands == ()
    assert nothing.state.no_match == 0
    answer = step(program, taken.state, final("заказать"), NOW + 1)
    assert [command.type for command in answer.commands] == ["Say", "Listen"]
    assert [said.say_id for said in answer.state.outstanding] == ["c1-1", "c1-2"]


def test_only_what_may_be_stopped_is_stopped() -> None:
    program = small(("  bye:\n", "  tell: {prompt: Важно., interruptible: false, next: back}\n  bye:\n"), NEWS_TELL)
    bot = Rehearsal(program, call(), NOW)
    fed(bot, final("новости"))
    must, may = bot.state.outstanding
    assert (must.interruptible, may.interruptible) == (False, True)
    stop, *_ = fed(bot, final("заказать"))
    assert isinstance(stop, StopSpeaking)
    assert stop.say_id == may.say_id
    assert must in bot.state.outstanding


def test_silence_is_counted_from_the_end_of_the_last_playback() -> None:
    program = small()
    state = greeted().state
    assert "no_input" not in state.timers
    state = step(program, state, PlaybackStarted(call_id="c1", playback_id="p", say_id="c1-1"), NOW + 1).state
    state = step(program, state, finished("c1-1"), NOW + 3).state
    assert state.timers["no_input"] == NOW + 9
    state = step(program, state, started(), NOW + 4).state
    assert "no_input" not in state.timers
    assert "utterance" in state.timers


def test_a_playback_whose_end_stays_away_does_not_hold_the_call() -> None:
    program = small()
    state = greeted().state
    due_at = state.timers["playback"]
    after = step(program, state, TimerFired("playback"), due_at)
    assert after.state.outstanding == []
    assert after.state.timers["no_input"] > due_at


def test_a_long_prompt_is_waited_for_as_long_as_it_is() -> None:
    program = small()
    state = greeted().state
    made = SpeechSynthesised(
        call_id="c1", say_id="c1-1", engine="e", cached=False, audio_ms=60_000, first_byte_ms=1, total_ms=2
    )
    state = step(program, state, made, NOW + 1).state
    assert state.timers["playback"] > NOW + 90


def test_a_playback_that_failed_counts_as_over() -> None:
    program = small()
    failed = PlaybackFailed(call_id="c1", playback_id="p", say_id="c1-1", reason="no file")
    assert "no_input" in step(program, greeted().state, failed, NOW + 1).state.timers


def test_a_timer_that_is_not_due_or_not_there_does_nothing() -> None:
    program = small()
    state = greeted().state
    assert step(program, state, TimerFired("playback"), NOW).state == state
    assert step(program, state, TimerFired("keys"), NOW + 999).state == state


def test_the_call_ends_after_the_last_words_were_heard() -> None:
    bot = rehearse()
    (say,) = of_type(fed(bot, final("до свидания")), Say)
    assert not say.interruptible
    assert bot.state.phase == "leaving"
    assert fed(bot, final("заказать")) == []
    (hang_up,) = fed(bot, finished(say.say_id))
    assert isinstance(hang_up, HangUp)
    assert hang_up.reason == "goal not reached: bye"


def test_last_words_that_never_end_do_not_hold_the_call() -> None:
    bot = rehearse()
    fed(bot, final("до свидания"))
    bot.now = bot.state.timers["playback"]
    assert [command.type for command in fed(bot, TimerFired("playback"))] == ["HangUp"]


def test_a_transfer_that_does_not_happen_ends_in_a_hang_up() -> None:
    bot = rehearse()
    bot.say("оператор")
    assert bot.state.departed
    bot.now = bot.state.timers["leaving"]
    assert [command.type for command in fed(bot, TimerFired("leaving"))] == ["HangUp"]
    assert bot.state.phase == "over"


@pytest.mark.parametrize(
    "event", [ChannelHungUp(call_id="c1", by="caller"), CallEnded(call_id="c1", reason="caller_hung_up")]
)
def test_a_caller_who_hangs_up_ends_it_all(event: Event) -> None:
    bot = rehearse()
    assert fed(bot, event) == []
    assert (bot.state.phase, bot.state.timers) == ("over", {})
    assert fed(bot, final("заказать")) == []


def test_a_call_that_takes_too_long_goes_where_failures_go() -> None:
    bot = rehearse()
    bot.now = bot.state.timers["call_limit"]
    (say,) = of_type(fed(bot, TimerFired("call_limit")), Say)
    assert say.text == "Соединяю."


@pytest.mark.parametrize(
    ("meaning", "fallback", "texts"),
    [
        ("unavailable", "offline", []),
        ("unavailable", None, ["Не понимаю.", "Желаете что-нибудь заказать?"]),
        ("quota", None, ["Извините, что-то пошло не так.", "Соединяю."]),
    ],
)
def test_a_recogniser_that_fails(meaning: str, fallback: str | None, texts: list[str]) -> None:
    bot = rehearse()
    fed(bot, started())
    event = SpeechFailed.model_validate(
        {"call_id": "c1", "utterance_id": "u", "engine": "e", "meaning": meaning, "fallback": fallback}
    )
    assert [say.text for say in of_type(fed(bot, event), Say)] == texts


def test_speech_that_is_never_finished() -> None:
    bot = rehearse()
    fed(bot, started())
    bot.now = bot.state.timers["utterance"]
    assert next(say.text for say in of_type(fed(bot, TimerFired("utterance")), Say)) == "Не понимаю."


def test_one_key_is_an_intent_at_once() -> None:
    bot = rehearse()
    (say, *_) = of_type(fed(bot, DtmfReceived(call_id="c1", digit="3")), Say)
    assert say.text == "Какой размер?"
    assert "keys" not in bot.state.timers


def test_a_key_stops_the_prompt() -> None:
    program = small()
    taken = step(program, greeted().state, DtmfReceived(call_id="c1", digit="3"), NOW + 1)
    assert isinstance(taken.commands[0], StopSpeaking)


def test_several_keys_are_a_value_when_they_are_enough() -> None:
    bot = rehearse(("min: 1, max: 9", "min: 1, max: 99"))
    bot.say("заказать")
    fed(bot, DtmfReceived(call_id="c1", digit="4"))
    assert (bot.state.keys, bot.state.at) == ("4", "ask_size")
    assert "no_input" not in bot.state.timers
    fed(bot, DtmfReceived(call_id="c1", digit="2"))
    assert bot.state.slots["size"].value == 42


@pytest.mark.parametrize("ending", ["hash", "pause"])
def test_keys_end_with_a_hash_or_a_pause(ending: str) -> None:
    bot = rehearse(("min: 1, max: 9", "min: 1"))
    bot.say("заказать")
    fed(bot, DtmfReceived(call_id="c1", digit="4"))
    if ending == "hash":
        fed(bot, DtmfReceived(call_id="c1", digit="#"))
    else:
        bot.now = bot.state.timers["keys"]
        fed(bot, TimerFired("keys"))
    assert bot.state.slots["size"].value == 4


def test_keys_that_mean_nothing_are_not_understood() -> None:
    bot = rehearse()
    bot.press("9")
    assert bot.heard[0] == "Не понимаю."


def test_an_intents_key_works_where_a_value_is_keyed() -> None:
    bot = rehearse(("min: 1, max: 9", "min: 1, max: 5"))
    bot.say("заказать")
    bot.press("7")
    assert bot.heard[0] == "Новостей нет."


def test_a_secret_is_masked_and_kept_by_reference() -> None:
    bot = rehearse()
    for sentence in ("заказать", "пять", "красный", "Иван"):
        bot.say(sentence)
    assert bot.state.listening is not None
    assert bot.state.listening.secret
    fed(bot, final("четыре семь один один", secret_ref="secret:c1:1"))
    filled = bot.state.slots["pin"]
    assert (filled.value, filled.secret_refs) == ("****", ["secret:c1:1"])
    assert "семь" not in bot.state.model_dump_json()
    assert "4711" not in bot.state.model_dump_json()


def test_masked_words_fill_nothing_that_is_not_secret() -> None:
    bot = rehearse()
    bot.say("заказать")
    fed(bot, final("пять", secret_ref="secret:c1:1"))
    assert bot.state.slots == {}


def test_a_value_may_lead_on_without_an_intent() -> None:
    bot = rehearse(("also: size", "also: size\n    changed: ask_size"))
    bot.say("семь")
    assert bot.state.at == "ask_colour"


def test_guards_and_call_variables() -> None:
    change = ("    goal: true\n", "    goal: true\n    when: [{if: {call.TARIFF: золотой}, goto: operator}]\n")
    for tariff, place in (("золотой", "operator"), ("серый", "bye")):
        bot = rehearse(change, variables={"TARIFF": tariff, "OTHER": "x"})
        for sentence in ("заказать", "пять", "красный", "Иван"):
            bot.say(sentence)
        bot.press("4711")
        assert bot.state.at == place
        assert "OTHER" not in bot.state.call


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("{size: 5}", True), ("{size: [4, 5]}", True), ("{size: 4}", False), ("{size: {below: 10}}", True),
        ("{size: {above: 5}}", False), ("{day: {known: false}}", True), ("{day: {known: true}}", False),
        ("{day: {below: 9}}", False), ('{call.caller_number: {matches: "^[+]7912"}}', True),
        ("{now.weekday: [mon, tue]}", True), ("{now.time: {above: '09:00'}}", True), ("{now.date: '2026-06-09'}", True),
        ("{size: {}}", True), ("{size: 5, colour: blue}", False),
    ],
)  # fmt: skip
def test_conditions(condition: str, holds: bool) -> None:
    bot = rehearse(("    goal: true\n", f"    when: [{{if: {condition}, goto: operator}}]\n"))
    for sentence in ("заказать", "пять", "красный", "Иван"):
        bot.say(sentence)
    bot.press("4711")
    assert bot.state.at == ("operator" if holds else "bye")


def test_back_goes_to_the_question_before() -> None:
    bot = rehearse(('  news: {say: "Новостей нет.", goto: stay}', "  news: back"))
    bot.say("заказать")
    bot.say("пять")
    assert bot.state.at == "ask_colour"
    bot.say("новости")
    assert bot.state.at == "ask_size"
    bot.say("шесть")
    assert bot.state.slots["size"].value == 6
    bot.say("новости")
    bot.say("новости")
    bot.say("новости")
    assert bot.state.at == "hello"


def test_a_state_that_only_tells_goes_back_to_the_question() -> None:
    change = ('  news: {say: "Новостей нет.", goto: stay}', "  news: tell")
    program_text = ("  bye:\n", '  tell: {prompt: "Новостей мало.", next: back}\n  bye:\n')
    bot = rehearse(change, program_text)
    bot.say("заказать")
    bot.say("новости")
    assert bot.heard == ["Новостей мало.", "Размер?"]
    assert bot.state.at == "ask_size"


def test_set_reads_a_text_into_a_slot() -> None:
    bot = rehearse(("      order: ask_size", '      order: {set: {size: "семь", colour: зелёный}, goto: ask_size}'))
    bot.say("заказать")
    assert bot.state.slots["size"].value == 7
    assert bot.state.at == "ask_colour"


def test_a_message_that_was_handled_changes_nothing() -> None:
    program = small()
    heard = final("заказать").model_copy(update={"producer": "speech-worker", "seq": 4})
    first = step(program, greeted().state, heard, NOW + 1)
    again = step(program, first.state, heard, NOW + 2)
    assert first.news
    assert (again.news, again.commands, again.state) == (False, (), first.state)


def test_messages_of_a_producer_may_come_in_any_order() -> None:
    seen = Seen()
    for seq in (3, 1, 5):
        assert not seen.has(seq)
        seen.add(seq)
    assert (seen.floor, seen.above) == (1, [3, 5])
    seen.add(2)
    assert (seen.floor, seen.above) == (3, [5])
    for seq in range(10, 1000, 2):
        seen.add(seq)
    assert len(seen.above) <= 200
    assert seen.has(998)
    assert seen.has(11)


def test_the_given_state_is_left_as_it_is() -> None:
    program = small()
    state = greeted().state
    before = state.model_dump_json()
    step(program, state, final("заказать"), NOW + 1)
    assert state.model_dump_json() == before


@pytest.mark.parametrize("phase", ["talking", "leaving", "over"])
def test_a_call_that_is_given_up(phase: str) -> None:
    program = small()
    state = greeted().state.model_copy(update={"phase": phase})
    taken = break_off(program, state, final("x"), NOW + 1)
    texts = [say.text for say in of_type(list(taken.commands), Say)]
    expected = {"talking": ["Извините, что-то пошло не так.", "Соединяю."]}
    assert texts == expected.get(phase, [])
    assert [command.type for command in drop(program, state, final("x"), NOW).commands] == ["HangUp"]


def test_a_scenario_that_changed_under_the_call() -> None:
    program = small()
    state = greeted().state.model_copy(update={"at": "gone"})
    with pytest.raises(KeyError):
        step(program, state, final("заказать"), NOW + 1)
    taken = break_off(program, state, final("заказать"), NOW + 1)
    assert taken.state.at == "operator"


def test_timer_names_are_those_of_the_state() -> None:
    names: tuple[TimerName, ...] = ("no_input", "playback", "utterance", "keys", "leaving", "call_limit")
    state = DialogState(call_id="c", scenario="s", at="a", timers=dict.fromkeys(names, 1.5))
    assert DialogState.model_validate_json(state.model_dump_json(exclude_defaults=True)) == state
