"""The clock: medians and quartiles, and what is compared is measured in turns: a busy neighbour hurts all alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Wait = Callable[[], object]
WARM_UP = 3
REST = 0.05  # seconds, in which idle threads go to sleep
SETTLE = 2  # calls


@dataclass(frozen=True)
class Measure:
    """One figure, measured several times. samples: at least one, in the order in which they came. unit: of each."""

    samples: tuple[float, ...]
    unit: str

    @property
    def median(self) -> float:
        """Of the samples."""
        return float(np.median(self.samples))

    @property
    def quartiles(self) -> tuple[float, float]:
        """Between these lies the middle half of the samples."""
        low, high = np.quantile(self.samples, (0.25, 0.75)).tolist()
        return low, high

    def over(self, other: Measure) -> Measure:
        """How many times the other, turn by turn: what slows both down cancels out. Both have as many samples."""
        return Measure(tuple(a / b for a, b in zip(self.samples, other.samples, strict=True)), "times")

    def rate(self, count: float, unit: str) -> Measure:
        """Of milliseconds in which `count` were done each time: how many a second."""
        return Measure(tuple(1000 * count / milliseconds for milliseconds in self.samples), unit)

    def record(self) -> dict[str, Any]:
        """For JSON."""
        low, high = self.quartiles
        return {"median": self.median, "quartiles": [low, high], "unit": self.unit, "samples": list(self.samples)}

    def __str__(self) -> str:
        """The median, and between which quartiles it lies."""
        middle, low, high = (figure(value) for value in (self.median, *self.quartiles))
        return middle if len(self.samples) == 1 else f"{middle} ({low} to {high})"


def figure(value: float) -> str:
    """With three digits that count, and without an exponent."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def in_turns(
    contenders: Mapping[str, Callable[[int], object]],
    turns: int,
    wait: Wait = lambda: None,
    settle: bool = True,
    warm_up: int = WARM_UP,
) -> dict[str, Measure]:
    """Milliseconds of each contender, called once a turn with the number of the turn, `turns` times.

    wait: returns when all that was asked of the device is done. settle: whether there is a rest, and each is called
    some more times before the clock starts, so that its own data, and none of the other's threads, which spin for a
    while after they are done, are there when it does: for what is short.
    warm_up: turns before the first that counts, which allocate and compile.
    """
    for turn in range(min(warm_up, turns)):
        for run in contenders.values():
            run(turn)
    samples: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(turns):
        for name, run in contenders.items():
            if settle:
                wait()
                time.sleep(REST)
                for _ in range(SETTLE):
                    run(turn)
            wait()
            start = time.perf_counter()
            run(turn)
            wait()
            samples[name].append(1000 * (time.perf_counter() - start))
    return {name: Measure(tuple(values), "ms") for name, values in samples.items()}
