"""The gateway's settings, from the environment."""

import re
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from callbus.settings import Settings

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\([^()\s]*\))?")
_BETWEEN = re.compile(r",(?![^()]*\))")
"""A comma that stands in no function's parentheses."""
_PORTS = re.compile(r"(\d+)-(\d+)")
_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}


class GatewaySettings(Settings):
    """Names are the environment's; units are in the names."""

    ari_url: str = Field("http://127.0.0.1:8088", validation_alias="ASTERISK_ARI_URL")
    ari_username: str = Field("novofon_bot", validation_alias="ASTERISK_ARI_USERNAME", min_length=1)
    ari_password: SecretStr = Field(validation_alias="ASTERISK_ARI_PASSWORD")
    redis_url: str = Field("redis://127.0.0.1:6379/0", validation_alias="REDIS_URL")
    ari_app: str = Field("novofon_bot", pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    media_route: Literal["auto", "websocket", "rtp"] = "auto"
    media_tick_ms: float = Field(10.0, ge=1.0, le=100.0)
    snoop_spy: Literal["in", "both"] = "in"
    channel_variables: str = ""
    rtp_host: str = ""
    rtp_bind: str = "0.0.0.0"
    rtp_ports: str = ""
    setup_timeout_seconds: float = Field(5.0, ge=0.5, le=60.0)
    playback_margin_seconds: float = Field(2.0, ge=0.2, le=60.0)
    asterisk_lost_seconds: float = Field(30.0, ge=1.0, le=600.0)
    partitions: int = Field(1, ge=1, le=256)
    health_port: int = Field(0, ge=0, le=65535)
    log_format: Literal["pretty", "json"] = "pretty"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("ari_url")
    @classmethod
    def _base_address(cls, value: str) -> str:
        """Scheme, host and port; the whole events address of older notes is understood too."""
        parts = urlsplit(value)
        if parts.scheme not in _SCHEMES or not parts.hostname:
            raise ValueError("is no address of an Asterisk; give it as http://HOST:8088")
        if parts.username or parts.password or "api_key" in parts.query:
            raise ValueError("must not hold a password; use ASTERISK_ARI_USERNAME and ASTERISK_ARI_PASSWORD")
        prefix = parts.path.removesuffix("/").removesuffix("/events").removesuffix("/ari")
        return f"{_SCHEMES[parts.scheme]}://{parts.netloc}{prefix}"

    @field_validator("channel_variables")
    @classmethod
    def _names(cls, value: str) -> str:
        for name in _split(value):
            if not _VARIABLE.fullmatch(name):
                raise ValueError(f"{name!r} is no channel variable; give names separated by commas")
        return value

    @field_validator("rtp_ports")
    @classmethod
    def _range(cls, value: str) -> str:
        if value and _port_range(value) is None:
            raise ValueError("is no range of ports; give it as FIRST-LAST, e.g. 20000-20999, or leave it empty")
        return value

    @property
    def variables(self) -> tuple[str, ...]:
        """The channel variables that CallStarted carries."""
        return _split(self.channel_variables)

    @property
    def rtp_port_range(self) -> range | None:
        """The ports for RTP, None for any."""
        return _port_range(self.rtp_ports) if self.rtp_ports else None


def _split(value: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in _BETWEEN.split(value) if name.strip())


def _port_range(value: str) -> range | None:
    found = _PORTS.fullmatch(value)
    if found is None:
        return None
    first, last = int(found[1]), int(found[2])
    return range(first, last + 1) if 1024 <= first < last <= 65535 else None
