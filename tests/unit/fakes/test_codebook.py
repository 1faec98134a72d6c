"""The codebook over audio as a telephone brings it: late, quiet, noisy, through mu-law, and with pieces missing."""

import numpy as np
import pytest

from tests.fakes.elevenlabs import Codebook, Samples, Word, mulaw_decode, mulaw_encode, speechlike

TEXTS = (
    "здравствуйте я хочу записаться на приём",
    "да подтверждаю",
    "завтра в десять утра",
    "соедините с оператором",
    "I would like to book an appointment",
    "yes please",
)
LONG = TEXTS[0]
RATE = 8000


@pytest.fixture(scope="module")
def codebook() -> Codebook:
    book = Codebook()
    for text in TEXTS:
        book.register(speechlike(text, RATE), text)
    return book


def telephone(audio: Samples, *, late_samples: int = 0, gain: float = 1.0, noise_rms: float = 0.0) -> Samples:
    """`audio` as it arrives: silence around it, another level, noise, mu-law."""
    padded = np.pad(audio.astype(np.float64), (late_samples, RATE // 2)) * gain
    padded += np.random.default_rng(7).normal(0.0, noise_rms, len(padded))
    return mulaw_decode(mulaw_encode(np.clip(padded, -32768, 32767).astype(np.int16)))


def seconds(audio: Samples, start: float, end: float) -> Samples:
    return audio[int(start * RATE) : int(end * RATE)]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("late_samples", [0, 37, 64, 1111])
def test_offset_and_mulaw_do_not_matter(codebook: Codebook, text: str, late_samples: int) -> None:
    heard = telephone(speechlike(text, RATE), late_samples=late_samples)
    assert codebook.commit(heard).text == text


@pytest.mark.parametrize(("gain", "noise_rms"), [(0.2, 0.0), (1.0, 30.0), (0.5, 60.0)])
def test_level_and_noise_do_not_matter(codebook: Codebook, gain: float, noise_rms: float) -> None:
    heard = telephone(speechlike(LONG, RATE), gain=gain, noise_rms=noise_rms)
    assert codebook.commit(heard).text == LONG


def test_words_whose_audio_was_lost_are_missing(codebook: Codebook) -> None:
    audio = speechlike(LONG, RATE)
    without_the_middle = np.concatenate([seconds(audio, 0, 0.8), seconds(audio, 1.35, 9)])
    assert codebook.commit(telephone(seconds(audio, 0.85, 9))).text == "я хочу записаться на приём"
    assert codebook.commit(telephone(seconds(audio, 0, 1.3))).text == "здравствуйте я хочу"
    assert codebook.commit(telephone(without_the_middle)).text == "здравствуйте записаться на приём"


def test_audio_that_is_sent_twice_gives_words_twice(codebook: Codebook) -> None:
    audio = speechlike(LONG, RATE)
    heard = telephone(np.concatenate([audio, np.zeros(800, np.int16), seconds(audio, 1.25, 9)]))
    assert codebook.commit(heard).text == f"{LONG} записаться на приём"


def test_several_utterances_in_one_commit(codebook: Codebook) -> None:
    pause = np.zeros(RATE, np.int16)
    heard = telephone(np.concatenate([speechlike("да подтверждаю", RATE), pause, speechlike("yes please", RATE)]))
    assert codebook.commit(heard).text == "да подтверждаю yes please"


def test_unfinished_word_is_a_tail(codebook: Codebook) -> None:
    heard = telephone(seconds(speechlike(LONG, RATE), 0, 1.55))[: int(1.6 * RATE)]
    guess = codebook.guess(heard)
    assert guess.text == "здравствуйте я хочу"
    assert guess.partial == "здравствуйте я хочу записа"


@pytest.mark.parametrize("noise_rms", [0.0, 500.0])
def test_neither_silence_nor_noise_is_a_word(codebook: Codebook, noise_rms: float) -> None:
    assert codebook.commit(telephone(np.zeros(3 * RATE, np.int16), noise_rms=noise_rms)).text == ""


def test_words_lie_where_they_sounded(codebook: Codebook) -> None:
    words = codebook.commit(telephone(speechlike("yes please", RATE), late_samples=RATE)).words
    assert [word.text for word in words] == ["yes", "please"]
    assert words[0].start_seconds == pytest.approx(1.0, abs=0.05)
    assert words[1].end_seconds == pytest.approx(1.0 + 10 * 0.065, abs=0.05)


def test_given_word_times_are_used() -> None:
    book = Codebook()
    book.register(
        speechlike("da i da", RATE),
        "yes then yes",
        words=[Word("yes", 0.0, 0.13), Word("then", 0.195, 0.26), Word("yes", 0.325, 0.455)],
        language="en",
    )
    transcript = book.commit(telephone(speechlike("da i da", RATE)))
    assert (transcript.text, transcript.language) == ("yes then yes", "en")


def test_silent_clip_is_refused() -> None:
    with pytest.raises(ValueError, match="'hush' is silent"):
        Codebook().register(np.zeros(RATE, np.int16), "hush")
