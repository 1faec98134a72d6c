"""What is kept of a call: a stereo WAV, a picture of it, the printed lines."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from demo import picture
from demo.conversation import Conversation
from simcaller import SipCall
from simcaller.timeline import lay_out


@dataclass(frozen=True, slots=True)
class Kept:
    """The files of one call."""

    wav: Path
    png: Path
    text: Path


def keep(folder: Path, name: str, call: SipCall, conversation: Conversation) -> Kept:
    """Write sound (caller left, bot right) and picture; the text is the console's."""
    kept = Kept(*(folder / f"{name}.{kind}" for kind in ("wav", "png", "txt")))
    began_at = call.record(kept.wav)
    sides = {"caller": lay_out(call.sent, began_at), "bot": lay_out(call.received, began_at)}
    title = f"{name}, {datetime.fromtimestamp(began_at).astimezone():%Y-%m-%d %H:%M}"
    spoken = sorted(conversation.spoken, key=lambda turn: turn.began_at)
    picture.draw(kept.png, title, sides, began_at, spoken, conversation.waits)
    return kept
