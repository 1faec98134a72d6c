import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.unit.tts_player.scripted_voice import tone
from tts_player.loudness import FULL_SCALE, NoSpeech, Samples, Target, active_level, duration_ms, shaped

Wave = NDArray[np.float64]


def samples_of(pcm: bytes) -> Samples:
    return np.frombuffer(pcm, dtype="<i2").astype(np.float32) / np.float32(FULL_SCALE)


def silence(duration_ms: int) -> bytes:
    return bytes(duration_ms * 32)


def wordlike(amplitude: float, seed: int = 1, words: int = 4) -> bytes:
    """Bursts of noise of 300 ms with pauses of 100 ms."""
    dice = np.random.default_rng(seed)
    bursts = [np.concatenate([dice.normal(0, amplitude, 4800), np.zeros(1600)]) for _ in range(words)]
    return bytes(np.clip(np.concatenate(bursts), -32768, 32767).astype("<i2").tobytes())


@pytest.mark.parametrize("amplitude", [150, 300, 1000, 4000, 9000])
def test_speech_of_any_level_leaves_at_the_telephone_level(amplitude: float) -> None:
    level_dbfs = active_level(samples_of(shaped(wordlike(amplitude))))

    assert level_dbfs == pytest.approx(-20.0, abs=0.7)


def test_a_gain_has_its_limit() -> None:
    target = Target(most_gain_db=6.0)
    before = active_level(samples_of(wordlike(100)))

    assert active_level(samples_of(shaped(wordlike(100), target))) == pytest.approx(before + 6.0, abs=0.3)


def test_pauses_between_words_do_not_count_as_quiet_speech() -> None:
    gapless = active_level(samples_of(tone(1000)))
    with_pause = active_level(samples_of(tone(500) + silence(1500) + tone(500)))

    # 200 ms of hangover count as speech, 1500 ms of pause do not.
    assert gapless - 1.2 < with_pause < gapless


def test_peaks_stay_under_the_ceiling_without_a_jump() -> None:
    quiet_with_clicks = samples_of(wordlike(300)).copy()
    quiet_with_clicks[2000::3000] = 0.5
    pcm = (quiet_with_clicks * 32767).astype("<i2").tobytes()

    loud = samples_of(shaped(pcm, Target(ceiling_dbfs=-3.0)))

    assert np.abs(loud).max() <= 10 ** (-3 / 20) + 1e-3


@pytest.mark.parametrize(("before_ms", "after_ms"), [(0, 0), (500, 0), (0, 700), (500, 700)])
def test_silence_around_the_speech_is_trimmed_to_a_breath(before_ms: int, after_ms: int) -> None:
    shaped_ms = duration_ms(len(shaped(silence(before_ms) + tone(400) + silence(after_ms))))

    expected = 400 + (20 if before_ms else 0) + (40 if after_ms else 0)
    assert shaped_ms == pytest.approx(expected, abs=20)


def test_a_soft_beginning_is_not_trimmed() -> None:
    soft = tone(200, amplitude=150)  # 26 dB below what follows

    assert duration_ms(len(shaped(silence(300) + soft + tone(400)))) >= 600


def test_both_ends_begin_and_end_at_zero() -> None:
    result = samples_of(shaped(tone(300)))

    assert result[0] == 0.0
    assert result[-1] == 0.0


@pytest.mark.parametrize("pcm", [b"", silence(20), silence(1000), np.full(8000, 9, "<i2").tobytes()])
def test_audio_without_speech_is_refused(pcm: bytes) -> None:
    with pytest.raises(NoSpeech, match="no speech"):
        shaped(pcm)


@settings(max_examples=50)
@given(st.integers(1, 3000), st.floats(50, 32767), st.integers(0, 2**32 - 1))
def test_any_sound_keeps_its_length_and_range(length: int, amplitude: float, seed: int) -> None:
    noise = np.random.default_rng(seed).uniform(-amplitude, amplitude, length).astype("<i2").tobytes()
    try:
        result = shaped(noise)
    except NoSpeech:
        return
    assert 0 < len(result) <= len(noise)
    assert len(result) % 2 == 0
