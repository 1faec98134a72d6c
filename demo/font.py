"""A font with Cyrillic letters for the picture: the system's, else one from Debian's packages in the cache."""

from pathlib import Path

from PIL import ImageFont

from provision.cache import ProvisionError, built
from provision.debian import PrivateApt

RECIPE = "1"
PACKAGES = ("fonts-dejavu-core",)
FILE = "usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
SYSTEM = (
    f"/{FILE}",
    "/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf",
    "/usr/share/fonts/TTF/DejaVuSans.ttf",
    "/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf",
    "/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf",
    "/Library/Fonts/Arial Unicode.ttf",
)

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def ensure() -> Path | None:
    """The font's file; None where none can be had, and Pillow's own without Cyrillic has to do."""
    for candidate in SYSTEM:
        if Path(candidate).exists():
            return Path(candidate)
    try:
        return built("font", RECIPE, _make) / FILE
    except ProvisionError:
        return None


def load(path: Path | None, size: int) -> Font:
    """The font at a size in pixels."""
    return ImageFont.load_default(size) if path is None else ImageFont.truetype(str(path), size)


def _make(home: Path) -> None:
    PrivateApt().unpack(PACKAGES, home)
