"""RHVoice: the offline voices, Russian and English, from Debian's own packages."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from provision.cache import ProvisionError, built, say
from provision.debian import PrivateApt

RECIPE = "1"
# Those whose licence allows any use; the packages carry others (no derivatives, non-commercial), which are removed.
SAFE_VOICES = frozenset({"aleksandr", "anna", "elena", "irina", "slt", "bdl", "clb", "alan"})
PACKAGES = ("librhvoice5", "rhvoice-russian", "rhvoice-english")
# Those, and the libraries that are not on every system with apt.
LINKED = re.compile(r"(rhvoice-russian|rhvoice-english|lib(rhvoice|rhvoice-core|sonic)[\d.t-]*)")
# 16 kHz, which is what Asterisk plays; the other qualities speak at 24 kHz.
CONFIG = "quality=min\n"


@dataclass(frozen=True)
class RHVoiceFiles:
    """Where RHVoice is: its library, the folder of the libraries that this one needs, its data and its settings."""

    library: Path
    library_path: Path
    data_dir: Path
    config_dir: Path

    def environment(self) -> dict[str, str]:
        """Return the variables that tell a service where RHVoice is."""
        return {
            "TRUNKLINE_RHVOICE_LIBRARY": str(self.library),
            "TRUNKLINE_RHVOICE_LIBRARY_PATH": str(self.library_path),
            "TRUNKLINE_RHVOICE_DATA": str(self.data_dir),
            "TRUNKLINE_RHVOICE_CONFIG": str(self.config_dir),
        }


def ensure() -> RHVoiceFiles:
    """Return RHVoice's files, unpacked into the cache when they are not there yet."""
    return files_in(built("rhvoice", RECIPE, _make))


def files_in(home: Path) -> RHVoiceFiles:
    """Return the files of an unpacked RHVoice; raises ProvisionError when its library is missing."""
    library = next(iter(sorted(home.glob("usr/lib/*/libRHVoice.so.*"), key=lambda path: len(path.name))), None)
    if library is None:
        raise ProvisionError(f"RHVoice: {home} holds no library; remove that folder and run again")
    return RHVoiceFiles(library, library.parent, home / "usr/share/RHVoice", home / "config")


def _make(home: Path) -> None:
    say("RHVoice: downloading Debian's voices into the cache ...")
    apt = PrivateApt(components=("main", "non-free"))
    apt.unpack(PACKAGES, home, wanted=LINKED)
    keep_safe_voices(home / "usr/share/RHVoice/voices")
    (home / "config").mkdir()
    (home / "config" / "RHVoice.conf").write_text(CONFIG, encoding="utf-8")
    files_in(home)


def keep_safe_voices(voices: Path) -> list[str]:
    """Remove every voice that is not on the safe list; returns the names of those that stay."""
    for name in os.listdir(voices):
        if name not in SAFE_VOICES:
            shutil.rmtree(voices / name)
    return sorted(os.listdir(voices))
