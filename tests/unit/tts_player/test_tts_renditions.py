"""Which voice speaks: what the dialog asks for, where it may be used."""

from pathlib import Path

import pytest

from tts_player.elevenlabs_voice import ConnectionWasStale, ElevenLabsOptions, ElevenLabsVoice, Patience, request_body
from tts_player.espeak_voice import EspeakVoice
from tts_player.rhvoice_process import RHVoiceFiles
from tts_player.rhvoice_voice import RHVoiceVoice
from tts_player.voice import RateLimited, Rendition, TextRejected, base_language, whole_samples

FILES = RHVoiceFiles(Path("l"), Path("d"), Path("c"))
VENDOR_VOICE = "JBFqnCBsd6RMkjVDRZzb"


@pytest.mark.parametrize(
    ("language", "wanted", "voice"),
    [
        ("ru", None, "anna"),
        ("ru-RU", "Elena", "elena"),
        ("ru", "arina", "anna"),  # its licence forbids it
        ("ru", "slt", "anna"),  # speaks another language
        ("ru", VENDOR_VOICE, "anna"),
        ("en", None, "slt+anna"),
        ("en_US", "bdl", "bdl+anna"),
    ],
)
def test_rhvoice_speaks_only_with_free_voices(language: str, wanted: str | None, voice: str) -> None:
    rhvoice = RHVoiceVoice(FILES, {"ru": "anna", "en": "slt"})

    assert rhvoice.rendition(language, wanted).voice == voice


def test_rhvoice_has_two_languages() -> None:
    with pytest.raises(TextRejected, match="no free voice for the language 'fr'"):
        RHVoiceVoice(FILES, {}).rendition("fr-FR", None)


def test_espeak_has_one_voice_per_language() -> None:
    assert EspeakVoice(Path("espeak-ng")).rendition("en-GB", "anna").voice == "en-us"
    with pytest.raises(TextRejected):
        EspeakVoice(Path("espeak-ng")).rendition("fr", None)


@pytest.mark.parametrize(
    ("language", "wanted", "voice"),
    [("ru", None, "RU"), ("en", "anna", "EN"), ("ru", VENDOR_VOICE, VENDOR_VOICE), ("kk", None, "RU"),
     ("ru", "../../v1/user/aaaaaa", "RU")],
)  # fmt: skip
def test_elevenlabs_takes_a_voice_id_from_the_dialog_or_the_languages_default(
    language: str, wanted: str | None, voice: str
) -> None:
    vendor = ElevenLabsVoice(ElevenLabsOptions(api_key="k", voices={"ru": "RU", "en": "EN"}))

    assert vendor.rendition(language, wanted).voice == voice


def test_voice_settings_are_part_of_the_rendition_and_sent() -> None:
    options = ElevenLabsOptions(api_key="k", voices={"ru": "RU"}, voice_settings={"speed": 1.1})
    rendition = ElevenLabsVoice(options).rendition("ru", None)

    assert request_body("да", rendition) == {
        "text": "да",
        "model_id": "eleven_flash_v2_5",
        "language_code": "ru",
        "voice_settings": {"speed": 1.1},
    }


def test_a_model_that_guesses_the_language_is_not_told_it() -> None:
    assert "language_code" not in request_body("да", Rendition("elevenlabs", "eleven_multilingual_v2", "V", "ru", "{}"))


@pytest.mark.parametrize(
    ("attempt", "retry_after", "wait"),
    [(1, None, 0.15), (2, None, 0.3), (3, None, None), (1, 0.5, 0.5), (1, 30.0, None)],
)
def test_a_busy_vendor_is_waited_for_only_as_long_as_a_caller_would(
    attempt: int, retry_after: float | None, wait: float | None
) -> None:
    error = RateLimited("elevenlabs", "busy", retry_after_seconds=retry_after)

    assert Patience().wait_seconds(attempt, error) == wait


def test_a_stale_connection_is_replaced_once_and_at_once() -> None:
    stale = ConnectionWasStale("elevenlabs", "closed")

    assert [Patience().wait_seconds(attempt, stale) for attempt in (1, 2)] == [0.0, None]


@pytest.mark.parametrize("sizes", [[1, 1, 1, 1, 1, 1], [3, 3], [0, 5, 1], [6]])
def test_pieces_of_any_length_become_whole_samples(sizes: list[int]) -> None:
    data, rest, out = bytes(range(6)), b"", []
    for size in sizes:
        piece, data = data[:size], data[size:]
        samples, rest = whole_samples(rest, piece)
        assert len(samples) % 2 == 0
        out.append(samples)

    assert b"".join(out) + rest == bytes(range(6))
    assert rest == b""


@pytest.mark.parametrize(("given", "base"), [("ru", "ru"), ("ru-RU", "ru"), ("EN_us", "en")])
def test_a_region_makes_no_other_language(given: str, base: str) -> None:
    assert base_language(given) == base
