"""The Asterisk templates: what is filled in, what is left to the dialplan, what is left out."""

import re
from pathlib import Path

import pytest

from stack import asterisk_config
from stack.asterisk_config import TEMPLATES, MissingValue, render

NAME = re.compile(r"\$\{((?:ASTERISK|NOVOFON)_[A-Z0-9_]+)\}")


def test_only_the_templates_own_names_are_filled_in() -> None:
    text = render("exten => s,1,Dial(${ASTERISK_OPERATOR_DIAL}) ; ${EXTEN}\n", {"ASTERISK_OPERATOR_DIAL": "PJSIP/a"})

    assert text == "exten => s,1,Dial(PJSIP/a) ; ${EXTEN}\n"


def test_a_setting_left_empty_loses_its_line() -> None:
    template = "a = ${ASTERISK_A}\nb = ${ASTERISK_B}\n[c]\n"

    assert render(template, {"ASTERISK_A": "", "ASTERISK_B": "1"}) == "b = 1\n[c]\n"


def test_comments_are_left_as_they_are() -> None:
    assert render("; ${ASTERISK_UNKNOWN}\n", {}) == "; ${ASTERISK_UNKNOWN}\n"


def test_what_begins_a_comment_in_a_password_is_escaped() -> None:
    assert render("password = ${NOVOFON_PASSWORD}\n", {"NOVOFON_PASSWORD": "a;b\\c"}) == "password = a\\;b\\c\n"


def test_a_missing_value_is_named() -> None:
    with pytest.raises(MissingValue, match="ASTERISK_SIP_PORT"):
        render("bind = 0.0.0.0:${ASTERISK_SIP_PORT}\n", {})


def test_a_value_cannot_smuggle_in_a_line() -> None:
    with pytest.raises(ValueError, match="NOVOFON_PASSWORD: must not hold a line break"):
        render("password = ${NOVOFON_PASSWORD}\n", {"NOVOFON_PASSWORD": "x\ncontext=internal"})


def _values() -> dict[str, str]:
    text = "".join(path.read_text(encoding="utf-8") for path in TEMPLATES.glob("*.conf"))
    return dict.fromkeys(NAME.findall(text), "x")


def test_every_name_of_the_templates_is_documented() -> None:
    documented = (TEMPLATES / "README.md").read_text(encoding="utf-8")

    assert [name for name in _values() if name not in documented] == []


@pytest.mark.parametrize(("loopback", "trunk"), [(True, False), (False, True)])
def test_files_are_private_and_optional_ones_only_on_request(tmp_path: Path, loopback: bool, trunk: bool) -> None:
    asterisk_config.write(_values(), tmp_path, loopback=loopback, trunk=trunk)

    assert (tmp_path / "pjsip_loopback.conf").exists() is loopback
    assert (tmp_path / "pjsip_trunk.conf").exists() is trunk
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.iterdir())


def test_an_endpoint_without_a_password_is_known_by_address_alone() -> None:
    for name in ("pjsip_loopback.conf", "pjsip_trunk.conf"):
        assert "identify_by = ip\n" in (TEMPLATES / name).read_text(encoding="utf-8")
