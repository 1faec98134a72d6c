from pathlib import Path

import pytest

from callbus.commands import Listen, SlotType
from callbus.settings import load
from speech_worker.elevenlabs_realtime import ScribeRecogniser
from speech_worker.engines import NoRecogniser, recognisers
from speech_worker.listening import expectation, short_language
from speech_worker.scribe_settings import ScribeSettings
from speech_worker.settings import SERVICE, SpeechWorkerSettings


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("ELEVENLABS_API_KEY", "ELEVENLABS_BASE_URL", "TRUNKLINE_ASR", "TRUNKLINE_WHISPER_MODEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRUNKLINE_CACHE", str(tmp_path))


def settings() -> SpeechWorkerSettings:
    return load(SpeechWorkerSettings, SERVICE)


def test_the_model_lies_in_the_cache(tmp_path: Path) -> None:
    assert settings().whisper_model == tmp_path / "whisper"


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("TRUNKLINE_ASR", "google", "speech-worker: setting TRUNKLINE_ASR: "),
        ("TRUNKLINE_ASR", "elevenlabs", "setting ELEVENLABS_API_KEY: is not set, but TRUNKLINE_ASR=elevenlabs"),
        ("ELEVENLABS_API_KEY", "sk_1 2", "ELEVENLABS_API_KEY: holds characters that no key has"),
        ("ELEVENLABS_BASE_URL", "api.example", "ELEVENLABS_BASE_URL: is no http(s) address"),
        ("TRUNKLINE_OFFSET_PROBABILITY", "0.9", "TRUNKLINE_OFFSET_PROBABILITY: is above TRUNKLINE_ONSET_PROBABILITY"),
        ("TRUNKLINE_ENDPOINTING_MS", "5", "TRUNKLINE_ENDPOINTING_MS: "),
    ],
)
def test_a_bad_setting_is_one_line_and_ends_the_process(
    name: str, value: str, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        settings()
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert line in said
    assert said.count("\n") == 1
    assert "sk_1" not in said


def test_without_key_and_model_there_is_no_recogniser() -> None:
    cure = "TRUNKLINE_WHISPER_MODEL to its folder, or set ELEVENLABS_API_KEY"
    with pytest.raises(NoRecogniser, match=cure), recognisers(settings()):
        pass


def test_a_key_alone_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELEVENLABS_API_KEY", "sk_test")
    with recognisers(settings()) as (recogniser, vendor):
        assert isinstance(recogniser, ScribeRecogniser)
        assert recogniser is vendor
    assert "sk_test" not in repr(settings())


def test_the_offline_engine_can_be_demanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELEVENLABS_API_KEY", "sk_test")
    monkeypatch.setenv("TRUNKLINE_ASR", "offline")
    with pytest.raises(NoRecogniser), recognisers(settings()):
        pass


@pytest.mark.parametrize(
    ("base", "wanted"),
    [
        ("https://api.elevenlabs.io", "wss://api.elevenlabs.io/v1/speech-to-text/realtime?"),
        ("http://127.0.0.1:8790/", "ws://127.0.0.1:8790/v1/speech-to-text/realtime?"),
        ("https://proxy.example/eleven", "wss://proxy.example/eleven/v1/speech-to-text/realtime?"),
    ],
)
def test_the_address_of_the_vendor(base: str, wanted: str) -> None:
    url = ScribeSettings(api_key="sk_test", base_url=base).url("ru")
    assert url.startswith(wanted)
    assert "model_id=scribe_v2_realtime&audio_format=pcm_16000&language_code=ru&commit_strategy=manual" in url
    assert "sk_test" not in url


@pytest.mark.parametrize(
    ("slot_type", "endpointing_ms", "wanted"),
    [("free", None, 500), ("yes_no", None, 400), ("phone", None, 1000), ("phone", 650, 650), ("date", None, 700)],
)
def test_how_long_a_silence_ends_an_answer(slot_type: SlotType, endpointing_ms: int | None, wanted: int) -> None:
    listen = Listen(call_id="c1", language="ru-RU", slot_type=slot_type, endpointing_ms=endpointing_ms, secret=True)
    expected = expectation(listen, "en", 500)
    assert (expected.endpointing_ms, expected.language, expected.secret) == (wanted, "ru", True)


def test_without_a_listen_the_defaults_hold() -> None:
    expected = expectation(None, "EN_us", 450)
    assert (expected.endpointing_ms, expected.language, expected.secret) == (450, "en", False)
    assert short_language("ru") == "ru"
