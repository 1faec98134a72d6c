"""What the demo's caller says: the caller's moves of a story, and how the bot sounds when it did not get one."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from demo.verdict import Confirmations
from simcaller.script import Press, Say

CALLER_NUMBER = "+79123456789"
ASKING_AGAIN = ("no_match", "no_input", "invalid")

# {name|form} of a scenario's texts, as re.escape leaves it
_VARIABLE = re.compile(r"\\\{.*?\\\}")


class StoryError(Exception):
    """The story cannot be acted on the telephone; the text names the file and what is wrong."""


@dataclass(frozen=True, slots=True)
class Move:
    """What the caller does next: when the bot has finished, or over its words."""

    step: Say | Press
    interrupts: bool = False


@dataclass(frozen=True, slots=True)
class Story:
    """One side of a conversation."""

    scenario: str
    caller_number: str
    moves: tuple[Move, ...]
    misunderstandings: frozenset[str]
    """What the bot says before it asks the same again."""
    confirmations: Confirmations
    """What the bot says in each state that is a goal."""


def load(scenarios: Path, name: str) -> Story:
    """The story `stories/<name>.yaml` with its scenario; raises StoryError."""
    path = scenarios / "stories" / f"{name}.yaml"
    data = _read(path)
    try:
        moves = tuple(move for turn in data["turns"] for move in _moves(turn))
        scenario = str(data["scenario"])
    except (KeyError, TypeError, ValueError) as error:
        raise StoryError(f"{path}: {error} is missing or cannot be acted on the telephone") from error
    script = _read(scenarios / f"{scenario}.yaml")
    number = str(data.get("caller_number", CALLER_NUMBER))
    return Story(scenario, number, moves, frozenset(asking_again(script)), goal_prompts(script))


def asking_again(node: object) -> Iterator[str]:
    """The texts of a scenario with which the bot asks again, wherever they stand in it."""
    match node:
        case Mapping():
            for key, value in node.items():
                yield from _texts(value) if key in ASKING_AGAIN else asking_again(value)
        case list():
            for item in node:
                yield from asking_again(item)


def goal_prompts(scenario: Mapping[str, Any]) -> Confirmations:
    """The prompts of each goal state; what the scenario fills in may be anything."""
    states: Mapping[str, Mapping[str, Any]] = scenario.get("states") or {}
    return {
        name: tuple(re.compile(_VARIABLE.sub(".*", re.escape(text))) for text in _texts(state.get("prompt")))
        for name, state in states.items()
        if state.get("goal")
    }


def _texts(value: object) -> Sequence[str]:
    return [value] if isinstance(value, str) else [str(text) for text in value] if isinstance(value, list) else []


def _moves(turn: Mapping[str, Any]) -> Sequence[Move]:
    match turn:
        case {"caller": str(text)}:
            return [Move(Say(text))]
        case {"interrupts": str(text)}:
            return [Move(Say(text), interrupts=True)]
        case {"dtmf": digits}:
            return [Move(Press(str(digits)))]
        case {"bot": _, **rest} if not rest:
            return []
        case _:
            raise ValueError(f"turn {dict(turn)}")


def _read(path: Path) -> dict[str, Any]:
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StoryError(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise StoryError(f"{path}: is no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(data, dict):
        raise StoryError(f"{path}: holds no story or scenario")
    return data
