"""Whatever happens, in whatever order: the machine never fails, never falls silent for ever, and its state is JSON."""

from datetime import datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callbus.commands import HangUp, Say, Transfer
from callbus.events import (
    CallEnded,
    ChannelHungUp,
    DtmfReceived,
    FinalTranscript,
    PartialTranscript,
    PlaybackFailed,
    PlaybackFinished,
    PlaybackStarted,
    SpeechFailed,
    SpeechStarted,
    SpeechSynthesised,
)
from callbus.message import Message
from dialog_fsm.load import load_scenario
from dialog_fsm.machine import Event, TimerFired, break_off, initial, step
from dialog_fsm.program import Program
from dialog_fsm.slots import Moment
from dialog_fsm.state import DialogState, TimerName
from dialog_fsm.utterance import Utterance
from tests.unit.dialog_fsm.small_scenarios import NOW, call, small

SCENARIOS = Path(__file__).parents[3] / "scenarios"
PROGRAMS = {
    "ru": load_scenario(SCENARIOS / "clinic-ru.yaml"),
    "en": load_scenario(SCENARIOS / "clinic-en.yaml"),
    "small": small(),
}
CALL = "c1"

SENTENCES = st.sampled_from(
    """
    да|нет|не подтверждаю|записаться к терапевту|завтра в десять утра|отменить запись|оператор|повторите|помощь
    до свидания|другой день|другое время|другого врача|ничего|где вы находитесь|нет, лучше в половине третьего
    восемь девятьсот двенадцать триста сорок пять шестьдесят семь восемьдесят девять|семь|красный|заказать|новости
    yes|no|not really|book an appointment|a dentist|tomorrow at ten|june fifteenth|half past two|cancel my appointment
    nothing else|another day|later|nine one two three four five six seven eight nine|repeat|***|{name}|31 июня|в 25:99
    """.replace("\n", "|").split("|")
).map(str.strip)
SAY_IDS = st.integers(1, 60).map(lambda number: f"{CALL}-{number}")

EVENTS: st.SearchStrategy[Any] = st.one_of(
    st.builds(
        FinalTranscript,
        call_id=st.just(CALL),
        utterance_id=st.just("u"),
        text=st.one_of(SENTENCES, st.just(""), st.text(max_size=30)),
        language=st.just("ru"),
        started_ms=st.just(0.0),
        ended_ms=st.sampled_from([100.0, 900.0]),
        engine=st.just("e"),
        secret_ref=st.sampled_from([None, None, "secret:c1:x"]),
    ),
    st.just(SpeechStarted(call_id=CALL, utterance_id="u", audio_ms=0, onset_at=NOW)),
    st.just(PartialTranscript(call_id=CALL, utterance_id="u", text="да", audio_ms=0, engine="e")),
    st.builds(
        SpeechFailed,
        call_id=st.just(CALL),
        utterance_id=st.sampled_from([None, "u"]),
        engine=st.just("e"),
        meaning=st.sampled_from(["auth", "quota", "rate_limited", "unavailable", "rejected", "bug"]),
        fallback=st.sampled_from([None, "offline"]),
    ),
    st.builds(
        DtmfReceived,
        call_id=st.just(CALL),
        digit=st.sampled_from([*"0123456789*#ABCD", "²"]),
        secret_ref=st.sampled_from([None, None, "secret:c1:y"]),
    ),
    st.builds(PlaybackStarted, call_id=st.just(CALL), playback_id=st.just("p"), say_id=SAY_IDS),
    st.builds(
        PlaybackFinished,
        call_id=st.just(CALL),
        playback_id=st.just("p"),
        say_id=SAY_IDS,
        outcome=st.sampled_from(["completed", "stopped"]),
        played_ms=st.just(10.0),
    ),
    st.builds(PlaybackFailed, call_id=st.just(CALL), playback_id=st.just("p"), say_id=SAY_IDS, reason=st.just("r")),
    st.builds(
        SpeechSynthesised,
        call_id=st.just(CALL),
        say_id=SAY_IDS,
        engine=st.just("e"),
        cached=st.booleans(),
        audio_ms=st.sampled_from([0.0, 900.0]),
        first_byte_ms=st.just(1.0),
        total_ms=st.just(1.0),
    ),
    st.sampled_from([TimerFired(name) for name in get_args(TimerName)]),
    st.just("play"),
    st.just("timer"),
)  # fmt: skip
ENDINGS = st.sampled_from(
    [ChannelHungUp(call_id=CALL, by="caller"), CallEnded(call_id=CALL, reason="caller_hung_up"), call()]
)


def concrete(event: Any, state: DialogState) -> Event | None:
    """``play`` ends what plays first, ``timer`` fires what is due first."""
    if event == "play":
        if not state.outstanding:
            return None
        say_id = state.outstanding[0].say_id
        return PlaybackFinished(call_id=CALL, playback_id="p", say_id=say_id, outcome="completed", played_ms=1)
    if event == "timer":
        return TimerFired(min(state.timers, key=lambda name: state.timers[name])) if state.timers else None
    return event  # type: ignore[no-any-return]


def alive(state: DialogState) -> bool:
    """The bot speaks, or listens with a timer running, or leaves with a timer running, or it is over."""
    if state.phase == "over":
        return not state.timers
    if state.phase == "leaving":
        return bool(set(state.timers) & {"playback", "leaving"})
    waits = {"no_input", "playback", "utterance", "keys"}
    return bool(set(state.timers) & waits) and "call_limit" in state.timers


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    program=st.sampled_from(sorted(PROGRAMS)).map(PROGRAMS.__getitem__),
    events=st.lists(st.one_of(EVENTS, EVENTS, EVENTS, EVENTS, EVENTS, EVENTS, ENDINGS), max_size=25),
    number=st.sampled_from(["+79123456789", "", "alice"]),
)
def test_no_sequence_of_events_breaks_it(program: Program, events: list[Any], number: str) -> None:
    now = NOW
    first = call(caller_number=number)
    state = step(program, initial(program, first, now), first, now).state
    ordered: list[Message] = []
    for one in events:
        event = concrete(one, state)
        if event is None:
            continue
        now = max(now + 0.3, min(state.timers.values(), default=now) if isinstance(event, TimerFired) else now)
        taken = step(program, state, event, now)
        assert alive(taken.state), (state, event, taken)
        assert DialogState.model_validate_json(taken.state.model_dump_json(exclude_defaults=True)) == taken.state
        assert taken == step(program, state, event, now)
        broken = break_off(program, taken.state, event, now)
        assert broken.state.phase != "talking"
        assert alive(broken.state)
        ordered += taken.commands
        state = taken.state
    says = [command for command in ordered if isinstance(command, Say)]
    assert len({say.say_id for say in says}) == len(says)
    assert all(say.text and not any(sign.isdecimal() and sign.isascii() for sign in say.text) for say in says)
    assert sum(isinstance(command, Transfer) for command in ordered) <= 1
    assert sum(isinstance(command, HangUp) for command in ordered) <= 1


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    program=st.sampled_from(sorted(PROGRAMS)).map(PROGRAMS.__getitem__),
    events=st.lists(EVENTS, max_size=12),
)
def test_a_call_left_alone_ends_by_its_timers(program: Program, events: list[Any]) -> None:
    now = NOW
    state = step(program, initial(program, call(), now), call(), now).state
    for one in events:
        event = concrete(one, state)
        if event is not None:
            state = step(program, state, event, now).state
    for _ in range(200):
        if state.phase == "over":
            break
        name, due_at = min(state.timers.items(), key=lambda timer: timer[1])
        now = max(now, due_at)
        state = step(program, state, TimerFired(name), now).state
    assert state.phase == "over"
    assert now - NOW < program.scenario.max_call_seconds + 120


@settings(max_examples=300, deadline=None)
@given(text=st.one_of(st.text(max_size=60), st.lists(SENTENCES, max_size=6).map(" ".join)), asked=st.booleans())
@pytest.mark.parametrize("name", ["ru", "en"])
def test_no_sentence_breaks_a_slot(name: str, text: str, asked: bool) -> None:
    program = PROGRAMS[name]
    utterance = Utterance(text, program.language)
    moment = Moment(_moment(program))
    for slot in program.scenario.slots.values():
        reading = slot.read(utterance, moment, asked=asked)
        if reading is not None:
            slot.accepts(reading.value, moment)
            assert slot.spoken(reading.value, program.language)
            assert reading.positions <= set(range(len(utterance.words)))


def _moment(program: Program) -> datetime:
    return datetime.fromtimestamp(NOW, program.zone)
