"""What a form is, and what the files zero.py ... nine.py write one with.

A *form* is a way to write a digit: strokes through control points, each of which varies within bounds. All samples of a
form are made at once, so a coordinate is an array with one value a sample. x runs right, y down, both in heights of the
digit: its top is y = 0, its foot y = 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from digit_scenes.glyphs.forms.editions import EDITIONS

Floats = NDArray[np.float64]
Coordinate = float | Floats  # the same for all samples, or one a sample, (N,)
Point = tuple[Coordinate, Coordinate]  # x, y
Strokes = list[Floats]  # each (N, points, 2)

PIECES_PER_SPAN = 8  # straight pieces that a curve has between two control points


class Maker:
    """Makes the strokes of many samples at once. rng: what the samples differ by. count: how many samples, N."""

    def __init__(self, rng: np.random.Generator, count: int) -> None:
        self.rng, self.count = rng, count

    def u(self, low: Coordinate, high: Coordinate) -> Floats:
        """One value a sample, (N,), uniform within the bounds."""
        return self.rng.uniform(low, high, self.count)

    def curve(self, *points: Point) -> Floats:
        """A smooth curve through points, (N, steps, 2). The same point twice makes a corner."""
        control = np.empty((self.count, len(points), 2))
        for i, (x, y) in enumerate(points):
            control[:, i, 0], control[:, i, 1] = x, y
        return _spline(len(points)) @ control  # (steps, points) @ (N, points, 2)

    def arc(
        self,
        x: Coordinate,
        y: Coordinate,
        rx: Coordinate,
        ry: Coordinate,
        start: Coordinate,
        end: Coordinate,
        points: int = 10,
    ) -> tuple[Point, ...]:
        """Points along an ellipse around (x, y). Angles in turns, clockwise from its right end: 0.75 is its top."""
        angles = [2 * np.pi * (start + (end - start) * k / (points - 1)) for k in range(points)]
        return tuple((x + rx * np.cos(angle), y + ry * np.sin(angle)) for angle in angles)


@lru_cache(maxsize=32)
def _spline(points: int) -> Floats:
    """Weights of a Catmull-Rom curve, (steps, points): each piece is a cubic of its two ends and their neighbours."""
    t = np.arange(PIECES_PER_SPAN) / PIECES_PER_SPAN
    cubic = np.stack([-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2], 1) / 2
    weights = np.zeros(((points - 1) * PIECES_PER_SPAN + 1, points))
    for span in range(points - 1):
        for k in range(4):
            rows = slice(span * PIECES_PER_SPAN, (span + 1) * PIECES_PER_SPAN)
            weights[rows, min(max(span - 1 + k, 0), points - 1)] += cubic[:, k]
    weights[-1, -1] = 1
    return weights


@dataclass(frozen=True)
class Form:
    """A way to write a digit."""

    name: str
    digit: int
    weight: float
    """How often it is drawn, relative to the other forms of the digit."""
    strokes: Callable[[Maker], Strokes]
    """Draws the strokes of a maker's samples."""
    ink_height_px: tuple[float, float]
    """Least and greatest height of the ink, in pixels of a 28x28 picture."""
    edition: int
    """The first edition that has it, an index into `EDITIONS`."""


FORMS: dict[str, Form] = {}  # by name; filled by importing zero.py ... nine.py, as `drawn` does


def form(
    digit: int, *, weight: float, edition: int, ink_height_px: tuple[float, float] = (18.5, 21)
) -> Callable[[Callable[[Maker], Strokes]], Callable[[Maker], Strokes]]:
    """Adds the decorated function to FORMS under its own name. For the arguments see `Form`."""
    assert edition in EDITIONS, f"edition: expected one of {tuple(EDITIONS)}, got {edition}"

    def register(strokes: Callable[[Maker], Strokes]) -> Callable[[Maker], Strokes]:
        name = strokes.__name__
        assert name not in FORMS, f"{name} is taken"  # or an earlier edition would lose it
        FORMS[name] = Form(name, digit, weight, strokes, ink_height_px, edition)
        return strokes

    return register


def forms_of(digit: int, edition: int) -> list[Form]:
    """All forms of a digit that an edition has, in the order in which they are drawn."""
    forms = [form for form in FORMS.values() if form.digit == digit and form.edition <= edition]
    return sorted(forms, key=lambda form: EDITIONS[form.edition].drawing_rank)
