"""A bad network for the caller's packets: loss, jitter, reordering and duplicates, from a seed."""

import random
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Network:
    """Shares (0..1) of packets that meet each fate; `jitter_ms` is the longest extra delay of any packet."""

    loss: float = 0.0
    duplicates: float = 0.0
    reordered: float = 0.0
    jitter_ms: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("loss", "duplicates", "reordered"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"network: {name} {getattr(self, name)} is no share between 0 and 1")


PERFECT = Network()
# One frame is 20 ms: a packet held back for more than that arrives after its successor.
REORDER_DELAY_MS = 30.0


@dataclass(slots=True)
class Fate:
    """Decides packet by packet when its copies leave."""

    network: Network
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.network.seed)

    def delays_ms(self) -> list[float]:
        """The delay of each copy of the next packet; empty when it is lost."""
        if self.network == PERFECT:
            return [0.0]
        lost, doubled, late = (self._random.random() < share for share in self._shares())
        if lost:
            return []
        delay = self._random.random() * self.network.jitter_ms + (REORDER_DELAY_MS if late else 0.0)
        return [delay, delay] if doubled else [delay]

    def _shares(self) -> tuple[float, float, float]:
        return self.network.loss, self.network.duplicates, self.network.reordered
