"""Reading the events websocket."""

import json
from typing import Any

import pytest

from ari_gateway.events import ChannelDtmfReceived, ChannelHangupRequest, EventReader, PlaybackFinished, StasisStart

CHANNEL: dict[str, Any] = {
    "id": "1732300000.1",
    "name": "PJSIP/trunk-00000001",
    "state": "Ring",
    "protocol_id": "abc@host",
    "caller": {"name": "", "number": "+79001234567"},
    "connected": {"name": "", "number": ""},
    "accountcode": "",
    "dialplan": {
        "context": "from-novofon",
        "exten": "1001",
        "priority": 1,
        "app_name": "Stasis",
        "app_data": "novofon_bot,scenario=clinic-ru",
    },
    "creationtime": "2026-01-01T00:00:00.000+0000",
    "language": "en",
}


def read(**event: Any) -> object:
    return EventReader().read(json.dumps(event))


def test_stasis_start() -> None:
    event = read(type="StasisStart", application="novofon_bot", args=["scenario=clinic-ru"], channel=CHANNEL)

    assert isinstance(event, StasisStart)
    assert event.args == ["scenario=clinic-ru"]
    assert event.channel.caller.number == "+79001234567"
    assert event.channel.dialplan.exten == "1001"


def test_a_hang_up_may_have_no_cause() -> None:
    event = read(type="ChannelHangupRequest", application="novofon_bot", channel=CHANNEL)

    assert isinstance(event, ChannelHangupRequest)
    assert event.cause is None


def test_a_key() -> None:
    event = read(type="ChannelDtmfReceived", channel=CHANNEL, digit="#", duration_ms=80)

    assert isinstance(event, ChannelDtmfReceived)
    assert (event.digit, event.duration_ms) == ("#", 80)


def test_a_playback() -> None:
    playback = {"id": "p1", "media_uri": "sound:x", "target_uri": "channel:1.1", "language": "en", "state": "failed"}
    event = read(type="PlaybackFinished", playback=playback)

    assert isinstance(event, PlaybackFinished)
    assert (event.playback.target_uri, event.playback.state) == ("channel:1.1", "failed")


def test_other_events_are_counted_and_passed_over() -> None:
    reader = EventReader()
    for _ in range(3):
        assert reader.read(json.dumps({"type": "ChannelVarset", "channel": CHANNEL})) is None

    assert reader.passed_over["ChannelVarset"] == 3
    assert reader.malformed == 0


@pytest.mark.parametrize("text", ["", "[]", "null", "not json", "{}", '{"type": "StasisStart"}', b"\xff\xfe"])
def test_what_is_no_event_is_counted(text: str | bytes) -> None:
    reader = EventReader()

    assert reader.read(text) is None
    assert reader.malformed == 1
