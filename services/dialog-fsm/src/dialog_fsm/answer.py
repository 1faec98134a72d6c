"""What an answer of the caller does to the conversation."""

from dataclasses import dataclass, field

from dialog_fsm.flow import ask, enter, handle
from dialog_fsm.library import ANSWERS, NO, YES
from dialog_fsm.program import Wish
from dialog_fsm.slots import Reading, YesNoSlot
from dialog_fsm.state import Filled
from dialog_fsm.turn import Turn
from dialog_fsm.utterance import Utterance

# Where any sentence may be the answer, an intent must be most of the sentence.
_COVERAGE_OVER_FREE_TEXT = 0.5
# What may be said along with others is read before what takes any number.
_ORDER = ("date", "time", "phone", "choice", "digits", "number", "yes_no", "free")
_YES_NO = YesNoSlot()


@dataclass(slots=True)
class Understanding:
    """What a sentence holds for the state: slot values (good and unacceptable), an intent, yes or no."""

    good: dict[str, Reading] = field(default_factory=dict)
    invalid: list[str] = field(default_factory=list)
    wish: Wish | None = None
    answer: str | None = None
    free: tuple[str, Reading] | None = None


def answer_with(turn: Turn, text: str, secret_ref: str | None = None) -> None:
    """The caller said this; ``text`` is the value itself when ``secret_ref`` names where it is kept."""
    understanding = understand(turn, Utterance(text, turn.program.language), masked=secret_ref is not None)
    refs = [secret_ref] if secret_ref else []
    apply(turn, understanding, refs)


def understand(turn: Turn, utterance: Utterance, *, masked: bool) -> Understanding:
    """Read a sentence for the state; what was ``masked`` fills only secret slots."""
    understanding = Understanding()
    _read_slots(turn, utterance, understanding, masked=masked)
    understanding.wish = _best_wish(turn, utterance, understanding)
    if any(answer in turn.spec.on for answer in ANSWERS):
        taken = frozenset(index for reading in understanding.good.values() for index in reading.positions)
        reading = _YES_NO.read(utterance, turn.moment, asked=True, taken=taken)
        understanding.answer = None if reading is None else (YES if reading.value else NO)
    return understanding


def _read_slots(turn: Turn, utterance: Utterance, understanding: Understanding, *, masked: bool) -> None:
    """Fill what the state asks for, each word for one slot only."""
    names = sorted({*turn.spec.collect, *turn.spec.also}, key=lambda name: _ORDER.index(turn.scenario.slots[name].type))
    taken: frozenset[int] = frozenset()
    for name in names:
        spec = turn.scenario.slots[name]
        if masked and not spec.secret:
            continue
        reading = spec.read(utterance, turn.moment, asked=name in turn.missing, taken=taken)
        if reading is None:
            continue
        if spec.type == "free":
            understanding.free = (name, reading)
        elif spec.accepts(reading.value, turn.moment):
            understanding.good[name] = reading
            taken |= reading.positions
        else:
            understanding.invalid.append(name)


def _best_wish(turn: Turn, utterance: Utterance, understanding: Understanding) -> Wish | None:
    """The intent that is more than what the slots already took."""
    for wish in turn.program.wishes(utterance, turn.spec):
        if understanding.free is not None and wish.coverage < _COVERAGE_OVER_FREE_TEXT:
            continue
        if any(wish.positions <= reading.positions for reading in understanding.good.values()):
            continue
        return wish
    return None


def apply(turn: Turn, found: Understanding, refs: list[str]) -> None:
    """Do what was understood: an intent, then new values, then yes or no, then free text; else ask again."""
    changed = _changes(turn, found)
    wish = found.wish.intent if found.wish else None
    if wish is None and found.answer in turn.spec.on and not changed:
        wish = found.answer
    handler = turn.program.handler(turn.spec, wish) if wish else None
    if handler is not None:
        turn.clear(handler.clear)
        _fill(turn, found.good, refs)
        handle(turn, handler)
    elif found.good:
        _fill(turn, found.good, refs)
        _go_on(turn, found, changed=changed)
    elif found.invalid:
        no_match(turn, invalid=found.invalid[0])
    elif found.free is not None:
        _fill(turn, dict([found.free]), refs)
        _go_on(turn, found, changed=False)
    else:
        no_match(turn)


def _changes(turn: Turn, found: Understanding) -> bool:
    """Whether a value that was known is another now: "да, но на одиннадцать" is no confirmation."""
    slots = turn.state.slots
    return any(name in slots and slots[name].value != reading.value for name, reading in found.good.items()) or (
        bool(found.invalid) and any(name in slots for name in found.invalid)
    )


def _fill(turn: Turn, readings: dict[str, Reading], refs: list[str]) -> None:
    for name, reading in readings.items():
        secret = turn.scenario.slots[name].secret
        value = "*" * len(str(reading.value)) if secret else reading.value
        turn.fill(name, Filled(value=value, confidence=reading.confidence, secret_refs=refs if secret else []))


def _go_on(turn: Turn, found: Understanding, *, changed: bool) -> None:
    """After values were filled."""
    spec, state = turn.spec, turn.state
    state.no_match = state.no_input = 0
    for name in found.invalid[:1]:
        turn.say(turn.scenario.slots[name].invalid or turn.scenario.defaults.no_match, lead_in=True)
    if spec.collect and not turn.missing:
        enter(turn, spec.next or turn.scenario.start)
    elif spec.collect or not (changed or spec.changed):
        ask(turn, again=True)
    else:
        enter(turn, spec.changed or state.at)


def no_match(turn: Turn, *, invalid: str = "") -> None:
    """Nothing that this state can use was said: once more, or on to where too many misunderstandings lead."""
    state, spec, defaults = turn.state, turn.spec, turn.scenario.defaults
    if any(not said.interruptible for said in state.outstanding):
        # Said over words that must be heard: the caller has not been asked yet.
        return
    if state.interrupted and not state.resumed and not invalid:
        state.resumed = True
        turn.say_again()
        turn.await_input()
        return
    state.no_match += 1
    if state.no_match >= (spec.max_no_match or defaults.max_no_match):
        enter(turn, spec.on_no_match or defaults.on_no_match)
        return
    texts = turn.scenario.slots[invalid].invalid if invalid else ()
    turn.say(texts or spec.no_match or defaults.no_match, state.no_match - 1, lead_in=True)
    ask(turn, again=True)


def no_input(turn: Turn) -> None:
    """The caller is silent: once more, or on to where silence leads."""
    state, spec, defaults = turn.state, turn.spec, turn.scenario.defaults
    state.no_input += 1
    if state.no_input >= (spec.max_no_input or defaults.max_no_input):
        enter(turn, spec.on_no_input or defaults.on_no_input)
        return
    turn.say(spec.no_input or defaults.no_input, state.no_input - 1, lead_in=True)
    ask(turn, again=True)
