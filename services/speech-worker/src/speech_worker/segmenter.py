"""Where utterances begin and end: pure, and in audio time only."""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Literal

EndpointReason = Literal["silence", "too_long", "no_audio", "call_over"]


@dataclass(frozen=True, slots=True)
class Timing:
    """When a voice counts as speech, and its absence as the end of it."""

    onset_probability: float = 0.5
    offset_probability: float = 0.35
    onset_ms: int = 64
    """Unbroken voice that makes an utterance."""
    sure_probability: float = 0.65
    """A window as likely as this makes one by itself."""
    look_back_ms: int = 300
    pause_ms: int = 200
    endpointing_ms: int = 500
    max_utterance_ms: int = 30_000
    tail_ms: int = 64
    """Audio behind the last voice that still belongs to it, and to no later utterance."""


@dataclass(frozen=True, slots=True)
class Onset:
    """Speech began at ``started_ms``; its audio is to be taken from ``from_ms`` on."""

    started_ms: int
    from_ms: int
    decided_ms: int


@dataclass(frozen=True, slots=True)
class Paused:
    """No voice since ``ended_ms``: this may be the end."""

    ended_ms: int
    decided_ms: int


@dataclass(frozen=True, slots=True)
class Resumed:
    """The pause was none: the voice went on."""

    decided_ms: int


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The utterance is over; its last voice was at ``ended_ms``."""

    started_ms: int
    ended_ms: int
    decided_ms: int
    reason: EndpointReason


SpeechEvent = Onset | Paused | Resumed | Endpoint


class _Hearing(Enum):
    SILENCE = 1
    RISING = 2
    SPEECH = 3
    PAUSE = 4


class Segmenter:
    """Speech probabilities of consecutive windows in, speech events out.

    Hysteresis: a voice begins at ``onset_probability`` and lasts down to ``offset_probability``.
    """

    def __init__(self, timing: Timing | None = None) -> None:
        self._timing = timing or Timing()
        self._hearing = _Hearing.SILENCE
        self._started_ms = 0
        self._voiced_ms = 0
        self._closed_ms = 0

    @property
    def speaking(self) -> bool:
        """Whether an utterance is open."""
        return self._hearing in (_Hearing.SPEECH, _Hearing.PAUSE)

    def end_after(self, silence_ms: int) -> None:
        """Set how much silence ends an utterance from now on, also the open one."""
        self._timing = replace(self._timing, endpointing_ms=silence_ms)

    def window(self, start_ms: int, end_ms: int, probability: float) -> SpeechEvent | None:
        """Hear the audio between two positions; the windows follow each other, holes between them are silence."""
        if not self.speaking:
            return self._before_speech(start_ms, end_ms, probability)
        if end_ms - self._started_ms >= self._timing.max_utterance_ms:
            return self._close(end_ms, "too_long")
        if probability >= self._timing.offset_probability:
            return self._voice(end_ms)
        return self._no_voice(end_ms)

    def finish(self, now_ms: int, reason: EndpointReason) -> Endpoint | None:
        """No audio comes now: close what is open."""
        return self._close(now_ms, reason) if self.speaking else None

    def _before_speech(self, start_ms: int, end_ms: int, probability: float) -> Onset | None:
        if probability < self._timing.onset_probability:
            self._hearing = _Hearing.SILENCE
            return None
        if self._hearing is _Hearing.SILENCE or start_ms > self._voiced_ms:
            self._hearing, self._started_ms = _Hearing.RISING, start_ms
        self._voiced_ms = end_ms
        if end_ms - self._started_ms < self._timing.onset_ms and probability < self._timing.sure_probability:
            return None
        self._hearing = _Hearing.SPEECH
        return Onset(self._started_ms, self._look_back_to_ms(), end_ms)

    def _look_back_to_ms(self) -> int:
        wanted_ms = max(self._started_ms - self._timing.look_back_ms, self._closed_ms, 0)
        return min(wanted_ms, self._started_ms)

    def _voice(self, end_ms: int) -> Resumed | None:
        self._voiced_ms = end_ms
        if self._hearing is _Hearing.SPEECH:
            return None
        self._hearing = _Hearing.SPEECH
        return Resumed(end_ms)

    def _no_voice(self, end_ms: int) -> Paused | Endpoint | None:
        silence_ms = end_ms - self._voiced_ms
        if silence_ms >= self._timing.endpointing_ms:
            return self._close(end_ms, "silence")
        if silence_ms >= self._timing.pause_ms and self._hearing is _Hearing.SPEECH:
            self._hearing = _Hearing.PAUSE
            return Paused(self._voiced_ms, end_ms)
        return None

    def _close(self, now_ms: int, reason: EndpointReason) -> Endpoint:
        self._hearing = _Hearing.SILENCE
        self._closed_ms = now_ms if reason == "too_long" else self._voiced_ms + self._timing.tail_ms
        return Endpoint(self._started_ms, self._voiced_ms, now_ms, reason)
