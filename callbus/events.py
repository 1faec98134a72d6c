"""Facts, in the past tense. Audio positions are milliseconds from the call's first media frame."""

from typing import ClassVar, Literal

from pydantic import Field

from callbus.message import Message

EndReason = Literal[
    "caller_hung_up", "bot_hung_up", "transferred", "setup_failed", "gateway_lost", "asterisk_lost", "refused"
]
SpeechFailure = Literal["auth", "quota", "rate_limited", "unavailable", "rejected", "bug"]


class CallStarted(Message):
    """A caller was answered; the audio follows on ``media_stream``."""

    channel_of: ClassVar[str] = "calls"

    channel_id: str
    asterisk_id: str
    app: str
    caller_number: str = ""
    dialled_number: str = ""
    sip_call_id: str = ""
    scenario: str | None = None
    language: str | None = None
    variables: dict[str, str] = Field(default_factory=dict)
    media_stream: str
    encoding: Literal["pcmu"] = "pcmu"
    sample_rate_hz: int = 8000
    frame_ms: int = 20
    started_at: float = 0.0


class CallEnded(Message):
    """The call is over and everything that was made for it in Asterisk is gone."""

    channel_of: ClassVar[str] = "calls"

    reason: EndReason
    cause: int | None = None
    """Q.850 cause, where Asterisk gave one."""
    detail: str = ""
    duration_seconds: float = 0.0
    frames: int = 0


class SpeechStarted(Message):
    """The caller's voice began; ``onset_at`` is when that was decided, in unix seconds."""

    channel_of: ClassVar[str] = "speech"

    utterance_id: str
    audio_ms: float
    onset_at: float


class PartialTranscript(Message):
    """What was understood so far of an utterance; replaces the partial before it."""

    channel_of: ClassVar[str] = "speech"

    utterance_id: str
    text: str
    audio_ms: float
    engine: str


class FinalTranscript(Message):
    """What the caller said; an empty text means that nothing was recognised in what sounded like speech.

    ``endpointing_ms`` is the time from the last voiced audio to the decision that the utterance is over,
    ``recogniser_ms`` from there to the text. Under a secret slot ``text`` is masked and ``secret_ref`` names the value.
    """

    channel_of: ClassVar[str] = "speech"

    utterance_id: str
    text: str
    language: str
    started_ms: float
    ended_ms: float
    engine: str
    secret_ref: str | None = None
    endpointing_ms: float = 0.0
    recogniser_ms: float = 0.0
    confidence: float | None = None


class SpeechFailed(Message):
    """A recogniser failed; ``fallback`` names the engine that took over, None when there is none."""

    channel_of: ClassVar[str] = "speech"

    utterance_id: str | None = None
    engine: str
    meaning: SpeechFailure
    detail: str = ""
    fallback: str | None = None


class DtmfReceived(Message):
    """The caller pressed a key; under a secret slot ``digit`` is ``*`` and ``secret_ref`` names the value."""

    channel_of: ClassVar[str] = "channel"

    digit: str
    secret_ref: str | None = None
    duration_ms: int = 0
    received_at: float = 0.0


class PlaybackStarted(Message):
    """Asterisk began to play."""

    channel_of: ClassVar[str] = "channel"

    playback_id: str
    say_id: str


class PlaybackFinished(Message):
    """A playback ended; ``stopped`` is a barge-in or an order, ``played_ms`` how much of it was played."""

    channel_of: ClassVar[str] = "channel"

    playback_id: str
    say_id: str
    outcome: Literal["completed", "stopped"]
    played_ms: float


class PlaybackFailed(Message):
    """A playback could not be played, or its end never came."""

    channel_of: ClassVar[str] = "channel"

    playback_id: str
    say_id: str
    reason: str


class SpeechSynthesised(Message):
    """Who made the audio of a Say, and in what time; ``substitute`` when a prompt made ahead took its place."""

    channel_of: ClassVar[str] = "channel"

    say_id: str
    engine: str
    cached: bool
    substitute: bool = False
    audio_ms: float
    first_byte_ms: float
    total_ms: float
    failure: str = ""


class ChannelHungUp(Message):
    """The caller's channel is gone."""

    channel_of: ClassVar[str] = "channel"

    cause: int | None = None
    by: Literal["caller", "bot", "asterisk"]
