"""Which media route an Asterisk offers, by its version."""

import re
from enum import StrEnum

_NUMBERS = re.compile(r"(?:certified[/-])?(\d+)\.(\d+)")

WEBSOCKET_SINCE: dict[int, int] = {20: 16, 21: 11, 22: 6}
"""Major version -> first minor version whose chan_websocket carries external media (Asterisk's change logs)."""


class Route(StrEnum):
    """How the caller's audio leaves Asterisk."""

    WEBSOCKET = "websocket"
    RTP = "rtp"


def route_of(version: str) -> Route:
    """The best route that the version has; RTP where the version cannot be read, since every one has it."""
    found = _NUMBERS.match(version)
    if found is None:
        return Route.RTP
    major, minor = int(found[1]), int(found[2])
    if major > max(WEBSOCKET_SINCE):
        return Route.WEBSOCKET
    since = WEBSOCKET_SINCE.get(major)
    return Route.WEBSOCKET if since is not None and minor >= since else Route.RTP
