"""The name of a sound is the hash of everything that decides how it sounds."""

import hashlib
import json
import re
import unicodedata
from dataclasses import dataclass

from tts_player.voice import Rendition

FORMAT_VERSION = 3
"""Raised whenever the same input would give other bytes (trimming, loudness, encoding)."""

FOLDER = "trunkline"
SUFFIX = ".sln16"
_DIGEST = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class SoundName:
    """``trunkline/<aa>/<hash>``: hexadecimal digits only, so no text of a dialog ever reaches a path."""

    digest: str

    def __post_init__(self) -> None:
        if not _DIGEST.fullmatch(self.digest):
            raise ValueError(f"{self.digest!r} is no digest of 40 hexadecimal digits")

    @property
    def relative(self) -> str:
        """Path below the sounds folder, without extension."""
        return f"{FOLDER}/{self.digest[:2]}/{self.digest}"

    @property
    def media(self) -> str:
        """The URI that Asterisk plays."""
        return f"sound:{self.relative}"


def spoken(text: str) -> str:
    """The text as it is given to the engines: composed characters, single spaces, no control characters."""
    composed = unicodedata.normalize("NFC", text)
    printable = "".join(" " if unicodedata.category(one)[0] in "CZ" else one for one in composed)
    return " ".join(printable.split())


def sound_name(text: str, rendition: Rendition) -> SoundName:
    """The name under which this text in this rendition is kept; ``text`` as :func:`spoken` gives it."""
    parts = [
        FORMAT_VERSION,
        text,
        rendition.engine,
        rendition.model,
        rendition.voice,
        rendition.language,
        rendition.settings,
    ]
    # JSON keeps the borders between the parts unambiguous.
    canonical = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return SoundName(hashlib.sha256(canonical.encode()).hexdigest()[:40])
