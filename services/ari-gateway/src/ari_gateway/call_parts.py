"""What Asterisk has of a call's parts: which are asked for, made, entered, joined, being removed."""

from dataclasses import dataclass, field
from enum import Enum, auto

from ari_gateway.call_actions import Join, Make, Remove
from ari_gateway.names import Part, part_id

LEGS = (Part.SNOOP, Part.MEDIA)
WORDS = {Part.SNOOP: "the snoop channel", Part.MEDIA: "the media leg", Part.BRIDGE: "the bridge"}


class Stage(Enum):
    """Where a part is."""

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


@dataclass(slots=True)
class Parts:
    """Snoop, media leg and bridge of one caller; one that is made again gets a new id."""

    channel_id: str
    _pieces: dict[Part, _Piece] = field(default_factory=lambda: {part: _Piece() for part in Part})

    def id_of(self, part: Part) -> str:
        """The id of the newest generation."""
        return part_id(part, self.channel_id, self._pieces[part].generation)

    def stage(self, part: Part) -> Stage:
        """Where the part is."""
        return self._pieces[part].stage

    @property
    def absent(self) -> list[Part]:
        """Those that are not there and not asked for."""
        return [part for part in Part if self._pieces[part].stage is Stage.ABSENT]

    @property
    def clear(self) -> bool:
        """Whether nothing is there or on its way."""
        return len(self.absent) == len(Part)

    def ask(self, part: Part) -> Make:
        """Ask for a new one."""
        piece = self._pieces[part]
        self._pieces[part] = _Piece(Stage.ASKED, generation=piece.generation + 1)
        return Make(part, self.id_of(part))

    def made(self, part: Part) -> None:
        """Asterisk made it."""
        self._pieces[part].stage = Stage.MADE

    def not_made(self, part: Part) -> None:
        """Asterisk did not make it."""
        if self._pieces[part].stage is Stage.ASKED:
            self._pieces[part].stage = Stage.ABSENT

    def entered(self, part: Part, identifier: str) -> None:
        """A leg entered Stasis; that of an older generation does not count."""
        self._pieces[part].entered |= identifier == self.id_of(part)

    def gone(self, part: Part) -> None:
        """It is not there any more. One that is asked for still has its answer to come."""
        if self._pieces[part].stage is not Stage.ASKED:
            self._pieces[part].stage = Stage.ABSENT

    def forget(self) -> None:
        """Nothing of it can be reached."""
        for piece in self._pieces.values():
            piece.stage = Stage.ABSENT

    def remove(self, part: Part) -> list[Remove]:
        """Delete it when it is there."""
        if self._pieces[part].stage is not Stage.MADE:
            return []
        self._pieces[part].stage = Stage.REMOVING
        return [Remove(part, self.id_of(part))]

    def join(self) -> list[Join]:
        """Join the legs that are in no bridge yet, once both entered Stasis: before that Asterisk refuses (422)."""
        missing = [leg for leg in LEGS if not self._pieces[leg].joined]
        made = all(piece.stage is Stage.MADE for piece in self._pieces.values())
        if not missing or not made or not all(self._pieces[leg].entered for leg in LEGS):
            return []
        for leg in missing:
            self._pieces[leg].joined = True
        return [Join(self.id_of(Part.BRIDGE), tuple(self.id_of(leg) for leg in missing))]

    def missing(self) -> str:
        """What the joining waits for, in words; "" when it was asked for."""
        waiting = [WORDS[part] for part in Part if self._pieces[part].stage is not Stage.MADE]
        silent = [f"StasisStart of {WORDS[leg]}" for leg in LEGS if not self._pieces[leg].entered]
        return ", ".join(waiting + silent)
