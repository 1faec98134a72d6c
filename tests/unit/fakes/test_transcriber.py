"""Scripted transcripts, whole-utterance fingerprints, and the sound that stands for speech."""

import numpy as np
import pytest

from tests.fakes.elevenlabs import Fingerprints, Script, mulaw_decode, mulaw_encode, speechlike
from tests.fakes.elevenlabs.audio import REALTIME_FORMATS, resample

SPEECH = speechlike("some words", 8000)
SILENCE = np.zeros(8000, np.int16)


def test_script_gives_a_text_per_commit_and_nothing_for_silence() -> None:
    script = Script(["one", "two"])
    texts = [script.commit(audio).text for audio in (SPEECH, SILENCE, SPEECH, SPEECH)]
    assert texts == ["one", "", "two", ""]


def test_script_shows_its_next_text_growing() -> None:
    script = Script(["alpha beta gamma"], seconds_per_word=1.0)
    heard = np.tile(SPEECH, 4)
    assert script.guess(heard[:12000]).partial == "alpha bet"
    assert script.guess(heard[: 2 * 8000]).partial == "alpha beta gam"
    assert script.left == 1


def test_fingerprints_know_a_whole_utterance() -> None:
    known = Fingerprints()
    for text in ("good morning", "what time is it", "да"):
        known.register(speechlike(text, 8000), text)
    heard = mulaw_decode(mulaw_encode(np.pad(speechlike("what time is it", 8000), (3200, 4000))))
    assert known.commit(heard).text == "what time is it"
    assert known.commit(SILENCE).text == ""


def test_speechlike_is_the_same_at_every_rate() -> None:
    low, high = speechlike("так и есть", 8000), resample(speechlike("так и есть", 24000), 24000, 8000)
    assert abs(len(low) - len(high)) <= 30
    length = min(len(low), len(high))
    assert np.corrcoef(low[:length], high[:length])[0, 1] > 0.5


def test_speechlike_depends_on_text_and_voice() -> None:
    assert not np.array_equal(speechlike("mama", 8000), speechlike("papa", 8000))
    assert not np.array_equal(speechlike("mama", 8000, "a"), speechlike("mama", 8000, "b"))
    assert len(speechlike("x" * 100, 8000)) == pytest.approx(100 * 0.065 * 8000, abs=50)


def test_mulaw_keeps_every_code_but_the_second_zero() -> None:
    codes = bytes(range(256))
    assert mulaw_encode(mulaw_decode(codes)) == codes.replace(b"\x7f", b"\xff")


def test_half_a_sample_is_left_out() -> None:
    assert len(REALTIME_FORMATS["pcm_16000"].decode(bytes(5))) == 2
