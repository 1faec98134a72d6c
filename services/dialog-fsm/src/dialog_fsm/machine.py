"""The dialog as a pure function: (program, state, event, now) -> (state, commands)."""

from dataclasses import dataclass

from callbus.commands import HangUp
from callbus.events import (
    CallEnded,
    CallStarted,
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
from dialog_fsm.answer import answer_with, no_input, no_match
from dialog_fsm.flow import depart, enter, fail, over
from dialog_fsm.keys import complete, press
from dialog_fsm.playing import playback_ended, playback_started, silent, synthesised
from dialog_fsm.program import Program
from dialog_fsm.state import DialogState, Seen, TimerName
from dialog_fsm.turn import Turn

# What is shorter and gave no text was a noise, not speech that was not understood.
_REAL_SPEECH_MS = 350.0
_UTTERANCE_SECONDS = 45.0
_HOPELESS = ("auth", "quota")
# A timer's due time crosses Redis with milliseconds.
_TIMER_SLACK_SECONDS = 0.002


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A timer of the state is due."""

    name: TimerName


Event = (
    CallStarted
    | CallEnded
    | SpeechStarted
    | PartialTranscript
    | FinalTranscript
    | SpeechFailed
    | DtmfReceived
    | PlaybackStarted
    | PlaybackFinished
    | PlaybackFailed
    | SpeechSynthesised
    | ChannelHungUp
    | TimerFired
)


@dataclass(frozen=True, slots=True)
class Step:
    """The new state and what is to be done; ``news`` is false when the event was known already or concerned nobody."""

    state: DialogState
    commands: tuple[Message, ...] = ()
    news: bool = True


def initial(program: Program, call: CallStarted, now: float) -> DialogState:
    """A conversation in which nothing has happened yet; its first event is the CallStarted."""
    return DialogState(
        call_id=call.call_id,
        scenario=program.name,
        at=program.scenario.start,
        started_at=call.started_at or now,
        call=_call_variables(program, call),
    )


def step(program: Program, state: DialogState, event: Event, now: float) -> Step:
    """One event; the given state is left as it is.

    ``now`` is unix seconds. An event that was handled before (same producer and seq) changes nothing.
    """
    if isinstance(event, Message) and _is_known(state, event):
        return Step(state, news=False)
    turn = Turn(program, state.copied(), now)
    if isinstance(event, Message):
        _remember(turn.state, event)
    if turn.state.phase != "over":
        _take(turn, event)
    return _done(turn)


def break_off(program: Program, state: DialogState, event: Event, now: float) -> Step:
    """Give the call up after a bug: apologise, and send the caller where calls go that cannot be served."""
    turn = Turn(program, state.copied(), now)
    if isinstance(event, Message):
        _remember(turn.state, event)
    match turn.state.phase:
        case "talking":
            turn.state.phase = "leaving"
            fail(turn)
        case "leaving":
            depart(turn)
        case "over":
            pass
    return _done(turn)


def drop(program: Program, state: DialogState, event: Event, now: float) -> Step:
    """Give the call up at once, without a word: for a scenario that fails in failing."""
    del program, now
    rest = state.copied().model_copy(update={"phase": "over", "outstanding": [], "timers": {}, "departed": True})
    if isinstance(event, Message):
        _remember(rest, event)
    return Step(rest, (HangUp(call_id=state.call_id, reason="goal not reached: failed"),))


def _done(turn: Turn) -> Step:
    turn.finish()
    return Step(turn.state, tuple(turn.commands))


def _is_known(state: DialogState, message: Message) -> bool:
    seen = state.seen.get(message.producer)
    return message.seq > 0 and seen is not None and seen.has(message.seq)


def _remember(state: DialogState, message: Message) -> None:
    if message.seq > 0:
        state.seen.setdefault(message.producer, Seen()).add(message.seq)


def _call_variables(program: Program, call: CallStarted) -> dict[str, str]:
    known = {name: default for name, default in program.scenario.call.items() if default is not None}
    known.update({name: value for name, value in call.variables.items() if name in program.scenario.call})
    return {**known, "caller_number": call.caller_number, "dialled_number": call.dialled_number}


def _take(turn: Turn, event: Event) -> None:
    match event:
        case CallStarted():
            _greet(turn)
        case PartialTranscript():
            return
        case CallEnded() | ChannelHungUp():
            over(turn)
        case SpeechStarted():
            _speech_started(turn, event)
        case FinalTranscript():
            _final(turn, event)
        case SpeechFailed():
            _speech_failed(turn, event)
        case DtmfReceived():
            _key(turn, event)
        case PlaybackStarted():
            playback_started(turn, event.say_id)
        case SpeechSynthesised():
            synthesised(turn, event)
        case PlaybackFinished():
            playback_ended(turn, event.say_id, stopped=event.outcome == "stopped")
        case PlaybackFailed():
            playback_ended(turn, event.say_id, stopped=False)
        case TimerFired():
            _timer(turn, event.name)


def _greet(turn: Turn) -> None:
    if turn.state.visits:
        return
    turn.arm("call_limit", turn.scenario.max_call_seconds)
    enter(turn, turn.scenario.start)


def _speech_started(turn: Turn, event: SpeechStarted) -> None:
    if turn.state.phase != "talking":
        return
    turn.state.caller_speaking = event.utterance_id
    turn.disarm("no_input")
    turn.arm("utterance", _UTTERANCE_SECONDS)


def _final(turn: Turn, event: FinalTranscript) -> None:
    if turn.state.phase != "talking":
        return
    turn.state.caller_speaking = None
    turn.disarm("utterance", "no_input")
    if event.text.strip():
        answer_with(turn, event.text, event.secret_ref)
    elif event.ended_ms - event.started_ms >= _REAL_SPEECH_MS:
        no_match(turn)
    elif turn.state.interrupted:
        turn.say_again()
    turn.await_input()


def _speech_failed(turn: Turn, event: SpeechFailed) -> None:
    """With a fallback the conversation goes on; without, an utterance is lost, or all of them."""
    if event.fallback is not None or turn.state.phase != "talking":
        return
    turn.state.caller_speaking = None
    turn.disarm("utterance")
    if event.meaning in _HOPELESS:
        fail(turn)
    elif event.utterance_id is not None:
        no_match(turn)
    turn.await_input()


def _key(turn: Turn, event: DtmfReceived) -> None:
    if turn.state.phase != "talking":
        return
    press(turn, event.digit, event.secret_ref)
    turn.await_input()


def _timer(turn: Turn, name: TimerName) -> None:
    due = turn.state.timers.get(name)
    if due is None or due > turn.now + _TIMER_SLACK_SECONDS:
        return
    turn.disarm(name)
    match name:
        case "no_input":
            no_input(turn)
        case "playback":
            turn.state.outstanding = []
            silent(turn)
        case "utterance":
            turn.state.caller_speaking = None
            no_match(turn)
            turn.await_input()
        case "keys":
            complete(turn)
            turn.await_input()
        case "leaving":
            depart(turn)
        case "call_limit":
            _too_long(turn)


def _too_long(turn: Turn) -> None:
    if turn.state.phase == "leaving":
        depart(turn)
    else:
        enter(turn, turn.scenario.defaults.on_failure)
