"""Command line: `python3 -m provision [part ...]`, `... env` for shell exports, `... venv [lock ...]` for a python.

`venv --with-parts` provides every part beside the virtual environment, which is quicker than one after the other.
"""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from provision import asterisk, redis, rhvoice, sounds, venv, whisper
from provision.cache import ProvisionError, cache_dir, say

USAGE = "usage: python3 -m provision [PART ...] | env | venv [--with-parts] [LOCK_FILE ...]; parts: "


@dataclass(frozen=True)
class Provided:
    """A part that is there: a line for people, and the variables that point a service at it."""

    what: str
    where: str
    environment: Mapping[str, str] = field(default_factory=dict)


def provide_asterisk() -> Provided:
    """Provide an Asterisk."""
    files = asterisk.ensure()
    origin = {"system": "the system's own", "cache": "unpacked in the cache", "docker": "in Docker"}[files.origin]
    return Provided(f"{files.version}, {origin}", files.image or files.command[-1])


def provide_redis() -> Provided:
    """Provide a redis-server."""
    files = redis.ensure()
    origin = "unpacked in the cache" if files.library_path else "the system's own"
    return Provided(f"{files.version}, {origin}", str(files.server))


def provide_rhvoice() -> Provided:
    """Provide the offline voices."""
    files = rhvoice.ensure()
    voices = sorted(path.name for path in (files.data_dir / "voices").iterdir())
    return Provided(f"voices {' '.join(voices)}", str(files.library), files.environment())


def provide_whisper() -> Provided:
    """Provide the offline recogniser's model."""
    folder = whisper.ensure()
    return Provided("Whisper base", str(folder), {"TRUNKLINE_WHISPER_MODEL": str(folder)})


def provide_sounds() -> Provided:
    """Provide the recorded prompts."""
    files = sounds.ensure()
    return Provided("recorded prompts, ru and en", str(files.russian.parent))


PARTS: dict[str, Callable[[], Provided]] = {
    "asterisk": provide_asterisk,
    "redis": provide_redis,
    "rhvoice": provide_rhvoice,
    "whisper": provide_whisper,
    "sounds": provide_sounds,
}

# Recordings that only tests play; they fetch them when they run.
TESTS_ONLY = {"sounds"}


def main(arguments: Sequence[str]) -> int:
    """Run the command line; returns the exit code."""
    try:
        return _run(list(arguments))
    except ProvisionError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("provision: stopped; run it again to go on where it was")
        return 130


def _run(arguments: list[str]) -> int:
    match arguments:
        case ["venv", "--with-parts", *locks]:
            # Each takes a while the first time, and most of it is waiting: side by side they take as long as one.
            with ThreadPoolExecutor(max_workers=1) as pool:
                parts = pool.submit(provide, [name for name in PARTS if name not in TESTS_ONLY])
                python = _python(locks)
            parts.result()
            print(python)
        case ["venv", *locks]:
            print(_python(locks))
        case ["env"]:
            print(exports(provide(list(PARTS))), end="")
        case names if set(names) <= set(PARTS):
            started = time.monotonic()
            print(table(provide(names or list(PARTS))), end="")
            say(f"all there after {time.monotonic() - started:.1f} s, in {cache_dir()}")
        case _:
            say(USAGE + " ".join(PARTS))
            return 2
    return 0


def _python(locks: Sequence[str]) -> Path:
    return venv.ensure([Path(lock).absolute() for lock in locks]).python


def provide(names: Sequence[str]) -> dict[str, Provided]:
    """Provide these parts side by side; raises the first one's ProvisionError after all have ended."""
    with ThreadPoolExecutor(max_workers=len(names)) as pool:
        started: dict[str, Future[Provided]] = {name: pool.submit(PARTS[name]) for name in names}
    return {name: future.result() for name, future in started.items()}


def exports(parts: Mapping[str, Provided]) -> str:
    """Return shell commands that export the parts' variables."""
    pairs = (pair for part in parts.values() for pair in part.environment.items())
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in pairs)


def table(parts: Mapping[str, Provided]) -> str:
    """Return one line per part: name, what it is, where it is."""
    width = max(len(part.what) for part in parts.values())
    return "".join(f"{name:9} {part.what:{width}}  {part.where}\n" for name, part in parts.items())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
