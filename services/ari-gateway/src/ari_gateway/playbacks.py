"""The playbacks of one call: one plays, the others wait, and each ends exactly once.

Pure: time is passed in as monotonic seconds, what to do comes back as steps. Asterisk gets one playback at a time,
because deleting the playing one of a queue of its own would let the next be heard for a moment at every barge-in.

A playback ends by what comes first: Asterisk's PlaybackFinished, the answer to our DELETE, or its time-out, since for
some media Asterisk reports no end at all. Whatever comes later for the same id is passed over.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from ari_gateway import playback_reports as reports
from ari_gateway.names import is_identifier, is_sound
from ari_gateway.playback_reports import Report
from ari_gateway.playback_steps import Start, Step, Stop, Tell
from callbus.commands import Play
from callbus.events import PlaybackFinished

QUEUE_LIMIT = 32
"""More waiting playbacks than this fail at once: nobody listens to minutes of queued prompts."""
UNKNOWN_LENGTH_SECONDS = 120.0
"""The longest playback whose length was not given."""
NEARLY_DONE_MS = 20.0
"""A playback stopped within its last frame was heard in full."""
REMEMBERED = 256


@dataclass(slots=True)
class _Playing:
    order: Play
    due_at: float
    accepted: bool = False
    started_at: float | None = None
    stopping: bool = False


@dataclass(slots=True)
class Playbacks:
    """What plays and what waits in one call; ``margin_seconds`` is how late an end may be."""

    margin_seconds: float
    _playing: _Playing | None = None
    _waiting: deque[Play] = field(default_factory=deque)
    _seen: deque[str] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    _cut: deque[str] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    _voiced: str | None = None
    _closed: bool = False

    @property
    def deadline(self) -> float | None:
        """When :meth:`overdue` is to be called next."""
        if self._playing is None:
            return None
        held = self._protected_until(self._playing) if self._voiced is not None else None
        return self._playing.due_at if held is None else min(self._playing.due_at, held)

    @property
    def speaking(self) -> bool:
        """Whether the caller may be hearing the bot."""
        return self._playing is not None

    @property
    def current_id(self) -> str | None:
        """The playback that Asterisk has."""
        return None if self._playing is None else self._playing.order.playback_id

    def play(self, order: Play, now: float) -> list[Step]:
        """Play it, after what was ordered before; an order seen already changes nothing."""
        if order.playback_id in self._seen:
            return []
        self._seen.append(order.playback_id)
        problem = self._objection(order)
        if problem:
            return [Tell(reports.failed(order, problem))]
        if self._closed or order.say_id in self._cut:
            return [Tell(reports.stopped(order, 0.0))]
        self._waiting.append(order)
        return self._next(now)

    def accepted(self, playback_id: str, now: float) -> list[Step]:
        """Asterisk took the order."""
        playing = self._current(playback_id)
        if playing is None:
            return []
        playing.accepted = True
        playing.due_at = now + self._longest(playing.order)
        return [Stop(playback_id)] if playing.stopping else []

    def refused(self, playback_id: str, reason: str, now: float) -> list[Step]:
        """Asterisk did not take the order."""
        playing = self._current(playback_id)
        return [] if playing is None else self._end(reports.failed(playing.order, reason), now)

    def started(self, playback_id: str, now: float) -> list[Step]:
        """Asterisk began to play; a second time (after a pause) changes nothing."""
        playing = self._current(playback_id)
        if playing is None or playing.started_at is not None:
            return []
        playing.started_at = now
        return [Tell(reports.started(playing.order))]

    def finished(self, playback_id: str, failed: bool, now: float) -> list[Step]:
        """Asterisk reports the end; ``failed`` for a file that it could not play."""
        playing = self._current(playback_id)
        if playing is None:
            return []
        if failed and not playing.stopping:
            reason = f"Asterisk cannot play {playing.order.media}: no such file, not readable, or the wrong format"
            return self._end(reports.failed(playing.order, reason), now)
        return self._end(self._outcome(playing, now), now)

    def deleted(self, playback_id: str, now: float) -> list[Step]:
        """Asterisk stopped it, or no longer had it."""
        playing = self._current(playback_id)
        return [] if playing is None else self._end(self._outcome(playing, now), now)

    def stop(self, playback_id: str | None, now: float) -> list[Step]:
        """Stop one playback, or all."""
        return self._drop(lambda order: playback_id is None or order.playback_id == playback_id, now)

    def stop_say(self, say_id: str | None, now: float) -> list[Step]:
        """Stop what belongs to a Say, also when it is ordered later; or all that is here, for None."""
        if say_id is not None:
            self._cut.append(say_id)
        return self._drop(lambda order: say_id is None or order.say_id == say_id, now)

    def voice_began(self, utterance_id: str, now: float) -> list[Step]:
        """The caller speaks: stop what may be interrupted, or remember it while the beginning is protected."""
        playing = self._playing
        if playing is None or not playing.order.interruptible:
            return []
        if now < self._protected_until(playing):
            self._voiced = utterance_id
            return []
        return self._drop(_is_interruptible, now)

    def voice_ended(self, utterance_id: str) -> None:
        """The utterance is over: it interrupts nothing any more."""
        if self._voiced == utterance_id:
            self._voiced = None

    def overdue(self, now: float) -> list[Step]:
        """Do what time asks for: a barge-in that waited for the protected part, an end that never came."""
        playing = self._playing
        if playing is None:
            return []
        if now >= playing.due_at:
            return [Stop(playing.order.playback_id), *self._end(self._unreported(playing, now), now)]
        if self._voiced is not None and now >= self._protected_until(playing):
            return self._drop(_is_interruptible, now)
        return []

    def vanished(self, playback_id: str, now: float) -> list[Step]:
        """The events of some time are missing, and Asterisk no longer knows the playback."""
        playing = self._current(playback_id)
        return [] if playing is None else self._end(self._outcome(playing, now), now)

    def close(self, now: float) -> list[Step]:
        """The call ends: nothing plays any more and nothing will; the reports are complete."""
        self._closed = True
        steps: list[Step] = [Tell(reports.stopped(order, 0.0)) for order in self._waiting]
        self._waiting.clear()
        playing = self._playing
        if playing is None:
            return steps
        ending: list[Step] = [Stop(playing.order.playback_id)] if playing.accepted else []
        return [*ending, *self._end(self._outcome(playing, now, cut=True), now), *steps]

    def _next(self, now: float) -> list[Step]:
        if self._playing is not None or not self._waiting:
            return []
        order = self._waiting.popleft()
        self._voiced = None
        self._playing = _Playing(order, due_at=now + self._longest(order))
        return [Start(order.playback_id, order.media)]

    def _drop(self, wanted: "_Choice", now: float) -> list[Step]:
        dropped = [order for order in self._waiting if wanted(order)]
        self._waiting = deque(order for order in self._waiting if not wanted(order))
        steps: list[Step] = [Tell(reports.stopped(order, 0.0)) for order in dropped]
        playing = self._playing
        if playing is None or playing.stopping or not wanted(playing.order):
            return steps
        playing.stopping = True
        playing.due_at = min(playing.due_at, now + self.margin_seconds)
        self._voiced = None
        # An order on its way cannot be stopped yet: accepted() does it.
        return [Stop(playing.order.playback_id), *steps] if playing.accepted else steps

    def _end(self, report: Report, now: float) -> list[Step]:
        self._playing = None
        self._voiced = None
        return [Tell(report), *self._next(now)]

    def _outcome(self, playing: _Playing, now: float, *, cut: bool = False) -> PlaybackFinished:
        played_ms = self._played_ms(playing, now)
        whole = played_ms >= playing.order.audio_ms - NEARLY_DONE_MS and playing.order.audio_ms > 0
        if (playing.stopping or cut) and not whole:
            return reports.stopped(playing.order, played_ms)
        return reports.finished(playing.order, "completed", played_ms)

    def _unreported(self, playing: _Playing, now: float) -> Report:
        if playing.stopping:
            return self._outcome(playing, now)
        return reports.failed(playing.order, f"Asterisk reported no end within {now - self._begun(playing):.1f} s")

    def _begun(self, playing: _Playing) -> float:
        return playing.started_at if playing.started_at is not None else playing.due_at - self._longest(playing.order)

    def _played_ms(self, playing: _Playing, now: float) -> float:
        if playing.started_at is None:
            return 0.0
        elapsed_ms = (now - playing.started_at) * 1000
        audio_ms = playing.order.audio_ms
        return round(min(elapsed_ms, audio_ms) if audio_ms > 0 else elapsed_ms, 1)

    def _protected_until(self, playing: _Playing) -> float:
        """The end of the protected beginning; one that has not begun to sound is protected if it will be."""
        protected = playing.order.protected_ms / 1000
        if protected == 0:
            return 0.0
        return playing.due_at if playing.started_at is None else playing.started_at + protected

    def _longest(self, order: Play) -> float:
        seconds = order.audio_ms / 1000 if order.audio_ms > 0 else UNKNOWN_LENGTH_SECONDS
        return seconds + self.margin_seconds

    def _objection(self, order: Play) -> str:
        if not is_identifier(order.playback_id):
            return "its playback_id has characters that ARI does not take"
        if not is_sound(order.media):
            return "its media is no sound:trunkline/<aa>/<hash>"
        if len(self._waiting) >= QUEUE_LIMIT:
            return f"{QUEUE_LIMIT} playbacks wait already"
        return ""

    def _current(self, playback_id: str) -> _Playing | None:
        playing = self._playing
        return playing if playing is not None and playing.order.playback_id == playback_id else None


_Choice = Callable[[Play], bool]


def _is_interruptible(order: Play) -> bool:
    return order.interruptible
