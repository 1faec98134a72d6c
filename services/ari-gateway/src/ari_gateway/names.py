"""The names that the gateway gives to things in Asterisk, and the check of names that it is given."""

import re
from enum import StrEnum

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
_SOUND = re.compile(r"sound:trunkline/[0-9a-z]{1,8}/[A-Za-z0-9_-]{1,128}")
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:~-]{0,199}")
_GENERATION = re.compile(r"~\d+$")


OUTCOME = "TRUNKLINE_OUTCOME"
"""The channel variable that tells the dialplan why a caller comes back: the reason of CallEnded."""


class Part(StrEnum):
    """What a call owns in Asterisk beside the caller's channel; the value begins the names of such parts."""

    SNOOP = "sn"
    MEDIA = "em"
    BRIDGE = "br"


_PREFIXES = frozenset(str(part) for part in Part)


def call_id_of(asterisk_id: str, channel_id: str) -> str:
    """The bus's name for a call: channel ids are unique within one Asterisk only, so its own id stands before it."""
    return f"{_UNSAFE.sub('', asterisk_id)[:32]}-{_UNSAFE.sub('_', channel_id)}"


def part_id(part: Part, channel_id: str, generation: int = 1) -> str:
    """The id of a part of the caller's channel; one made again has a higher generation."""
    return f"{part}-{channel_id}" if generation == 1 else f"{part}-{channel_id}~{generation}"


def owner_of(identifier: str) -> tuple[Part, str] | None:
    """Which part of which caller's channel an id names; None when it is not a name of ours."""
    prefix, dash, rest = identifier.partition("-")
    if not dash or prefix not in _PREFIXES:
        return None
    return Part(prefix), _GENERATION.sub("", rest)


def is_sound(media: str) -> bool:
    """Whether ``media`` names a sound of ours: ``sound:trunkline/<aa>/<hash>`` and nothing that leaves the folder."""
    return _SOUND.fullmatch(media) is not None


def is_identifier(name: str) -> bool:
    """Whether ``name`` may stand in a path of ARI."""
    return _IDENTIFIER.fullmatch(name) is not None
