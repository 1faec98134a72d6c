import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tts_player.espeak_voice import EspeakVoice
from tts_player.voice import EngineUnavailable, VoiceError

Program = Callable[[str], EspeakVoice]

WAV = """
import math, struct, sys
said = sys.stdin.buffer.read().decode()
pcm = b"".join(struct.pack("<h", int(8000 * math.sin(i / 10))) for i in range(22050 * len(said) // 10))
# Written to a pipe, its sizes are those of a file without end.
sys.stdout.buffer.write(b"RIFF\\xff\\xff\\xff\\x7fWAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 22050, 44100, 2, 16)
    + b"data\\xff\\xff\\xff\\x7f" + pcm)
"""


@pytest.fixture
def program(tmp_path: Path) -> Program:
    def make(source: str) -> EspeakVoice:
        path = tmp_path / "espeak-ng"
        path.write_text(f"#!{sys.executable}\n{source}", encoding="utf-8")
        path.chmod(0o755)
        return EspeakVoice(path)

    return make


async def said(voice: EspeakVoice, text: str) -> bytes:
    return b"".join([piece async for piece in voice.synthesise(text, voice.rendition("ru", None))])


async def test_its_wav_comes_out_at_16_khz(program: Program) -> None:
    assert len(await said(program(WAV), "десять бук")) == pytest.approx(32000, abs=64)


@pytest.mark.parametrize(
    ("source", "reason"),
    [("raise SystemExit(3)", "exit code 3"), ("print('hello')", "no WAV"), ("", "no WAV")],
)
async def test_its_failures_have_a_meaning(program: Program, source: str, reason: str) -> None:
    with pytest.raises(EngineUnavailable, match=reason):
        await said(program(source), "да")


async def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match="does not start"):
        await said(EspeakVoice(tmp_path / "absent"), "да")


async def test_one_that_hangs_is_ended(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tts_player.espeak_voice.PATIENCE_SECONDS", 0.05)

    with pytest.raises(EngineUnavailable, match="no answer"):
        await said(program("import time; time.sleep(60)"), "да")


async def test_a_long_text_is_refused(program: Program) -> None:
    with pytest.raises(VoiceError, match="2000 are allowed"):
        await said(program(WAV), "а" * 2001)
