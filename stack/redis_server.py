"""A real redis-server of one's own, on a free loopback port."""

from __future__ import annotations

import asyncio
import socket
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from provision import redis as provided
from stack.server_process import ServerProcess, free_port


class RedisServer:
    """A running redis-server; `url` is what REDIS_URL takes."""

    def __init__(self, process: ServerProcess, port: int, workdir: Path) -> None:
        self.port = port
        self.workdir = workdir
        self.url = f"redis://127.0.0.1:{port}/0"
        self.log_path = process.log_path
        self._process = process

    @classmethod
    @asynccontextmanager
    async def start(
        cls,
        *,
        port: int = 0,
        appendonly: bool = False,
        config: Mapping[str, str] | None = None,
        workdir: Path | None = None,
    ) -> AsyncIterator[RedisServer]:
        """Run a redis-server until the block is left; port 0 takes a free one.

        `appendonly` keeps every write through kill() and restart(); without it a restart finds no data. `config` adds
        directives of redis.conf. `workdir` is where its files go, a temporary folder when it is None.
        """
        files = await asyncio.to_thread(provided.ensure)
        with tempfile.TemporaryDirectory(prefix="trunkline-redis-") as temporary:
            folder = workdir or Path(temporary)
            folder.mkdir(parents=True, exist_ok=True)
            port = port or free_port(socket.SOCK_STREAM)
            conf = folder / "redis.conf"
            conf.write_text(_config(port, appendonly, folder, config or {}), encoding="utf-8")
            process = ServerProcess(
                "redis-server", [str(files.server), str(conf)], folder / "redis.log", files.environment()
            )
            server = cls(process, port, folder)
            try:
                await process.start(server._answers)
                yield server
            finally:
                await process.stop()

    @property
    def pid(self) -> int:
        """The process id of redis-server."""
        return self._process.pid

    async def stop(self) -> None:
        """Shut it down in an orderly way; restart() brings it back."""
        await self._process.stop()

    async def kill(self) -> None:
        """End it at once, as a crash would."""
        await self._process.kill()

    async def restart(self) -> None:
        """Start it again on the same port with the same files; stops it first when it runs."""
        await self._process.stop()
        await self._process.start(self._answers)

    def pause(self) -> None:
        """Freeze it: connections stay open and nothing answers."""
        self._process.pause()

    def resume(self) -> None:
        """Let it go on after pause()."""
        self._process.resume()

    async def _answers(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        try:
            writer.write(b"PING\r\n")
            return await reader.readline() == b"+PONG\r\n"
        except OSError:
            return False
        finally:
            writer.close()


def _config(port: int, appendonly: bool, folder: Path, extra: Mapping[str, str]) -> str:
    settings = {
        "port": str(port),
        "bind": "127.0.0.1",
        "dir": f'"{folder}"',
        "daemonize": "no",
        "save": '""',
        "appendonly": "yes" if appendonly else "no",
        "appendfsync": "everysec",
        **extra,
    }
    return "".join(f"{name} {value}\n" for name, value in settings.items())
