from pathlib import Path

import pytest

from tests.unit.tts_player.scripted_voice import ScriptedVoice, unavailable
from tts_player.cache import PromptCache
from tts_player.engine import Engine
from tts_player.fallback import Apologies
from tts_player.store import SoundStore


class House:
    def __init__(self, root: Path) -> None:
        self.store = SoundStore(root)
        self.store.open()
        self.voice = ScriptedVoice()
        self.cache = PromptCache([Engine(self.voice)], self.store)
        self.apologies = Apologies(self.store, {"ru": "простите", "en": "sorry"})


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


async def test_a_language_without_an_apology_is_a_complaint(house: House) -> None:
    assert "no apology in 'ru'" in house.apologies.complaint
    house.voice.failures["sorry"] = unavailable()

    await house.apologies.prepare(house.cache)

    assert house.apologies.complaint == "no apology in 'en': first: unavailable: down"
    house.voice.failures.clear()
    await house.apologies.prepare(house.cache)
    assert house.apologies.complaint == ""
    assert house.voice.asked == ["простите", "sorry", "sorry"]


async def test_an_apology_that_was_deleted_is_put_back_from_memory(house: House) -> None:
    await house.apologies.prepare(house.cache)
    house.voice.failing = unavailable()
    sound = house.apologies.sound("ru")
    assert sound is not None
    before = house.store.path(sound.name).read_bytes()
    house.store.path(sound.name).unlink()

    assert house.apologies.sound("ru") == sound
    assert house.store.path(sound.name).read_bytes() == before


async def test_with_no_room_for_one_the_other_is_used(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(descriptor: int, data: memoryview) -> int:
        raise OSError(28, "No space left on device")

    await house.apologies.prepare(house.cache)
    for language in ("ru", "en"):
        sound = house.apologies.sound(language)
        assert sound is not None
        house.store.path(sound.name).unlink()
    monkeypatch.setattr(house.store, "_write", write)

    assert house.apologies.sound("ru") is None
