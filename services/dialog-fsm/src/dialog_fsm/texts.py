"""Every text of a scenario that may be said, with where it stands."""

from collections.abc import Iterator

from dialog_fsm.scenario import Handler, Scenario, State
from dialog_fsm.yamlsource import Path_

Placed = tuple[Path_, str]

_STATE_TEXTS = ("prompt", "reprompt", "no_input", "no_match", "help")
APOLOGY = {
    "ru": "Извините, что-то пошло не так.",
    "en": "I am sorry, something went wrong.",
}


def spoken_texts(scenario: Scenario) -> Iterator[Placed]:
    """Path and text of all prompts, in the order of the file."""
    yield ("apology",), scenario.apology or APOLOGY[scenario.language]
    yield from _placed(("defaults", "no_input"), scenario.defaults.no_input)
    yield from _placed(("defaults", "no_match"), scenario.defaults.no_match)
    for name, slot in scenario.slots.items():
        yield from _placed(("slots", name, "invalid"), slot.invalid)
    for name, handler in scenario.globals.items():
        yield from _placed(("globals", name, "say"), handler.say)
    for name, state in scenario.states.items():
        yield from _of_state(("states", name), state)


def _of_state(path: Path_, state: State) -> Iterator[Placed]:
    for key in _STATE_TEXTS:
        yield from _placed((*path, key), getattr(state, key))
    for slot, texts in state.missing.items():
        yield from _placed((*path, "missing", slot), texts)
    for intent, handler in state.on.items():
        yield from _placed((*path, "on", intent, "say"), handler.say)


def _placed(path: Path_, texts: tuple[str, ...]) -> Iterator[Placed]:
    for index, text in enumerate(texts):
        yield (*path, index), text


def silent_texts(scenario: Scenario) -> Iterator[Placed]:
    """Path and text of everything else that may hold variables."""
    handlers: list[tuple[Path_, Handler]] = [(("globals", name), handler) for name, handler in scenario.globals.items()]
    for name, state in scenario.states.items():
        handlers += [(("states", name, "on", intent), handler) for intent, handler in state.on.items()]
        if state.transfer is not None:
            yield ("states", name, "transfer", "context"), state.transfer.context
            yield ("states", name, "transfer", "extension"), state.transfer.extension
    for path, handler in handlers:
        for slot, text in handler.set.items():
            yield (*path, "set", slot), text
