"""The folder of a Whisper model in CTranslate2's format: what must be in it, and its vocabulary."""

import json
from dataclasses import dataclass
from pathlib import Path

_FILES = ("model.bin", "config.json", "vocabulary.txt")


class WhisperModelMissing(Exception):
    """There is no usable model; the text names the folder and the cure."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Tokens by number, and the numbers of the special ones by name."""

    tokens: tuple[str, ...]

    def number(self, token: str) -> int:
        """The number of a token such as ``<|ru|>``."""
        return self.tokens.index(token)

    def knows(self, token: str) -> bool:
        """Whether there is such a token."""
        return token in self.tokens

    def text(self, numbers: list[int]) -> str:
        """The text of tokens; special ones have none."""
        letters = "".join(token for token in (self.tokens[number] for number in numbers) if not _is_special(token))
        return bytes(_BYTES[letter] for letter in letters if letter in _BYTES).decode("utf-8", errors="replace")


def load_vocabulary(folder: Path) -> Vocabulary:
    """Check the folder and read its vocabulary.

    :raises WhisperModelMissing: a file is missing, or the vocabulary is none of Whisper's.
    """
    missing = [name for name in _FILES if not (folder / name).is_file()]
    if missing:
        raise WhisperModelMissing(
            f"no Whisper model in {folder} ({', '.join(missing)} missing); set TRUNKLINE_WHISPER_MODEL to its folder"
        )
    tokens = (folder / "vocabulary.txt").read_text(encoding="utf-8").split("\n")
    vocabulary = Vocabulary(tuple(tokens))
    if not vocabulary.knows("<|startoftranscript|>") or not json.loads((folder / "config.json").read_text("utf-8")):
        raise WhisperModelMissing(f"{folder} holds no Whisper model; set TRUNKLINE_WHISPER_MODEL to the folder of one")
    return vocabulary


def _is_special(token: str) -> bool:
    return token.startswith("<|") and token.endswith("|>")


def _byte_letters() -> dict[str, int]:
    """The letters by which byte-level BPE writes bytes: itself where printable, else one from U+0100 on."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = [byte for byte in range(256) if byte not in printable]
    letters = {chr(byte): byte for byte in printable}
    letters.update({chr(0x100 + index): byte for index, byte in enumerate(others)})
    return letters


_BYTES = _byte_letters()
