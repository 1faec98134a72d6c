"""The shape of the house: who may import whom, and what no file may hold."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SERVICES = {
    "ari-gateway": "ari_gateway",
    "speech-worker": "speech_worker",
    "dialog-fsm": "dialog_fsm",
    "tts-player": "tts_player",
}
NOT_IN_THE_PRODUCT = {"tests", "simcaller", "demo", "stack", "provision", "bench"}
VAGUE_NAMES = {"common", "utils", "util", "core", "manager", "helpers", "helper", "misc"}


def imported_by(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from (name.name.partition(".")[0] for name in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module.partition(".")[0]


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_a_service_imports_no_other_service_and_nothing_of_the_workshop(service: str) -> None:
    forbidden = (set(SERVICES.values()) - {SERVICES[service]}) | NOT_IN_THE_PRODUCT
    files = sources(f"services/{service}/src")
    assert files, f"services/{service}/src has no Python file"

    found = {str(path.relative_to(ROOT)): names for path in files if (names := set(imported_by(path)) & forbidden)}

    assert found == {}


def test_callbus_imports_no_service() -> None:
    forbidden = set(SERVICES.values()) | NOT_IN_THE_PRODUCT

    assert [path for path in sources("callbus") if set(imported_by(path)) & forbidden] == []


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_a_service_has_its_own_dependencies_page_and_entry(service: str) -> None:
    folder = ROOT / "services" / service

    for name in ("pyproject.toml", "README.md", f"src/{SERVICES[service]}/__main__.py"):
        assert (folder / name).is_file(), f"{folder.name}/{name} is missing"


def test_only_streams_names_a_stream() -> None:
    """A stream's or key's name outside callbus.streams would escape the partitioning."""
    pattern = re.compile(r"""["']f?(?:media|dialog|listen|seq|secret):\{""")
    files = [p for p in sources("callbus", *(f"services/{s}/src" for s in SERVICES)) if p.name != "streams.py"]

    assert [p for p in files if pattern.search(p.read_text(encoding="utf-8"))] == []


def test_names_say_what_a_module_does() -> None:
    folders = ("callbus", "services", "simcaller", "demo", "stack", "provision", "bench")

    assert [p for p in sources(*folders) if {p.stem, p.parent.name} & VAGUE_NAMES] == []


def tracked_files() -> list[Path]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name for name in listing.decode().split("\0") if name and (ROOT / name).is_file()]


def test_no_host_of_a_package_registry_is_named() -> None:
    # Put together here so that this file does not name them either.
    hosts = (
        "py" + "pi.org",
        "python" + "hosted.org",
        "deb." + "debian.org",
        "registry.npm" + "js",
        "snapshot." + "debian",
    )
    found = [
        str(path.relative_to(ROOT))
        for path in tracked_files()
        if path.suffix not in {".png", ".wav"} and any(host in path.read_text("utf-8", "replace") for host in hosts)
    ]

    assert found == []
