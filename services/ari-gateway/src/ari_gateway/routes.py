"""Which media route is taken, and why."""

import asyncio
import logging

from ari_gateway.client import AsteriskARIClient
from ari_gateway.errors import ARIUnavailable
from ari_gateway.media_leg import MediaRoute
from ari_gateway.media_rtp import RtpRoute, own_address
from ari_gateway.media_websocket import WebSocketRoute
from ari_gateway.resources import AsteriskInfo
from ari_gateway.settings import GatewaySettings
from ari_gateway.versions import Route, route_of

log = logging.getLogger(__name__)

MODULE = "chan_websocket.so"


async def choose_route(ari: AsteriskARIClient, settings: GatewaySettings, info: AsteriskInfo) -> MediaRoute:
    """The route that was asked for, or the best that this Asterisk has.

    :raises ari_gateway.errors.ARIError: Asterisk does not answer, or there is no way to it.
    """
    match await _wanted(ari, settings, info.system.version):
        case Route.WEBSOCKET:
            log.info("media route: websocket (Asterisk %s)", info.system.version)
            return WebSocketRoute(ari, settings.ari_app)
        case Route.RTP:
            host = settings.rtp_host or await _own_address(settings.ari_url)
            log.info("media route: RTP to %s (Asterisk %s)", host, info.system.version)
            return RtpRoute(ari, settings.ari_app, host=host, bind=settings.rtp_bind, ports=settings.rtp_port_range)


async def _wanted(ari: AsteriskARIClient, settings: GatewaySettings, version: str) -> Route:
    if settings.media_route != "auto":
        return Route(settings.media_route)
    route = route_of(version)
    if route is Route.WEBSOCKET and await ari.module_status(MODULE) != "Running":
        log.warning("Asterisk %s could carry media by websocket; load %s in modules.conf", version, MODULE)
        return Route.RTP
    return route


async def _own_address(ari_url: str) -> str:
    try:
        return await asyncio.to_thread(own_address, ari_url)
    except OSError as error:
        raise ARIUnavailable(
            f"no way to {ari_url}: {error}; check ASTERISK_ARI_URL or set TRUNKLINE_RTP_HOST"
        ) from None
