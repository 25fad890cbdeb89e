"""The clock. What is compared is measured in turns, so that a busy machine slows all contenders alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Synchronize = Callable[[], object]
WARM_UP_TURNS = 3
REST_S = 0.05  # in which idle threads go to sleep
SETTLING_CALLS = 2


@dataclass(frozen=True)
class Measurement:
    """One figure, measured several times."""

    samples: tuple[float, ...]
    """At least one, in the order in which they came."""
    unit: str
    """Of each sample."""

    @property
    def median(self) -> float:
        """The median of the samples."""
        return float(np.median(self.samples))

    @property
    def quartiles(self) -> tuple[float, float]:
        """The lower and the upper quartile of the samples."""
        low, high = np.quantile(self.samples, (0.25, 0.75)).tolist()
        return low, high

    def ratio_to(self, other: Measurement) -> Measurement:
        """The ratio turn by turn, in which what slows both down cancels out. Both need the same number of samples."""
        return Measurement(tuple(a / b for a, b in zip(self.samples, other.samples, strict=True)), "times")

    def per_second(self, count: float, unit: str) -> Measurement:
        """Items a second, for milliseconds in which `count` items were done each time."""
        return Measurement(tuple(1000 * count / milliseconds for milliseconds in self.samples), unit)

    def as_json(self) -> dict[str, Any]:
        """Median, quartiles, unit and samples, as JSON has them."""
        low, high = self.quartiles
        return {"median": self.median, "quartiles": [low, high], "unit": self.unit, "samples": list(self.samples)}

    def __str__(self) -> str:
        """The median, and the quartiles in brackets where there are several samples."""
        middle, low, high = (format_figure(value) for value in (self.median, *self.quartiles))
        return middle if len(self.samples) == 1 else f"{middle} ({low} to {high})"


def format_figure(value: float) -> str:
    """With three significant digits where it has decimals, and without an exponent."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def time_in_turns(
    contenders: Mapping[str, Callable[[int], object]],
    turns: int,
    synchronize: Synchronize = lambda: None,
    settle: bool = True,
    warm_up: int = WARM_UP_TURNS,
) -> dict[str, Measurement]:
    """Milliseconds of each contender, which is called with the index of the turn, in each of `turns` turns.

    synchronize: returns when the device has done all its work. warm_up: turns that do not count, which allocate and
    compile. settle: for contenders of milliseconds. Each then gets a rest and SETTLING_CALLS calls before its clock
    starts: in the rest the threads of the one before stop spinning, and the calls fill the caches with its own data.
    """
    for turn in range(min(warm_up, turns)):
        for run in contenders.values():
            run(turn)
    samples: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(turns):
        for name, run in contenders.items():
            if settle:
                synchronize()
                time.sleep(REST_S)
                for _ in range(SETTLING_CALLS):
                    run(turn)
            synchronize()
            start = time.perf_counter()
            run(turn)
            synchronize()
            samples[name].append(1000 * (time.perf_counter() - start))
    return {name: Measurement(tuple(values), "ms") for name, values in samples.items()}
