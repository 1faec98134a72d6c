"""What a call's playbacks want done."""

from dataclasses import dataclass

from ari_gateway.playback_reports import Report


@dataclass(frozen=True, slots=True)
class Start:
    """Ask Asterisk to play; answer with ``Playbacks.accepted`` or ``Playbacks.refused``."""

    playback_id: str
    media: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Ask Asterisk to stop; answer with ``Playbacks.deleted``."""

    playback_id: str


@dataclass(frozen=True, slots=True)
class Tell:
    """Publish this."""

    report: Report


Step = Start | Stop | Tell
