"""What belongs to nobody."""

from typing import Any

from ari_gateway.events import Channel
from ari_gateway.resources import Application, Bridge
from ari_gateway.sweep import Orphans, Snapshot, orphans_of

APP = "novofon_bot"


def channel(identifier: str, app_data: str = APP, app_name: str = "Stasis") -> Channel:
    dialplan: dict[str, Any] = {"app_name": app_name, "app_data": app_data}
    return Channel.model_validate({"id": identifier, "dialplan": dialplan})


def snapshot(*channels: Channel, bridges: tuple[Bridge, ...] = (), subscribed: tuple[str, ...] = ()) -> Snapshot:
    return Snapshot(channels, bridges, Application(name=APP, channel_ids=list(subscribed)))


def found(seen: Snapshot, *owned: str) -> Orphans:
    return orphans_of(seen, APP, lambda name: name in owned)


def test_a_live_call_has_no_orphans() -> None:
    bridges = (Bridge(id="br-1.1", name=APP),)
    seen = snapshot(channel("1.1"), channel("sn-1.1"), bridges=bridges, subscribed=("1.1", "sn-1.1"))

    assert not found(seen, "1.1", "sn-1.1", "br-1.1")


def test_what_a_dead_gateway_left() -> None:
    leg = channel("em-1.1", "(Outgoing Line)", "AppDial2")
    seen = snapshot(channel("1.1"), leg, bridges=(Bridge(id="br-1.1", name=APP),), subscribed=("1.1", "em-1.1"))

    orphans = found(seen)

    assert [caller.id for caller in orphans.callers] == ["1.1"]
    assert (orphans.legs, orphans.bridges) == (("em-1.1",), ("br-1.1",))


def test_another_bots_things_are_left_alone() -> None:
    other = snapshot(
        channel("2.1", "other_bot,x"),
        channel("sn-2.1", "other_bot,snoop,2.1"),
        channel("3.1", "60", "Wait"),
        bridges=(Bridge(id="br-2.1", name="other_bot"), Bridge(id="conference", name=APP)),
    )

    assert not found(other)


def test_an_application_whose_name_begins_like_ours() -> None:
    assert not found(snapshot(channel("1.1", "novofon_bot2,scenario=x")))


def test_only_what_was_an_orphan_twice_is_one() -> None:
    first = found(snapshot(channel("1.1")))
    second = found(snapshot(channel("1.1"), channel("1.2")))

    assert [caller.id for caller in second.also_in(first).callers] == ["1.1"]
    assert not second.also_in(Orphans())
