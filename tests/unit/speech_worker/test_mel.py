import numpy as np
from numpy.typing import NDArray

from speech_worker import mel

REFERENCE = [-0.5618051, 1.3487289, 1.4381949, -0.5618051]
"""Of OpenAI's implementation, for the tone below, 0.1 s of it: frame 5, channels 5, 10, 11 and 20."""


def tone(seconds: float, hz: float = 440) -> NDArray[np.int16]:
    moments = np.arange(int(seconds * mel.RATE_HZ)) / mel.RATE_HZ
    return (16384 * np.sin(2 * np.pi * hz * moments)).astype(np.int16)


def test_shape_and_padding() -> None:
    features = mel.log_mel(tone(0.5), 1000)
    assert features.shape == (80, 1000)
    assert features.dtype == np.float32
    assert np.all(features[:, 60:] == features.min())


def test_a_tone_is_in_the_channel_of_its_frequency() -> None:
    features = mel.log_mel(tone(0.5), 100)
    loudest = features[:, 10:40].argmax(axis=0)
    assert np.all(loudest == loudest[0])
    # Channels are 15 mel steps to 1 kHz, linear: 440 Hz is mel 6.6 of 45.2 in 81 steps.
    assert int(loudest[0]) in (10, 11)


def test_the_dynamic_range_is_that_of_the_model() -> None:
    features = mel.log_mel(tone(0.5), 100)
    assert features.max() - features.min() == np.float32(2.0)


def test_values_of_the_reference() -> None:
    features = mel.log_mel(tone(0.1), 12)
    assert np.allclose(features[[5, 10, 11, 20], 5], REFERENCE, atol=1e-4)


def test_longer_audio_is_cut() -> None:
    assert mel.log_mel(tone(2.0), 100).shape == (80, 100)
