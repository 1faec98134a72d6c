"""A scenario file -> a program that can be run, or lines that say what is wrong, and where."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dialog_fsm.check import faults
from dialog_fsm.program import Program
from dialog_fsm.scenario import Scenario
from dialog_fsm.strict import nearest
from dialog_fsm.yamlsource import Path_, Source, SourceError, parse_source, read_source

SCENARIO_FILES = "*.yaml"


class ScenarioError(Exception):
    """A scenario cannot be used; ``lines`` say each what is wrong in which file and line."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = tuple(lines)


def load_scenario(path: Path) -> Program:
    """Read one file.

    :raises ScenarioError: it is no usable scenario.
    """
    try:
        return _build(read_source(path))
    except SourceError as error:
        raise ScenarioError([str(error)]) from None


def parse_scenario(text: str, name: str = "scenario.yaml") -> Program:
    """The same from a text."""
    try:
        return _build(parse_source(text, name))
    except SourceError as error:
        raise ScenarioError([str(error)]) from None


def load_scenarios(folder: Path) -> dict[str, Program]:
    """All scenarios of a folder (not of those below it), by name.

    :raises ScenarioError: with the lines of all bad files together, or when there are no files.
    """
    programs: dict[str, Program] = {}
    lines: list[str] = []
    for path in sorted(folder.glob(SCENARIO_FILES)):
        try:
            program = load_scenario(path)
        except ScenarioError as error:
            lines += error.lines
            continue
        if program.name in programs:
            lines.append(f'{path}: scenario "{program.name}" stands in two files')
        programs[program.name] = program
    if lines:
        raise ScenarioError(lines)
    if not programs:
        raise ScenarioError([f"{folder}: holds no scenarios ({SCENARIO_FILES}); set TRUNKLINE_SCENARIOS_DIR"])
    return programs


def _build(source: Source) -> Program:
    if not isinstance(source.data, dict):
        raise ScenarioError([f"{source.name}:1: a scenario is a mapping with the keys scenario, language, states, ..."])
    try:
        scenario = Scenario.model_validate(source.data)
    except ValidationError as error:
        raise ScenarioError(_in_order([_shape_fault(source, dict(one)) for one in error.errors()])) from None
    found = [
        (source.line(fault.path), f"{source.name}:{source.line(fault.path)}: {fault.text}")
        for fault in faults(scenario)
    ]
    if found:
        raise ScenarioError(_in_order(found))
    return Program(scenario)


def _in_order(found: list[tuple[int, str]]) -> list[str]:
    return list(dict.fromkeys(text for _, text in sorted(found, key=lambda one: one[0])))


def shape_faults(source: Source, error: ValidationError) -> list[str]:
    """The lines of a failed validation, in the order of the file."""
    return _in_order([_shape_fault(source, dict(one)) for one in error.errors()])


def _shape_fault(source: Source, error: dict[str, Any]) -> tuple[int, str]:
    path = _existing(source, error["loc"])
    context = error.get("ctx", {})
    if error["type"] == "unknown_key":
        path = (*path, context["key"])
    line = source.line(path)
    return line, f"{source.name}:{line}: {_where(path)}{_reason(error, context)}"


def _existing(source: Source, location: tuple[str | int, ...]) -> Path_:
    """The path in the file: pydantic also names what it tried (the type of a slot)."""
    path: Path_ = ()
    for part in location:
        if (*path, part) in source.lines:
            path = (*path, part)
    return path


def _where(path: Path_) -> str:
    if len(path) >= 2 and path[0] in ("states", "slots", "intents"):
        rest = "".join(f"{part}: " for part in path[2:-1] if isinstance(part, str))
        last = f"{path[-1]}: " if len(path) > 2 and isinstance(path[-1], str) else ""
        return f'{str(path[0])[:-1]} "{path[1]}": {rest}{last}'
    return "".join(f"{part}: " for part in path if isinstance(part, str))


def _reason(error: dict[str, Any], context: dict[str, Any]) -> str:
    match error["type"]:
        case "missing":
            return f'the key "{error["loc"][-1]}" is missing'
        case "union_tag_invalid":
            known = [name.strip().strip("'") for name in str(context["expected_tags"]).split(",")]
            return (
                f'unknown type "{context["tag"]}"{nearest(str(context["tag"]), known)}; types are: {", ".join(known)}'
            )
        case "union_tag_not_found":
            return 'the key "type" is missing'
        case _:
            return str(error["msg"]).removeprefix("Value error, ").removeprefix("Input ")
