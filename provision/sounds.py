"""Asterisk's recorded prompts, Russian and English: real human speech for tests, from Debian's packages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from provision.cache import ProvisionError, built, say
from provision.debian import PrivateApt

RECIPE = "1"
PACKAGES = ("asterisk-core-sounds-ru-wav", "asterisk-core-sounds-en-wav")


@dataclass(frozen=True)
class SoundFiles:
    """Folders of WAV files (8 kHz, PCM16, mono), one per language."""

    russian: Path
    english: Path


def ensure() -> SoundFiles:
    """Return the folders of the prompts, unpacked into the cache when they are not there yet."""
    return files_in(built("sounds", RECIPE, _make))


def files_in(home: Path) -> SoundFiles:
    """Return the folders of unpacked prompts; raises ProvisionError when one is missing."""
    folders = {}
    for language in ("ru", "en"):
        found = sorted(home.glob(f"usr/share/asterisk/sounds/{language}*/digits"))
        if not found:
            raise ProvisionError(f"Sounds: {home} holds no prompts in {language}; remove that folder and run again")
        folders[language] = found[0].parent
    return SoundFiles(folders["ru"], folders["en"])


def _make(home: Path) -> None:
    say("Sounds: downloading Asterisk's recorded prompts into the cache (about 37 MB) ...")
    PrivateApt().unpack(PACKAGES, home)
    files_in(home)
