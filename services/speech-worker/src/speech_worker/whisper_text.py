"""What Whisper wrote, made into what was said: pure."""

import re
from dataclasses import dataclass

MOST_NO_SPEECH = 0.7
"""Measured through a telephone: speech, also at 5 dB SNR, up to 0.65; silence, noise and tones from 0.81 on."""
LEAST_LOG_PROBABILITY = -2.5

# What it learnt to write under films where nobody speaks. Compared without case and punctuation.
_NEVER_SAID = frozenset(
    {
        "продолжение следует",
        "спасибо за просмотр",
        "спасибо за внимание",
        "подписывайтесь на канал",
        "подпишись на канал",
        "до новых встреч",
        "субтитры",
        "тревожная музыка",
        "печальная музыка",
        "спокойная музыка",
        "весёлая музыка",
        "динамичная музыка",
        "thanks for watching",
        "thank you for watching",
        "please subscribe",
        "subscribe",
        "music",
        "blank audio",
    }
)
_SUBTITLES = re.compile(r"субтитры (сделал|создавал|подогнал|делал)|редактор субтитров|dimatorzok|amara\.org", re.I)
_ASIDE = re.compile(r"[(\[*♪][^)\]*♪]*[)\]*♪]")
_NO_LETTER = re.compile(r"[^\w\s]+")
_LOOP = re.compile(r"(.{2,40}?)\1{5,}", re.S)


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One pass of the model: its text, the probability that nobody spoke, and the mean log probability of a token."""

    text: str
    no_speech: float
    log_probability: float


def said(hypothesis: Hypothesis) -> str:
    """The text, or "" where it is more likely invented than heard."""
    text = " ".join(_ASIDE.sub(" ", hypothesis.text).split())
    if not any(letter.isalnum() for letter in text):
        return ""
    return "" if _is_doubtful(hypothesis) or _is_invented(text) else text


def _is_doubtful(hypothesis: Hypothesis) -> bool:
    return hypothesis.no_speech > MOST_NO_SPEECH or hypothesis.log_probability < LEAST_LOG_PROBABILITY


def _is_invented(text: str) -> bool:
    plain = " ".join(_NO_LETTER.sub(" ", text).lower().split())
    return plain in _NEVER_SAID or bool(_SUBTITLES.search(text)) or bool(_LOOP.search(text))
