"""What in Asterisk belongs to nobody: a pure comparison of its lists with the calls that are owned."""

from collections.abc import Callable
from dataclasses import dataclass

from ari_gateway.client import AsteriskARIClient
from ari_gateway.events import Channel
from ari_gateway.names import owner_of
from ari_gateway.resources import Application, Bridge


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Asterisk's lists at one moment."""

    channels: tuple[Channel, ...]
    bridges: tuple[Bridge, ...]
    application: Application | None

    @property
    def channel_ids(self) -> frozenset[str]:
        """All channels."""
        return frozenset(channel.id for channel in self.channels)


@dataclass(frozen=True, slots=True)
class Orphans:
    """Callers in our application, legs and bridges of ours, that no call owns."""

    callers: tuple[Channel, ...] = ()
    legs: tuple[str, ...] = ()
    bridges: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.callers or self.legs or self.bridges)

    def also_in(self, earlier: "Orphans") -> "Orphans":
        """Those that were orphans before too: what is being made or deleted just now is not among them."""
        before = {caller.id for caller in earlier.callers}
        return Orphans(
            tuple(caller for caller in self.callers if caller.id in before),
            tuple(leg for leg in self.legs if leg in earlier.legs),
            tuple(bridge for bridge in self.bridges if bridge in earlier.bridges),
        )


async def take_snapshot(ari: AsteriskARIClient, app: str) -> Snapshot:
    """Ask Asterisk for its lists.

    :raises ari_gateway.errors.ARIError: it does not answer.
    """
    channels = await ari.list_channels()
    bridges = await ari.list_bridges()
    return Snapshot(tuple(channels), tuple(bridges), await ari.application(app))


def orphans_of(snapshot: Snapshot, app: str, owned: Callable[[str], bool]) -> Orphans:
    """What of ours no call owns.

    Another bot on the same Asterisk may use the same names: a leg is ours when the application is subscribed to it (it
    is from its making on), a bridge when it bears the application's name.
    """
    subscribed = set() if snapshot.application is None else set(snapshot.application.channel_ids)
    return Orphans(
        tuple(channel for channel in snapshot.channels if _is_caller(channel, app) and not owned(channel.id)),
        tuple(
            channel.id
            for channel in snapshot.channels
            if owner_of(channel.id) and channel.id in subscribed and not owned(channel.id)
        ),
        tuple(
            bridge.id
            for bridge in snapshot.bridges
            if owner_of(bridge.id) and bridge.name == app and not owned(bridge.id)
        ),
    )


def _is_caller(channel: Channel, app: str) -> bool:
    position = channel.dialplan
    in_app = position.app_name == "Stasis" and position.app_data.split(",", 1)[0] == app
    return in_app and owner_of(channel.id) is None
