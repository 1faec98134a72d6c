"""The sentences of one call: made side by side, handed out in the order in which the dialog said them."""

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from callbus.commands import Say, StopSpeaking
from callbus.delivery import Delivery
from tts_player.cache import Prompt, PromptFailed


@dataclass(slots=True, eq=False)
class PendingSay:
    """A sentence on its way; ``making`` ends with a prompt or the reason why there is none."""

    delivery: Delivery
    say: Say
    making: "asyncio.Task[Prompt | PromptFailed]"
    dropped: bool = False
    leaving: bool = False
    """Its hop is being committed: it can no longer be dropped."""


@dataclass(slots=True, eq=False)
class PendingStop:
    """An order to be silent, and the sentences that it came in time for."""

    delivery: Delivery
    stop: StopSpeaking
    dropped: list[PendingSay]


@dataclass(slots=True)
class CallSentences:
    """What one call still waits for, oldest first."""

    pending: deque[PendingSay | PendingStop] = field(default_factory=deque)

    def drop(self, say_id: str | None) -> list[PendingSay]:
        """Take out the sentences that a stop names and that did not leave yet; their making is cancelled."""
        dropped = [say for say in self.says() if not say.leaving and say_id in (None, say.say.say_id)]
        for say in dropped:
            say.dropped = True
            say.making.cancel()
        return dropped

    def says(self) -> Iterable[PendingSay]:
        """The sentences that wait."""
        return (one for one in self.pending if isinstance(one, PendingSay) and not one.dropped)
