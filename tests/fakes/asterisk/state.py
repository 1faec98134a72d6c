"""What the simulated Asterisk remembers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

Audio = Iterator[bytes]
Emit = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Continued:
    """A channel that was sent on in the dialplan."""

    channel_id: str
    context: str
    extension: str
    priority: str
    variables: dict[str, str]


@dataclass(slots=True)
class Playback:
    """A playback, playing or queued."""

    id: str
    media: str
    channel_id: str
    state: str = "queued"
    timer: Any = None


@dataclass(slots=True)
class Channel:
    """A caller, a snoop or a media leg."""

    id: str
    name: str
    app: str
    args: list[str] = field(default_factory=list)
    state: str = "Ring"
    caller_number: str = ""
    exten: str = "s"
    context: str = "from-novofon"
    variables: dict[str, str] = field(default_factory=dict)
    in_stasis: bool = False
    snoop_of: str = ""
    audio: Audio | None = None
    send: Callable[[bytes], None] | None = None
    close: Callable[[], None] = lambda: None
    media_vars: dict[str, str] = field(default_factory=dict)
    playbacks: list[Playback] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The channel as ARI shows it."""
        data = ",".join([self.app, *self.args])
        stasis = self.in_stasis
        return {
            "id": self.id,
            "name": self.name,
            "state": self.state,
            "protocol_id": "",
            "caller": {"name": "", "number": self.caller_number},
            "connected": {"name": "", "number": ""},
            "accountcode": "",
            "dialplan": {
                "context": self.context,
                "exten": self.exten,
                "priority": 1,
                "app_name": "Stasis" if stasis else "AppDial2",
                "app_data": data if stasis else "(Outgoing Line)",
            },
            "creationtime": "2026-01-01T00:00:00.000+0000",
            "language": "en",
            "channelvars": self.media_vars,
        }


@dataclass(slots=True)
class Bridge:
    """A mixing bridge."""

    id: str
    name: str
    channels: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The bridge as ARI shows it."""
        return {"id": self.id, "name": self.name, "bridge_type": "mixing", "channels": self.channels}
