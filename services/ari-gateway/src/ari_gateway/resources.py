"""What ARI's lists and answers say, as far as the gateway uses it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Bridge(_Model):
    """A bridge as lists show it."""

    id: str
    name: str = ""
    channels: list[str] = Field(default_factory=list)


class Application(_Model):
    """What an application is subscribed to."""

    name: str
    channel_ids: list[str] = Field(default_factory=list)
    bridge_ids: list[str] = Field(default_factory=list)


class _System(_Model):
    version: str
    entity_id: str


class _Status(_Model):
    startup_time: str = ""


class AsteriskInfo(_Model):
    """Which Asterisk this is; ``status.startup_time`` changes when it was restarted."""

    system: _System
    status: _Status = _Status()


@dataclass(frozen=True, slots=True)
class ExternalMedia:
    """How a media leg is asked for; the fields are ARI's ``POST /channels/externalMedia``."""

    channel_id: str
    app: str
    encapsulation: Literal["rtp", "none"]
    transport: Literal["udp", "websocket"]
    external_host: str = ""
    connection_type: Literal["client", "server"] = "client"
    audio_format: str = "ulaw"
    variables: Mapping[str, str] = field(default_factory=dict)

    def query(self) -> dict[str, str]:
        """The request's query."""
        fields = {
            "channelId": self.channel_id,
            "app": self.app,
            "format": self.audio_format,
            "encapsulation": self.encapsulation,
            "transport": self.transport,
            "connection_type": self.connection_type,
            "external_host": self.external_host,
        }
        return {name: value for name, value in fields.items() if value}
