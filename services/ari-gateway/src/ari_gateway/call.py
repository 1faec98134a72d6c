"""One call's way through Asterisk, as a pure state machine: inputs in, actions out.

    ANSWERING   the caller is being answered
    CONNECTING  snoop, media leg and bridge are being made; the bus knows the call already
    LIVE        the caller's audio flows; a leg that is lost is made again
    LEAVING     what the call made is being deleted, the caller sent on or hung up
    OVER        nothing of the call is left

A part that was asked for is deleted only when Asterisk's answer is there, otherwise the deletion could overtake the
creation. Every way ends in OVER with exactly one Ended.
"""

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import assert_never

from ari_gateway.call_actions import (
    Action,
    AnnounceStarted,
    Answer,
    ContinueInDialplan,
    Destination,
    Ended,
    HangUpCaller,
    HungUp,
    Remove,
    StopMedia,
)
from ari_gateway.call_inputs import (
    Answered,
    AsteriskLost,
    CallerHungUp,
    CallerLeft,
    Departed,
    DepartFailed,
    Entered,
    GatewayStops,
    HangUpOrdered,
    Input,
    Joined,
    Made,
    Overdue,
    PartGone,
    Removed,
    StepFailed,
    TransferOrdered,
)
from ari_gateway.call_parts import WORDS, Parts, Stage
from ari_gateway.names import Part
from callbus.events import EndReason

REBUILDS = 5
"""How often legs are made again, without a steady time between, before the caller is sent on."""
STEADY_SECONDS = 30.0
RETRY_SECONDS = 0.5
"""Between tries to make a part again; how long that may go on while Asterisk is away, the link decides."""
TEARDOWN_SECONDS = 12.0
"""More than the retries of a deletion take; then the call ends all the same, and the sweep finds what is left."""


class Phase(Enum):
    """Where a call is; see the module."""

    ANSWERING = auto()
    CONNECTING = auto()
    LIVE = auto()
    LEAVING = auto()
    OVER = auto()


@dataclass(frozen=True, slots=True)
class _Ending:
    reason: EndReason
    detail: str = ""


@dataclass(slots=True)
class Call:
    """The machine; ``deadline`` says when :class:`Overdue` is due, in the clock of ``now``."""

    channel_id: str
    setup_seconds: float
    phase: Phase = Phase.ANSWERING
    deadline: float | None = None
    _parts: Parts = field(init=False)
    _rebuilds: int = 0
    _live_since: float = 0.0
    _ending: _Ending = _Ending("caller_hung_up")
    _exit: Destination | HangUpCaller | None = None
    _departing: bool = False
    _caller_there: bool = True
    _cause: int | None = None

    def __post_init__(self) -> None:
        self._parts = Parts(self.channel_id)

    def begin(self, now: float) -> list[Action]:
        """Take the caller on."""
        self.deadline = now + self.setup_seconds
        return [Answer()]

    def on(self, event: Input, now: float) -> list[Action]:
        """What to do about an input."""
        if self.phase is Phase.OVER:
            return []
        match event:
            case Answered() | Made() | Entered() | Joined():
                return self._advance(event, now)
            case Removed(part, identifier) | PartGone(part, identifier):
                return self._part_gone(part, now) if identifier == self._parts.id_of(part) else []
            case StepFailed():
                return self._failed(event, now)
            case CallerHungUp(cause):
                return self._hung_up(cause, now)
            case CallerLeft(lost):
                return self._caller_left(lost, now)
            case TransferOrdered(destination):
                return self._leave(_Ending("transferred"), destination, now)
            case HangUpOrdered(cause):
                return self._leave(_Ending("bot_hung_up"), HangUpCaller(cause), now)
            case GatewayStops():
                return self._leave(_Ending("gateway_lost", "the gateway was stopped"), Destination(), now)
            case AsteriskLost(detail):
                return self._asterisk_lost(detail, now)
            case Departed():
                return self._departed()
            case DepartFailed(gone, detail):
                return self._depart_failed(gone, detail)
            case Overdue():
                return self._overdue(now)
            case _:
                assert_never(event)

    def _advance(self, event: Answered | Made | Entered | Joined, now: float) -> list[Action]:
        match event:
            case Answered():
                return self._answered()
            case Made(part):
                self._parts.made(part)
                return [*self._parts.remove(part)] if self.phase is Phase.LEAVING else [*self._parts.join()]
            case Entered(part, identifier):
                self._parts.entered(part, identifier)
                return [] if self.phase is Phase.LEAVING else [*self._parts.join()]
            case Joined():
                return self._live(now)

    def _answered(self) -> list[Action]:
        if self.phase is not Phase.ANSWERING:
            return []
        self.phase = Phase.CONNECTING
        return [AnnounceStarted(), *(self._parts.ask(part) for part in Part)]

    def _live(self, now: float) -> list[Action]:
        if self.phase is Phase.CONNECTING or self.phase is Phase.LIVE:
            self.phase, self.deadline, self._live_since = Phase.LIVE, None, now
        return []

    def _part_gone(self, part: Part, now: float) -> list[Action]:
        if self.phase is Phase.LEAVING:
            self._parts.gone(part)
            return self._settle()
        if self._parts.stage(part) is not Stage.MADE:
            return []
        return self._make_again(part, now)

    def _make_again(self, part: Part, now: float) -> list[Action]:
        """At once the first time, later with a pause: what loses one leg may well lose the next."""
        self._rebuilds = 1 if now - self._live_since >= STEADY_SECONDS else self._rebuilds + 1
        if self._rebuilds > REBUILDS:
            return self._give_up(f"{WORDS[part]} was lost {self._rebuilds} times", now)
        # A media connection can be gone while Asterisk still has the channel.
        leftover = Remove(part, self._parts.id_of(part))
        self._parts.gone(part)
        if self._rebuilds > 1:
            self.deadline = now + RETRY_SECONDS
            return [leftover]
        self.deadline = now + self.setup_seconds
        return [leftover, self._parts.ask(part)]

    def _failed(self, event: StepFailed, now: float) -> list[Action]:
        if event.part is not None:
            self._parts.not_made(event.part)
        if self.phase is Phase.LEAVING:
            return self._settle()
        if event.caller_gone:
            return self._caller_left(False, now)
        if event.unreachable and self.phase is Phase.LIVE:
            self.deadline = now + RETRY_SECONDS
            return []
        return self._give_up(event.detail, now)

    def _give_up(self, detail: str, now: float) -> list[Action]:
        """Rather than leave the caller in silence, send them on in the dialplan."""
        return self._leave(_Ending("setup_failed", detail), Destination(), now)

    def _hung_up(self, cause: int | None, now: float) -> list[Action]:
        if not self._caller_there:
            return []
        self._cause = cause
        self._caller_there = False
        if isinstance(self._exit, HangUpCaller):
            self._cause = self._exit.cause
            return [HungUp("bot", self._cause), *self._settle()]
        return [HungUp("caller", cause), *self._without_caller(_Ending("caller_hung_up"), now)]

    def _caller_left(self, lost: bool, now: float) -> list[Action]:
        """The caller is no longer in our application, and nobody said why before."""
        if not self._caller_there or self._departing:
            return []
        self._caller_there = False
        ending = _Ending("asterisk_lost", "Asterisk was restarted") if lost else _Ending("caller_hung_up")
        return [HungUp("asterisk", None), *self._without_caller(ending, now)]

    def _without_caller(self, ending: _Ending, now: float) -> list[Action]:
        if self.phase is Phase.LEAVING:
            if self._ending.reason == "transferred" and not self._departing:
                self._ending = ending
            return self._settle()
        return self._leave(ending, None, now)

    def _asterisk_lost(self, detail: str, now: float) -> list[Action]:
        """Nothing can be deleted, so nothing is tried; what survives in Asterisk is found by the next resync."""
        told: list[Action] = [HungUp("asterisk", None)] if self._caller_there else []
        self._caller_there = False
        self._parts.forget()
        return [*told, *self._leave(_Ending("asterisk_lost", detail), None, now), *self._settle()]

    def _leave(self, ending: _Ending, way: Destination | HangUpCaller | None, now: float) -> list[Action]:
        if self.phase in (Phase.LEAVING, Phase.OVER):
            return []
        self.phase, self.deadline = Phase.LEAVING, now + TEARDOWN_SECONDS
        self._ending, self._exit = ending, way
        removals = [removal for part in Part for removal in self._parts.remove(part)]
        return [StopMedia(ending.reason), *removals, *self._settle()]

    def _settle(self) -> list[Action]:
        """The next step of leaving: hang up at once, go on in the dialplan when the snoop is gone, then end."""
        if self.phase is not Phase.LEAVING:
            return []
        clear = self._parts.clear
        if self._exit is not None and self._caller_there:
            ready = clear or isinstance(self._exit, HangUpCaller)
            return self._depart() if ready and not self._departing else []
        return self._end() if clear else []

    def _depart(self) -> list[Action]:
        self._departing = True
        match self._exit:
            case Destination():
                return [ContinueInDialplan(self._exit, self._ending.reason)]
            case HangUpCaller():
                return [self._exit]
            case None:
                return []

    def _departed(self) -> list[Action]:
        if not self._caller_there:
            return []
        self._caller_there = False
        if not isinstance(self._exit, HangUpCaller):
            return self._settle()
        self._cause = self._exit.cause
        return [HungUp("bot", self._cause), *self._settle()]

    def _depart_failed(self, gone: bool, detail: str) -> list[Action]:
        if self.phase is not Phase.LEAVING or not self._caller_there:
            return []
        if gone:
            self._caller_there = False
            self._ending = _Ending("caller_hung_up") if self._ending.reason == "transferred" else self._ending
            return [HungUp("caller", None), *self._settle()]
        if isinstance(self._exit, HangUpCaller):
            self._caller_there = False
            return self._settle()
        self._ending = _Ending(
            "bot_hung_up" if self._ending.reason == "transferred" else self._ending.reason,
            f"{self._ending.detail}; {detail}".removeprefix("; "),
        )
        self._exit, self._departing = HangUpCaller(None), False
        return self._settle()

    def _overdue(self, now: float) -> list[Action]:
        if self.deadline is None or now < self.deadline:
            return []
        if self.phase is Phase.LEAVING:
            return self._end()
        absent = self._parts.absent
        if self.phase is Phase.LIVE and absent:
            self.deadline = now + self.setup_seconds
            return [self._parts.ask(part) for part in absent]
        return self._give_up(f"not set up within {self.setup_seconds:g} s: {self._missing()}", now)

    def _missing(self) -> str:
        if self.phase is Phase.ANSWERING:
            return "the caller could not be answered"
        missing = self._parts.missing()
        return f"waiting for {missing}" if missing else "the legs were not joined"

    def _end(self) -> list[Action]:
        self.phase, self.deadline = Phase.OVER, None
        return [Ended(self._ending.reason, self._cause, self._ending.detail)]
