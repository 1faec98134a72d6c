import pytest

from callbus.settings import load
from tts_player.engine_choice import NoVoice, chosen_voices
from tts_player.settings import SERVICE, TtsPlayerSettings


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in [one for one in os.environ if one.startswith(("TRUNKLINE_", "ELEVENLABS_"))]:
        monkeypatch.delenv(name)
    # Nothing that happens to be installed here counts.
    monkeypatch.setenv("TRUNKLINE_ESPEAK_PROGRAM", "/nonexistent/espeak-ng")
    monkeypatch.setattr("tts_player.engine_choice.find_files", lambda *_: None)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("TRUNKLINE_VOICE_RU", "arina", "choose from anna, elena, irina, aleksandr"),
        ("TRUNKLINE_VOICE_EN", "anna", "choose from slt"),
        ("TRUNKLINE_TTS", "google", "'auto', 'elevenlabs' or 'offline'"),
        ("ELEVENLABS_API_KEY", "sk_1 2", "copy the key again"),
        ("ELEVENLABS_BASE_URL", "localhost:80", "is no http"),
        ("TRUNKLINE_RHVOICE_PROCESSES", "0", "greater than or equal to 1"),
    ],
)
def test_a_bad_setting_is_one_clear_line(
    name: str, value: str, reason: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit) as ended:
        load(TtsPlayerSettings, SERVICE)

    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert said.startswith(f"tts-player: setting {name}: ")
    assert reason in said
    assert said.count("\n") == 1


def test_the_key_is_never_shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("ELEVENLABS_API_KEY", "sk_verysecret")
    settings = load(TtsPlayerSettings, SERVICE)

    assert settings.api_key == "sk_verysecret"
    assert "verysecret" not in repr(settings)
    (voice,) = chosen_voices(settings)
    assert "verysecret" not in repr(vars(voice))

    monkeypatch.setenv("ELEVENLABS_API_KEY", "sk_very secret")
    with pytest.raises(SystemExit):
        load(TtsPlayerSettings, SERVICE)
    assert "secret" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("tts", "key", "engines"),
    [("auto", "k", ["elevenlabs"]), ("elevenlabs", "k", ["elevenlabs"]), ("auto", "", []), ("offline", "k", [])],
)
def test_the_engine_is_chosen_by_the_key_and_the_setting(
    tts: str, key: str, engines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUNKLINE_TTS", tts)
    monkeypatch.setenv("ELEVENLABS_API_KEY", key)
    settings = load(TtsPlayerSettings, SERVICE)

    if not engines:
        with pytest.raises(NoVoice, match="set ELEVENLABS_API_KEY, or install RHVoice"):
            chosen_voices(settings)
    else:
        assert [voice.engine for voice in chosen_voices(settings)] == engines


def test_the_vendor_wanted_without_a_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNKLINE_TTS", "elevenlabs")

    with pytest.raises(NoVoice, match="ELEVENLABS_API_KEY: is not set"):
        chosen_voices(load(TtsPlayerSettings, SERVICE))


def test_only_the_voice_settings_that_were_set_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNKLINE_ELEVENLABS_SPEED", "1.1")

    assert load(TtsPlayerSettings, SERVICE).elevenlabs_voice_settings == {"speed": 1.1}
