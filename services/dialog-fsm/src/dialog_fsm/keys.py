"""The caller's keys: one that means an intent at once, or several that make a value."""

from dialog_fsm.answer import Understanding, apply, no_match
from dialog_fsm.flow import handle
from dialog_fsm.slots import Reading, SlotSpec
from dialog_fsm.turn import Turn

_END = "#"
_MAX_KEYS = 32
_MASKED = "*"


def press(turn: Turn, digit: str, secret_ref: str | None) -> None:
    """A key was pressed; a secret one is ``*`` with its reference."""
    state = turn.state
    if digit == _END and secret_ref is None and state.keys:
        complete(turn)
        return
    if any(said.interruptible for said in state.outstanding):
        turn.stop_speaking("dtmf")
    turn.disarm("no_input")
    state.keys = (state.keys + (_MASKED if secret_ref else digit))[-_MAX_KEYS:]
    state.key_refs = [*state.key_refs, *([secret_ref] if secret_ref else [])][-_MAX_KEYS:]
    if _is_whole(turn):
        complete(turn)
    else:
        turn.arm("keys", turn.scenario.defaults.keys_seconds)


def complete(turn: Turn) -> None:
    """The keys so far are all: read them as a value, else as an intent."""
    state = turn.state
    keys, refs = state.keys, state.key_refs
    state.keys, state.key_refs = "", []
    turn.disarm("keys")
    state.interrupted = False
    understanding = _values(turn, keys, secret=bool(refs))
    intent = None if understanding.good else _intent(turn, keys)
    handler = turn.program.handler(turn.spec, intent) if intent else None
    if handler is not None:
        turn.clear(handler.clear)
        handle(turn, handler)
    elif understanding.good or understanding.invalid:
        apply(turn, understanding, refs)
    else:
        no_match(turn)


def _is_whole(turn: Turn) -> bool:
    """Nothing more can follow, or nothing longer is expected."""
    lengths = [length for slot in _slots(turn) if (length := slot.complete_keys()) is not None]
    open_ended = any(slot.keys_end and slot.complete_keys() is None for slot in _slots(turn))
    if open_ended:
        return False
    codes = [len(code) for name in _intents(turn) if (code := turn.program.intents[name].dtmf)]
    return len(turn.state.keys) >= max([*lengths, *codes], default=1)


def _slots(turn: Turn) -> list[SlotSpec]:
    return [turn.scenario.slots[name] for name in turn.missing[:1]]


def _intents(turn: Turn) -> list[str]:
    return [*turn.spec.on, *turn.scenario.globals]


def _values(turn: Turn, keys: str, *, secret: bool) -> Understanding:
    understanding = Understanding()
    for name in turn.missing[:1]:
        spec = turn.scenario.slots[name]
        if secret and not spec.secret:
            continue
        # The length of a secret is all that is known of it here.
        value = Reading("0" * len(keys)) if secret else spec.read_keys(keys, turn.program.language, turn.moment)
        if value is None:
            continue
        if spec.accepts(value.value, turn.moment):
            understanding.good[name] = value
        else:
            understanding.invalid.append(name)
    return understanding


def _intent(turn: Turn, keys: str) -> str | None:
    return next((name for name in _intents(turn) if turn.program.intents[name].dtmf == keys), None)
