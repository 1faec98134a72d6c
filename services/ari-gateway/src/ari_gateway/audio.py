"""One call's audio on its way to the bus: counted in 20 ms frames, so that a position is a time."""

import logging
from collections.abc import Callable

from ari_gateway.framing import frames_in, silence
from ari_gateway.pump import MediaPump
from callbus.media import FRAME_BYTES, KEPT_FRAMES

log = logging.getLogger(__name__)

REPORT_SECONDS = 10.0


class CallAudio:
    """Names each frame by its number, from 1, and hands it to the pump.

    ``speaking`` tells whether the bot speaks; where it is given (snoop of both directions), silence takes the place of
    what is heard meanwhile, or the bot's own voice would be recognised.
    """

    def __init__(
        self,
        call_id: str,
        pump: MediaPump,
        clock: Callable[[], float],
        speaking: Callable[[], bool] | None = None,
    ) -> None:
        self._call_id = call_id
        self._pump = pump
        self._clock = clock
        self._speaking = speaking
        self._next_seq = 1
        self._last_at = 0.0
        self._resuming = False
        self._report_due = 0.0
        self._unreported_bytes = 0
        self.ended = False

    @property
    def frames(self) -> int:
        """How many frames there were."""
        return self._next_seq - 1

    def push(self, frames: bytes) -> None:
        """Take whole frames, in order."""
        if self.ended:
            return
        now = self._clock()
        if self._resuming:
            frames = silence(self._missed(now)) + frames
            self._resuming = False
        if self._speaking is not None and self._speaking():
            frames = silence(len(frames) // FRAME_BYTES)
        self._pump.append(self._call_id, self._next_seq, frames)
        self._next_seq += len(frames) // FRAME_BYTES
        self._last_at = now
        self._unreported_bytes += len(frames)
        if now >= self._report_due:
            self._report_due = now + REPORT_SECONDS
            self._pump.report_when_sent(self._report)

    def resume(self) -> None:
        """A leg is made again: silence will fill the time without one, so that positions stay times."""
        self._resuming = self.frames > 0

    def end(self, reason: str) -> None:
        """Mark the stream as complete; frames that still come are not the call's any more."""
        if not self.ended:
            self.ended = True
            self._pump.end(self._call_id, self._next_seq, reason)

    def _missed(self, now: float) -> int:
        return max(0, min(frames_in(now - self._last_at) - 1, KEPT_FRAMES))

    def _report(self) -> None:
        log.info("Sent %d bytes of pcmu audio to processor", self._unreported_bytes, extra={"call_id": self._call_id})
        self._unreported_bytes = 0
