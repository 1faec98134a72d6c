"""The call as a picture: both waveforms in rows of seconds, the words under them, the waits between them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from demo import font
from demo.words import Spoken, Wait
from simcaller.audio import Pcm16
from simcaller.rtp import SAMPLE_RATE_HZ

ROW_SECONDS = 15
PIXELS_PER_SECOND = 100
MARGIN = 24
WAVE_HEIGHT = 56
TEXT_LINES = 3
LINE_HEIGHT = 17
NARROWEST_TEXT = 60
TITLE_HEIGHT = 44
FONT_SIZE = 13
SIDE_HEIGHT = WAVE_HEIGHT + TEXT_LINES * LINE_HEIGHT
ROW_HEIGHT = 2 * SIDE_HEIGHT + 34
WIDTH = ROW_SECONDS * PIXELS_PER_SECOND + 2 * MARGIN

INK = "#1f2933"
FAINT = "#d5dbe1"
COLOURS = {"caller": "#1c6fb8", "bot": "#c4571b"}
WAIT_COLOUR = "#2f8f4e"


@dataclass(frozen=True, slots=True)
class Place:
    """Text lines at a spot of the picture."""

    x: int
    y: int
    lines: tuple[str, ...]


def rows_of(seconds: float) -> int:
    """How many rows a call takes."""
    return max(1, int(np.ceil(seconds / ROW_SECONDS)))


def peaks(samples: Pcm16, columns: int) -> npt.NDArray[np.float64]:
    """The loudest sample of each column of one row, 0..1; silence where the samples end."""
    per_column = SAMPLE_RATE_HZ // PIXELS_PER_SECOND
    padded = np.zeros(columns * per_column)
    padded[: samples.size] = np.abs(samples[: padded.size].astype(np.float64))
    highest: npt.NDArray[np.float64] = padded.reshape(columns, per_column).max(axis=1) / 32768
    return highest


def wrap(text: str, fits: Callable[[str], bool], lines: int) -> tuple[str, ...]:
    """Words laid into at most so many lines; what does not fit ends in an ellipsis."""
    laid: list[str] = []
    for word in text.split():
        longer = f"{laid[-1]} {word}" if laid else word
        if laid and fits(longer):
            laid[-1] = longer
        else:
            laid.append(word)
    return tuple(laid) if len(laid) <= lines else (*laid[: lines - 1], f"{laid[lines - 1]} …")


def places(spoken: Sequence[Spoken], began_at: float, measure: Callable[[str], float]) -> list[Place]:
    """Where the words of one side go: under their beginning, up to the next words of that side or the row's end."""
    found: list[Place] = []
    for index, turn in enumerate(spoken):
        row, second = divmod(turn.began_at - began_at, ROW_SECONDS)
        until = spoken[index + 1].began_at - began_at if index + 1 < len(spoken) else np.inf
        width = (min(until - row * ROW_SECONDS, ROW_SECONDS) - second) * PIXELS_PER_SECOND - 8
        lines = wrap(turn.text, _fits(measure, max(width, NARROWEST_TEXT)), TEXT_LINES)
        found.append(
            Place(MARGIN + round(second * PIXELS_PER_SECOND), _side_top(int(row), turn.who) + WAVE_HEIGHT, lines)
        )
    return found


def _fits(measure: Callable[[str], float], width: float) -> Callable[[str], bool]:
    return lambda line: measure(line) <= width


def draw(
    path: Path, title: str, sides: dict[str, Pcm16], began_at: float, spoken: Sequence[Spoken], waits: Sequence[Wait]
) -> None:
    """Write the picture; `sides` maps caller and bot to 8 kHz samples that begin at `began_at`."""
    seconds = max(side.size for side in sides.values()) / SAMPLE_RATE_HZ
    image = Image.new("RGB", (WIDTH, TITLE_HEIGHT + rows_of(seconds) * ROW_HEIGHT + MARGIN), "white")
    pen = ImageDraw.Draw(image)
    file = font.ensure()
    small, large = font.load(file, FONT_SIZE), font.load(file, 18)
    pen.text((MARGIN, 12), title, font=large, fill=INK)
    _draw_legend(pen, MARGIN + large.getlength(title) + 30, small)
    for row in range(rows_of(seconds)):
        _draw_seconds(pen, row, small)
        for who, samples in sides.items():
            _draw_wave(pen, row, who, samples)
    for who in sides:
        words = [turn for turn in spoken if turn.who == who]
        _draw_words(pen, places(words, began_at, small.getlength), COLOURS[who], small)
    for wait in waits:
        _draw_wait(pen, wait, began_at, small)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)


def _side_top(row: int, who: str) -> int:
    return TITLE_HEIGHT + row * ROW_HEIGHT + 18 + (SIDE_HEIGHT if who == "bot" else 0)


def _draw_seconds(pen: ImageDraw.ImageDraw, row: int, small: font.Font) -> None:
    top = TITLE_HEIGHT + row * ROW_HEIGHT
    for second in range(ROW_SECONDS + 1):
        x = MARGIN + second * PIXELS_PER_SECOND
        pen.line([(x, top + 16), (x, top + 18 + 2 * SIDE_HEIGHT)], fill=FAINT if second % 5 == 0 else "#eef1f4")
        if second % 5 == 0 and second < ROW_SECONDS:
            pen.text((x, top), f"{row * ROW_SECONDS + second} s", font=small, fill="#8795a1")


def _draw_wave(pen: ImageDraw.ImageDraw, row: int, who: str, samples: Pcm16) -> None:
    middle = _side_top(row, who) + WAVE_HEIGHT // 2
    begin = row * ROW_SECONDS * SAMPLE_RATE_HZ
    heights = peaks(samples[begin : begin + ROW_SECONDS * SAMPLE_RATE_HZ], ROW_SECONDS * PIXELS_PER_SECOND)
    for column, height in enumerate(heights):
        reach = int(height**0.6 * WAVE_HEIGHT / 2)
        x = MARGIN + column
        pen.line([(x, middle - reach), (x, middle + reach)], fill=COLOURS[who] if reach else FAINT)


def _draw_words(pen: ImageDraw.ImageDraw, found: Iterable[Place], colour: str, small: font.Font) -> None:
    for place in found:
        for number, line in enumerate(place.lines):
            pen.text((place.x, place.y + number * LINE_HEIGHT), line, font=small, fill=colour)


def _draw_legend(pen: ImageDraw.ImageDraw, x: float, small: font.Font) -> None:
    for text, colour in (*COLOURS.items(), ("the caller waits", WAIT_COLOUR)):
        pen.rectangle([(x, 17), (x + 10, 27)], fill=colour)
        pen.text((x + 16, 14), text, font=small, fill=INK)
        x += 40 + small.getlength(text)


def pieces(from_at: float, until_at: float) -> list[tuple[int, float, float]]:
    """A stretch of seconds cut at the rows' ends: row, first and last second within it."""
    cut: list[tuple[int, float, float]] = []
    for row in range(int(max(0.0, from_at) // ROW_SECONDS), int(until_at // ROW_SECONDS) + 1):
        begin = row * ROW_SECONDS
        cut.append((row, max(0.0, from_at - begin), min(float(ROW_SECONDS), until_at - begin)))
    return cut


def _draw_wait(pen: ImageDraw.ImageDraw, wait: Wait, began_at: float, small: font.Font) -> None:
    parts = pieces(wait.from_at - began_at, wait.until_at - began_at)
    for row, first, last in parts:
        y = _side_top(row, "bot") + WAVE_HEIGHT // 2
        pen.line([(MARGIN + second * PIXELS_PER_SECOND, y) for second in (first, last)], fill=WAIT_COLOUR, width=3)
    row, first, last = max(parts, key=lambda part: part[2] - part[1])
    label = f"{wait.wait_ms:.0f} ms"
    middle = MARGIN + (first + last) / 2 * PIXELS_PER_SECOND
    left = max(MARGIN, middle - small.getlength(label) / 2)
    pen.text((left, _side_top(row, "bot") + WAVE_HEIGHT // 2 - 20), label, font=small, fill=WAIT_COLOUR)
