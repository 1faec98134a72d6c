"""Listening while the call runs: when one side was last voiced, worked out only when somebody asks."""

from collections.abc import Sequence

from simcaller.measure import VOICED_DBFS, voicing
from simcaller.media import Frame
from simcaller.sdp import PCMU


class Ear:
    """Follows a growing list of frames."""

    def __init__(self, frames: Sequence[Frame], *, threshold_dbfs: float = VOICED_DBFS) -> None:
        self._frames = frames
        self._threshold_dbfs = threshold_dbfs
        self._heard = 0
        self._first_voiced_at: float | None = None
        self._last_voiced_at: float | None = None

    def first_voiced_at(self) -> float | None:
        """Unix time at which this side was voiced for the first time."""
        self._listen()
        return self._first_voiced_at

    def last_voiced_at(self) -> float | None:
        """Unix time of the end of the last voiced 5 ms, or of the last key's packet."""
        self._listen()
        return self._last_voiced_at

    def _listen(self) -> None:
        new = self._frames[self._heard :]
        self._heard += len(new)
        heard = voicing(new, threshold_dbfs=self._threshold_dbfs)
        keys = [frame.at for frame in new if frame.payload_type != PCMU]
        last = [at for at in (heard.last_before(float("inf")), *keys) if at is not None]
        self._last_voiced_at = max([*last, self._last_voiced_at or 0.0]) if last else self._last_voiced_at
        if self._first_voiced_at is None:
            self._first_voiced_at = heard.first_after(0.0)
