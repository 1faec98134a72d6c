"""Where the lines of a call go: the terminal as they come, and a text file at the end."""

import sys
from collections.abc import Sequence
from pathlib import Path

from demo.render import Renderer
from demo.words import Line


class Console:
    """Shows lines at once; colours only on a terminal that is not told otherwise."""

    def __init__(self, began_at: float, *, coloured: bool) -> None:
        self._shown = Renderer(began_at, coloured=coloured)
        self._plain = Renderer(began_at, coloured=False)
        self._lines: list[str] = []

    def show(self, lines: Sequence[Line]) -> None:
        """Lines of the call."""
        for line in lines:
            self._lines.append(self._plain.line(line))
            print(self._shown.line(line), flush=True)

    def tell(self, text: str, colour: str = "") -> None:
        """A line about the call."""
        self._lines.append(text)
        print(self._shown.paint(colour, text) if colour else text, flush=True)

    def keep(self, path: Path) -> None:
        """Write down all that was shown."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(self._lines) + "\n", encoding="utf-8")


def wants_colour(no_color: str | None, term: str | None) -> bool:
    """Whether this terminal is to be coloured: NO_COLOR and TERM=dumb say no, and so does what is no terminal."""
    return not no_color and term != "dumb" and sys.stdout.isatty()
