from pathlib import Path

import pytest

from speech_worker.whisper_model import Vocabulary, WhisperModelMissing, load_vocabulary
from speech_worker.whisper_text import Hypothesis, said


def heard(text: str, no_speech: float = 0.1, log_probability: float = -0.3) -> str:
    return said(Hypothesis(text, no_speech, log_probability))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (" Запишите меня на  завтра. ", "Запишите меня на завтра."),
        ("(кашель) Да.", "Да."),
        ("[BLANK_AUDIO]", ""),
        ("♪ la la ♪", ""),
        ("...", ""),
        ("Спасибо за просмотр!", ""),
        ("Субтитры сделал DimaTorzok", ""),
        ("Редактор субтитров А.Синецкая Корректор А.Егорова", ""),
        ("Аааааааааааааааааааа", ""),
        ("Спасибо.", "Спасибо."),
        ("8 800 555 35 35", "8 800 555 35 35"),
        ("Thank you.", "Thank you."),
    ],
)
def test_what_was_said(text: str, wanted: str) -> None:
    assert heard(text) == wanted


def test_text_for_what_is_no_speech_is_invented() -> None:
    assert heard("Слышь, я не могу.", no_speech=0.81, log_probability=-0.6) == ""
    assert heard("Да.", no_speech=0.65) == "Да."


def test_text_that_the_model_itself_doubts_is_dropped() -> None:
    assert heard("Нбс", log_probability=-3.9) == ""
    assert heard("десять", log_probability=-1.5) == "десять"


def test_tokens_are_bytes_in_disguise() -> None:
    vocabulary = Vocabulary(("ÐĶ", "Ð°", "Ġyes", "<|ru|>", "!"))
    assert vocabulary.text([3, 0, 1, 4, 2]) == "Да! yes"
    assert vocabulary.number("<|ru|>") == 3


def test_half_a_letter_does_not_break_the_text() -> None:
    assert Vocabulary(("Ð", "ok")).text([0, 1]) == "�ok"


def test_a_missing_model_is_named_with_its_cure(tmp_path: Path) -> None:
    complaint = r"model\.bin, config\.json, vocabulary\.txt missing.*TRUNKLINE_WHISPER_MODEL"
    with pytest.raises(WhisperModelMissing, match=complaint):
        load_vocabulary(tmp_path)


def test_another_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.bin").touch()
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "vocabulary.txt").write_text("a\nb\n")
    with pytest.raises(WhisperModelMissing, match="no Whisper model"):
        load_vocabulary(tmp_path)
