from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts_player.names import SoundName, sound_name, spoken
from tts_player.voice import Rendition

ANNA = Rendition("rhvoice", "1", "anna", "ru")


@given(st.text())
def test_a_name_is_safe_whatever_the_text(text: str) -> None:
    name = sound_name(spoken(text), ANNA)

    folder, prefix, digest = name.relative.split("/")
    assert folder == "trunkline"
    assert digest.startswith(prefix)
    assert set(digest) <= set("0123456789abcdef")
    assert name.media == f"sound:{name.relative}"


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "a" * 39, "A" * 40, "a" * 40 + "\n"])
def test_nothing_but_a_digest_makes_a_name(digest: str) -> None:
    with pytest.raises(ValueError, match="digest"):
        SoundName(digest)


@pytest.mark.parametrize(
    "other",
    [
        replace(ANNA, engine="espeak"),
        replace(ANNA, model="2"),
        replace(ANNA, voice="elena"),
        replace(ANNA, language="en"),
        replace(ANNA, settings="speed=1.1"),
    ],
)
def test_everything_that_decides_the_sound_decides_the_name(other: Rendition) -> None:
    assert sound_name("да", ANNA) != sound_name("да", other)


def test_the_borders_between_the_parts_count() -> None:
    assert sound_name("a", Rendition("b", "c", "", "en")) != sound_name("a", Rendition("b", "", "c", "en"))


def test_spacing_and_composition_make_no_other_sound() -> None:
    assert spoken("  Добрый \n день\u00a0\u0000") == "Добрый день"
    assert spoken("и\u0306") == "й"
