"""Settings and their refusals."""

import pytest

from ari_gateway.settings import GatewaySettings
from callbus.settings import load

PASSWORD = "letmein"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("ASTERISK_ARI_PASSWORD", PASSWORD)
    return monkeypatch


def settings() -> GatewaySettings:
    return load(GatewaySettings, "ari-gateway")


def refusal(capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as exit_:
        settings()
    assert exit_.value.code == 2
    return capsys.readouterr().err


def test_defaults(environment: pytest.MonkeyPatch) -> None:
    found = settings()

    assert (found.ari_url, found.ari_app, found.media_route) == ("http://127.0.0.1:8088", "novofon_bot", "auto")
    assert (found.snoop_spy, found.media_tick_ms, found.rtp_port_range, found.variables) == ("in", 10.0, None, ())


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ("http://pbx:8088", "http://pbx:8088"),
        ("http://pbx:8088/", "http://pbx:8088"),
        ("http://pbx:8088/ari", "http://pbx:8088"),
        ("ws://pbx:8088/ari/events?app=novofon_bot", "http://pbx:8088"),
        ("https://pbx:8089/prefix/ari", "https://pbx:8089/prefix"),
        ("wss://pbx:8089", "https://pbx:8089"),
    ],
)
def test_addresses_of_older_notes_are_understood(environment: pytest.MonkeyPatch, given: str, base: str) -> None:
    environment.setenv("ASTERISK_ARI_URL", given)

    assert settings().ari_url == base


def test_the_password_is_not_shown(environment: pytest.MonkeyPatch) -> None:
    assert PASSWORD not in repr(settings())


def test_lists(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TRUNKLINE_CHANNEL_VARIABLES", "X_ORDER, PJSIP_HEADER(read,X-Campaign)")
    environment.setenv("TRUNKLINE_RTP_PORTS", "20000-20009")
    found = settings()

    assert found.variables == ("X_ORDER", "PJSIP_HEADER(read,X-Campaign)")
    assert found.rtp_port_range == range(20000, 20010)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("ASTERISK_ARI_PASSWORD", "", "is not set"),
        ("ASTERISK_ARI_URL", "pbx:8088", "http://HOST:8088"),
        ("ASTERISK_ARI_URL", "http://u:hunter2@pbx:8088", "must not hold a password"),
        ("ASTERISK_ARI_URL", "ws://pbx/ari/events?api_key=u:hunter2", "must not hold a password"),
        ("TRUNKLINE_MEDIA_ROUTE", "pigeon", "'auto', 'websocket' or 'rtp'"),
        ("TRUNKLINE_RTP_PORTS", "20000", "FIRST-LAST"),
        ("TRUNKLINE_RTP_PORTS", "20010-20000", "FIRST-LAST"),
        ("TRUNKLINE_CHANNEL_VARIABLES", "A;B", "no channel variable"),
        ("TRUNKLINE_MEDIA_TICK_MS", "0", "greater than or equal to 1"),
    ],
)
def test_a_bad_setting_is_one_clear_line(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str, words: str
) -> None:
    environment.setenv(name, value)

    line = refusal(capsys)

    assert line.startswith(f"ari-gateway: setting {name}: ")
    assert words in line
    assert "hunter2" not in line
    assert line.count("\n") == 1


def test_the_password_has_no_default(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("ASTERISK_ARI_PASSWORD", raising=False)

    assert "ASTERISK_ARI_PASSWORD: is not set" in refusal(capsys)
