"""One RHVoice process, seen from the service."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tts_player.rhvoice_frames import HEADER, BadFrame, frame, parse_header
from tts_player.voice import EngineUnavailable, TextRejected

ENGINE = "rhvoice"
START_SECONDS = 10.0
FIRST_PIECE_SECONDS = 3.0
NEXT_PIECE_SECONDS = 2.0
LEAVE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class RHVoiceFiles:
    """Where the library, its data and its settings are."""

    library: Path
    data: Path
    config: Path


class RHVoiceProcess:
    """Speaks one sentence at a time; once it failed it is no longer :attr:`usable`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._speaking = False
        self._broken = False
        self.profiles: frozenset[str] = frozenset()
        self.version = ""

    @classmethod
    async def start(cls, files: RHVoiceFiles) -> Self:
        """Start one and wait until it is ready.

        :raises EngineUnavailable: it ended, or was not ready in time.
        """
        arguments = (str(files.library), str(files.data), str(files.config))
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tts_player.rhvoice_server", *arguments,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=_environment(),
            )  # fmt: skip
        except OSError as error:
            raise EngineUnavailable(ENGINE, f"its process does not start: {error.strerror}") from None
        started = cls(process)
        try:
            await started._greet()
        except BaseException:
            await started.close()
            raise
        return started

    @property
    def usable(self) -> bool:
        """Whether it can be given another sentence."""
        return not (self._broken or self._speaking) and self._process.returncode is None

    @property
    def process_id(self) -> int:
        """The process's id."""
        return self._process.pid

    async def speak(self, text: str, profile: str) -> AsyncGenerator[tuple[int, bytes]]:
        """(sample rate, PCM16) in pieces; closing the generator cancels the sentence.

        :raises EngineUnavailable: the process died or stalled.
        :raises TextRejected: the library refused the text.
        """
        self._send(frame(b"S", json.dumps({"text": text, "profile": profile}, ensure_ascii=False).encode()))
        self._speaking = True
        rate_hz, patience_seconds = 0, FIRST_PIECE_SECONDS
        try:
            while True:
                kind, payload = await self._receive(patience_seconds)
                if kind == b"R":
                    rate_hz = int.from_bytes(payload, "big")
                elif kind == b"A":
                    patience_seconds = NEXT_PIECE_SECONDS
                    yield rate_hz, payload
                elif self._over(kind):
                    break
        finally:
            await self._cancel()
        if kind == b"F":
            raise TextRejected(ENGINE, payload.decode(errors="replace"))

    async def close(self) -> None:
        """End the process and wait for it; it leaves when its input closes."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self._broken or self._speaking:
            self._kill()
        try:
            async with asyncio.timeout(LEAVE_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._kill()
            await self._process.wait()

    async def _greet(self) -> None:
        kind, payload = await self._receive(START_SECONDS)
        if kind != b"H":
            raise EngineUnavailable(ENGINE, payload.decode(errors="replace"))
        hello = json.loads(payload)
        self.version, self.profiles = hello["version"], frozenset(hello["profiles"])

    async def _cancel(self) -> None:
        """After an early end: stop the sentence and read on to its end; a process that does not follow is killed."""
        if not self._speaking or self._broken:
            return
        try:
            self._send(frame(b"C"))
            async with asyncio.timeout(LEAVE_SECONDS):
                while not self._over((await self._receive(LEAVE_SECONDS))[0]):
                    pass
        except (TimeoutError, EngineUnavailable, asyncio.CancelledError) as error:
            self._broken = True
            self._kill()
            if isinstance(error, asyncio.CancelledError):
                raise

    def _over(self, kind: bytes) -> bool:
        over = kind in (b"E", b"F")
        self._speaking = self._speaking and not over
        return over

    def _send(self, one: bytes) -> None:
        assert self._process.stdin is not None  # noqa: S101 - the pipe was asked for
        self._process.stdin.write(one)

    async def _receive(self, patience_seconds: float) -> tuple[bytes, bytes]:
        assert self._process.stdout is not None  # noqa: S101 - the pipe was asked for
        try:
            async with asyncio.timeout(patience_seconds):
                kind, length = parse_header(await self._process.stdout.readexactly(HEADER.size))
                return kind, await self._process.stdout.readexactly(length)
        except TimeoutError:
            self._broken = True
            raise EngineUnavailable(ENGINE, f"no answer for {patience_seconds:g} s") from None
        except (asyncio.IncompleteReadError, BadFrame, OSError):
            self._broken = True
            raise EngineUnavailable(ENGINE, "its process ended in mid-sentence") from None

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()


def _environment() -> dict[str, str]:
    """This process's environment, in which the package is found wherever it was imported from."""
    source = str(Path(__file__).parents[1])
    paths = [source, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
