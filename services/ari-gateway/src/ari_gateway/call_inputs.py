"""What a call's state machine hears: what Asterisk did, what the bus ordered, what the clock says."""

from dataclasses import dataclass

from ari_gateway.call_actions import Destination
from ari_gateway.names import Part


@dataclass(frozen=True, slots=True)
class Answered:
    """The caller was answered."""


@dataclass(frozen=True, slots=True)
class Made:
    """Asterisk made a part."""

    part: Part


@dataclass(frozen=True, slots=True)
class Entered:
    """A leg entered Stasis."""

    part: Part
    identifier: str


@dataclass(frozen=True, slots=True)
class Joined:
    """Both legs are in the bridge."""


@dataclass(frozen=True, slots=True)
class StepFailed:
    """A step was not done; ``part`` when it was the making of one, ``unreachable`` when Asterisk did not answer."""

    part: Part | None
    detail: str
    caller_gone: bool = False
    unreachable: bool = False


@dataclass(frozen=True, slots=True)
class PartGone:
    """A part went by itself."""

    part: Part
    identifier: str


@dataclass(frozen=True, slots=True)
class Removed:
    """A part was deleted, or could not be and is left to the sweep."""

    part: Part
    identifier: str


@dataclass(frozen=True, slots=True)
class CallerHungUp:
    """The caller's channel is being hung up."""

    cause: int | None


@dataclass(frozen=True, slots=True)
class CallerLeft:
    """The caller's channel left Stasis, or is no longer listed; ``asterisk_restarted`` when that is why."""

    asterisk_restarted: bool = False


@dataclass(frozen=True, slots=True)
class TransferOrdered:
    """Send the caller on."""

    destination: Destination


@dataclass(frozen=True, slots=True)
class HangUpOrdered:
    """End the call; ``cause`` is a Q.850 cause."""

    cause: int | None


@dataclass(frozen=True, slots=True)
class GatewayStops:
    """The gateway is being stopped."""


@dataclass(frozen=True, slots=True)
class AsteriskLost:
    """Asterisk was out of reach for too long."""

    detail: str


@dataclass(frozen=True, slots=True)
class Departed:
    """The caller was sent on or hung up, as asked."""


@dataclass(frozen=True, slots=True)
class DepartFailed:
    """Asterisk refused to send on or hang up; ``gone`` when the caller had left before."""

    gone: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Overdue:
    """The deadline passed."""


Input = (
    Answered
    | Made
    | Entered
    | Joined
    | StepFailed
    | PartGone
    | Removed
    | CallerHungUp
    | CallerLeft
    | TransferOrdered
    | HangUpOrdered
    | GatewayStops
    | AsteriskLost
    | Departed
    | DepartFailed
    | Overdue
)
