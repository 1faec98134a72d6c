"""What a call's state machine wants done."""

from dataclasses import dataclass
from typing import Literal

from ari_gateway.names import Part
from callbus.events import EndReason


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the caller goes on; without a context behind the ``Stasis()`` line that brought them."""

    context: str | None = None
    extension: str | None = None
    priority: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer the caller; then Answered or StepFailed."""


@dataclass(frozen=True, slots=True)
class AnnounceStarted:
    """Publish CallStarted."""


@dataclass(frozen=True, slots=True)
class Make:
    """Make a part under this id; then Made or StepFailed, and for a leg Entered."""

    part: Part
    identifier: str


@dataclass(frozen=True, slots=True)
class Join:
    """Put the legs into the bridge; then Joined or StepFailed."""

    bridge_id: str
    leg_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StopMedia:
    """Take no more audio and mark the media stream as complete."""

    reason: EndReason


@dataclass(frozen=True, slots=True)
class Remove:
    """Delete a part; then Removed."""

    part: Part
    identifier: str


@dataclass(frozen=True, slots=True)
class ContinueInDialplan:
    """Send the caller on; then Departed or DepartFailed. The dialplan finds ``outcome`` in TRUNKLINE_OUTCOME."""

    destination: Destination
    outcome: EndReason


@dataclass(frozen=True, slots=True)
class HangUpCaller:
    """Hang the caller up; then Departed or DepartFailed."""

    cause: int | None


@dataclass(frozen=True, slots=True)
class HungUp:
    """Publish ChannelHungUp."""

    by: Literal["caller", "bot", "asterisk"]
    cause: int | None


@dataclass(frozen=True, slots=True)
class Ended:
    """Publish CallEnded; the last action of a call."""

    reason: EndReason
    cause: int | None
    detail: str


Work = Answer | Make | Join | Remove | ContinueInDialplan | HangUpCaller
"""What Asterisk is asked for, and answers."""
Action = Work | AnnounceStarted | StopMedia | HungUp | Ended
