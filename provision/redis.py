"""A real redis-server: the system's own when it is new enough, else Debian's unpacked into the cache."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from provision.cache import ProvisionError, built, say
from provision.debian import PrivateApt, run

RECIPE = "1"
OLDEST = (7, 0)
PACKAGES = ("redis-server",)
# The server and the libraries that are not on every system with apt.
LINKED = re.compile(r"(redis-server|redis-tools|lib(atomic|hiredis|jemalloc|lua|lzf|ssl)[\d.t-]*)")


@dataclass(frozen=True)
class RedisFiles:
    """How to run redis-server; `library_path` is empty when the system's own libraries serve it."""

    server: Path
    version: str
    library_path: str = ""

    def environment(self) -> dict[str, str]:
        """Return the variables that redis-server needs to run."""
        return {"LD_LIBRARY_PATH": self.library_path} if self.library_path else {}


def ensure() -> RedisFiles:
    """Return a redis-server; raises ProvisionError when none can be had."""
    return _system() or files_in(built("redis", RECIPE, _make))


def parse_version(text: str) -> tuple[int, ...]:
    """Return the numbers of `Redis server v=7.0.15 ...`; () when there are none."""
    found = re.search(r"v=(\d+(?:\.\d+)+)", text)
    return tuple(int(part) for part in found[1].split(".")) if found else ()


def _system() -> RedisFiles | None:
    binary = shutil.which("redis-server")
    if binary is None:
        return None
    version = parse_version(run([binary, "--version"]))
    text = ".".join(map(str, version))
    if version < OLDEST:
        say(f"Redis: the system's {binary} {text} is older than {'.'.join(map(str, OLDEST))}")
        return None
    return RedisFiles(Path(binary), text)


def _make(home: Path) -> None:
    say("Redis: downloading Debian's redis-server into the cache ...")
    PrivateApt().unpack(PACKAGES, home, wanted=LINKED)
    server = home / "usr/bin/redis-server"
    if not server.exists():
        raise ProvisionError("Redis: Debian's package holds no redis-server; install Redis >= 7.0")
    version = run(["env", f"LD_LIBRARY_PATH={_library_path(home)}", str(server), "--version"])
    (home / "VERSION").write_text(".".join(map(str, parse_version(version))), encoding="utf-8")


def files_in(home: Path) -> RedisFiles:
    """Return the files of an unpacked redis-server."""
    version = (home / "VERSION").read_text(encoding="utf-8")
    return RedisFiles(home / "usr/bin/redis-server", version, _library_path(home))


def _library_path(home: Path) -> str:
    # Releases before the merge of /lib into /usr have libraries in both.
    return ":".join(str(folder) for pattern in ("usr/lib/*-linux-*", "lib/*-linux-*") for folder in home.glob(pattern))
