"""Lines of a call -> text for a terminal, with colours or without."""

from collections.abc import Sequence
from typing import assert_never

from demo.words import Answer, Heard, Hop, Line, Note, Spoken

RESET = "\x1b[0m"
COLOURS = {"caller": "\x1b[36m", "bot": "\x1b[33m", "faint": "\x1b[2m", "good": "\x1b[32m", "bad": "\x1b[31m"}
INDENT = " " * 19


class Renderer:
    """Text of lines; times count from `began_at` (unix seconds)."""

    def __init__(self, began_at: float, *, coloured: bool) -> None:
        self._began_at = began_at
        self._coloured = coloured

    def line(self, line: Line) -> str:
        """One line of the call, or two where an answer's hops follow."""
        match line:
            case Spoken():
                return self._spoken(line.began_at, line.who, line.text)
            case Answer():
                return self._spoken(line.at, "bot", line.text) + self._hops(line.hops)
            case Heard():
                return self.paint("faint", f"{INDENT}understood: {line.text or '(nothing)'}")
            case Note():
                return self.paint("faint", f"{self._time(line.at)}  {'-':8} {line.text}")
            case _:
                assert_never(line)

    def paint(self, colour: str, text: str) -> str:
        """The text in a colour, where colours are wanted."""
        return f"{COLOURS[colour]}{text}{RESET}" if self._coloured else text

    def _spoken(self, at: float, who: str, text: str) -> str:
        return self.paint(who, f"{self._time(at)}  {who:8} {text}")

    def _hops(self, hops: Sequence[Hop]) -> str:
        if not hops:
            return ""
        whole = sum(hop.hop_ms for hop in hops)
        legs = " > ".join(f"{hop.name} {hop.hop_ms:.0f}" for hop in hops)
        return "\n" + self.paint("faint", f"{INDENT}{legs} = {whole:.0f} ms")

    def _time(self, at: float) -> str:
        return f"{at - self._began_at:6.2f} s"


def summary(waits_ms: Sequence[float]) -> str:
    """How long the caller waited for answers, in one line."""
    if not waits_ms:
        return "the bot answered nothing"
    ordered = sorted(waits_ms)
    middle = ordered[len(ordered) // 2]
    return f"{len(ordered)} answers; wait for the first sound: median {middle:.0f} ms, longest {ordered[-1]:.0f} ms"
