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
    Join,
    Make,
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
from ari_gateway.names import Part, part_id
from callbus.events import EndReason

LEGS = (Part.SNOOP, Part.MEDIA)
REBUILDS = 5
"""How often a call's legs are made again before the caller is sent on."""
RETRY_SECONDS = 0.5
"""Between tries to make a part again while Asterisk does not answer; how long that may go on, the link decides."""
TEARDOWN_SECONDS = 12.0
"""More than the retries of a deletion take; then the call ends all the same, and the sweep finds what is left."""


class Phase(Enum):
    """Where a call is; see the module."""

    ANSWERING = auto()
    CONNECTING = auto()
    LIVE = auto()
    LEAVING = auto()
    OVER = auto()


class Stage(Enum):
    """What Asterisk has of a part."""

    ABSENT = auto()
    ASKED = auto()
    MADE = auto()
    REMOVING = auto()


@dataclass(slots=True)
class _Piece:
    stage: Stage = Stage.ABSENT
    entered: bool = False
    joined: bool = False
    generation: int = 0


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
    _pieces: dict[Part, _Piece] = field(default_factory=lambda: {part: _Piece() for part in Part})
    _rebuilds: int = 0
    _ending: _Ending = _Ending("caller_hung_up")
    _exit: Destination | HangUpCaller | None = None
    _departing: bool = False
    _caller_there: bool = True
    _cause: int | None = None

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
                return self._part_gone(part, now) if identifier == self._id(part) else []
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
                self._pieces[part].stage = Stage.MADE
                return self._remove(part) if self.phase is Phase.LEAVING else self._join_when_ready()
            case Entered(part, identifier):
                self._pieces[part].entered |= identifier == self._id(part)
                return self._join_when_ready()
            case Joined():
                return self._live()

    def _answered(self) -> list[Action]:
        if self.phase is not Phase.ANSWERING:
            return []
        self.phase = Phase.CONNECTING
        return [AnnounceStarted(), *(self._make(part) for part in Part)]

    def _make(self, part: Part) -> Action:
        piece = self._pieces[part]
        piece.stage, piece.entered, piece.joined = Stage.ASKED, False, False
        piece.generation += 1
        return Make(part, self._id(part))

    def _id(self, part: Part) -> str:
        return part_id(part, self.channel_id, self._pieces[part].generation)

    def _join_when_ready(self) -> list[Action]:
        """Both legs must have entered Stasis: an addChannel before that is refused (422)."""
        made = all(piece.stage is Stage.MADE for piece in self._pieces.values())
        missing = [leg for leg in LEGS if not self._pieces[leg].joined]
        if self.phase is Phase.LEAVING or not missing or not made or not all(self._pieces[leg].entered for leg in LEGS):
            return []
        for leg in missing:
            self._pieces[leg].joined = True
        return [Join(self._id(Part.BRIDGE), tuple(self._id(leg) for leg in missing))]

    def _live(self) -> list[Action]:
        if self.phase is Phase.CONNECTING or self.phase is Phase.LIVE:
            self.phase, self.deadline = Phase.LIVE, None
        return []

    def _part_gone(self, part: Part, now: float) -> list[Action]:
        piece = self._pieces[part]
        if self.phase is Phase.LEAVING:
            if piece.stage is not Stage.ASKED:
                piece.stage = Stage.ABSENT
            return self._settle()
        if piece.stage is not Stage.MADE:
            return []
        self._rebuilds += 1
        if self._rebuilds > REBUILDS:
            return self._give_up(f"{_WORDS[part]} was lost {self._rebuilds} times", now)
        self.deadline = now + self.setup_seconds
        # A media connection can be gone while Asterisk still has the channel.
        return [Remove(part, self._id(part)), self._make(part)]

    def _failed(self, event: StepFailed, now: float) -> list[Action]:
        if event.part is not None and self._pieces[event.part].stage is Stage.ASKED:
            self._pieces[event.part].stage = Stage.ABSENT
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
            return [HungUp("bot", cause), *self._settle()]
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
            self._ending = ending if isinstance(self._exit, Destination) and not self._departing else self._ending
            return self._settle()
        return self._leave(ending, None, now)

    def _asterisk_lost(self, detail: str, now: float) -> list[Action]:
        """Nothing can be deleted, so nothing is tried; what survives in Asterisk is found by the next resync."""
        told: list[Action] = [HungUp("asterisk", None)] if self._caller_there else []
        self._caller_there = False
        for piece in self._pieces.values():
            piece.stage = Stage.ABSENT
        return [*told, *self._leave(_Ending("asterisk_lost", detail), None, now), *self._settle()]

    def _leave(self, ending: _Ending, way: Destination | HangUpCaller | None, now: float) -> list[Action]:
        if self.phase in (Phase.LEAVING, Phase.OVER):
            return []
        self.phase, self.deadline = Phase.LEAVING, now + TEARDOWN_SECONDS
        self._ending, self._exit = ending, way
        removals = [action for part in Part for action in self._remove(part)]
        return [StopMedia(ending.reason), *removals, *self._settle()]

    def _remove(self, part: Part) -> list[Action]:
        piece = self._pieces[part]
        if piece.stage is not Stage.MADE:
            return []
        piece.stage = Stage.REMOVING
        return [Remove(part, self._id(part))]

    def _settle(self) -> list[Action]:
        """The next step of leaving: hang up at once, go on in the dialplan when the snoop is gone, then end."""
        if self.phase is not Phase.LEAVING:
            return []
        clear = all(piece.stage is Stage.ABSENT for piece in self._pieces.values())
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
        absent = [part for part in Part if self._pieces[part].stage is Stage.ABSENT]
        if self.phase is Phase.LIVE and absent:
            self.deadline = now + self.setup_seconds
            return [self._make(part) for part in absent]
        return self._give_up(f"not set up within {self.setup_seconds:g} s: {self._missing()}", now)

    def _missing(self) -> str:
        if self.phase is Phase.ANSWERING:
            return "the caller could not be answered"
        waiting = [_WORDS[part] for part in Part if self._pieces[part].stage is not Stage.MADE]
        silent = [f"StasisStart of {_WORDS[leg]}" for leg in LEGS if not self._pieces[leg].entered]
        return "waiting for " + ", ".join(waiting + silent) if waiting or silent else "the legs were not joined"

    def _end(self) -> list[Action]:
        self.phase, self.deadline = Phase.OVER, None
        return [Ended(self._ending.reason, self._cause, self._ending.detail)]


_WORDS = {Part.SNOOP: "the snoop channel", Part.MEDIA: "the media leg", Part.BRIDGE: "the bridge"}
