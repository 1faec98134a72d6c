import errno
import os
import stat
import time
from pathlib import Path

import pytest

from tests.unit.tts_player.scripted_voice import tone
from tts_player.names import SoundName
from tts_player.retention import RetentionPolicy
from tts_player.store import SoundStore, StoreError, StoreFull, StoreUnusable

NAME = SoundName("ab" * 20)
OTHER = SoundName("cd" * 20)


@pytest.fixture
def store(tmp_path: Path) -> SoundStore:
    store = SoundStore(tmp_path)
    store.open()
    return store


def everything(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_a_sound_that_was_kept_is_found_where_asterisk_looks(store: SoundStore) -> None:
    kept = store.keep(NAME, tone(500))

    assert store.find(NAME) == kept
    assert kept.audio_ms == 500.0
    assert everything(store.root) == [f"trunkline/ab/{NAME.digest}.sln16"]


def test_other_users_can_read_it_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        store = SoundStore(tmp_path)
        store.open()
        store.keep(NAME, tone())
    finally:
        os.umask(before)

    assert stat.S_IMODE(store.path(NAME).stat().st_mode) == 0o644
    assert stat.S_IMODE(store.path(NAME).parent.stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "trunkline").stat().st_mode) == 0o755


@pytest.mark.parametrize("pcm", [b"", tone()[:-1], tone(10)])
def test_what_is_no_sound_is_refused(store: SoundStore, pcm: bytes) -> None:
    with pytest.raises(StoreError, match="no sound"):
        store.keep(NAME, pcm)


@pytest.mark.parametrize("content", [b"", b"\0" * 641, b"\0\0"])
def test_a_file_that_a_power_cut_left_empty_or_odd_is_not_found(store: SoundStore, content: bytes) -> None:
    store.keep(NAME, tone())
    store.path(NAME).write_bytes(content)

    assert store.find(NAME) is None
    store.keep(NAME, tone())
    assert store.find(NAME) is not None


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_leaves_no_part_behind(tmp_path: Path, number: int) -> None:
    def write(descriptor: int, data: memoryview) -> int:
        if os.fstat(descriptor).st_size > 1000:
            raise OSError(number, os.strerror(number))
        return os.write(descriptor, data[:600])

    store = SoundStore(tmp_path, write=write)
    store.open()

    with pytest.raises(StoreFull, match="free some space"):
        store.keep(NAME, tone())
    assert everything(tmp_path) == []
    assert store.find(NAME) is None


def test_short_writes_are_continued(tmp_path: Path) -> None:
    store = SoundStore(tmp_path, write=lambda descriptor, data: os.write(descriptor, data[:7]))
    store.open()

    store.keep(NAME, tone())

    assert store.path(NAME).read_bytes() == tone()


def test_another_failure_of_the_folder_is_told_apart(tmp_path: Path) -> None:
    def write(descriptor: int, data: memoryview) -> int:
        raise OSError(errno.EIO, "Input/output error")

    store = SoundStore(tmp_path, write=write)
    store.open()

    with pytest.raises(StoreError, match="Input/output error") as raised:
        store.keep(NAME, tone())
    assert not isinstance(raised.value, StoreFull)


def test_a_missing_folder_is_named_with_its_cure(tmp_path: Path) -> None:
    with pytest.raises(StoreUnusable, match=r"nowhere does not exist; mount .* TRUNKLINE_SOUNDS_DIR"):
        SoundStore(tmp_path / "nowhere").open()


def test_a_folder_that_cannot_be_written_is_named_with_its_cure(tmp_path: Path) -> None:
    # A file in the folder's place fails for every user, root too.
    (tmp_path / "trunkline").write_bytes(b"")

    with pytest.raises(StoreUnusable, match=r"cannot be written .*; give user id \d+ the right"):
        SoundStore(tmp_path).open()


def test_unfinished_parts_of_dead_writers_are_swept_and_young_ones_are_not(store: SoundStore) -> None:
    store.keep(NAME, tone())
    folder = store.path(NAME).parent
    old, young = folder / "x.1.part", folder / "x.2.part"
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (1, 1))

    assert store.sweep_parts(older_than=time.time() - 60) == 1
    assert everything(store.root) == [f"trunkline/ab/{NAME.digest}.sln16", "trunkline/ab/x.2.part"]


def test_old_sounds_go_and_used_ones_stay(store: SoundStore) -> None:
    policy = RetentionPolicy(max_age_seconds=1000, protected_seconds=60)
    for name in (NAME, OTHER):
        store.keep(name, tone())
        os.utime(store.path(name), (1, 1))
    store.find(OTHER)  # handed out for playing

    assert store.remove_old(policy, time.time()) == (1, len(tone()))
    assert store.find(NAME) is None
    assert store.find(OTHER) is not None


def test_a_sound_handed_out_after_the_listing_stays(store: SoundStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.keep(NAME, tone())
    os.utime(store.path(NAME), (1, 1))
    listing = list(store._listing())
    store.find(NAME)
    monkeypatch.setattr(store, "_listing", lambda: listing)

    assert store.remove_old(RetentionPolicy(), time.time()) == (0, 0)
    assert store.find(NAME) is not None


def test_a_pinned_sound_is_never_removed(store: SoundStore) -> None:
    store.keep(NAME, tone())
    os.utime(store.path(NAME), (1, 1))
    store.pin(NAME)

    assert store.remove_old(RetentionPolicy(max_bytes=0), time.time()) == (0, 0)


def test_strangers_files_are_left_alone(store: SoundStore) -> None:
    store.keep(NAME, tone())
    stranger = store.path(NAME).parent / "hello.sln16"
    stranger.write_bytes(b"x")
    os.utime(stranger, (1, 1))

    store.remove_old(RetentionPolicy(), time.time())

    assert stranger.exists()
