"""A sheet on which boxes of digits, signs and letters are set, as somebody spaces them. See `spacing`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from detector.categories import CATEGORIES, WRITING

ROOM_HEIGHTS = (0.35, 3.0)
"""Least and most between two numbers beyond the room between digits, in digit heights; mostly little."""
SLIPS = 0.05
"""Share of the gaps within numbers that are wider than the hand usually makes them."""


@dataclass
class Style:
    """How somebody sets digits. Lengths are in digit heights."""

    rng: np.random.Generator
    inner: float
    """Room between the digits of a number."""
    spread: float
    """Standard deviation of that room."""
    uneven: float
    """Standard deviation of the logarithm of heights."""
    wander: float
    """Standard deviation from the baseline."""
    stretch: float
    """Width of digits."""

    @classmethod
    def random(cls, rng: np.random.Generator, inner: tuple[float, float]) -> Style:
        """Somebody's way. inner: least and most room between the digits of a number."""
        low, high = inner
        return cls(
            rng,
            float(low + (high - low) * rng.beta(1.6, 2.2)),
            float(rng.uniform(0.01, 0.1)),
            float(rng.uniform(0.0, 0.12)),
            float(rng.uniform(0.0, 0.1)),
            float(np.exp(rng.normal(0.0, 0.15))),
        )

    def width(self, label: int) -> float:
        """Of a digit."""
        low, high = (0.12, 0.45) if label == 1 else (0.45, 0.8)
        return float(self.rng.uniform(low, high)) * self.stretch

    def gap(self) -> float:
        """Between two digits of a number."""
        slip = float(self.rng.uniform(0.0, 0.4)) if self.rng.random() < SLIPS else 0.0
        return max(-0.25, self.inner + self.spread * float(self.rng.standard_normal()) + slip)


@dataclass
class BoxSheet:
    """What was put on a page so far, in digit heights."""

    rng: np.random.Generator
    style: Style
    boxes: list[tuple[float, float, float, float]] = field(default_factory=list)
    """Of digits, signs and letters: x0, y0, x1, y1."""
    labels: list[int] = field(default_factory=list)
    """Of boxes, after CATEGORIES."""
    numbers: list[int] = field(default_factory=list)
    """The index of each box's number; -1 for what is no digit."""
    rulings: list[tuple[float, float, float]] = field(default_factory=list)
    """Vertical ones: x, and from where to where in y."""
    last: int = -1
    """The index of the last number."""

    def digit(self, x: float, y: float, label: int | None = None) -> float:
        """A digit of the last number, from x on, on a line with its middle at y. Returns where it ends."""
        rng, style = self.rng, self.style
        label = int(rng.integers(10)) if label is None else label
        h = float(np.exp(style.uneven * rng.standard_normal()))
        w = style.width(label)
        middle = y + style.wander * float(rng.standard_normal()) + (1 - h) / 2 * 0.7
        return self._put((x, middle - h / 2, x + w, middle + h / 2), label, self.last)

    def number(self, x: float, y: float, length: int, gaps: Sequence[float] | None = None) -> float:
        """A new number of so many digits, with these gaps or those of the style. Returns where it ends."""
        self.last += 1
        for k in range(length):
            x += 0.0 if not k else self.style.gap() if gaps is None else gaps[k - 1]
            x = self.digit(x, y)
        return x

    def sign(self, x: float, y: float, category: str) -> float:
        """A sign or a letter, from x on. Returns where it ends."""
        rng = self.rng
        w, h, middle = {
            ".": (0.1, 0.1, 0.45),
            ",": (0.13, 0.25, 0.5),
            ":": (0.1, 0.5, 0.1),
            "-": (0.4, 0.08, 0.0),
            "/": (0.35, 1.2, 0.0),
            WRITING: (0.55, 0.75, 0.1),
        }.get(category, (0.5, 0.6, 0.0))
        w, h = w * float(rng.uniform(0.7, 1.4)), h * float(rng.uniform(0.7, 1.4))
        middle += y + float(rng.normal(0, 0.05))
        return self._put((x, middle - h / 2, x + w, middle + h / 2), CATEGORIES.index(category), -1)

    def word(self, x: float, y: float) -> float:
        """A word of some letters."""
        for _ in range(int(self.rng.integers(1, 8))):
            x = self.sign(x, y, WRITING) + float(self.rng.uniform(0.02, 0.25))
        return x

    def _put(self, box: tuple[float, float, float, float], label: int, number: int) -> float:
        self.boxes.append(box)
        self.labels.append(label)
        self.numbers.append(number)
        return box[2]

    def room(self) -> float:
        """Between two numbers of a line."""
        low, high = ROOM_HEIGHTS
        return max(0.5, self.style.inner + low + (high - low) * float(self.rng.beta(1.3, 2.5)))
