"""The stack that `make up` left running: what is known of it, and how it is ended."""

import json
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from provision.cache import cache_dir

STOP_TIMEOUT_SECONDS = 30.0
POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Process:
    """A process and when it began (clock ticks since boot), so that a later one with its number is not taken for it."""

    pid: int
    began: int

    @property
    def alive(self) -> bool:
        return _began(self.pid) == self.began

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if it is still the same process."""
        if self.alive:
            os.kill(self.pid, number)

    @classmethod
    def of(cls, pid: int) -> "Process":
        return cls(pid, _began(pid) or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A stack in the background."""

    keeper: Process
    children: tuple[Process, ...]
    host: str
    sip_port: int
    username: str
    password: str
    redis_url: str
    log_dir: str

    def __repr__(self) -> str:
        return f"Running(keeper={self.keeper}, sip_port={self.sip_port})"


def state_file() -> Path:
    """Where the running stack is written down; readable by its owner alone, for it holds the softphone's password."""
    return cache_dir() / "up" / "state.json"


def write(running: Running) -> None:
    """Write down what runs, whole or not at all."""
    path = state_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".partial")
    aside.unlink(missing_ok=True)
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(asdict(running), file, indent=1)
    aside.replace(path)


def read() -> Running | None:
    """What runs; None when nothing does, or only its file was left."""
    try:
        raw = json.loads(state_file().read_text(encoding="utf-8"))
        running = _running(raw)
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return running if running.keeper.alive or any(child.alive for child in running.children) else None


def forget() -> None:
    """Remove the file."""
    state_file().unlink(missing_ok=True)


def stop(running: Running) -> None:
    """End the keeper, which ends the rest; whatever is left of it after a while is killed. Nothing else is touched."""
    running.keeper.send(signal.SIGTERM)
    deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
    while running.keeper.alive and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    for process in (running.keeper, *running.children):
        process.send(signal.SIGKILL)
    forget()


def _running(raw: Mapping[str, object]) -> Running:
    values = dict(raw)
    values["keeper"] = Process(**values["keeper"])  # type: ignore[arg-type]
    values["children"] = tuple(Process(**child) for child in values["children"])  # type: ignore[attr-defined]
    return Running(**values)  # type: ignore[arg-type]


def _began(pid: int) -> int | None:
    """The start time of a live process (field 22 of /proc/PID/stat); None when there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in ("Z", "X") else int(fields[19])
