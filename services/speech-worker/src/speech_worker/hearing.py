"""One call's ear: frames in, utterances out. Synchronous; the only state that the audio's pace touches."""

from collections.abc import Callable
from dataclasses import dataclass

from speech_worker.callaudio import SAMPLES_PER_MS, CallAudio
from speech_worker.segmenter import Endpoint, EndpointReason, Onset, Paused, Resumed, Segmenter, SpeechEvent, Timing
from speech_worker.utterance import Utterance
from speech_worker.vad import VoiceState

STALL_SECONDS = 1.5


@dataclass(frozen=True, slots=True)
class Began:
    """An utterance began; it grows and ends by itself."""

    utterance: Utterance
    onset: Onset


@dataclass(frozen=True, slots=True)
class MayBeOver:
    """The utterance pauses."""

    utterance: Utterance


@dataclass(frozen=True, slots=True)
class AudioOver:
    """The call's audio is over, for the reason that the gateway gave."""

    reason: str


Heard = Began | MayBeOver | AudioOver


class Hearing:
    """The audio of one call, cut into utterances; what happens goes to ``tell``, which must not block."""

    def __init__(
        self, call_id: str, *, timing: Timing, language: str, first_frame: int, tell: Callable[[Heard], None]
    ) -> None:
        self.call_id = call_id
        self.voice = VoiceState()
        self.audio = CallAudio(first_frame=first_frame)
        self._segmenter = Segmenter(timing)
        self._language = language
        self._tell = tell
        self._open: Utterance | None = None
        self._over = False
        self._last_frame_at = 0.0

    def frame(self, frame_seq: int, payload: bytes, now: float) -> None:
        """Take the frames that begin at ``frame_seq``; ``now`` is in seconds of a monotonic clock."""
        self._last_frame_at = now
        gained = self.audio.push(frame_seq, payload)
        if self._open is not None and len(gained):
            self._open.append(gained)

    def judged(self, start_ms: int, end_ms: int, probability: float) -> None:
        """Take the probability that there was a voice between two positions."""
        event = self._segmenter.window(start_ms, end_ms, probability)
        if event is not None:
            self._follow(event)

    def end_after(self, silence_ms: int) -> None:
        """Set how much silence ends an utterance."""
        self._segmenter.end_after(silence_ms)

    def finish(self, reason: str) -> None:
        """The audio is over: end the open utterance; said twice, it is heard once."""
        if self._over:
            return
        self._over = True
        self._close("call_over")
        self._tell(AudioOver(reason))

    def excuse(self, now: float) -> None:
        """That no audio came until now was not the caller's doing."""
        self._last_frame_at = now

    def check_stall(self, now: float) -> None:
        """End an utterance whose audio stopped: on hold and on some telephones silence is no audio at all."""
        if self._open is not None and now - self._last_frame_at >= STALL_SECONDS:
            self._close("no_audio")

    def _close(self, reason: EndpointReason) -> None:
        endpoint = self._segmenter.finish(self.audio.end_ms, reason)
        if endpoint is not None:
            self._follow(endpoint)

    def _follow(self, event: SpeechEvent) -> None:
        match event:
            case Onset():
                self._begin(event)
            case Paused() if self._open is not None:
                self._open.pause()
                self._tell(MayBeOver(self._open))
            case Resumed() if self._open is not None:
                self._open.resume()
            case Endpoint() if self._open is not None:
                self._open.end(event)
                self._open = None
            case _:
                raise AssertionError(f"{event} outside of an utterance")

    def _begin(self, onset: Onset) -> None:
        pcm = self.audio.since(onset.from_ms)
        first_ms = max(onset.from_ms, self.audio.end_ms - len(pcm) // SAMPLES_PER_MS)
        utterance = Utterance(f"u{onset.started_ms}", language=self._language, first_ms=first_ms)
        utterance.append(pcm)
        self._open = utterance
        self._tell(Began(utterance, onset))
