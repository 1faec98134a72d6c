"""A scenario as its author writes it: states, slots and intents, as frozen models."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from dialog_fsm.slots import Slot
from dialog_fsm.strict import Strict, Texts
from dialog_fsm.words import Language

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Keys = Annotated[str, Field(pattern=r"^[0-9*#]{1,4}$")]

Deed = Literal["stay", "repeat", "help", "back"]
DEEDS: tuple[Deed, ...] = ("stay", "repeat", "help", "back")
"""What a target may name besides a state: ask again, say the last words again, explain, return."""


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class Intent(Strict):
    """Something a caller may want, by phrases (compared with tolerance), patterns (exact) or a key."""

    phrases: Texts = ()
    patterns: Texts = ()
    """Regular expressions, searched in the lower-case text with ``е`` for ``ё``."""
    dtmf: Keys | None = None

    @field_validator("patterns")
    @classmethod
    def _compile(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
        return patterns


class Handler(Strict):
    """What an intent leads to: say something, change slots, go on."""

    goto: str = "stay"
    say: Texts = ()
    set: dict[str, str] = Field(default_factory=dict)
    """Slots and the text that is read into them, with variables: ``phone: "{call.caller_number}"``."""
    clear: Names = ()

    @model_validator(mode="before")
    @classmethod
    def _from_target(cls, data: Any) -> Any:
        return {"goto": data} if isinstance(data, str) else data


class Condition(Strict):
    """What a value must be; all that is given must hold."""

    equals: Texts | None = None
    known: bool | None = None
    below: str | None = None
    above: str | None = None
    matches: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_values(cls, data: Any) -> Any:
        if isinstance(data, bool):
            return {"equals": [str(data).lower()]}
        return data if isinstance(data, dict) else {"equals": data}

    @field_validator("matches")
    @classmethod
    def _compile(cls, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
        return pattern


class Guard(Strict):
    """On entering a state: go elsewhere when all conditions hold."""

    conditions: dict[str, Condition] = Field(alias="if", min_length=1)
    goto: str


class Transfer(Strict):
    """Where in the dialplan the caller goes; may hold variables."""

    context: str
    extension: str
    priority: int = Field(default=1, ge=1)


class State(Strict):
    """One step of the conversation."""

    prompt: Texts = ()
    reprompt: Texts = ()
    no_input: Texts = ()
    no_match: Texts = ()
    help: Texts = ()
    collect: Names = ()
    also: Names = ()
    missing: dict[str, Texts] = Field(default_factory=dict)
    on: dict[str, Handler] = Field(default_factory=dict)
    changed: str | None = None
    when: tuple[Guard, ...] = ()
    next: str | None = None
    clear: Names = ()
    goal: bool = False
    hangup: bool = False
    transfer: Transfer | None = None
    interruptible: bool | None = None
    protected_ms: int | None = Field(default=None, ge=0, le=60_000)
    endpointing_ms: int | None = Field(default=None, ge=50, le=5_000)
    no_input_seconds: float | None = Field(default=None, ge=1, le=120)
    max_no_input: int | None = Field(default=None, ge=1, le=20)
    max_no_match: int | None = Field(default=None, ge=1, le=20)
    on_no_input: str | None = None
    on_no_match: str | None = None

    @property
    def ends(self) -> bool:
        """The call leaves us here."""
        return self.hangup or self.transfer is not None

    @property
    def listens(self) -> bool:
        """The caller is asked something here."""
        return bool(self.collect or self.on)


class Defaults(Strict):
    """What states inherit."""

    no_input: Texts = Field(min_length=1)
    no_match: Texts = Field(min_length=1)
    max_no_input: int = Field(default=3, ge=1, le=20)
    max_no_match: int = Field(default=3, ge=1, le=20)
    on_no_input: str
    on_no_match: str
    on_failure: str
    """Where a call goes when nothing can be understood any more, or the call takes too long."""
    interruptible: bool = True
    protected_ms: int = Field(default=0, ge=0, le=60_000)
    endpointing_ms: int | None = Field(default=None, ge=50, le=5_000)
    no_input_seconds: float = Field(default=6.0, ge=1, le=120)
    keys_seconds: float = Field(default=3.0, ge=0.5, le=30)
    """The pause after which keyed digits are complete."""


class Scenario(Strict):
    """A whole conversation."""

    scenario: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=60)]
    language: Language
    voice: str | None = None
    timezone: str = "UTC"
    start: str
    apology: str | None = None
    """Said when something breaks, before the caller is sent to ``on_failure``."""
    max_call_seconds: int = Field(default=900, ge=30, le=14_400)
    constants: dict[Name, str] = Field(default_factory=dict)
    call: dict[str, str | None] = Field(default_factory=dict)
    """Channel variables that prompts and conditions may use, with their defaults."""
    defaults: Defaults
    slots: dict[Name, Slot] = Field(default_factory=dict)
    intents: dict[Name, Intent] = Field(default_factory=dict)
    globals: dict[str, Handler] = Field(default_factory=dict)
    states: dict[Name, State] = Field(min_length=1)
