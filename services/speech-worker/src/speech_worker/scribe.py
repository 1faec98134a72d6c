"""ElevenLabs' realtime recogniser as a pure protocol: what to send, and what the answers mean. No socket, no clock.

Audio between two commits is a part; an utterance is one part, or several when it is long. A part stays here until its
text came, so that after a broken connection everything that was not answered is sent again.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from speech_worker.scribe_errors import Problem, Rule, of_frame
from speech_worker.scribe_parts import Part, Recognition
from speech_worker.scribe_wire import AudioFormat, AudioFrames, parsed
from speech_worker.vad import SAMPLE_RATE_HZ

PIECE_SAMPLES = SAMPLE_RATE_HZ * 40 // 1000
"""Audio is sent in pieces of 40 ms while it is spoken."""
_LARGEST_PIECE_SAMPLES = SAMPLE_RATE_HZ
_KEEP_ALIVE_SAMPLES = SAMPLE_RATE_HZ * 20 // 1000
_AUTO_COMMIT_AT_LEAST_SAMPLES = SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True)
class ScribeTiming:
    """The vendor's limits, with room."""

    least_commit_seconds: float = 0.35
    """Commits of less than 0.3 s are refused and end the session."""
    keep_alive_seconds: float = 5.0
    """Without audio a session is closed after 15 s."""
    longest_part_seconds: float = 25.0
    """Above 36 s the vendor commits by itself."""
    cut_at_pause_seconds: float = 15.0
    """From this length on a part is committed as soon as the caller pauses."""
    commit_timeout_seconds: float = 2.5
    empty_grace_seconds: float = 0.5
    """How long an empty answer waits for a better one: stray empty commits happen."""


class ScribeStream:
    """The state of one call's stream of audio, over any number of connections.

    Times are seconds of any monotonic clock. Every method is synchronous; nothing blocks.
    """

    def __init__(self, audio_format: AudioFormat, timing: ScribeTiming | None = None) -> None:
        self._format = audio_format
        self._timing = timing or ScribeTiming()
        self._least_commit = int(self._timing.least_commit_seconds * SAMPLE_RATE_HZ)
        self._parts: deque[Part] = deque()
        self._ready = False
        self._last_sent_at = 0.0
        self._uncommitted = 0
        self._frames = AudioFrames(audio_format)
        self._last_partial = ""
        self._last_committed = ""
        self.answers = 0
        """Commits that were answered."""

    @property
    def ready(self) -> bool:
        """Whether the vendor said that the session began."""
        return self._ready

    @property
    def idle(self) -> bool:
        """Whether nothing waits for an answer."""
        return not self._parts

    def begin(self, recognition: Recognition) -> None:
        """Take an utterance; it is read from its first sample on."""
        self._parts.append(Part(recognition, first=0))

    def abandon(self, recognition: Recognition) -> None:
        """Nobody waits for this text any more; what was sent of it is committed, so that it taints no other."""
        recognition.abandoned = True
        for part in [part for part in self._parts if part.recognition is recognition and part.last is None]:
            part.last, part.closes = part.sent, True
            if part.sent == part.first:
                self._parts.remove(part)

    def connected(self, now: float) -> None:
        """A new socket is open; all that has no answer goes out again once the session began."""
        self._ready = False
        self._last_sent_at = now
        self._uncommitted = 0
        self._frames = AudioFrames(self._format)
        self._last_partial = self._last_committed = ""
        self._parts = deque(part for part in self._parts if not part.recognition.abandoned)
        for part in self._parts:
            part.begin_again()

    def outgoing(self, now: float) -> list[str]:
        """The messages that are due."""
        if not self._ready:
            return []
        messages = list(self._audio(now))
        if not messages and now - self._last_sent_at >= self._timing.keep_alive_seconds:
            messages.append(self._message(np.zeros(_KEEP_ALIVE_SAMPLES, np.int16), commit=False))
        if messages:
            self._last_sent_at = now
        return messages

    def due_at(self) -> float:
        """When :meth:`outgoing` and :meth:`overdue` have to be asked again, if nothing happens before."""
        times = [self._last_sent_at + self._timing.keep_alive_seconds]
        for part in self._parts:
            if part.empty_at is not None:
                times.append(part.empty_at + self._timing.empty_grace_seconds)
            elif part.committed_at is not None:
                times.append(self._answer_due_at(part, part.committed_at))
        return min(times)

    def _answer_due_at(self, part: Part, committed_at: float) -> float:
        """A part that is sent again at once takes the vendor longer than one that was sent while it was spoken."""
        return committed_at + self._timing.commit_timeout_seconds + (part.sent - part.first) / SAMPLE_RATE_HZ / 10

    def overdue(self, now: float) -> Problem | None:
        """Settle what waited long enough; a commit without an answer is a problem of the connection."""
        for part in list(self._parts):
            if part.empty_at is not None:
                if now - part.empty_at >= self._timing.empty_grace_seconds:
                    self._settle(part, "")
            elif part.committed_at is not None and now >= self._answer_due_at(part, part.committed_at):
                waited = now - part.committed_at
                return Problem(Rule("unavailable", "reconnect"), f"no answer to a commit within {waited:.1f} s")
        return None

    def received(self, raw: str | bytes, now: float) -> Problem | None:
        """Take one frame of the vendor's; what is not known is ignored."""
        frame = parsed(raw)
        kind = str(frame.get("message_type", ""))
        match kind:
            case "session_started":
                self._ready = True
            case "partial_transcript":
                self._take_partial(str(frame.get("text", "")).strip())
            case "committed_transcript":
                self._take_committed(str(frame.get("text", "")).strip(), now)
            case _:
                return self._take_error(kind, str(frame.get("error", "")))
        return None

    def _take_error(self, kind: str, text: str) -> Problem | None:
        rule = of_frame(kind)
        if rule is None:
            return None
        if kind == "commit_throttled":
            self._least_commit += SAMPLE_RATE_HZ * 3 // 10
        return Problem(rule, f"{kind}: {text}" if text else kind)

    def _take_partial(self, text: str) -> None:
        if not text or text in (self._last_partial, self._last_committed):
            return
        self._last_partial = text
        part = next((part for part in self._parts if part.committed_at is None and part.sent > part.first), None)
        if part is not None:
            part.recognition.partial(part.recognition.text_with(text))

    def _take_committed(self, text: str, now: float) -> None:
        asked = [part for part in self._parts if part.committed_at is not None]
        if not asked:
            self._take_unasked(text)
        elif not text and len(asked) == 1 and asked[0].empty_at is None:
            asked[0].empty_at = now
        else:
            self._settle(asked[0], text)

    def _take_unasked(self, text: str) -> None:
        """The vendor committed by itself: the text is the beginning of the part that is being sent."""
        part = self._parts[0] if self._parts else None
        if part is None or not text or text == self._last_committed:
            return
        if part.sent - part.first < _AUTO_COMMIT_AT_LEAST_SAMPLES:
            return
        part.recognition.texts.append(text)
        part.first = part.sent
        self._uncommitted = 0
        self._last_committed = text

    def _settle(self, part: Part, text: str) -> None:
        self._parts.remove(part)
        self.answers += 1
        self._last_committed, self._last_partial = text or self._last_committed, ""
        recognition = part.recognition
        if text:
            recognition.texts.append(text)
        if part.closes and not recognition.abandoned:
            recognition.deliver(recognition.text_with(""))

    def _audio(self, now: float) -> Iterator[str]:
        index = 0
        while index < len(self._parts):
            part = self._parts[index]
            if part.committed_at is None:
                self._decide_end(part)
                if part not in self._parts:
                    continue
                yield from self._send(part, now)
                if part.last is None:
                    return
            index += 1

    def _decide_end(self, part: Part) -> None:
        utterance = part.recognition.utterance
        part.after_pause = part.after_pause and utterance.paused
        if part.last is not None:
            return
        if utterance.ended:
            self._end(part)
        elif self._cut_is_due(part):
            part.last = utterance.samples
            self._parts.append(Part(part.recognition, first=part.last, after_pause=utterance.paused, sent=part.last))

    def _cut_is_due(self, part: Part) -> bool:
        """Whether to commit in the middle: best in a pause, in any case before the vendor does it."""
        utterance = part.recognition.utterance
        seconds = (self._uncommitted + utterance.samples - part.sent) / SAMPLE_RATE_HZ
        limit = self._timing.cut_at_pause_seconds if utterance.paused else self._timing.longest_part_seconds
        return seconds >= limit and not part.after_pause and utterance.samples > part.first

    def _end(self, part: Part) -> None:
        utterance = part.recognition.utterance
        if not part.after_pause and utterance.samples > part.first:
            part.last, part.closes = utterance.samples, True
            return
        # Nothing was said since the cut: the text before it is all.
        self._parts.remove(part)
        before = [other for other in self._parts if other.recognition is part.recognition]
        if before:
            before[-1].closes = True
        else:
            part.recognition.deliver(part.recognition.text_with(""))

    def _send(self, part: Part, now: float) -> Iterator[str]:
        utterance = part.recognition.utterance
        end = utterance.samples if part.last is None else part.last
        while end - part.sent >= (PIECE_SAMPLES if part.last is None else 1):
            upto = min(end, part.sent + _LARGEST_PIECE_SAMPLES)
            piece = utterance.pcm(part.sent, upto)
            part.sent = upto
            if part.last is not None and upto == part.last:
                yield self._commit(part, piece, now)
            else:
                yield self._message(piece, commit=False)
        if part.last is not None and part.committed_at is None:
            yield self._commit(part, np.empty(0, np.int16), now)

    def _commit(self, part: Part, piece: NDArray[np.int16], now: float) -> str:
        missing = self._least_commit - (part.sent - part.first)
        if missing > 0:
            piece = np.concatenate((piece, np.zeros(missing, np.int16)))
        part.committed_at = now
        message = self._message(piece, commit=True)
        self._uncommitted = 0
        return message

    def _message(self, pcm: NDArray[np.int16], *, commit: bool) -> str:
        self._uncommitted += len(pcm)
        return self._frames.frame(pcm, commit=commit)
