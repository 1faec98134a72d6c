"""A compose stack of the tests' own: project, ports and passwords are shared with none that runs already."""

import json
import os
import re
import secrets
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simcaller import Credentials
from stack.asterisk_server import free_rtp_ports
from stack.server_process import free_port

ROOT = Path(__file__).parents[2]
SERVICES = ("ari-gateway", "speech-worker", "dialog-fsm", "tts-player")
BUILD_SECONDS = 1200
UP_SECONDS = 300
RTP_PORTS = 20
# What a developer's shell may hold and the tests' own settings must win over.
OWN_NAMES = re.compile(
    r"(ASTERISK|NOVOFON|ELEVENLABS|TRUNKLINE|SIP|RTP|REDIS)_|EXTERNAL_ADDRESS|OFFLINE|COMPOSE_PROJECT"
)


class ComposeError(Exception):
    """A docker command failed; the text is its output."""


def engine_answers() -> bool:
    """Tell whether there is a Docker engine with compose."""
    try:
        for command in (["docker", "info"], ["docker", "compose", "version"]):
            subprocess.run(command, capture_output=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class ComposeStack:
    """One project of compose.yaml with its settings."""

    project: str
    env_file: Path
    sip: tuple[str, int]
    softphone: Credentials

    def compose(self, *arguments: str, timeout_seconds: float = 120.0) -> str:
        """Run `docker compose ...` for this project and return what it prints; raises ComposeError."""
        options = ["--project-name", self.project, "--env-file", str(self.env_file), "--ansi", "never"]
        return run(["docker", "compose", *options, *arguments], timeout_seconds=timeout_seconds)

    def up(self, *arguments: str) -> None:
        """Start what does not run and wait until all of it is healthy; raises ComposeError with the end of the logs."""
        try:
            self.compose("up", "--detach", "--wait", *arguments, timeout_seconds=UP_SECONDS)
        except ComposeError as error:
            logs = self.compose("logs", "--no-color", "--tail", "40")
            raise ComposeError(f"{error}\n{self.compose('ps', '--all')}\n{logs}") from None

    def containers(self, service: str) -> list[dict[str, Any]]:
        """What `docker inspect` says about the containers of a service."""
        names = self.compose("ps", "--all", "--quiet", service).split()
        inspected: list[dict[str, Any]] = json.loads(run(["docker", "inspect", *names])) if names else []
        return inspected

    def redis(self, *command: str) -> Any:
        """Run a command by redis-cli in the stack's Redis and return the reply."""
        return json.loads(self.compose("exec", "-T", "redis", "redis-cli", "--json", *command))

    def messages(self, stream: str) -> list[dict[str, Any]]:
        """The bodies of a stream's messages, oldest first, with their type and call_id."""
        found = []
        for _, flat in self.redis("XRANGE", stream, "-", "+"):
            fields = dict(zip(flat[::2], flat[1::2], strict=True))
            found.append({**json.loads(fields["body"]), "type": fields["type"], "call_id": fields["call_id"]})
        return found


@contextmanager
def compose_stack(folder: Path) -> Iterator[ComposeStack]:
    """Build the images, start the stack, hand it out, and remove it with its volumes."""
    stack = prepare(folder)
    stack.compose("build", "--quiet", timeout_seconds=BUILD_SECONDS)
    try:
        stack.up()
        yield stack
    finally:
        keep_logs(stack)
        stack.compose("down", "--volumes", "--remove-orphans")


def prepare(folder: Path) -> ComposeStack:
    """Choose ports and passwords and write them down as compose's settings."""
    sip_port = free_port(socket.SOCK_DGRAM)
    first_rtp, _ = free_rtp_ports(RTP_PORTS)
    softphone = Credentials("softphone", secrets.token_hex(16))
    settings = {
        "ASTERISK_ARI_PASSWORD": secrets.token_hex(16),
        "ASTERISK_SOFTPHONE_PASSWORD": softphone.password,
        "SIP_PORT": str(sip_port),
        "RTP_START": str(first_rtp),
        "RTP_END": str(first_rtp + RTP_PORTS - 1),
        "TRUNKLINE_LOG_LEVEL": "DEBUG",
        "TRUNKLINE_TAG": "test",
    }
    env_file = folder / "compose.env"
    env_file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()), encoding="utf-8")
    return ComposeStack(f"trunkline-test-{os.getpid()}", env_file, ("127.0.0.1", sip_port), softphone)


def keep_logs(stack: ComposeStack) -> None:
    """Write the logs to the folder that TRUNKLINE_TEST_LOGS names, when it is set."""
    if folder := os.environ.get("TRUNKLINE_TEST_LOGS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        Path(folder, "compose.log").write_text(stack.compose("logs", "--no-color", "--timestamps"), encoding="utf-8")


def run(command: Sequence[str], *, timeout_seconds: float = 120.0) -> str:
    """Run a command in the root of the tree without the settings of the caller's shell; raises ComposeError."""
    environment = {name: value for name, value in os.environ.items() if not OWN_NAMES.match(name)}
    with tempfile.TemporaryFile("w+") as errors:
        try:
            done = subprocess.run(
                command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
                text=True, timeout=timeout_seconds, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise ComposeError(f"{' '.join(command)}: no end after {timeout_seconds:.0f} s") from None
        errors.seek(0)
        said = errors.read()
    if done.returncode:
        raise ComposeError(f"{' '.join(command)}: exit code {done.returncode}\n{said[-6000:]}")
    return done.stdout
