"""What a scenario must be beyond its shape: everything that it names exists, and every conversation can end."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dialog_fsm.graph import silent_cycle, unreachable
from dialog_fsm.library import standard_intents
from dialog_fsm.scenario import DEEDS, Guard, Handler, Intent, Scenario, State
from dialog_fsm.strict import nearest
from dialog_fsm.variables import condition_fault, field_faults
from dialog_fsm.yamlsource import Path_

_MANY = 12
_SECRET_TYPES = ("digits", "phone", "free")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and where."""

    path: Path_
    text: str


def faults(scenario: Scenario) -> list[Fault]:
    """Everything that is wrong with a scenario whose shape is right."""
    found = [*_whole(scenario), *_slots(scenario), *_intents(scenario), *_defaults(scenario), *_globals(scenario)]
    for name, state in scenario.states.items():
        found += _state(scenario, name, state)
    found += [Fault(path, text) for path, text in field_faults(scenario)]
    # Paths through the states are only telling when all targets exist.
    return found or _paths(scenario)


def _known(name: str, known: Iterable[str], what: str) -> str:
    """Why a name is not known, or an empty text."""
    listed = list(known)
    if name in listed:
        return ""
    shown = ", ".join(listed[:_MANY]) + (", ..." if len(listed) > _MANY else "")
    return f'"{name}" is no {what}{nearest(name, listed)}; {what}s are: {shown or "none"}'


def _whole(scenario: Scenario) -> Iterator[Fault]:
    if fault := _known(scenario.start, scenario.states, "state"):
        yield Fault(("start",), f"start {fault}")
    try:
        ZoneInfo(scenario.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        yield Fault(("timezone",), f'timezone "{scenario.timezone}" is unknown; write one such as Europe/Moscow')
    for name in scenario.states:
        if name in DEEDS:
            yield Fault(("states", name), f'no state may be called "{name}": as a target it means something else')


def _slots(scenario: Scenario) -> Iterator[Fault]:
    for name, slot in scenario.slots.items():
        for key, text in slot.faults():
            yield Fault(("slots", name, key), f'slot "{name}": {text}')
        if slot.secret and slot.type not in _SECRET_TYPES:
            yield Fault(("slots", name, "secret"), f'slot "{name}": only {", ".join(_SECRET_TYPES)} can be secret')
        if name in ("call", "now"):
            yield Fault(("slots", name), f'no slot may be called "{name}"')
        if name in scenario.constants:
            yield Fault(("slots", name), f'slot "{name}" is also a constant; give one of them another name')


def _intents(scenario: Scenario) -> Iterator[Fault]:
    for name, intent in scenario.intents.items():
        if intent == Intent():
            yield Fault(("intents", name), f'intent "{name}" has no phrases, no patterns and no key')


def _defaults(scenario: Scenario) -> Iterator[Fault]:
    for key in ("on_no_input", "on_no_match", "on_failure"):
        target = getattr(scenario.defaults, key)
        if fault := _known(target, scenario.states, "state"):
            yield Fault(("defaults", key), f"defaults: {key} target {fault}")
    last = scenario.states.get(scenario.defaults.on_failure)
    if last is not None and not last.ends:
        yield Fault(("defaults", "on_failure"), "defaults: the state of on_failure must hang up or transfer")
    if last is not None and last.when:
        yield Fault(("defaults", "on_failure"), "defaults: the state of on_failure must have no when")


def _globals(scenario: Scenario) -> Iterator[Fault]:
    for name, handler in scenario.globals.items():
        yield from _handler(scenario, ("globals", name), f'global intent "{name}"', name, handler)


def _handler(scenario: Scenario, path: Path_, where: str, intent: str, handler: Handler) -> Iterator[Fault]:
    if fault := _known(intent, {**scenario.intents, **standard_intents(scenario.language)}, "intent"):
        yield Fault(path, f"{where}: {fault}")
    if fault := _known(handler.goto, (*scenario.states, *DEEDS), "state"):
        yield Fault((*path, "goto"), f"{where}: intent target {fault}")
    for slot in (*handler.set, *handler.clear):
        if fault := _known(slot, scenario.slots, "slot"):
            yield Fault(path, f"{where}: {fault}")


def _state(scenario: Scenario, name: str, state: State) -> Iterator[Fault]:
    path: Path_ = ("states", name)
    where = f'state "{name}"'
    yield from _names(scenario, path, where, state)
    yield from _targets(scenario, path, where, state)
    yield from _shape(path, where, state)
    yield from _keys(scenario, path, where, state)
    for intent, handler in state.on.items():
        yield from _handler(scenario, (*path, "on", intent), where, intent, handler)
    for index, guard in enumerate(state.when):
        yield from _guard(scenario, (*path, "when", index), where, guard)


def _names(scenario: Scenario, path: Path_, where: str, state: State) -> Iterator[Fault]:
    for key in ("collect", "also", "missing", "clear"):
        for slot in getattr(state, key):
            if fault := _known(slot, scenario.slots, "slot"):
                yield Fault((*path, key), f"{where}: {key}: {fault}")
    free = [slot for slot in state.collect if slot in scenario.slots and scenario.slots[slot].type == "free"]
    if len(free) > 1:
        yield Fault((*path, "collect"), f"{where}: collects two free texts at once: {', '.join(free)}")
    secret = {scenario.slots[slot].secret for slot in (*state.collect, *state.also) if slot in scenario.slots}
    if len(secret) > 1:
        yield Fault((*path, "collect"), f"{where}: asks for secret and other slots at once; give each a state")
    for slot in state.also:
        if slot in scenario.slots and scenario.slots[slot].type == "free":
            yield Fault((*path, "also"), f'{where}: also: free text "{slot}" can only be collected')


def _targets(scenario: Scenario, path: Path_, where: str, state: State) -> Iterator[Fault]:
    for key in ("changed", "on_no_input", "on_no_match"):
        target = getattr(state, key)
        if target is not None and (fault := _known(target, scenario.states, "state")):
            yield Fault((*path, key), f"{where}: {key} target {fault}")
    if state.next is not None and (fault := _known(state.next, (*scenario.states, "back"), "state")):
        yield Fault((*path, "next"), f"{where}: next target {fault}")


def _guard(scenario: Scenario, path: Path_, where: str, guard: Guard) -> Iterator[Fault]:
    if fault := _known(guard.goto, scenario.states, "state"):
        yield Fault((*path, "goto"), f"{where}: when target {fault}")
    for name, condition in guard.conditions.items():
        if fault := condition_fault(scenario, name, condition):
            yield Fault((*path, "if", name), f"{where}: when: {fault}")


def _shape(path: Path_, where: str, state: State) -> Iterator[Fault]:
    if state.hangup and state.transfer is not None:
        yield Fault(path, f"{where}: either hangs up or transfers, not both")
    if state.ends and (state.listens or state.next):
        yield Fault(path, f"{where}: a state that ends the call has no next, collect or on")
    if (state.listens or state.ends) and not state.prompt:
        yield Fault(path, f"{where}: has no prompt")
    if state.next and state.on and not state.collect:
        yield Fault((*path, "next"), f"{where}: has a next that nothing leads to; on decides, or collect a slot")
    if state.collect and state.next is None:
        yield Fault(path, f"{where}: collects {', '.join(state.collect)} and has no next")
    if not (state.listens or state.ends or state.next):
        yield Fault(path, f"{where}: leads nowhere; give it next, on, collect, transfer or hangup")
    if len(state.collect) > 1:
        for slot in state.collect:
            if slot not in state.missing:
                yield Fault((*path, "missing"), f'{where}: has no missing prompt for "{slot}"')


def _keys(scenario: Scenario, path: Path_, where: str, state: State) -> Iterator[Fault]:
    """One key, one meaning."""
    intents = {**standard_intents(scenario.language), **scenario.intents}
    used: dict[str, str] = {}
    for name in state.on:
        keys = intents[name].dtmf if name in intents else None
        if keys is not None and keys in used:
            yield Fault((*path, "on", name), f'{where}: key {keys} means both "{used[keys]}" and "{name}"')
        if keys is not None:
            used[keys] = name


def _paths(scenario: Scenario) -> list[Fault]:
    found = [
        Fault(("states", name), f'state "{name}" can never be reached; nothing leads to it')
        for name in unreachable(scenario)
    ]
    cycle = silent_cycle(scenario)
    if cycle:
        around = " -> ".join((*cycle, cycle[0]))
        found.append(Fault(("states", cycle[0]), f"states {around} go round without ever asking the caller"))
    return found
