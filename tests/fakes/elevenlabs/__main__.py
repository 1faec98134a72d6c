"""`python -m tests.fakes.elevenlabs --port 8790`: the emulator as a process, for the demo and the bench."""

import argparse
import asyncio
import json
import signal
import sys
import wave
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from .audio import TELEPHONE_HZ, Samples, resample
from .codebook import Codebook
from .server import API_KEY, ElevenLabsEmulator
from .settings import PUBLISHED_DELAYS, Delays, RealtimeBehaviour, SpeechBehaviour
from .transcriber import Fingerprints, Script, Transcriber

DELAY_NAMES = tuple(field.name for field in fields(Delays))
BAD_SETTING = 2


class BadSetting(Exception):
    """A command line that cannot be carried out; the text says what and why."""


def delays_from(text: str) -> Delays:
    """`none`, `published`, or changes to none like `commit_ms=250,first_byte_ms=150`; raises BadSetting."""
    if text in ("none", ""):
        return Delays()
    if text == "published":
        return PUBLISHED_DELAYS
    changes = dict(_delay(part) for part in text.split(","))
    return replace(Delays(), **changes)


def _delay(part: str) -> tuple[str, Any]:
    name, _, value = part.partition("=")
    if name not in DELAY_NAMES:
        raise BadSetting(f"--delays: {name!r} is no delay; known are {', '.join(DELAY_NAMES)}")
    try:
        return name, float(value)
    except ValueError:
        raise BadSetting(f"--delays: {name} must be a number, not {value!r}") from None


def transcriber_from(script: Path | None, clips: Path | None, *, whole: bool) -> Transcriber:
    """A Script of a file's lines, or a Codebook (`whole`: Fingerprints) of a list of clips; raises BadSetting."""
    try:
        if clips is not None:
            return _known_clips(clips, Fingerprints() if whole else Codebook())
        return Script(script.read_text(encoding="utf-8").splitlines() if script else ())
    except (OSError, ValueError, KeyError, TypeError, wave.Error) as problem:
        raise BadSetting(f"{clips or script} cannot be read: {type(problem).__name__} {problem}") from None


def _known_clips(path: Path, book: Codebook | Fingerprints) -> Transcriber:
    """`path` holds JSON: a list of {"audio": WAV beside it, "text": what it says}."""
    for clip in json.loads(path.read_text(encoding="utf-8")):
        book.register(_read_wav(path.parent / clip["audio"]), clip["text"])
    return book


def _read_wav(path: Path) -> Samples:
    with wave.open(str(path)) as file:
        if (file.getnchannels(), file.getsampwidth()) != (1, 2):
            raise ValueError(f"{path} is not mono 16-bit")
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.int16)
        return resample(samples, file.getframerate(), TELEPHONE_HZ)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m tests.fakes.elevenlabs", description=__doc__)
    made.add_argument("--host", default="127.0.0.1")
    made.add_argument("--port", type=int, default=0, help="0: a free one, printed")
    made.add_argument("--api-key", default=API_KEY)
    made.add_argument("--delays", default="none", help=f"none, published, or NAME=MS,... of {', '.join(DELAY_NAMES)}")
    made.add_argument("--script", type=Path, help="a text file: one transcript per line, in the order of the commits")
    made.add_argument("--clips", type=Path, help='JSON: [{"audio": "yes.wav", "text": "yes"}, ...] to be recognised')
    made.add_argument("--whole-clips", action="store_true", help="recognise clips as a whole: cheap, for many calls")
    made.add_argument("--max-speech", type=int, help="requests for speech in parallel before 429")
    made.add_argument("--max-sockets", type=int, help="realtime sockets at once before resource_exhausted")
    made.add_argument("--seed", type=int, default=1)
    return made


def emulator_from(given: argparse.Namespace) -> ElevenLabsEmulator:
    return ElevenLabsEmulator(
        transcriber=transcriber_from(given.script, given.clips, whole=given.whole_clips),
        delays=delays_from(given.delays),
        realtime=RealtimeBehaviour(max_sockets=given.max_sockets),
        speech=SpeechBehaviour(max_concurrent=given.max_speech),
        api_keys=(given.api_key,),
        keep_audio=False,
        seed=given.seed,
        host=given.host,
        port=given.port,
    )


async def serve(emulator: ElevenLabsEmulator) -> None:
    """Serve until SIGINT or SIGTERM; the first line printed is the base URL."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with emulator:
        print(emulator.base_url, flush=True)
        await stopped.wait()


def main() -> int:
    try:
        asyncio.run(serve(emulator_from(parser().parse_args())))
    except (BadSetting, OSError) as problem:
        print(f"elevenlabs emulator: {problem}", file=sys.stderr)
        return BAD_SETTING
    return 0


if __name__ == "__main__":
    sys.exit(main())
