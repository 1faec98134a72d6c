from tts_player.names import SoundName
from tts_player.retention import Kept, RetentionPolicy, removable

NOW = 1_000_000.0
POLICY = RetentionPolicy(max_bytes=100, max_age_seconds=1000, protected_seconds=60)


def kept(number: int, *, size: int = 40, age: float) -> Kept:
    return Kept(SoundName(f"{number:040x}"), size, NOW - age)


def numbers(gone: list[Kept]) -> list[int]:
    return [int(one.name.digest, 16) for one in gone]


def test_what_fits_and_is_young_stays() -> None:
    assert removable([kept(1, age=999), kept(2, age=100)], POLICY, NOW) == []


def test_what_is_too_old_goes_though_there_is_room() -> None:
    assert numbers(removable([kept(1, age=1000), kept(2, age=999)], POLICY, NOW)) == [1]


def test_the_least_recently_used_goes_until_the_rest_fits() -> None:
    sounds = [kept(1, age=100), kept(2, age=300), kept(3, age=200), kept(4, age=70)]

    assert numbers(removable(sounds, POLICY, NOW)) == [2, 3]


def test_what_plays_or_is_about_to_stays_however_full_it_is() -> None:
    sounds = [kept(1, size=500, age=59), kept(2, size=500, age=60)]

    assert numbers(removable(sounds, POLICY, NOW)) == [2]


def test_a_pinned_sound_stays_for_ever() -> None:
    sounds = [kept(1, age=99_999), kept(2, age=99_999)]

    assert numbers(removable(sounds, POLICY, NOW, {sounds[0].name})) == [2]
