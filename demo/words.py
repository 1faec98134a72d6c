"""What a watcher of the call is told, as data."""

from dataclasses import dataclass
from typing import Literal

Who = Literal["caller", "bot"]


@dataclass(frozen=True, slots=True)
class Spoken:
    """Words of one side and when they sounded (unix seconds)."""

    who: Who
    began_at: float
    text: str


@dataclass(frozen=True, slots=True)
class Wait:
    """From the end of the caller's words to the first sound of the answer (unix seconds)."""

    from_at: float
    until_at: float

    @property
    def wait_ms(self) -> float:
        return (self.until_at - self.from_at) * 1000


@dataclass(frozen=True, slots=True)
class Hop:
    """One leg of an answer's way."""

    name: str
    hop_ms: float


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth knowing, at its time."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Heard:
    """What was understood of the caller, and how long that took."""

    at: float
    text: str
    hops: tuple[Hop, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """The bot's words once they sound; `hops` lead from the caller's last sound to the bot's first."""

    at: float
    text: str
    hops: tuple[Hop, ...] = ()


Line = Spoken | Heard | Answer | Note
