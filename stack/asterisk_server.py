"""A real Asterisk of one's own, on free loopback ports, with the configuration of deploy/asterisk."""

from __future__ import annotations

import asyncio
import base64
import os
import secrets
import socket
import subprocess
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from provision import asterisk as provided
from stack import asterisk_config
from stack.server_process import ServerError, ServerProcess, free_port

RTP_PORTS_PER_SERVER = 800
# Below the ports that Linux gives out by itself, above those of well-known services.
RTP_PORTS_FROM, RTP_PORTS_BELOW = 16000, 32000
COMMAND_TIMEOUT_SECONDS = 10.0
FIXED_DATA = ("documentation", "rest-api", "static-http")


@dataclass(frozen=True)
class AsteriskOptions:
    """What one Asterisk is started with; a port of 0 and empty passwords are chosen for it."""

    http_port: int = 0
    sip_port: int = 0
    rtp_ports: tuple[int, int] | None = None
    ari_username: str = "novofon_bot"
    ari_password: str = field(default="", repr=False)
    softphone_password: str = field(default="", repr=False)
    http_address: str = "127.0.0.1"
    sip_address: str = "127.0.0.1"
    operator_dial: str = ""
    trunk: Mapping[str, str] | None = field(default=None, repr=False)


class AsteriskServer:
    """A running Asterisk. The bot's sounds go to `sounds_dir`; `log_path` holds its log."""

    def __init__(self, options: AsteriskOptions, files: provided.AsteriskFiles, workdir: Path, run_dir: Path) -> None:
        self.http_port = options.http_port or free_port(socket.SOCK_STREAM)
        self.sip_port = options.sip_port or free_port(socket.SOCK_DGRAM)
        self.rtp_ports = options.rtp_ports or free_rtp_ports()
        self.ari_username = options.ari_username
        self.ari_password = options.ari_password or secrets.token_urlsafe(18)
        self.softphone_password = options.softphone_password or secrets.token_urlsafe(9)
        self.ari_url = f"http://127.0.0.1:{self.http_port}"
        self.version = files.version
        self.workdir = workdir
        self.sounds_dir = workdir / "data" / "sounds"
        self.log_path = workdir / "log" / "messages.log"
        self._options = options
        self._files = files
        self._run_dir = run_dir
        self._container = f"trunkline-asterisk-{uuid.uuid4().hex[:8]}"
        self._process = ServerProcess("asterisk", self._start_command(), workdir / "console.log")

    @classmethod
    @asynccontextmanager
    async def start(
        cls,
        *,
        http_port: int = 0,
        sip_port: int = 0,
        rtp_ports: tuple[int, int] | None = None,
        ari_username: str = "novofon_bot",
        ari_password: str = "",
        workdir: Path | None = None,
        softphone_password: str = "",
        sip_address: str = "127.0.0.1",
        operator_dial: str = "",
        trunk: Mapping[str, str] | None = None,
    ) -> AsyncIterator[AsteriskServer]:
        """Run an Asterisk until the block is left.

        A port of 0 takes a free one, an empty password is generated. `workdir` is where its files go, a temporary
        folder when it is None. `operator_dial` is what Dial() takes for transfers; `trunk` holds the NOVOFON_ values
        of a provider's trunk.
        """
        options = AsteriskOptions(
            http_port=http_port,
            sip_port=sip_port,
            rtp_ports=rtp_ports,
            ari_username=ari_username,
            ari_password=ari_password,
            softphone_password=softphone_password,
            sip_address=sip_address,
            operator_dial=operator_dial,
            trunk=trunk,
        )
        async with cls.prepared(options, workdir) as server:
            await server.restart()
            yield server

    @classmethod
    @asynccontextmanager
    async def prepared(cls, options: AsteriskOptions, workdir: Path | None = None) -> AsyncIterator[AsteriskServer]:
        """An Asterisk with its ports and files that restart() starts; ended when the block is left."""
        files = await asyncio.to_thread(provided.ensure)
        # The control socket's path must be short (a socket's address holds 107 bytes), so it gets a folder of its own.
        with tempfile.TemporaryDirectory(prefix="trunkline-ast-") as temporary:
            server = cls(options, files, workdir or Path(temporary) / "work", Path(temporary))
            server._prepare()
            try:
                yield server
            finally:
                await server.stop()

    @property
    def pid(self) -> int:
        """The process id of Asterisk (of the Docker client when it runs in a container)."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process.running

    async def command(self, cli: str) -> str:
        """Run a command of Asterisk's CLI and return what it prints; raises ServerError when it cannot."""
        process = await asyncio.create_subprocess_exec(
            *self._in_container("exec"),
            *self._base_command(),
            "-rx",
            cli,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(COMMAND_TIMEOUT_SECONDS):
                output, _ = await process.communicate()
        except TimeoutError as error:
            raise ServerError(f"asterisk: no answer to `{cli}` within {COMMAND_TIMEOUT_SECONDS:.0f} s") from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        text = output.decode(errors="replace")
        if process.returncode:
            raise ServerError(f"asterisk: `{cli}`: {text.strip()}")
        return text

    async def stop(self) -> None:
        """End it in an orderly way; live calls are hung up. restart() brings it back."""
        await self._process.stop()

    async def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._files.image and self._process.running:
            await self._docker_kill()
        await self._process.kill()

    async def restart(self) -> None:
        """Start it again on the same ports with the same files; stops it first when it runs."""
        await self._process.stop()
        await self._process.start(self._answers)

    def pause(self) -> None:
        """Freeze it: connections stay open and nothing answers."""
        self._signal_all("pause", self._process.pause)

    def resume(self) -> None:
        """Let it go on after pause()."""
        self._signal_all("unpause", self._process.resume)

    def warnings(self) -> list[str]:
        """Return the lines of the log that are warnings or errors."""
        text = self.log_path.read_text(encoding="utf-8", errors="replace")
        return [line for line in text.splitlines() if " WARNING[" in line or " ERROR[" in line]

    def _prepare(self) -> None:
        for name in ("data", "data/sounds/trunkline", "var", "spool", "log"):
            (self.workdir / name).mkdir(parents=True, exist_ok=True)
        for name in FIXED_DATA:
            link = self.workdir / "data" / name
            if not link.is_symlink():
                link.symlink_to(self._files.data_dir / name)
        asterisk_config.write(self._values(), self.workdir / "etc", loopback=True, trunk=bool(self._options.trunk))

    def _values(self) -> dict[str, str]:
        first, last = self.rtp_ports
        return {
            "ASTERISK_ETC_DIR": str(self.workdir / "etc"),
            "ASTERISK_MODULES_DIR": str(self._files.modules_dir),
            "ASTERISK_VAR_DIR": str(self.workdir / "var"),
            "ASTERISK_DATA_DIR": str(self.workdir / "data"),
            "ASTERISK_SPOOL_DIR": str(self.workdir / "spool"),
            "ASTERISK_RUN_DIR": str(self._run_dir),
            "ASTERISK_LOG_DIR": str(self.log_path.parent),
            "ASTERISK_LOG_FILE": self.log_path.name,
            "ASTERISK_SYSTEM_NAME": "",
            "ASTERISK_ENTITY_ID": "",
            "ASTERISK_HTTP_ADDRESS": self._options.http_address,
            "ASTERISK_HTTP_PORT": str(self.http_port),
            "ASTERISK_ARI_USERNAME": self.ari_username,
            "ASTERISK_ARI_PASSWORD": self.ari_password,
            "ASTERISK_ARI_PASSWORD_FORMAT": "plain",
            "ASTERISK_SIP_ADDRESS": self._options.sip_address,
            "ASTERISK_SIP_PORT": str(self.sip_port),
            "ASTERISK_EXTERNAL_ADDRESS": "",
            "ASTERISK_LOCAL_NETWORK": "",
            "ASTERISK_RTP_START": str(first),
            "ASTERISK_RTP_END": str(last),
            "ASTERISK_SOFTPHONE_PASSWORD": self.softphone_password,
            "ASTERISK_OPERATOR_DIAL": self._options.operator_dial,
            **(self._options.trunk or {}),
        }

    def _base_command(self) -> list[str]:
        return [*self._files.command, "-C", str(self.workdir / "etc" / "asterisk.conf")]

    def _start_command(self) -> list[str]:
        return [*self._in_container("run"), *self._base_command(), "-f"]

    def _in_container(self, verb: str) -> list[str]:
        """Return what puts a command into the container, nothing when Asterisk runs without one."""
        if self._files.image is None:
            return []
        if verb == "exec":
            return ["docker", "exec", self._container]
        # The host's network, so that the ports are the same ones; the same paths inside as outside.
        folders = [f"--volume={folder}:{folder}" for folder in (self.workdir, self._run_dir)]
        owner = f"--user={os.getuid()}:{os.getgid()}"
        docker = ["docker", "run", "--rm", "--network=host", f"--name={self._container}", owner, *folders]
        return [*docker, "--entrypoint=", self._files.image]

    def _signal_all(self, verb: str, outside: Callable[[], None]) -> None:
        """Freeze or thaw: the container where there is one, for its client's process is not Asterisk."""
        if self._files.image is None:
            outside()
        else:
            subprocess.run(["docker", verb, self._container], check=True, capture_output=True)

    async def _docker_kill(self) -> None:
        killer = await asyncio.create_subprocess_exec(
            "docker", "kill", self._container, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
        await killer.wait()

    async def _answers(self) -> bool:
        """Tell whether ARI answers and every module is loaded."""
        if not (self._run_dir / "asterisk.ctl").exists() or not await self._ari_answers():
            return False
        return "fully booted" in await self.command("core waitfullybooted")

    async def _ari_answers(self) -> bool:
        token = base64.b64encode(f"{self.ari_username}:{self.ari_password}".encode()).decode()
        request = f"GET /ari/asterisk/info HTTP/1.0\r\nAuthorization: Basic {token}\r\n\r\n"
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.http_port)
        except OSError:
            return False
        try:
            writer.write(request.encode())
            return b" 200 " in await reader.readline()
        except OSError:
            return False
        finally:
            writer.close()


def free_rtp_ports(count: int = RTP_PORTS_PER_SERVER) -> tuple[int, int]:
    """Return the first and last of `count` UDP ports in a row of which a sample is free now."""
    blocks = list(range(RTP_PORTS_FROM, RTP_PORTS_BELOW - count, count))
    while blocks:
        first = blocks.pop(secrets.randbelow(len(blocks)))
        if all(_is_free(port) for port in range(first, first + count, 40)):
            return first, first + count - 1
    raise ServerError("asterisk: no block of UDP ports is free for the calls' audio")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
