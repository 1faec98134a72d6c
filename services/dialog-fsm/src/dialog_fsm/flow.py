"""Going from state to state: entering, asking, leaving."""

from callbus.commands import HangUp, Transfer
from dialog_fsm.scenario import Handler
from dialog_fsm.slots import SlotSpec
from dialog_fsm.state import Filled
from dialog_fsm.texts import APOLOGY
from dialog_fsm.turn import Turn
from dialog_fsm.utterance import Utterance

BACK = "back"
# Loading refuses rounds without a question; this is for what guards make of them.
_MAX_SILENT_STATES = 40
_HISTORY = 12
_TRANSFER_SECONDS = 20.0


def enter(turn: Turn, name: str) -> None:
    """Go to a state (or ``back``), and on through all that need nothing of the caller."""
    for _ in range(_MAX_SILENT_STATES):
        again = name == BACK
        following = _arrive(turn, _previous(turn) if again else name, again=again)
        if following is None:
            return
        name = following
    fail(turn)


def _arrive(turn: Turn, name: str, *, again: bool) -> str | None:
    """Do what the state does; the next state's name when it does not stay."""
    _settle(turn, name)
    spec = turn.spec
    for guard in spec.when:
        if all(turn.values.holds(variable, condition) for variable, condition in guard.conditions.items()):
            return guard.goto
    if spec.collect and not turn.missing:
        return spec.next
    if spec.listens:
        turn.state.history = [*turn.state.history, name][-_HISTORY:]
        ask(turn, again=again)
        return None
    turn.say(spec.prompt, turn.state.visits[name] - 1)
    if spec.ends:
        leave(turn)
        return None
    return spec.next


def _settle(turn: Turn, name: str) -> None:
    """Be in a state."""
    state = turn.state
    state.at = name
    state.visits[name] = state.visits.get(name, 0) + 1
    state.no_input = state.no_match = state.asked = 0
    state.resumed = False
    state.keys, state.key_refs = "", []
    turn.disarm("keys")
    turn.clear(turn.spec.clear)
    if turn.spec.goal:
        state.goal = name


def _previous(turn: Turn) -> str:
    """Where the caller was asked before: from a question the one before it (to be answered anew), else the last."""
    history = turn.state.history
    asked_here = bool(history) and history[-1] == turn.state.at
    while history and history[-1] == turn.state.at:
        history.pop()
    name = history.pop() if history else turn.scenario.start
    if asked_here:
        turn.clear(turn.program.state(name).collect)
    return name


def ask(turn: Turn, *, again: bool = False) -> None:
    """Put the state's question (``again``: its shorter form) and listen."""
    state, spec = turn.state, turn.spec
    missing = turn.missing
    if missing and len(missing) < len(spec.collect) and missing[0] in spec.missing:
        turn.say(spec.missing[missing[0]], state.asked)
    elif again and spec.reprompt:
        turn.say(spec.reprompt, max(0, state.asked - 1))
    else:
        # Another visit starts with another variant.
        turn.say(spec.prompt, state.visits.get(state.at, 1) - 1 + state.asked)
    state.asked += 1
    turn.listen()
    turn.await_input()


def handle(turn: Turn, handler: Handler) -> None:
    """Do what an intent leads to; what the caller filled in the same sentence is filled already."""
    turn.say(handler.say)
    for slot, template in handler.set.items():
        _set(turn, slot, template)
    match handler.goto:
        case "stay":
            ask(turn, again=True)
        case "repeat":
            turn.say_again()
            turn.await_input()
        case "help":
            turn.say(turn.spec.help, turn.state.asked)
            if not turn.spec.help:
                ask(turn, again=True)
            turn.await_input()
        case _:
            enter(turn, handler.goto)


def _set(turn: Turn, slot: str, template: str) -> None:
    """Read a text into a slot, as if the caller had said or keyed it; what does not fit leaves it as it was."""
    text = turn.values.written(template)
    spec: SlotSpec = turn.scenario.slots[slot]
    reading = spec.read(Utterance(text, turn.program.language), turn.moment, asked=True)
    if reading is not None and spec.accepts(reading.value, turn.moment):
        turn.fill(slot, Filled(value=reading.value, confidence=reading.confidence))


def leave(turn: Turn) -> None:
    """After the last words the caller is hung up or transferred."""
    turn.state.phase = "leaving"
    turn.state.caller_speaking = None
    turn.disarm("no_input", "utterance", "keys")
    if turn.state.outstanding:
        return
    depart(turn)


def depart(turn: Turn) -> None:
    """Give the order to hang up or transfer, once."""
    state, spec = turn.state, turn.spec
    turn.disarm("playback", "no_input", "utterance", "keys")
    if spec.transfer is not None and not state.departed:
        values = turn.values
        turn.commands.append(
            Transfer(
                call_id=state.call_id,
                context=values.written(spec.transfer.context),
                extension=values.written(spec.transfer.extension),
                priority=spec.transfer.priority,
                reason=outcome(turn),
            )
        )
        state.departed = True
        turn.arm("leaving", _TRANSFER_SECONDS)
        return
    turn.commands.append(HangUp(call_id=state.call_id, reason=outcome(turn)))
    state.departed = True
    over(turn)


def over(turn: Turn) -> None:
    """Nothing more happens in this conversation."""
    turn.state.phase = "over"
    turn.state.outstanding = []
    turn.state.caller_speaking = None
    turn.state.timers = {}


def outcome(turn: Turn) -> str:
    """``goal reached: booked``, or where the conversation ended without it."""
    goal = turn.state.goal
    return f"goal reached: {goal}" if goal else f"goal not reached: {turn.state.at}"


def fail(turn: Turn) -> None:
    """Apologise, and send the caller where calls go that cannot be served."""
    last = turn.scenario.defaults.on_failure
    if turn.state.at not in turn.scenario.states:
        # The scenario was changed under the call.
        turn.state.at = last
    turn.say_text(turn.values.text(turn.scenario.apology or APOLOGY[turn.program.language]))
    enter(turn, last)
