"""A conversation as it is kept between two events: plain data, one JSON text in Redis."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from callbus.commands import SlotType
from dialog_fsm.slots import Value

TimerName = Literal["no_input", "playback", "utterance", "keys", "leaving", "call_limit"]

# Per producer; numbers older than this many newer ones are taken for seen.
_REMEMBERED = 200


class Seen(BaseModel):
    """Which messages of one producer were handled: all up to ``floor``, and those ``above``.

    Messages of one producer come on several streams, so they need not come in order.
    """

    floor: int = 0
    above: list[int] = Field(default_factory=list)

    def has(self, seq: int) -> bool:
        """Whether the message was handled."""
        return seq <= self.floor or seq in self.above

    def add(self, seq: int) -> None:
        """The message is handled now."""
        self.above = sorted({*self.above, seq})
        if len(self.above) > _REMEMBERED:
            self.floor = self.above[0]
        while self.above and self.above[0] <= self.floor + 1:
            self.floor = max(self.floor, self.above.pop(0))


class Said(BaseModel):
    """A Say that has not ended yet."""

    say_id: str
    expected_ms: float
    interruptible: bool
    started: bool = False


class Filled(BaseModel):
    """A slot's value; a secret one is masked, and ``secret_refs`` name the parts of the value in order."""

    value: Value
    confidence: float = 1.0
    secret_refs: list[str] = Field(default_factory=list)


class Listening(BaseModel):
    """What was last announced with Listen."""

    slot_type: SlotType
    hints: list[str]
    endpointing_ms: int | None
    secret: bool
    no_input_seconds: float


class DialogState(BaseModel):
    """Everything about one conversation.

    ``phase``: ``talking``; ``leaving`` while the last words are said and until the caller is gone or transferred;
    ``over``. ``timers`` are due times in unix seconds. ``at`` is the scenario's state.
    """

    model_config = ConfigDict(extra="ignore")

    v: Literal[1] = 1
    call_id: str
    scenario: str
    at: str
    phase: Literal["talking", "leaving", "over"] = "talking"
    started_at: float = 0.0
    call: dict[str, str] = Field(default_factory=dict)
    slots: dict[str, Filled] = Field(default_factory=dict)
    visits: dict[str, int] = Field(default_factory=dict)
    history: list[str] = Field(default_factory=list)
    """The states in which the caller was asked, for ``back``."""
    goal: str | None = None
    """The goal state that was reached."""

    no_input: int = 0
    no_match: int = 0
    asked: int = 0
    """How often this visit's question was put, which chooses between variants."""
    last_words: list[str] = Field(default_factory=list)
    """For ``repeat``, and after a noise that stopped the bot."""
    said: int = 0
    """Says so far; they are numbered by it."""
    outstanding: list[Said] = Field(default_factory=list)
    interrupted: bool = False
    """The caller's voice stopped the last words."""
    resumed: bool = False
    """Words stopped by what was no answer were already said again in this visit."""
    caller_speaking: str | None = None
    keys: str = ""
    """Keys so far of a value; ``*`` each when secret."""
    key_refs: list[str] = Field(default_factory=list)
    listening: Listening | None = None
    departed: bool = False
    """The order to hang up or transfer was given."""

    timers: dict[TimerName, float] = Field(default_factory=dict)
    seen: dict[str, Seen] = Field(default_factory=dict)

    def to_json(self) -> str:
        """As it is stored."""
        return self.model_dump_json(exclude_defaults=True)

    def copied(self) -> "DialogState":
        """A copy that shares nothing; over JSON this costs a third of a deep copy."""
        return self.model_validate_json(self.to_json())
