"""``python -m speech_worker``."""

import asyncio
import sys

from callbus import logs
from callbus.settings import load, refuse
from speech_worker.engines import NoRecogniser
from speech_worker.serve import serve, stop_on_signals
from speech_worker.settings import SERVICE, SpeechWorkerSettings
from speech_worker.vad import VadModelMissing


def main() -> int:
    """Run the service; returns the exit code."""
    settings = load(SpeechWorkerSettings, SERVICE)
    logs.configure(SERVICE, format=settings.log_format, level=settings.log_level)
    try:
        asyncio.run(_serve(settings))
    except (NoRecogniser, VadModelMissing) as error:
        refuse(SERVICE, str(error))
    return 0


async def _serve(settings: SpeechWorkerSettings) -> None:
    stop = asyncio.Event()
    stop_on_signals(stop)
    await serve(settings, stop)


if __name__ == "__main__":
    sys.exit(main())
