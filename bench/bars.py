"""The bars, and whether a figure meets its own."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Unit = Literal["ms", "MB", "% of a core", "calls"]


@dataclass(frozen=True, slots=True)
class Bar:
    """What a figure is held to: upper limits by percentile (50, 95, 99), in ``unit``."""

    name: str
    unit: Unit
    limits: dict[int, float] = field(default_factory=dict)


GREETING = Bar("answer -> greeting audible", "ms", {50: 40, 95: 80})
REPLY = Bar("final transcript -> first audible frame, prompt cached", "ms", {50: 15, 95: 40})
LIVE_REPLY = Bar("final transcript -> first audible frame, synthesised live", "ms", {})
BARGE_IN = Bar("onset of the caller's speech -> bot silent", "ms", {50: 110, 95: 160})
MEDIA = Bar("caller's frame sent -> handed to the recogniser", "ms", {99: 60})
TURN = Bar("caller's last voiced sound -> reply audible (whole turn)", "ms", {})
CPU = Bar("CPU per call", "% of a core", {})
WORKER_CPU = Bar("CPU of a speech worker per speaking call", "% of a core", {50: 1.0})
MEMORY = Bar("memory kept per call, after the calls", "MB", {})


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile; NaN of nothing."""
    if not values:
        return math.nan
    ranked = sorted(values)
    return ranked[max(0, math.ceil(percent / 100 * len(ranked)) - 1)]


@dataclass(frozen=True, slots=True)
class Figure:
    """Measured values of one bar under one condition."""

    bar: Bar
    condition: str
    values: tuple[float, ...]
    note: str = ""

    def at(self, percent: int) -> float:
        """The percentile of the measured values."""
        return percentile(self.values, percent)

    @property
    def missed(self) -> list[int]:
        """The percentiles that miss their limit; a figure without values misses all."""
        return [p for p, limit in self.bar.limits.items() if not self.at(p) <= limit]

    def as_json(self) -> dict[str, object]:
        """For results.json."""
        return {
            "name": self.bar.name,
            "condition": self.condition,
            "unit": self.bar.unit,
            "count": len(self.values),
            **{f"p{p}": None if math.isnan(self.at(p)) else round(self.at(p), 2) for p in (50, 95, 99)},
            "bar": {f"p{p}": limit for p, limit in self.bar.limits.items()},
            "met": None if not self.bar.limits else not self.missed,
            "note": self.note,
        }
