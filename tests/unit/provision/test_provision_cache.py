"""The cache folder: a part is built once, whole, and again only in another version."""

import multiprocessing
from pathlib import Path

import pytest

from provision import cache
from provision.cache import ProvisionError, built, cache_dir, ready_version


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRUNKLINE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_cache_is_where_the_settings_say() -> None:
    assert cache_dir({"TRUNKLINE_CACHE": "/data/t", "XDG_CACHE_HOME": "/x", "HOME": "/h"}) == Path("/data/t")
    assert cache_dir({"XDG_CACHE_HOME": "/x", "HOME": "/h"}) == Path("/x/trunkline")
    assert cache_dir({"HOME": "/h"}) == Path("/h/.cache/trunkline")


def test_a_part_is_built_once() -> None:
    made: list[Path] = []

    def make(home: Path) -> None:
        made.append(home)
        (home / "file").write_text("x", encoding="utf-8")

    first, second = built("part", "1", make), built("part", "1", make)

    assert first == second == cache_dir() / "part"
    assert (first / "file").read_text(encoding="utf-8") == "x"
    assert len(made) == 1


def test_another_version_replaces_the_folder_whole() -> None:
    built("part", "1", lambda home: (home / "old").touch())
    home = built("part", "2", lambda home: (home / "new").touch())

    assert sorted(path.name for path in home.iterdir()) == [".ready", "new"]
    assert ready_version(home) == "2"


def test_an_aborted_build_leaves_nothing_that_looks_ready() -> None:
    def fail(home: Path) -> None:
        (home / "half").touch()
        raise ProvisionError("part: no network; check it")

    with pytest.raises(ProvisionError):
        built("part", "1", fail)
    assert not (cache_dir() / "part").exists()

    home = built("part", "1", lambda home: (home / "whole").touch())
    assert not (home / "half").exists()


def test_a_failed_renewal_keeps_the_version_that_was_there() -> None:
    def fail(_: Path) -> None:
        raise ProvisionError("no")

    built("part", "1", lambda home: (home / "old").touch())
    with pytest.raises(ProvisionError):
        built("part", "2", fail)
    assert ready_version(cache_dir() / "part") == "1"


def test_a_cache_that_cannot_be_written_is_one_clear_line(own_cache: Path) -> None:
    own_cache.write_text("a file, not a folder", encoding="utf-8")

    with pytest.raises(ProvisionError, match=r"part: cannot prepare .*: Not a directory; set TRUNKLINE_CACHE"):
        built("part", "1", lambda home: None)


def test_a_full_disk_says_so() -> None:
    def fill(_: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(ProvisionError, match="No space left on device; free some space"):
        built("part", "1", fill)


def _build_and_count(counter: Path) -> None:
    def make(_: Path) -> None:
        with counter.open("a", encoding="utf-8") as out:
            out.write("built\n")

    built("part", "1", make)


def test_runs_side_by_side_build_it_once(tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_build_and_count, args=(counter,)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(timeout=30)

    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert counter.read_text(encoding="utf-8") == "built\n"


def test_progress_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    cache.say("Redis: downloading ...")

    assert capsys.readouterr() == ("", "Redis: downloading ...\n")
