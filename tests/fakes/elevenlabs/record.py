"""Everything that the emulator received, for assertions; and waiting for it without sleeping."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .audio import Samples, join


@dataclass(frozen=True)
class Commit:
    """One committed segment: its audio in the socket's time, its text, and whether the client asked for it."""

    started_seconds: float
    ended_seconds: float
    text: str
    asked: bool


@dataclass
class Connection:
    """One realtime socket, from its handshake on."""

    number: int
    query: dict[str, list[str]]
    opened_at: float
    closed_at: float | None = None
    client_close_code: int | None = None
    audio_seconds: float = 0.0
    chunks: int = 0
    previous_text: str | None = None
    commits: list[Commit] = field(default_factory=list)
    partials: list[str] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)
    audio: list[Samples] = field(default_factory=list)

    @property
    def open(self) -> bool:
        return self.closed_at is None

    @property
    def samples(self) -> Samples:
        """All audio of the socket at the format's own rate; empty when the emulator keeps none."""
        return join(self.audio)


@dataclass
class SpeechRequest:
    """One request for speech, over HTTP or as one context of a websocket."""

    path: str
    voice_id: str
    text: str
    model_id: str
    output_format: str
    body: dict[str, Any]
    received_at: float
    first_byte_at: float | None = None
    bytes_sent: int = 0
    outcome: str = "running"  # finished, broken, refused, client_left


@dataclass(frozen=True)
class BatchRequest:
    """One whole-file transcription."""

    fields: dict[str, str]
    audio_seconds: float
    text: str


@dataclass
class Record:
    """What arrived; `violations` lists what the live service might refuse although the emulator took it."""

    connections: list[Connection] = field(default_factory=list)
    speech: list[SpeechRequest] = field(default_factory=list)
    batch: list[BatchRequest] = field(default_factory=list)
    refusals: list[tuple[str, int]] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    peak_sockets: int = 0
    peak_speech: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    @property
    def open_sockets(self) -> int:
        return sum(connection.open for connection in self.connections)

    @property
    def audio_seconds(self) -> float:
        return sum(connection.audio_seconds for connection in self.connections)

    @property
    def commits(self) -> list[Commit]:
        return [commit for connection in self.connections for commit in connection.commits]

    @property
    def transcript(self) -> str:
        """All committed texts in the order of their sockets, empty ones left out."""
        return " ".join(commit.text for commit in self.commits if commit.text)

    def opened(self, connection: Connection) -> None:
        self.connections.append(connection)
        self.peak_sockets = max(self.peak_sockets, self.open_sockets)
        self.changed()

    def changed(self) -> None:
        """Wake those who wait in `until`."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def until(self, reached: "Callable[[Record], bool]", timeout_seconds: float = 5.0) -> None:
        """Return once `reached(record)` holds; TimeoutError after `timeout_seconds` of real time."""
        async with asyncio.timeout(timeout_seconds):
            while not reached(self):
                await self._changed.wait()

    def summary(self) -> dict[str, Any]:
        """The record as JSON-ready numbers, as `GET /emulator/record` serves it."""
        return {
            "connections": len(self.connections),
            "open_sockets": self.open_sockets,
            "peak_sockets": self.peak_sockets,
            "audio_seconds": round(self.audio_seconds, 3),
            "commits": len(self.commits),
            "transcript": self.transcript,
            "speech_requests": len(self.speech),
            "peak_speech": self.peak_speech,
            "batch_requests": len(self.batch),
            "refusals": len(self.refusals),
            "violations": self.violations,
        }
