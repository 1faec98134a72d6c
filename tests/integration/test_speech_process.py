"""The speech worker as a process: what it says when something is wrong, and how it ends."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from stack.server_process import free_port
from stack.services import python_path
from tests.fakes.elevenlabs import ElevenLabsEmulator

TIMEOUT_SECONDS = 30.0


class Process:
    """A running worker and what it printed."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []

    async def until(self, *words: str) -> str:
        """The first line, from here on, that has all of these words."""
        assert self.process.stderr is not None
        async with asyncio.timeout(TIMEOUT_SECONDS):
            while line := (await self.process.stderr.readline()).decode():
                self.lines.append(line)
                if all(word in line for word in words):
                    return line
        raise AssertionError(f"no line with {words} in:\n{''.join(self.lines)}")

    async def ended(self) -> tuple[int, str]:
        """Exit code and the rest of the output."""
        async with asyncio.timeout(TIMEOUT_SECONDS):
            _, rest = await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode, "".join(self.lines) + rest.decode()

    async def terminated(self) -> tuple[int, str]:
        self.process.terminate()
        return await self.ended()


@asynccontextmanager
async def worker(**environment: str) -> AsyncIterator[Process]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "speech_worker",
        env={**kept, "PYTHONPATH": python_path(), "TRUNKLINE_CACHE": "/nonexistent", **environment},
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Process(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def closed_redis() -> str:
    return f"redis://127.0.0.1:{free_port(socket.SOCK_STREAM)}/0"


async def test_without_any_recogniser_it_says_what_to_do() -> None:
    async with worker() as process:
        code, said = await process.ended()
    assert code == 2
    assert "set TRUNKLINE_WHISPER_MODEL to its folder, or set ELEVENLABS_API_KEY" in said
    assert "Traceback" not in said


async def test_a_bad_setting_is_one_line() -> None:
    async with worker(TRUNKLINE_ASR="vosk") as process:
        code, said = await process.ended()
    assert code == 2
    assert said.startswith("speech-worker: setting TRUNKLINE_ASR: ")
    assert said.count("\n") == 1


async def test_a_missing_redis_is_waited_for_and_named(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("sk_secret\n")
    address = closed_redis()
    environment = {
        "REDIS_URL": address,
        "ELEVENLABS_API_KEY_FILE": str(key),
        "ELEVENLABS_BASE_URL": f"http://127.0.0.1:{free_port(socket.SOCK_STREAM)}",
        "TRUNKLINE_LOG_FORMAT": "json",
    }
    async with worker(**environment) as process:
        await process.until(address, "check REDIS_URL")
        code, said = await process.terminated()
    assert code == 0
    assert "Traceback" not in said
    assert "sk_secret" not in said


@pytest.mark.parametrize("good_key", [True, False])
async def test_the_key_is_tried_at_the_start(redis_url: str, good_key: bool) -> None:
    async with ElevenLabsEmulator() as vendor:
        port = free_port(socket.SOCK_STREAM)
        environment = {
            "REDIS_URL": redis_url,
            "ELEVENLABS_API_KEY": vendor.api_key if good_key else "sk_wrong",
            "ELEVENLABS_BASE_URL": vendor.base_url,
            "TRUNKLINE_HEALTH_PORT": str(port),
        }
        async with worker(**environment) as process:
            if good_key:
                await process.until("ElevenLabs accepted the key")
            else:
                await process.until("ElevenLabs cannot be used", "auth", "check ELEVENLABS_API_KEY")
            status, wrong = await ready(port, 200 if good_key else 503)
            code, said = await process.terminated()
    assert status == (200 if good_key else 503)
    assert ("recogniser" in wrong) is not good_key
    assert code == 0
    assert "Traceback" not in said
    assert "sk_wrong" not in said


async def ready(port: int, wanted: int) -> tuple[int, dict[str, str]]:
    """The readiness, once it is the wanted one."""
    async with asyncio.timeout(TIMEOUT_SECONDS), aiohttp.ClientSession() as session:
        while True:
            async with session.get(f"http://127.0.0.1:{port}/health/ready") as response:
                wrong = (await response.json())["wrong"]
                if response.status == wanted and "redis" not in wrong:
                    return response.status, wrong
            await asyncio.sleep(0.05)
