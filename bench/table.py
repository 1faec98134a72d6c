"""Figures beside their bars, for a terminal."""

import math
from collections.abc import Sequence

from bench.bars import Figure

HEAD = ("what", "condition", "n", "p50", "p95", "p99", "bar", "")


def table(figures: Sequence[Figure]) -> str:
    """One row a figure; the last column says whether the bar is met."""
    rows = [HEAD, *(_row(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def _row(figure: Figure) -> tuple[str, ...]:
    limits = ", ".join(f"p{p} <= {limit:g}" for p, limit in figure.bar.limits.items())
    verdict = "" if not limits else ("MISSED" if figure.missed else "met")
    numbers = tuple(_number(figure.at(p)) for p in (50, 95, 99))
    return (
        f"{figure.bar.name} [{figure.bar.unit}]",
        figure.condition,
        str(len(figure.values)),
        *numbers,
        limits,
        verdict,
    )


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.1f}" if value < 100 else f"{value:.0f}"
