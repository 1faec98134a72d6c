"""The whole stack on this machine: Redis, Asterisk and the four services, for tests, demo and bench."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from provision import rhvoice, whisper
from stack.asterisk_server import AsteriskOptions, AsteriskServer
from stack.redis_server import RedisServer
from stack.services import ROOT, ServiceProcess, run_services


@dataclass(frozen=True, slots=True)
class Stack:
    """Everything that runs; ``log_dir`` holds a log per service."""

    redis: RedisServer
    asterisk: AsteriskServer
    services: dict[str, ServiceProcess]
    log_dir: Path

    @property
    def sip(self) -> tuple[str, int]:
        """Where callers call."""
        return ("127.0.0.1", self.asterisk.sip_port)


def offline_engines() -> dict[str, str]:
    """Settings for the offline engines, provided when they are not there yet."""
    return {
        **rhvoice.ensure().environment(),
        "TRUNKLINE_WHISPER_MODEL": str(whisper.ensure()),
    }


def service_environment(redis: RedisServer, asterisk: AsteriskServer) -> dict[str, str]:
    """Settings that point the services at these servers."""
    return {
        "REDIS_URL": redis.url,
        "ASTERISK_ARI_URL": asterisk.ari_url,
        "ASTERISK_ARI_USERNAME": asterisk.ari_username,
        "ASTERISK_ARI_PASSWORD": asterisk.ari_password,
        "TRUNKLINE_SOUNDS_DIR": str(asterisk.sounds_dir),
        "TRUNKLINE_SCENARIOS_DIR": str(ROOT / "scenarios"),
    }


@asynccontextmanager
async def run_stack(
    workdir: Path,
    *,
    environment: Mapping[str, str] | None = None,
    asterisk_options: AsteriskOptions | None = None,
    prompts: Path | None = None,
) -> AsyncIterator[Stack]:
    """Start all of it under ``workdir`` and stop all of it in the opposite order.

    ``environment`` adds settings for the services, ``asterisk_options`` choose ports and passwords;
    ``prompts`` is a folder that keeps the bot's sounds from one run to the next.

    :raises stack.services.ServiceFailed: a service did not become ready; the text has the end of its log.
    """
    engines = await asyncio.to_thread(offline_engines)
    async with AsyncExitStack() as running:
        redis = await running.enter_async_context(RedisServer.start(workdir=workdir / "redis"))
        asterisk = await running.enter_async_context(
            AsteriskServer.prepared(asterisk_options or AsteriskOptions(), workdir / "asterisk")
        )
        if prompts is not None:
            running.enter_context(_kept(asterisk.sounds_dir / "trunkline", prompts))
        settings = {**engines, **service_environment(redis, asterisk), **(environment or {})}
        # They do not wait for one another: services find their servers by themselves.
        services = run_services(settings, workdir / "logs")
        async with asyncio.TaskGroup() as starting:
            ready = starting.create_task(running.enter_async_context(services), name="start:services")
            starting.create_task(asterisk.restart(), name="start:asterisk")
        yield Stack(redis, asterisk, ready.result(), workdir / "logs")


@contextmanager
def _kept(sounds: Path, prompts: Path) -> Iterator[None]:
    """Bring the sounds of the last run, and take them along at the end."""
    if prompts.exists():
        shutil.copytree(prompts, sounds, dirs_exist_ok=True)
    yield
    shutil.copytree(sounds, prompts, dirs_exist_ok=True)


def keep_logs(stack: Stack, folder: Path) -> None:
    """Copy the logs of a stack that is about to vanish."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in [*stack.log_dir.glob("*.log"), stack.asterisk.log_path]:
        shutil.copy(path, folder)
