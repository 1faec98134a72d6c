"""`make up`: leave the stack running and say how to dial in with a softphone."""

import argparse
import socket
import subprocess
import sys
import time
from pathlib import Path

from demo import background
from provision.cache import ProvisionError, cache_dir
from stack.services import ROOT
from stack.whole import offline_engines

READY_TIMEOUT_SECONDS = 120.0
POLL_SECONDS = 0.1
SIP_PORT = 5060
COMPLAINT = "demo.up: "


def main() -> int:
    """0 when the stack runs, also when it ran before."""
    parser = argparse.ArgumentParser(prog="demo.up", description="Start the stack in the background.")
    parser.add_argument("--address", default="0.0.0.0", help="where SIP is taken; 127.0.0.1 for this machine only")
    arguments = parser.parse_args()
    running = background.read()
    if running is not None:
        print("The stack runs already; `make down` stops it.\n")
    else:
        try:
            running = start(arguments.address)
        except (ProvisionError, StartError, OSError) as error:
            print(f"{COMPLAINT}{error}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print(f"{COMPLAINT}stopped", file=sys.stderr)
            return 130
    print(invitation(running))
    return 0


class StartError(Exception):
    """The stack did not come up; the text has the end of its log."""


def start(address: str) -> background.Running:
    """Start the keeper and wait until it has written down what runs; raises StartError."""
    offline_engines()
    workdir = cache_dir() / "up"
    workdir.mkdir(parents=True, exist_ok=True)
    background.forget()
    log_path = workdir / "keeper.log"
    command = [sys.executable, "-m", "demo.keep", "--workdir", str(workdir / "stack"), "--address", address]
    with log_path.open("wb") as log:
        keeper = subprocess.Popen(
            [*command, "--port", str(free_sip_port(address))],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    return _wait(keeper, log_path)


def _wait(keeper: "subprocess.Popen[bytes]", log_path: Path) -> background.Running:
    deadline = time.monotonic() + READY_TIMEOUT_SECONDS
    try:
        while time.monotonic() < deadline and keeper.poll() is None:
            if (running := background.read()) is not None:
                return running
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        keeper.terminate()
        raise
    keeper.terminate()
    raise StartError(_last_words(log_path))


def _last_words(log_path: Path) -> str:
    """The keeper's own complaint, else the end of what it printed."""
    lines = log_path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    complaints = [line.removeprefix(COMPLAINT) for line in lines if line.startswith(COMPLAINT)]
    last = lines[-1] if lines else f"it said nothing for {READY_TIMEOUT_SECONDS:.0f} s"
    return complaints[-1] if complaints else f"the stack did not start: {last} (see {log_path})"


def free_sip_port(address: str) -> int:
    """5060 when nobody has it, else 0: any that is free."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, SIP_PORT))
        except OSError:
            return 0
    return SIP_PORT


def invitation(running: background.Running) -> str:
    """What to type into a softphone."""
    return f"""\
Dial in with a softphone (UDP, codec PCMU/G.711u):
  account   {running.username}
  password  {running.password}
  server    {running.host}:{running.sip_port}
  dial      1001 for Russian, 1002 for English
Logs: {running.log_dir}
`make down` stops it."""


if __name__ == "__main__":
    sys.exit(main())
