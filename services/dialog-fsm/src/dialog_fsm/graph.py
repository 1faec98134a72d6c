"""The states as a graph: what can be reached, and what goes round without the caller."""

from collections.abc import Iterator

from dialog_fsm.scenario import Scenario, State


def _exits(state: State) -> Iterator[str]:
    """All states that follow, the caller willing."""
    yield from _silent_exits(state)
    yield from (handler.goto for handler in state.on.values())
    yield from (target for target in (state.changed, state.on_no_input, state.on_no_match) if target)


def _silent_exits(state: State) -> Iterator[str]:
    """The states that may follow without a word of the caller: a state whose slots are filled is passed."""
    yield from (guard.goto for guard in state.when)
    if state.next is not None:
        yield state.next


def unreachable(scenario: Scenario) -> list[str]:
    """States that no conversation comes to."""
    defaults = scenario.defaults
    open_ = [scenario.start, defaults.on_failure, defaults.on_no_input, defaults.on_no_match]
    open_ += [handler.goto for handler in scenario.globals.values()]
    seen: set[str] = set()
    while open_:
        name = open_.pop()
        if name in seen or name not in scenario.states:
            continue
        seen.add(name)
        open_ += _exits(scenario.states[name])
    return [name for name in scenario.states if name not in seen]


def silent_cycle(scenario: Scenario) -> tuple[str, ...]:
    """States that could follow each other for ever without listening; empty when there are none."""
    done: set[str] = set()
    for name in scenario.states:
        cycle = _cycle_from(scenario, name, (), done)
        if cycle:
            return cycle
    return ()


def _cycle_from(scenario: Scenario, name: str, path: tuple[str, ...], done: set[str]) -> tuple[str, ...]:
    if name in path:
        cycle = path[path.index(name) :]
        return () if _asks_again(scenario, cycle) else cycle
    if name in done or name not in scenario.states:
        return ()
    for target in _silent_exits(scenario.states[name]):
        cycle = _cycle_from(scenario, target, (*path, name), done)
        if cycle:
            return cycle
    done.add(name)
    return ()


def _asks_again(scenario: Scenario, cycle: tuple[str, ...]) -> bool:
    """A slot of the round is cleared in the round, so the state that collects it does listen."""
    states = [scenario.states[name] for name in cycle]
    cleared = {slot for state in states for slot in state.clear}
    return any(not cleared.isdisjoint(state.collect) for state in states)
