import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from speech_worker.resample import DELAY_SAMPLES, Upsampler, upsample


def tone(hz: float, rate_hz: int, seconds: float = 0.5) -> NDArray[np.float64]:
    moments: NDArray[np.float64] = np.arange(int(rate_hz * seconds)) / rate_hz
    return 10_000 * np.sin(2 * np.pi * hz * moments)


@pytest.mark.parametrize("hz", [200, 1000, 2000, 3200, 3400])
def test_a_tone_of_the_telephone_band_stays_that_tone(hz: int) -> None:
    got = upsample(tone(hz, 8000).astype(np.int16))[200:-200]
    wanted = tone(hz, 16000)[200:-200]
    noise = got - wanted
    assert 10 * np.log10(np.mean(wanted**2) / np.mean(noise**2)) > 65


@given(st.lists(st.integers(0, 400), min_size=1, max_size=12))
def test_cuts_between_chunks_are_not_heard(sizes: list[int]) -> None:
    pcm = tone(700, 8000)[: sum(sizes)].astype(np.int16)
    stream = Upsampler()
    edges = np.cumsum([0, *sizes])
    pieces = [stream.feed(pcm[first:last]) for first, last in itertools.pairwise(edges)]
    assert [len(piece) for piece in pieces] == [2 * size for size in sizes]
    assert np.array_equal(np.concatenate(pieces), Upsampler().feed(pcm))


def test_the_delay_is_two_milliseconds() -> None:
    pcm = np.zeros(160, np.int16)
    pcm[40] = 20_000
    assert int(np.argmax(Upsampler().feed(pcm))) == 2 * (40 + DELAY_SAMPLES)
    assert DELAY_SAMPLES / 8000 == 0.002
    assert int(np.argmax(upsample(pcm))) == 80


def test_full_scale_is_clipped_and_never_wraps() -> None:
    square = np.where(np.arange(400) // 20 % 2, 32767, -32768).astype(np.int16)
    out = upsample(square)
    assert np.array_equal(out[0::2], square)
    assert out.max() == 32767
    assert out.min() == -32768


def test_nothing_in_nothing_out() -> None:
    assert len(Upsampler().feed(np.empty(0, np.int16))) == 0
