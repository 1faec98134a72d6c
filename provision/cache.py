"""The cache folder: where parts live, and how one is built exactly once."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

MARKER = ".ready"


class ProvisionError(Exception):
    """A part cannot be had; the text is one line that names the part, the reason and the cure."""


def cache_dir(environ: Mapping[str, str] | None = None) -> Path:
    """Return Trunkline's cache folder: $TRUNKLINE_CACHE, else trunkline/ under the user's cache folder."""
    environ = os.environ if environ is None else environ
    if chosen := environ.get("TRUNKLINE_CACHE"):
        return Path(chosen).expanduser().resolve()
    base = environ.get("XDG_CACHE_HOME") or str(Path(environ.get("HOME") or "~").expanduser() / ".cache")
    return Path(base).resolve() / "trunkline"


def say(text: str) -> None:
    """Print one progress line on stderr; stdout is kept for results."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the cache's lock `name` against other processes; says so when it has to wait."""
    path = cache_dir() / "locks" / f"{name}.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.open("w")
    except OSError as error:
        raise cannot_write(name, path.parent, error) from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"{name}: waiting for another run that prepares it ...")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def built(part: str, version: str, make: Callable[[Path], None]) -> Path:
    """Return the folder of `part`, built by `make(empty_folder)` unless this version of it is there.

    It is built aside and renamed, so that a folder which exists is complete; an aborted build starts again.
    """
    home = cache_dir() / part
    if ready_version(home) == version:
        return home
    with locked(part):
        if ready_version(home) == version:
            return home
        try:
            _build(home, version, make)
        except OSError as error:
            raise cannot_write(part, home, error) from error
    return home


def ready_version(home: Path) -> str | None:
    """Return the version that the folder's marker names, None when it is not ready."""
    try:
        return (home / MARKER).read_text(encoding="utf-8")
    except OSError:
        return None


def mark_ready(home: Path, version: str) -> None:
    """Write the marker that makes `home` count as complete; the last step of a build."""
    (home / MARKER).write_text(version, encoding="utf-8")


def cannot_write(part: str, where: Path, error: OSError) -> ProvisionError:
    """Return the error for a cache folder that cannot be written."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    cure = "free some space, or " if full else ""
    return ProvisionError(
        f"{part}: cannot prepare {where}: {error.strerror or error}; {cure}set TRUNKLINE_CACHE to another folder"
    )


def _build(home: Path, version: str, make: Callable[[Path], None]) -> None:
    staging, old = home.with_name(f"{home.name}.partial"), home.with_name(f"{home.name}.old")
    for leftover in (staging, old):
        if leftover.exists():
            shutil.rmtree(leftover)
    staging.mkdir(parents=True)
    make(staging)
    mark_ready(staging, version)
    if home.exists():
        home.rename(old)
    staging.rename(home)
    shutil.rmtree(old, ignore_errors=True)
