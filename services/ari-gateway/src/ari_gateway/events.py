"""The ARI events that the gateway acts on, typed; all others are named and passed over.

Fields as in Asterisk's ``/ari/api-docs/events.json``; those that are not used are ignored.
"""

import json
from collections import Counter
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class CallerId(_Model):
    """Name and number as the other side gave them."""

    name: str = ""
    number: str = ""


class DialplanPosition(_Model):
    """Where a channel is in the dialplan; ``app_data`` holds the arguments of ``Stasis()``, the application first."""

    context: str = ""
    exten: str = ""
    priority: int = 0
    app_name: str = ""
    app_data: str = ""


class Channel(_Model):
    """A channel as events and lists show it."""

    id: str
    name: str = ""
    state: str = ""
    caller: CallerId = CallerId()
    dialplan: DialplanPosition = DialplanPosition()
    channelvars: dict[str, str] = Field(default_factory=dict)


class Playback(_Model):
    """A playback; ``target_uri`` is ``channel:<id>`` or ``bridge:<id>``."""

    id: str
    media_uri: str = ""
    target_uri: str = ""
    state: str = ""


class StasisStart(_Model):
    """A channel entered an application: a caller, or a leg of ours."""

    type: Literal["StasisStart"]
    application: str
    args: list[str] = Field(default_factory=list)
    channel: Channel


class StasisEnd(_Model):
    """A channel left the application."""

    type: Literal["StasisEnd"]
    application: str
    channel: Channel


class ChannelHangupRequest(_Model):
    """Somebody wants the channel to end; ``cause`` is a Q.850 cause, unless ``soft``: then it holds internal flags."""

    type: Literal["ChannelHangupRequest"]
    channel: Channel
    cause: int | None = None
    soft: bool = False


class ChannelDestroyed(_Model):
    """The channel is gone."""

    type: Literal["ChannelDestroyed"]
    channel: Channel
    cause: int | None = None


class ChannelDtmfReceived(_Model):
    """The caller pressed a key."""

    type: Literal["ChannelDtmfReceived"]
    channel: Channel
    digit: str
    duration_ms: int = 0


class PlaybackStarted(_Model):
    """A playback began, or went on after a pause."""

    type: Literal["PlaybackStarted"]
    playback: Playback


class PlaybackFinished(_Model):
    """A playback ended: ``playback.state`` is ``done`` (also when it was stopped) or ``failed``."""

    type: Literal["PlaybackFinished"]
    playback: Playback


class ApplicationReplaced(_Model):
    """Another connection took the application; this one stays open and hears nothing more."""

    type: Literal["ApplicationReplaced"]
    application: str


AriEvent = (
    StasisStart
    | StasisEnd
    | ChannelHangupRequest
    | ChannelDestroyed
    | ChannelDtmfReceived
    | PlaybackStarted
    | PlaybackFinished
    | ApplicationReplaced
)

_ADAPTER: TypeAdapter[AriEvent] = TypeAdapter(Annotated[AriEvent, Field(discriminator="type")])
KNOWN = frozenset(
    {
        "StasisStart",
        "StasisEnd",
        "ChannelHangupRequest",
        "ChannelDestroyed",
        "ChannelDtmfReceived",
        "PlaybackStarted",
        "PlaybackFinished",
        "ApplicationReplaced",
    }
)


class EventReader:
    """Reads the text of the events websocket and counts what it passes over."""

    def __init__(self) -> None:
        self.passed_over: Counter[str] = Counter()
        self.malformed = 0

    def read(self, text: str | bytes) -> AriEvent | None:
        """The event, or None for a type that is not used or a text that is no such event."""
        try:
            raw: Any = json.loads(text)
            kind = str(raw["type"])
            if kind in KNOWN:
                return _ADAPTER.validate_python(raw)
        except (ValueError, KeyError, TypeError, ValidationError):
            self.malformed += 1
            return None
        self.passed_over[kind] += 1
        return None
