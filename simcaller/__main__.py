"""Place one call by hand: `python -m simcaller --to sip:1001@127.0.0.1:5060 --language ru --say "..."`."""

import argparse
import asyncio
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from provision.cache import ProvisionError
from simcaller.call import CallError, SipCall
from simcaller.digest import Credentials
from simcaller.rhvoice import VoiceError
from simcaller.script import Caller, HangUp, InterruptAfter, Pause, Press, Say, Step, Turn, WaitForBotToFinish
from simcaller.speech import default_voice

_TARGET = re.compile(r"^(?:sip:)?(?P<extension>[^@\s]+)@(?P<host>[^:@\s]+)(?::(?P<port>\d+))?$")


def main() -> int:
    """Run the script that the arguments spell; 0 when all of it could be done."""
    arguments = _parser().parse_args()
    try:
        turns = asyncio.run(_call(arguments))
    except (CallError, VoiceError, ProvisionError, OSError, TimeoutError) as error:
        print(f"simcaller: {error or 'the bot did not hang up in time'}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    for line in lines(turns):
        print(line)
    return 0


async def _call(arguments: argparse.Namespace) -> list[Turn]:
    caller = Caller(default_voice(arguments.recordings), arguments.language)
    steps = script(arguments.steps)
    await caller.prepare(steps)
    host, port, extension = arguments.to
    credentials = Credentials(*arguments.login.split(":", 1)) if arguments.login else None
    async with SipCall.place((host, port), extension, arguments.number, credentials=credentials) as call:
        try:
            return await caller.run(call, steps)
        finally:
            if arguments.record:
                call.record(arguments.record)


def script(steps: Sequence[Step]) -> list[Step]:
    """The steps as given, with the courtesy of a caller: lets the bot finish before speaking, and before hanging up."""
    polite: list[Step] = []
    for step in [*steps, HangUp()]:
        interrupts = bool(polite) and isinstance(polite[-1], InterruptAfter | Pause)
        if isinstance(step, Say | Press | HangUp) and not interrupts:
            polite.append(WaitForBotToFinish())
        polite.append(step)
    return polite


def lines(turns: Sequence[Turn]) -> list[str]:
    """Who spoke when, in seconds from the first sound."""
    start = min((turn.began_at for turn in turns), default=0.0)
    return [
        f"{turn.began_at - start:7.2f} - {turn.ended_at - start:7.2f} s  {turn.who:6}  {turn.text}".rstrip()
        for turn in turns
    ]


def target(text: str) -> tuple[str, int, str]:
    """`sip:1001@host:port` -> host, port, extension."""
    found = _TARGET.match(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no sip:EXTENSION@HOST:PORT")
    return found["host"], int(found["port"] or 5060), found["extension"]


class _AddStep(argparse.Action):
    """Appends one step, so that the order of the arguments is the order of the conversation."""

    def __call__(
        self, parser: object, namespace: argparse.Namespace, values: Any, option_string: object = None
    ) -> None:
        namespace.steps.append(self.const(values))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="simcaller", description="A simulated telephone caller.")
    parser.set_defaults(steps=[])
    parser.add_argument("--to", type=target, required=True, metavar="sip:EXTENSION@HOST:PORT")
    parser.add_argument("--language", default="ru", help="of the caller's voice (ru, en)")
    parser.add_argument("--number", default="+79001234567", help="the caller's own number")
    parser.add_argument("--login", default="", metavar="USER:PASSWORD", help="answers a challenge of the server")
    parser.add_argument("--recordings", type=Path, help="folder with <language>/<name>.wav and .txt")
    parser.add_argument("--record", type=Path, metavar="WAV", help="keep the call, caller left, bot right")
    steps = parser.add_argument_group("the conversation, in the order given")
    add = steps.add_argument
    add("--say", action=_AddStep, const=Say, metavar="TEXT", help="a sentence, once the bot has finished")
    add("--press", action=_AddStep, const=Press, metavar="DIGITS", help="keys, once the bot has finished")
    add("--pause", action=_AddStep, const=Pause, type=float, metavar="MS", help="nothing, for a while")
    add(
        "--interrupt-after", action=_AddStep, const=InterruptAfter, type=float, metavar="MS", help="of the bot's speech"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
