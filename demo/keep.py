"""The process that holds the stack of `make up` open until it gets SIGTERM; started by `demo.up`, not by hand."""

import argparse
import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

from demo import background
from demo.trouble import EXPECTED, explain
from stack.asterisk_server import AsteriskOptions
from stack.whole import Stack, run_stack

SOFTPHONE = "softphone"


def main() -> int:
    """Run until told to stop."""
    parser = argparse.ArgumentParser(prog="demo.keep")
    parser.add_argument("--workdir", type=Path, required=True)
    parser.add_argument("--address", required=True)
    parser.add_argument("--port", type=int, required=True)
    try:
        asyncio.run(_keep(parser.parse_args()))
    except (*EXPECTED, ExceptionGroup) as error:
        print(f"demo.up: {explain(error)}", file=sys.stderr)
        return 1
    return 0


async def _keep(arguments: argparse.Namespace) -> None:
    told_to_stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told_to_stop.set)
    options = AsteriskOptions(sip_address=arguments.address, sip_port=arguments.port)
    async with run_stack(arguments.workdir, asterisk_options=options) as stack:
        background.write(running(stack, arguments.address))
        await told_to_stop.wait()
    background.forget()


def running(stack: Stack, address: str) -> background.Running:
    """What a softphone and `demo.down` need to know."""
    pids = [stack.redis.pid, stack.asterisk.pid, *(service.pid for service in stack.services.values())]
    return background.Running(
        keeper=background.Process.of(os.getpid()),
        children=tuple(background.Process.of(pid) for pid in pids),
        host=own_address() if address == "0.0.0.0" else address,
        sip_port=stack.asterisk.sip_port,
        username=SOFTPHONE,
        password=stack.asterisk.softphone_password,
        redis_url=stack.redis.url,
        log_dir=str(stack.log_dir),
    )


def own_address() -> str:
    """The address by which this machine reaches others; no packet is sent to find it out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # RFC 5737: an address of nobody
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


if __name__ == "__main__":
    sys.exit(main())
