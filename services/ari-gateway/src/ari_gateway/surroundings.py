"""What every call of a gateway shares."""

from collections.abc import Callable
from dataclasses import dataclass

from ari_gateway.bus import Bus
from ari_gateway.client import AsteriskARIClient, Spy
from ari_gateway.media_leg import MediaRoute
from ari_gateway.pump import MediaPump


@dataclass(slots=True)
class Surroundings:
    """One Asterisk, one bus, and how calls are treated.

    ``route`` may change when Asterisk was restarted; ``listening`` tells whether its events are heard.
    """

    ari: AsteriskARIClient
    app: str
    asterisk_id: str
    route: MediaRoute
    bus: Bus
    pump: MediaPump
    clock: Callable[[], float]
    spy: Spy = "in"
    variables: tuple[str, ...] = ()
    setup_seconds: float = 5.0
    playback_margin_seconds: float = 2.0
    listening: bool = False
