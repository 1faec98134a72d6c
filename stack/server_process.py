"""One server process: started, watched until it is ready, paused, killed, and always ended with its owner."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

READY_TIMEOUT_SECONDS = 30.0
STOP_TIMEOUT_SECONDS = 5.0
POLL_SECONDS = 0.02
LOG_TAIL_LINES = 5


class ServerError(Exception):
    """A server did not start or ended early; the text ends with the last lines of its log."""


class ServerProcess:
    """A process with its output in a file. It gets SIGKILL when the process that started it dies."""

    def __init__(
        self, name: str, command: Sequence[str], log_path: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.log_path = log_path
        self._command = [*_end_with_owner(), *command]
        self._environment = {**os.environ, **(environment or {})}
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """The process id; raises ServerError when it does not run."""
        if self._process is None or self._process.returncode is not None:
            raise ServerError(f"{self.name} does not run")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process has been started and has not ended."""
        return self._process is not None and self._process.returncode is None

    async def start(self, ready: Callable[[], Awaitable[bool]]) -> None:
        """Start the process and return once `ready()` is true; raises ServerError when it ends or takes too long."""
        with self.log_path.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,
            )
        try:
            await self._wait_ready(ready)
        except BaseException:
            await self.kill()
            raise

    async def stop(self) -> None:
        """Ask the process to end (SIGTERM), and kill it when it has not within a few seconds."""
        if self._process is None or not self.running:
            return
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        try:
            async with asyncio.timeout(STOP_TIMEOUT_SECONDS):
                await self._process.wait()
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """End the process at once, as a crash would (SIGKILL)."""
        if self._process is not None:
            if self.running:
                self._process.kill()
            await self._process.wait()

    def pause(self) -> None:
        """Freeze the process (SIGSTOP): its connections stay open and nothing answers."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused process go on (SIGCONT)."""
        os.kill(self.pid, signal.SIGCONT)

    async def _wait_ready(self, ready: Callable[[], Awaitable[bool]]) -> None:
        deadline = time.monotonic() + READY_TIMEOUT_SECONDS
        while not await ready():
            if not self.running:
                raise ServerError(f"{self.name} ended while it started: {self._log_tail()}")
            if time.monotonic() > deadline:
                raise ServerError(f"{self.name} is not ready after {READY_TIMEOUT_SECONDS:.0f} s: {self._log_tail()}")
            await asyncio.sleep(POLL_SECONDS)

    def _log_tail(self) -> str:
        lines = self.log_path.read_text(encoding="utf-8", errors="replace").splitlines()
        return " | ".join(line.strip() for line in lines[-LOG_TAIL_LINES:] if line.strip()) or "it wrote nothing"


def _end_with_owner() -> list[str]:
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []


def free_port(kind: socket.SocketKind, address: str = "127.0.0.1") -> int:
    """Return a port of this kind (SOCK_STREAM or SOCK_DGRAM) that is free now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
    return port
