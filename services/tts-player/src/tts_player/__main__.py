"""``python -m tts_player``: the service; with ``say`` or ``prepare`` a tool for the command line."""

import asyncio
import sys

from callbus import logs
from callbus.settings import load, refuse
from tts_player.command_line import CommandFailed, parsed, run
from tts_player.engine_choice import NoVoice
from tts_player.serve import serve, stop_on_signals
from tts_player.settings import SERVICE, TtsPlayerSettings
from tts_player.store import StoreUnusable


def main() -> int:
    """Run the service or a command; returns the exit code."""
    command = parsed(sys.argv[1:])
    settings = load(TtsPlayerSettings, SERVICE)
    logs.configure(SERVICE, format=settings.log_format, level=settings.log_level)
    try:
        if command is None:
            return asyncio.run(_serve(settings))
        return asyncio.run(run(command, settings))
    except (StoreUnusable, NoVoice) as error:
        refuse(SERVICE, str(error))
    except CommandFailed as error:
        print(f"{SERVICE}: {error}", file=sys.stderr)
        return 1


async def _serve(settings: TtsPlayerSettings) -> int:
    stop = asyncio.Event()
    stop_on_signals(stop)
    await serve(settings, stop)
    return 0


if __name__ == "__main__":
    sys.exit(main())
