"""What the recogniser was given: utterances, and their audio between two commits."""

from collections.abc import Callable
from dataclasses import dataclass, field

from speech_worker.utterance import Utterance


@dataclass(slots=True, eq=False)
class Recognition:
    """One utterance in the recogniser's hands; ``deliver`` is called once with its text."""

    utterance: Utterance
    deliver: Callable[[str], None]
    partial: Callable[[str], None]
    texts: list[str] = field(default_factory=list)
    abandoned: bool = False

    def text_with(self, tail: str) -> str:
        """All that was understood, and a tail that is not certain yet."""
        return " ".join(text for text in (*self.texts, tail.strip()) if text)


@dataclass(slots=True, eq=False)
class Part:
    """Audio between two commits: samples ``first`` to ``last`` of the utterance, ``last`` unknown while it grows."""

    recognition: Recognition
    first: int
    after_pause: bool = False
    last: int | None = None
    closes: bool = False
    sent: int = 0
    committed_at: float | None = None
    empty_at: float | None = None

    def begin_again(self) -> None:
        """Nothing of it was sent over the connection that is new now."""
        self.sent = self.first
        self.committed_at = self.empty_at = None
