"""How the rulings of a table are drawn: printed, or by hand with a ruler or without."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digit_scenes.chance import happens
from digit_scenes.ink.composition.page import Ruling

EdgesPx = NDArray[np.float64]
"""(N,), where rulings run, pixels of the page."""


FULL, LEVEL, UPRIGHT, HEADING, FRAME, NONE = "full", "level", "upright", "heading", "frame", "none"
"""Rulings: all of them, only level ones, only upright ones, under the headings, around it all."""


@dataclass(frozen=True)
class Pencil:
    """What rulings are drawn with."""

    rng: np.random.Generator
    """For how they stray."""
    thickness: float
    """Of a ruling, pixels."""
    thick: float
    """Of a thick one, pixels."""
    shade: float
    """How far it is from the paper's colour to the ink's, 0-1."""
    stray: float
    """Standard deviation from a straight line, pixels; 0 in print."""
    overshoot: float
    """Most that rulings go on beyond the last one that they cross, pixels; 0 in print."""
    dashes: float
    """Length of dashes, pixels; 0 for rulings without gaps."""
    framed: bool
    """Whether there are rulings around it all."""

    @classmethod
    def any(cls, rng: np.random.Generator, printed: bool, height: float) -> Pencil:
        """A pencil for digits `height` pixels high. printed: whether they are; forms are printed, too."""
        by_hand = not printed and happens(rng, 0.45)
        thickness = float(rng.choice([1.0, 1.0, rng.uniform(0.03, 0.1) * height]))
        return cls(
            rng,
            max(thickness, 1.0),
            max(thickness + 1.0, float(rng.uniform(0.08, 0.2)) * height),
            1.0 if by_hand and happens(rng, 0.6) else float(rng.uniform(0.15, 1.0)),
            float(rng.choice([0.01, rng.uniform(0.01, 0.06)])) * height if by_hand else 0.0,
            float(rng.uniform(0.0, 0.6)) * height if by_hand else 0.0,
            float(rng.uniform(2, 8)) if not by_hand and happens(rng, 0.07) else 0.0,
            happens(rng, 0.8),
        )

    def rule(
        self,
        lines: list[Ruling],
        edges: tuple[EdgesPx, EdgesPx],
        kind: str,
        headings: int = 0,
        thick: tuple[int, int] = (0, 0),
    ) -> None:
        """Add the rulings of a table with these edges of columns and rows.

        kind: FULL, LEVEL and so on. headings: so many rows at the top are headings. thick: every so many rows and
        columns a ruling is thick; 0 for none.
        """
        x, y = edges
        last_row, last_column = len(y) - 1, len(x) - 1
        rows: set[int] = set(range(1, last_row)) if kind in (FULL, LEVEL) else set()
        columns: set[int] = set(range(1, last_column)) if kind in (FULL, UPRIGHT) else set()
        if kind in (HEADING, FRAME, UPRIGHT) and headings:
            rows.add(headings)
        if kind == FRAME or (kind == FULL and (self.framed or thick != (0, 0))):
            rows, columns = rows | {0, last_row}, columns | {0, last_column}
        elif kind in (LEVEL, HEADING) and self.framed:
            rows |= {0, last_row}
        thick_rows, thick_columns = _every(thick[0], last_row), _every(thick[1], last_column)
        if headings and self.framed:
            thick_rows.add(headings)
        for i in sorted(rows):
            self.draw(lines, (x[0], y[i]), (x[-1], y[i]), i in thick_rows)
        for j in sorted(columns):
            self.draw(lines, (x[j], y[0]), (x[j], y[-1]), j in thick_columns)

    def draw(
        self, lines: list[Ruling], start: tuple[float, float], end: tuple[float, float], thick: bool = False
    ) -> None:
        """Add a ruling from one point to another, pixels of the page."""
        rng = self.rng
        a, b = np.array(start, np.float64), np.array(end, np.float64)
        length = max(float(np.hypot(*(b - a))), 1e-6)
        along = (b - a) / length
        a = a - along * self.overshoot * rng.uniform(-0.2, 1)
        b = b + along * self.overshoot * rng.uniform(-0.2, 1)
        points = a + (b - a) * np.linspace(0, 1, 9)[:, None]
        if self.stray:
            knots = rng.normal(0, self.stray, 4) + rng.normal(0, self.stray)
            points = points + np.interp(np.linspace(0, 3, 9), np.arange(4), knots)[:, None] * (-along[1], along[0])
        thickness = self.thick if thick else self.thickness
        if not self.dashes:
            lines.append(Ruling(points, thickness, self.shade))
            return
        count = min(int(length / (2 * self.dashes)) + 1, 200)
        for k in range(count):
            ends = (a + (b - a) * share for share in (k / count, (k + 0.55) / count))
            lines.append(Ruling(np.array(list(ends)), thickness, self.shade))


def _every(step: int, last: int) -> set[int]:
    """0 and every step-th up to the last one, which is always among them; none where step is 0."""
    return {*range(0, last, step), last} if step else set()
