"""The private apt's pure parts: which mirror, which packages, which error line."""

import re
from pathlib import Path

import pytest

from provision.cache import ProvisionError
from provision.debian import Suite, closure_of, error_line, own_release, parse_os_release, run, sources_list, suites_of

TARGETS = """\
http://mirror.example/debian-security/|bookworm-security|main|bookworm-security
http://mirror.example/debian/|bookworm|main|bookworm
http://mirror.example/debian/|bookworm|contrib|bookworm
http://mirror.example/debian/|bookworm-updates|main|bookworm-updates
https://other.example/node/|nodistro|main|nodistro
"""


def test_the_main_suite_comes_first_and_strangers_are_left_out() -> None:
    assert [suite.name for suite in suites_of(TARGETS, "bookworm")] == [
        "bookworm",
        "bookworm-security",
        "bookworm-updates",
    ]


def test_a_suite_named_by_its_moving_name_is_known_without_its_code_name() -> None:
    assert suites_of("http://m.example/debian|stable|main|$(CODENAME)\n", "trixie") == [
        Suite("http://m.example/debian", "stable")
    ]


@pytest.mark.parametrize(
    "line", ["cdrom:[Debian]/|bookworm|main|bookworm", "http://x.example/ubuntu|noble|main|noble", ""]
)
def test_what_is_no_mirror_of_this_release_is_left_out(line: str) -> None:
    assert suites_of(line, "bookworm") == []


def test_sources_name_the_keyring_where_there_is_one() -> None:
    suites = [Suite("http://m.example/debian/", "forky")]

    assert sources_list(suites, ["main"], Path("/k.gpg")) == (
        "deb [signed-by=/k.gpg] http://m.example/debian/ forky main\n"
    )
    assert sources_list(suites, ["main", "non-free"], None) == "deb http://m.example/debian/ forky main non-free\n"


def test_the_closure_is_the_real_packages_that_are_wanted() -> None:
    depends = """\
librhvoice5
  Depends: librhvoice-core7
 |Depends: debconf
  Depends: <debconf-2.0>
    cdebconf
libsonic0
libc6
<debconf-2.0>
perl:any
librhvoice5
"""
    assert closure_of(depends, re.compile("lib(rhvoice|sonic).*|debconf.*|perl.*")) == ["librhvoice5", "libsonic0"]


def test_the_release_is_read_from_os_release(tmp_path: Path) -> None:
    file = tmp_path / "os-release"
    file.write_text(
        'PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\nVERSION_CODENAME=bookworm\n# x=y\n', encoding="utf-8"
    )

    assert own_release(file) == "bookworm"
    assert parse_os_release(file.read_text(encoding="utf-8"))["PRETTY_NAME"] == "Debian GNU/Linux 12"


def test_another_system_is_told_what_to_do_instead(tmp_path: Path) -> None:
    file = tmp_path / "os-release"
    file.write_text("ID=fedora\nPRETTY_NAME='Fedora 44'\n", encoding="utf-8")

    with pytest.raises(ProvisionError, match=r"Fedora 44 is no Debian.*docker compose up"):
        own_release(file)


@pytest.mark.parametrize(
    ("output", "line"),
    [
        ("Reading...\nE: Unable to locate package x\nE: later", "Unable to locate package x"),
        ("WARNING: w\nERROR: No matching distribution\n", "ERROR: No matching distribution"),
        ("one\ntwo\n\n", "two"),
        ("", "failed without a word"),
    ],
)
def test_the_line_that_says_why(output: str, line: str) -> None:
    assert error_line(output) == line


def test_a_failing_command_is_one_line_with_its_cure() -> None:
    with pytest.raises(ProvisionError, match=r"^sh: E_BROKEN; check the network and apt's sources$"):
        run(["sh", "-c", "echo noise >&2; echo E_BROKEN >&2; exit 3"])


def test_a_missing_command_says_so() -> None:
    with pytest.raises(ProvisionError, match="no-such-command is not on this machine"):
        run(["no-such-command"])
