"""What happens to a call, as its `UserAgent` tells it."""

from dataclasses import dataclass
from typing import Literal

from simcaller import sdp


@dataclass(frozen=True, slots=True)
class Progress:
    """A provisional answer; `media` when there is early media."""

    status: int
    media: sdp.Audio | None


@dataclass(frozen=True, slots=True)
class Answered:
    """The call is up."""

    media: sdp.Audio


@dataclass(frozen=True, slots=True)
class Refused:
    """The call never came up; status 408 when nobody answered the INVITE at all."""

    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class HungUp:
    """The call ended after it was up; `cause` is the Q.850 cause of the other side's Reason field."""

    by: Literal["caller", "bot"]
    cause: int | None = None


@dataclass(frozen=True, slots=True)
class MediaChanged:
    """The other side re-invited with a new description."""

    media: sdp.Audio


Event = Progress | Answered | Refused | HungUp | MediaChanged
