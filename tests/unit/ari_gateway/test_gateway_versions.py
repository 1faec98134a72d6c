"""Which route an Asterisk offers."""

import pytest

from ari_gateway.versions import Route, route_of


@pytest.mark.parametrize(
    ("version", "route"),
    [
        ("22.10.1", Route.WEBSOCKET),
        ("22.10.1+dfsg+~cs6.17.60671434-1", Route.WEBSOCKET),
        ("22.6.0", Route.WEBSOCKET),
        ("22.5.2", Route.RTP),
        ("21.11.0", Route.WEBSOCKET),
        ("21.10.2", Route.RTP),
        ("20.16.0-rc1", Route.WEBSOCKET),
        ("20.15.0", Route.RTP),
        ("23.0.0", Route.WEBSOCKET),
        ("18.26.4", Route.RTP),
        ("certified/20.7-cert5", Route.RTP),
        ("certified-22.8-cert1", Route.WEBSOCKET),
        ("GIT-master-0a1b2c3", Route.RTP),
        ("", Route.RTP),
    ],
)
def test_route_by_version(version: str, route: Route) -> None:
    assert route_of(version) is route
