"""Debian packages unpacked into the cache: a private apt that leaves the system's own state alone.

The mirror is the one that this machine's apt is set up with; settings for proxies and credentials stay in force.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from provision.cache import ProvisionError, cache_dir, locked

LISTS_MAX_AGE_SECONDS = 24 * 3600
COMMAND_TIMEOUT_SECONDS = 900
_WEAK = ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")
DEPENDS = ("depends", "--recurse", *(f"--no-{kind}" for kind in _WEAK))
_MOVING_SUITES = {"stable", "oldstable", "testing", "unstable"}
_KEYRINGS = ("debian-archive-keyring.pgp", "debian-archive-keyring.gpg")
_CONFIG = """\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear Acquire::Languages;
Acquire::Languages {{ "none"; }};
Acquire::Retries "3";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
APT::Install-Recommends "false";
APT::Sandbox::User "{user}";
Dir::Etc::sourcelist "{home}/sources.list";
Dir::Etc::sourceparts "{home}/empty";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "{home}/empty";
Dir::State::lists "{home}/lists";
Dir::State::status "{home}/status";
Dir::State::extended_states "{home}/extended_states";
Dir::Cache "{home}/cache";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "srcpkgcache.bin";
"""


@dataclass(frozen=True)
class Suite:
    """One line of a sources.list: where the suite is, and its name."""

    uri: str
    name: str


def own_release(os_release: Path = Path("/etc/os-release")) -> str:
    """Return the code name of this machine's Debian release."""
    fields = parse_os_release(os_release.read_text(encoding="utf-8")) if os_release.exists() else {}
    if fields.get("ID") != "debian" or not fields.get("VERSION_CODENAME"):
        name = fields.get("PRETTY_NAME", "this system")
        raise ProvisionError(
            f"{name} is no Debian, so its packages cannot be unpacked into the cache; use `docker compose up` instead"
        )
    return fields["VERSION_CODENAME"]


def is_debian() -> bool:
    """Tell whether Debian's packages can be fetched and unpacked here."""
    try:
        own_release()
    except ProvisionError:
        return False
    return shutil.which("apt-get") is not None and shutil.which("dpkg-deb") is not None


def parse_os_release(text: str) -> dict[str, str]:
    """Return the assignments of an os-release file without their quotes."""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {key.strip(): value.strip().strip("\"'") for key, value in pairs}


def suites_of(index_targets: str, release: str) -> list[Suite]:
    """Return the suites of `release` among apt's index targets (`uri|suite|component|codename`), the main one first."""
    found: list[Suite] = []
    for line in index_targets.splitlines():
        uri, name, component, codename = [*line.split("|"), "", "", ""][:4]
        base = name.split("-")[0].split("/")[0]
        if component != "main" or not (base == release or codename.split("-")[0] == release or base in _MOVING_SUITES):
            continue
        suite = Suite(uri, name)
        if suite not in found and not uri.startswith("cdrom:"):
            found.append(suite)
    return sorted(found, key=lambda suite: "-" in suite.name or "/" in suite.name)


def sources_list(suites: Iterable[Suite], components: Sequence[str], keyring: Path | None) -> str:
    """Return a sources.list for these suites."""
    signed = f"[signed-by={keyring}] " if keyring else ""
    return "".join(f"deb {signed}{suite.uri} {suite.name} {' '.join(components)}\n" for suite in suites)


def closure_of(depends: str, wanted: re.Pattern[str]) -> list[str]:
    """Return the real packages that `apt-cache depends --recurse` names and `wanted` takes, alternatives among them."""
    names = {line for line in depends.splitlines() if line[:1].isalnum() and ":" not in line}
    return sorted(name for name in names if wanted.fullmatch(name))


class PrivateApt:
    """An apt of its own: own sources, lists, status (nothing installed) and cache, all inside the cache folder."""

    def __init__(self, release: str | None = None, components: Sequence[str] = ("main",)) -> None:
        self.own = own_release()
        self.release = release or self.own
        self.components = tuple(components)
        self.home = cache_dir() / "apt" / "-".join((self.release, *self.components))

    def unpack(
        self,
        packages: Sequence[str],
        root: Path,
        *,
        wanted: re.Pattern[str] | None = None,
    ) -> list[str]:
        """Unpack `packages` into `root`; returns the names of the package files.

        `wanted` chooses by whole name among the packages and all that they depend on; None takes the packages alone.
        """
        with locked(f"apt-{self.home.name}"):
            self._prepare()
            debs = self._fetch(packages, wanted)
            for deb in debs:
                run(["dpkg-deb", "-x", str(deb), str(root)])
            for folder in ("debs", "cache"):
                shutil.rmtree(self.home / folder)
        return [deb.name for deb in debs]

    def _prepare(self) -> None:
        for folder in ("lists/partial", "cache/archives/partial", "empty", "debs"):
            (self.home / folder).mkdir(parents=True, exist_ok=True)
        (self.home / "status").touch()
        user = "root" if os.geteuid() == 0 else "_apt"
        (self.home / "apt.conf").write_text(_CONFIG.format(home=self.home, user=user), encoding="utf-8")
        sources = self.home / "sources.list"
        text = sources_list(self._suites(), self.components, self._keyring())
        changed = not sources.exists() or sources.read_text(encoding="utf-8") != text
        sources.write_text(text, encoding="utf-8")
        if changed or not self._lists_fresh():
            self._update()

    def _suites(self) -> list[Suite]:
        fields = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(CODENAME)"
        text = run(["apt-get", "indextargets", "--format", fields, "Created-By: Packages"])
        suites = suites_of(text, self.own)
        if not suites:
            raise ProvisionError("apt: this machine's apt sources name no Debian mirror; add one, or use Docker")
        return suites if self.release == self.own else [Suite(suites[0].uri, self.release)]

    def _keyring(self) -> Path | None:
        paths = (Path("/usr/share/keyrings") / name for name in _KEYRINGS)
        return next((path for path in paths if path.exists()), None)

    def _lists_fresh(self) -> bool:
        stamp = self.home / "updated"
        return stamp.exists() and time.time() - stamp.stat().st_mtime < LISTS_MAX_AGE_SECONDS

    def _update(self) -> None:
        self._apt("update", "--error-on=any")
        (self.home / "updated").touch()

    def _fetch(self, packages: Sequence[str], wanted: re.Pattern[str] | None) -> list[Path]:
        try:
            return self._download(packages, wanted)
        except ProvisionError:
            # The lists name files that the mirror has replaced since: look again, once.
            self._update()
            return self._download(packages, wanted)

    def _download(self, packages: Sequence[str], wanted: re.Pattern[str] | None) -> list[Path]:
        names = list(packages)
        if wanted is not None:
            # Not a simulated installation: apt's solver takes seconds where this takes a fraction of one.
            names = closure_of(run(["apt-cache", *self._config(), *DEPENDS, *packages]), wanted)
        debs = self.home / "debs"
        # A line is `'uri' file size hash`; files that an aborted run left complete are not fetched again.
        files = {line.split()[1] for line in self._apt("--print-uris", "download", *names).splitlines() if line}
        self._apt("download", *names, cwd=debs)
        return [debs / name for name in sorted(files)]

    def _apt(self, *arguments: str, cwd: Path | None = None) -> str:
        return run(["apt-get", "-qq", *self._config(), *arguments], cwd=cwd)

    def _config(self) -> list[str]:
        return ["-c", str(self.home / "apt.conf")]


def run(
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    name: str = "",
    cure: str = "check the network and apt's sources",
) -> str:
    """Run a command and return its stdout; raises ProvisionError with its error line, its `name` and the `cure`."""
    name = name or Path(command[0]).name
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env={**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise ProvisionError(f"{name} is not on this machine; install it, or use `docker compose up`") from error
    except subprocess.TimeoutExpired as error:
        raise ProvisionError(f"{name}: no end after {COMMAND_TIMEOUT_SECONDS} s; check the network") from error
    if done.returncode:
        raise ProvisionError(f"{name}: {error_line(done.stderr or done.stdout)}; {cure}")
    return done.stdout


def error_line(output: str) -> str:
    """Return the line of a failed command's output that says why: apt's first `E:`, else the last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line.removeprefix("E: ") for line in lines if line.startswith(("E: ", "ERROR: "))]
    return (errors or lines[-1:] or ["failed without a word"])[0]
