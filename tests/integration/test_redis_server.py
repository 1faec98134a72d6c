"""A real redis-server of one's own: options, crash, restart, freeze."""

import asyncio
from pathlib import Path

import pytest

from stack.redis_server import RedisServer


async def ask(server: RedisServer, command: str) -> str:
    """Send one inline command; returns the first line of the answer."""
    async with asyncio.timeout(5):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(f"{command}\r\n".encode())
        line = await reader.readline()
        if line.startswith(b"$") and line != b"$-1\r\n":
            line = await reader.readline()
        writer.close()
        await writer.wait_closed()
    return line.decode().strip()


async def test_what_was_written_outlives_a_crash_with_appendonly(tmp_path: Path) -> None:
    async with RedisServer.start(appendonly=True, config={"appendfsync": "always"}, workdir=tmp_path) as server:
        assert await ask(server, "SET call live") == "+OK"
        await server.kill()
        await server.restart()
        assert await ask(server, "GET call") == "live"


async def test_without_appendonly_a_restart_finds_nothing() -> None:
    async with RedisServer.start() as server:
        assert await ask(server, "SET call live") == "+OK"
        await server.restart()
        assert await ask(server, "GET call") == "$-1"


async def test_options_reach_it_and_two_run_side_by_side() -> None:
    async with RedisServer.start(config={"maxmemory-policy": "noeviction"}) as one, RedisServer.start() as other:
        assert one.port != other.port
        assert await ask(one, "SET a 1") == "+OK"
        assert await ask(other, "GET a") == "$-1"


async def test_a_frozen_one_answers_after_it_goes_on() -> None:
    async with RedisServer.start() as server:
        server.pause()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"PING\r\n")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await reader.readline()
        server.resume()
        async with asyncio.timeout(5):
            assert await reader.readline() == b"+PONG\r\n"
        writer.close()


async def test_a_frozen_one_is_ended_with_its_block() -> None:
    async with RedisServer.start() as server:
        pid = server.pid
        server.pause()

    assert not Path(f"/proc/{pid}").exists()
