"""A message as one consumer received it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from callbus.message import Message


def _nothing(delivery: "Delivery") -> None:
    del delivery


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message and what is needed to acknowledge it; ``attempts`` counts from 1."""

    message: Message
    stream: str
    group: str
    entry_id: str
    attempts: int = 1
    on_settled: Callable[["Delivery"], None] = field(default=_nothing, repr=False, compare=False)

    def settle(self) -> None:
        """Called once the acknowledgement has been committed."""
        self.on_settled(self)
