"""The tools for authors: check scenarios, run stories, talk to a scenario by keyboard."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from callbus.events import CallStarted
from callbus.streams import Streams
from dialog_fsm.load import ScenarioError, load_scenario
from dialog_fsm.program import Program
from dialog_fsm.rehearsal import CALL_ID, Rehearsal
from dialog_fsm.settings import SERVICE
from dialog_fsm.story import run_story

BAD = 1


def parsed(arguments: Sequence[str]) -> argparse.Namespace | None:
    """The command, or None for the service."""
    if not arguments:
        return None
    parser = argparse.ArgumentParser(prog="python -m dialog_fsm", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="check scenario files")
    check.add_argument("files", nargs="+", type=Path)
    story = commands.add_parser("story", help="run stories")
    story.add_argument("files", nargs="+", type=Path)
    story.add_argument("-v", "--verbose", action="store_true", help="print the conversations")
    talk = commands.add_parser("talk", help="talk to a scenario by keyboard")
    talk.add_argument("file", type=Path)
    talk.add_argument("--caller-number", default="+79123456789")
    return parser.parse_args(arguments)


def run(command: argparse.Namespace) -> int:
    """Do it; 0 when all is well."""
    match command.command:
        case "check":
            return max(_check(path) for path in command.files)
        case "story":
            return max(_story(path, verbose=command.verbose) for path in command.files)
        case _:
            return _talk(command.file, command.caller_number)


def _check(path: Path) -> int:
    program = _loaded(path)
    if program is None:
        return BAD
    states, prompts = len(program.scenario.states), len(program.fixed_prompts)
    print(f"{path}: {program.name} is well: {states} states, {prompts} fixed prompts")
    return 0


def _loaded(path: Path) -> Program | None:
    try:
        return load_scenario(path)
    except ScenarioError as error:
        print("\n".join(error.lines), file=sys.stderr)
        return None


def _story(path: Path, *, verbose: bool) -> int:
    try:
        outcome = run_story(path)
    except ScenarioError as error:
        print("\n".join(error.lines), file=sys.stderr)
        return BAD
    print(f"{path}: {'not as written' if outcome.faults else 'as written'}")
    if verbose or outcome.faults:
        print("\n".join(f"  {line}" for line in outcome.lines))
    for fault in outcome.faults:
        print(fault, file=sys.stderr)
    return BAD if outcome.faults else 0


_HELP = "Type what the caller says; #1234 presses keys, an empty line is silence, Ctrl-D hangs up."


def _talk(path: Path, caller_number: str) -> int:
    program = _loaded(path)
    if program is None:
        return BAD
    call = CallStarted(
        call_id=CALL_ID,
        channel_id=CALL_ID,
        asterisk_id=SERVICE,
        app="novofon_bot",
        caller_number=caller_number,
        media_stream=Streams().media(CALL_ID),
    )
    print(_HELP)
    rehearsal = Rehearsal(program, call, time.time())
    while not rehearsal.over:
        print("\n".join(f"bot> {text}" for text in rehearsal.heard))
        try:
            line = input("you> ").strip()
        except EOFError:
            rehearsal.hang_up()
            break
        _move(rehearsal, line)
    print("\n".join(f"bot> {text}" for text in rehearsal.heard))
    print(f"({rehearsal.ending}; {rehearsal.reason or 'goal not reached'})")
    return 0


def _move(rehearsal: Rehearsal, line: str) -> None:
    if not line:
        rehearsal.wait()
    elif line.startswith("#"):
        rehearsal.press(line[1:])
    else:
        rehearsal.say(line)
