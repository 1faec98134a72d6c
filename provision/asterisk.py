"""A real Asterisk: the system's own when it is new enough, else one unpacked into the cache, else one in Docker.

The unpacked one is Debian's package with all the libraries that it needs, the C library and its loader among them, so
that it runs on an older release and for an ordinary user: nothing is installed and no root is needed.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from provision.cache import ProvisionError, built, cache_dir, ready_version, say
from provision.debian import PrivateApt, is_debian, run

RECIPE = "2"
RELEASE = "forky"  # the first Debian release with Asterisk 22; older ones have none
PACKAGES = ("asterisk", "asterisk-modules")
# What Asterisk and the modules of deploy/asterisk link to, by name up to the version in it: a fifth of all that the
# package depends on. Should a later build need more, everything is taken.
LINKED = re.compile(
    r"(asterisk|asterisk-modules|zlib1g|lib(bsd|c6|cap|crypt|edit|gcc-s|jansson|md|sqlite3-|ssl|stdc\+\+|systemd|tinfo"
    r"|uriparser|uuid|xml2-|xslt|zstd)[\d.t-]*)"
)
# The oldest of each line that can send a call's audio out over a websocket.
OLDEST = {20: (20, 16), 21: (21, 11), 22: (22, 6)}
IMAGE = "trunkline-asterisk"
MODULES_CONF = Path(__file__).resolve().parent.parent / "deploy" / "asterisk" / "modules.conf"
SYSTEM_MODULES = ("usr/lib/*/asterisk/modules", "usr/lib64/asterisk/modules", "usr/lib/asterisk/modules")
SYSTEM_DATA = (Path("/usr/share/asterisk"), Path("/var/lib/asterisk"))


@dataclass(frozen=True)
class AsteriskFiles:
    """How to run an Asterisk and where its fixed files are; `image` is set when it runs in Docker."""

    origin: Literal["system", "cache", "docker"]
    version: str
    command: tuple[str, ...]
    modules_dir: Path
    data_dir: Path
    image: str | None = None


def ensure() -> AsteriskFiles:
    """Return an Asterisk that can carry the bot's calls; raises ProvisionError when none can be had."""
    return _system() or _own_root() or _docker()


def parse_version(text: str) -> tuple[int, ...]:
    """Return the numbers of `Asterisk 22.10.1+dfsg...` or of a certified release; () when there are none."""
    found = re.search(r"(?:Asterisk |certified[/-])(\d+(?:\.\d+)+)", text)
    return tuple(int(part) for part in found[1].split(".")) if found else ()


def new_enough(version: Sequence[int]) -> bool:
    """Tell whether this version has the websocket route for a call's audio."""
    if not version:
        return False
    return version[0] > max(OLDEST) or tuple(version[:2]) >= OLDEST.get(version[0], (version[0] + 1,))


def modules_wanted(modules_conf: str) -> list[str]:
    """Return the names of the modules that a modules.conf loads."""
    return re.findall(r"^load\s*=>?\s*(\S+)", modules_conf, flags=re.MULTILINE)


def _missing_modules(folder: Path) -> list[str]:
    wanted = modules_wanted(MODULES_CONF.read_text(encoding="utf-8"))
    return [name for name in wanted if not (folder / name).exists()]


def _system() -> AsteriskFiles | None:
    binary = shutil.which("asterisk") or shutil.which("asterisk", path="/usr/sbin:/usr/local/sbin")
    if binary is None:
        return None
    version = run([binary, "-V"]).strip()
    modules = next((path for pattern in SYSTEM_MODULES for path in sorted(Path("/").glob(pattern))), None)
    data = next((path for path in SYSTEM_DATA if (path / "documentation").is_dir()), None)
    if not new_enough(parse_version(version)):
        say(f"Asterisk: the system's own is {version}, too old for audio over a websocket")
        return None
    if modules is None or data is None or (missing := _missing_modules(modules)):
        lacks = ", ".join(missing) if modules and data else "its modules or its documentation folder"
        say(f"Asterisk: the system's own lacks {lacks}")
        return None
    return AsteriskFiles("system", _number(version), (binary,), modules, data)


def _own_root() -> AsteriskFiles | None:
    home = cache_dir() / "asterisk"
    if ready_version(home) != RECIPE and not is_debian():
        return None
    return files_in(built("asterisk", RECIPE, _make))


def _make(home: Path) -> None:
    say(f"Asterisk: downloading Debian {RELEASE}'s asterisk with its libraries into the cache (about 16 MB) ...")
    apt = PrivateApt(RELEASE)
    apt.unpack(PACKAGES, home, wanted=LINKED)
    if not _linked_inside(home):
        apt.unpack(PACKAGES, home, wanted=re.compile(".*"))
    for folder in ("usr/share/doc", "usr/share/man", "usr/share/locale", "var", "etc"):
        shutil.rmtree(home / folder, ignore_errors=True)
    (home / "VERSION").write_text(run([*_loader_command(home), "-V"]).strip(), encoding="utf-8")
    if missing := _missing_modules(_modules_dir(home)):
        raise ProvisionError(f"Asterisk: Debian {RELEASE}'s package lacks {', '.join(missing)}; use Docker")


def _linked_inside(home: Path) -> bool:
    """Tell whether Asterisk and all its wanted modules find every library in the root itself."""
    *loader, binary = _loader_command(home)
    wanted = modules_wanted(MODULES_CONF.read_text(encoding="utf-8"))
    files = [binary, *(str(path) for name in wanted if (path := _modules_dir(home) / name).exists())]
    listed = (subprocess.run([*loader, "--list", file], capture_output=True, text=True, check=False) for file in files)
    return all(found.returncode == 0 and foreign_libraries(found.stdout, home) == [] for found in listed)


def foreign_libraries(listing: str, home: Path) -> list[str]:
    """Return the libraries of a loader's `--list` output that are missing or lie outside `home`."""
    lines = (line.strip() for line in listing.splitlines() if " => " in line)
    return [line for line in lines if f" => {home}/" not in line]


def files_in(home: Path) -> AsteriskFiles:
    """Return the files of an unpacked Asterisk."""
    version = (home / "VERSION").read_text(encoding="utf-8")
    return AsteriskFiles(
        "cache", _number(version), _loader_command(home), _modules_dir(home), home / "usr/share/asterisk"
    )


def _modules_dir(home: Path) -> Path:
    return next(home.glob("usr/lib/*/asterisk/modules"))


def _loader_command(home: Path) -> tuple[str, ...]:
    """Return the command that starts Asterisk with the root's own loader and libraries, none of the system's."""
    loader = next(iter(sorted(home.glob("usr/lib*/ld-linux-*.so.*")) or home.glob("usr/lib/*/ld-linux-*.so.*")), None)
    if loader is None:
        raise ProvisionError(f"Asterisk: {home} holds no program loader; remove that folder and run again")
    libraries = _modules_dir(home).parent.parent
    return (
        str(loader), "--inhibit-cache", "--library-path", str(libraries), str(home / "usr/sbin/asterisk"),
    )  # fmt: skip


def _number(version: str) -> str:
    return ".".join(str(part) for part in parse_version(version))


def _docker() -> AsteriskFiles:
    if not docker_answers():
        raise ProvisionError(
            "Asterisk: the system has none that is new enough, is no Debian whose package could be unpacked, and no "
            "Docker engine answers; install Asterisk >= 22.6 or start Docker"
        )
    if not _docker_says_yes("image", "inspect", IMAGE):
        say("Asterisk: building its Docker image ...")
        run(
            ["docker", "build", "--quiet", "--tag", IMAGE, str(MODULES_CONF.parent)], cure="see `docker build`'s output"
        )
    inside = run(["docker", "run", "--rm", "--network", "none", "--entrypoint", "sh", IMAGE, "-c", _INSIDE])
    version, modules = inside.strip().splitlines()[:2]
    return AsteriskFiles(
        "docker", _number(version), ("/usr/sbin/asterisk",), Path(modules), Path("/usr/share/asterisk"), IMAGE
    )


_INSIDE = "asterisk -V; ls -d /usr/lib/*/asterisk/modules"


def docker_answers() -> bool:
    """Tell whether a Docker engine can be used by this user."""
    return shutil.which("docker") is not None and _docker_says_yes("version")


def _docker_says_yes(*arguments: str) -> bool:
    return subprocess.run(["docker", *arguments], capture_output=True, timeout=20, check=False).returncode == 0
