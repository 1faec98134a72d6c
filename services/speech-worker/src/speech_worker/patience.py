"""How often and how soon to connect again: pure."""

from speech_worker.scribe_errors import Remedy

LONG_ENOUGH_SECONDS = 5.0
"""A connection that lasted so long worked; its end is no sign of trouble."""
_BACK_OFF_SECONDS = 1.0


class Patience:
    """Counts failures in a row; ``waits`` are the seconds before each new try, and after the last comes no other."""

    def __init__(self, waits: tuple[float, ...]) -> None:
        self._waits = waits
        self._failures = 0

    def answered(self) -> None:
        """The vendor gave a text: all is well again."""
        self._failures = 0

    def wait_after(self, remedy: Remedy, lasted_seconds: float) -> float | None:
        """Seconds until the next try, or None to give up."""
        if remedy == "give_up":
            return None
        if lasted_seconds >= LONG_ENOUGH_SECONDS:
            self._failures = 0
            if remedy == "renew":
                return 0.0
        if self._failures >= len(self._waits):
            return None
        wait = self._waits[self._failures]
        self._failures += 1
        return max(wait, _BACK_OFF_SECONDS) if remedy == "back_off" else wait
