"""Virtual environments in the cache, one per set of lock files, made even where Debian's python3-venv is missing."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from provision.cache import ProvisionError, built, cache_dir, cannot_write, locked, mark_ready, ready_version, say
from provision.debian import PrivateApt, run

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_LOCKS = (ROOT / "requirements" / "dev.txt",)
OLDEST_PYTHON = (3, 11)
PIP_CURE = "check the network and pip's settings"
UNUSED_AFTER_SECONDS = 30 * 24 * 3600


@dataclass(frozen=True)
class Venv:
    """A virtual environment: its folder and its interpreter."""

    home: Path
    python: Path


def ensure(locks: Sequence[Path] = ()) -> Venv:
    """Return the environment that holds what these lock files name (requirements/dev.txt when none is given)."""
    if sys.version_info < OLDEST_PYTHON:
        raise ProvisionError(f"Python: {sys.version.split()[0]} is too old; install Python >= 3.11")
    locks = tuple(locks) or DEFAULT_LOCKS
    key = key_of(locks)
    home = cache_dir() / "venv" / key
    if ready_version(home) != key:
        with locked("venv"):
            if ready_version(home) != key:
                _make_safely(home, key, locks)
    os.utime(home)
    return Venv(home, home / "bin" / "python")


def key_of(locks: Sequence[Path], python: str = "") -> str:
    """Return the name of the environment for these lock files and this interpreter."""
    digest = hashlib.sha256((python or f"{sys.executable} {sys.version}").encode())
    for lock in locks:
        try:
            digest.update(lock.read_bytes())
        except OSError as error:
            raise ProvisionError(f"Python packages: cannot read {lock}: {error.strerror}; name a lock file") from error
    return digest.hexdigest()[:16]


def pip() -> list[str]:
    """Return a command that runs pip: this interpreter's own, else one fetched into the cache."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    return [sys.executable, str(_pip_wheel() / "pip"), "--disable-pip-version-check"]


def _make_safely(home: Path, key: str, locks: Sequence[Path]) -> None:
    say("Python packages: installing into the cache ...")
    try:
        _make(home, locks)
        mark_ready(home, key)
        _remove_unused(home)
    except OSError as error:
        raise cannot_write("Python packages", home, error) from error


def _make(home: Path, locks: Sequence[Path]) -> None:
    # An environment cannot be moved, so it is made in its place; the marker comes last, and an aborted one is redone.
    shutil.rmtree(home, ignore_errors=True)
    run([sys.executable, "-m", "venv", "--without-pip", str(home)])
    python = str(home / "bin" / "python")
    if importlib.util.find_spec("ensurepip") is not None:
        run([python, "-m", "ensurepip", "--default-pip"])
    else:
        wheel = str(_pip_wheel())
        run([python, f"{wheel}/pip", "install", "--quiet", "--no-index", "--no-deps", wheel])
    named = [argument for lock in locks for argument in ("-r", str(lock))]
    hashes = ["--require-hashes"] if all("--hash=" in lock.read_text(encoding="utf-8") for lock in locks) else []
    install = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", *hashes, *named]
    run(install, name="pip", cure=PIP_CURE)


def _pip_wheel() -> Path:
    """Return pip as a wheel, which runs as it is: Debian's, where the interpreter came without one."""
    folder = built("pip", "1", _fetch_pip)
    return next(folder.glob("usr/share/python-wheels/pip-*.whl"))


def _fetch_pip(home: Path) -> None:
    if shutil.which("apt-get") is None:
        raise ProvisionError("Python packages: this Python has neither pip nor ensurepip; install its venv package")
    say("Python packages: this Python has no pip, downloading Debian's into the cache ...")
    PrivateApt().unpack(["python3-pip-whl"], home)
    if not list(home.glob("usr/share/python-wheels/pip-*.whl")):
        raise ProvisionError("Python packages: Debian's python3-pip-whl holds no pip; install python3-venv")


def _remove_unused(home: Path) -> None:
    oldest = time.time() - UNUSED_AFTER_SECONDS
    for other in home.parent.iterdir():
        if other != home and other.stat().st_mtime < oldest:
            shutil.rmtree(other, ignore_errors=True)
