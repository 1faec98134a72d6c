"""The four services as processes of this machine, for tests, demo and bench."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from stack.server_process import free_port

ROOT = Path(__file__).parents[1]
MODULES = {
    "ari-gateway": "ari_gateway",
    "speech-worker": "speech_worker",
    "dialog-fsm": "dialog_fsm",
    "tts-player": "tts_player",
}
READY_TIMEOUT_SECONDS = 60.0
STOP_TIMEOUT_SECONDS = 10.0
POLL_SECONDS = 0.05


class ServiceFailed(Exception):
    """A service ended or did not become ready; the text has the end of its log."""


@dataclass(slots=True)
class ServiceProcess:
    """One service; its log is appended to ``log_path`` over restarts."""

    name: str
    environment: Mapping[str, str]
    log_path: Path
    health_port: int = field(default_factory=lambda: free_port(socket.SOCK_STREAM))
    process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """The process id of the running service."""
        assert self.process is not None
        return self.process.pid

    @property
    def running(self) -> bool:
        """Whether the process has not ended."""
        return self.process is not None and self.process.returncode is None

    async def start(self) -> None:
        """Start the process; see :meth:`wait_ready`."""
        with self.log_path.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                MODULES[self.name],
                env={**self.environment, "TRUNKLINE_HEALTH_PORT": str(self.health_port)},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    async def wait_ready(self, timeout_seconds: float = READY_TIMEOUT_SECONDS) -> None:
        """Return when ``/health/ready`` says so.

        :raises ServiceFailed: the process ended, or was not ready in time.
        """
        reason = "it does not answer"
        url = f"http://127.0.0.1:{self.health_port}/health/ready"
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds), aiohttp.ClientSession() as session:
                while self.running:
                    try:
                        async with session.get(url) as response:
                            if response.status == 200:
                                return
                            reason = await response.text()
                    except aiohttp.ClientError:
                        pass
                    await asyncio.sleep(POLL_SECONDS)
                reason = f"it ended with {self.process.returncode if self.process else None}"
        raise ServiceFailed(f"{self.name} is not ready: {reason}\n{self.log_tail()}")

    async def stop(self) -> int:
        """SIGTERM, and SIGKILL for what is left after the time-out; returns the exit code."""
        if self.process is None:
            return 0
        if self.running:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        try:
            async with asyncio.timeout(STOP_TIMEOUT_SECONDS):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
        assert self.process.returncode is not None
        return self.process.returncode

    async def kill(self) -> None:
        """SIGKILL, as a crash would."""
        assert self.process is not None
        self.process.kill()
        await self.process.wait()

    def pause(self) -> None:
        """SIGSTOP: the process hangs."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT: it goes on."""
        os.kill(self.pid, signal.SIGCONT)

    def log_tail(self, lines: int = 15) -> str:
        """The end of its log."""
        return "\n".join(self.log().splitlines()[-lines:])

    def log(self) -> str:
        """All of its log."""
        return self.log_path.read_text(encoding="utf-8", errors="replace") if self.log_path.exists() else ""


def python_path() -> str:
    """PYTHONPATH under which every service and callbus import from the tree."""
    folders = [ROOT, *(ROOT / "services" / name / "src" for name in MODULES)]
    return os.pathsep.join(str(folder) for folder in folders)


@asynccontextmanager
async def run_services(environment: Mapping[str, str], log_dir: Path) -> AsyncIterator[dict[str, ServiceProcess]]:
    """All four services, ready; stopped in the opposite direction of a call's data when the context ends.

    :raises ServiceFailed: one of them did not become ready.
    """
    log_dir.mkdir(parents=True, exist_ok=True)
    full = {**os.environ, **environment, "PYTHONPATH": python_path(), "PYTHONUNBUFFERED": "1"}
    services = {name: ServiceProcess(name, full, log_dir / f"{name}.log") for name in MODULES}
    try:
        for service in services.values():
            await service.start()
        async with asyncio.TaskGroup() as starting:
            for service in services.values():
                starting.create_task(service.wait_ready(), name=f"ready:{service.name}")
        yield services
    finally:
        await asyncio.gather(*(service.stop() for service in services.values()))
