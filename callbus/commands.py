"""Orders, in the imperative."""

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from callbus.message import Message

SlotType = Literal["free", "yes_no", "number", "phone", "date", "time", "choice", "digits"]


class Say(Message):
    """Say this to the caller, after what was ordered before.

    Barge-in may stop it when ``interruptible``, though not within its first ``protected_ms``.
    """

    channel_of: ClassVar[str] = "dialog"

    say_id: str
    text: str
    language: str
    voice: str | None = None
    interruptible: bool = True
    protected_ms: int = 0
    substitute: bool = False
    """This is itself a stand-in for something that failed: no apology is played when it fails too."""


class Listen(Message):
    """What the dialog expects next; a hint for endpointing and recognition.

    The newest one also lies under the key ``listen:<call_id>``. With ``secret`` digits and transcripts are masked.
    """

    channel_of: ClassVar[str] = "dialog"

    language: str
    slot_type: SlotType = "free"
    hints: list[str] = Field(default_factory=list)
    endpointing_ms: int | None = None
    secret: bool = False
    no_input_seconds: float = 8.0


class StopSpeaking(Message):
    """Stop the named Say, or all of this call when ``say_id`` is None, playing or queued."""

    channel_of: ClassVar[str] = "dialog"

    say_id: str | None = None
    reason: str = ""


class Transfer(Message):
    """Send the caller on in the dialplan."""

    channel_of: ClassVar[str] = "dialog"

    context: str
    extension: str
    priority: int = 1
    reason: str = ""


class HangUp(Message):
    """End the call; ``cause`` is a Q.850 cause."""

    channel_of: ClassVar[str] = "dialog"

    reason: str = ""
    cause: int | None = None


class Prompt(BaseModel):
    """A text that will be said one day."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    text: str
    language: str
    voice: str | None = None


class PreparePrompts(Message):
    """Make the audio of these ahead, at low priority; ``call_id`` is ``scenario:<name>``."""

    channel_of: ClassVar[str] = "dialog"

    scenario: str
    prompts: list[Prompt]


class Play(Message):
    """Play a sound on the caller's own channel; ``media`` is ``sound:trunkline/<aa>/<hash>``."""

    channel_of: ClassVar[str] = "playback"

    playback_id: str
    say_id: str
    media: str
    audio_ms: float
    interruptible: bool = True
    protected_ms: int = 0
    engine: str = ""
    cached: bool = False


class StopPlayback(Message):
    """Stop a playback, or all of this call when ``playback_id`` is None."""

    channel_of: ClassVar[str] = "playback"

    playback_id: str | None = None
