"""`python3 -m provision`: what it prints, and how it fails."""

from pathlib import Path

import pytest

from provision import __main__ as command_line
from provision import rhvoice
from provision.__main__ import Provided, exports, main, table
from provision.cache import ProvisionError


def _provide(monkeypatch: pytest.MonkeyPatch, **parts: Provided | ProvisionError) -> None:
    def provider(part: Provided | ProvisionError) -> Provided:
        if isinstance(part, ProvisionError):
            raise part
        return part

    monkeypatch.setattr(command_line, "PARTS", {name: lambda part=part: provider(part) for name, part in parts.items()})


def test_it_lists_what_is_there(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    _provide(monkeypatch, redis=Provided("7.0.15", "/r"), whisper=Provided("Whisper base", "/w"))

    assert main([]) == 0
    assert capsys.readouterr().out == "redis     7.0.15        /r\nwhisper   Whisper base  /w\n"


def test_a_named_part_is_provided_alone(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    _provide(monkeypatch, redis=Provided("7.0.15", "/r"), whisper=ProvisionError("not asked for"))

    assert main(["redis"]) == 0
    assert "/r" in capsys.readouterr().out


def test_exports_are_quoted_for_the_shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    files = rhvoice.RHVoiceFiles(Path("/a b/l.so"), Path("/a b"), Path("/d"), Path("/c"))
    _provide(monkeypatch, rhvoice=Provided("voices", "/a", files.environment()))

    assert main(["env"]) == 0
    assert "export TRUNKLINE_RHVOICE_LIBRARY='/a b/l.so'\n" in capsys.readouterr().out


def test_what_cannot_be_had_is_one_line_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _provide(monkeypatch, redis=ProvisionError("Redis: no network; check it"))

    assert main([]) == 1
    assert capsys.readouterr() == ("", "Redis: no network; check it\n")


def test_an_interrupt_says_that_it_can_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(_: object) -> dict[str, Provided]:
        raise KeyboardInterrupt

    monkeypatch.setattr(command_line, "provide", interrupt)

    assert main([]) == 130
    assert "run it again" in capsys.readouterr().err


def test_an_unknown_part_shows_the_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kamailio"]) == 2
    assert "parts: asterisk redis rhvoice whisper sounds" in capsys.readouterr().err


def test_a_part_without_variables_exports_nothing() -> None:
    parts = {"redis": Provided("7", "/r")}

    assert exports(parts) == ""
    assert table(parts) == "redis     7  /r\n"
