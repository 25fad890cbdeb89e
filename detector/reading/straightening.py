"""Sloping and perspective undone: a frame in which the rows of a page run level and its columns upright.

Under a camera the rows of a flat page meet far away in one point, and so do its columns. Each is a pencil of lines. Its
lines are told by where they cross a line through the middle of the picture, and their slope changes evenly from one to
the next. NumPy only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detector.types import Float64Array

SLOPE_PRIOR, FAN_PRIOR_PER_PX = 0.15, 3e-4
"""How far the slope of rows strays from level, as a tangent, and how much it changes from pixel to pixel."""
SKEW_PRIOR = 0.06
"""How far columns stray from upright to the rows, as a tangent."""
MISFIT_TANGENT = 0.012
"""How far a segment strays from the pencil; those that stray much further are none of it."""
FITTING_ROUNDS = 12


@dataclass(frozen=True)
class Frame:
    """From the picture, x and y, to the straightened page, u and v. Both are in pixels, about (x0, y0)."""

    x0: float
    y0: float
    rows: tuple[float, float] = (0.0, 0.0)
    """Slope of the row through (x0, y0), and how it changes with v: y = v + (slope + fan * v) * x about the middle."""
    columns: tuple[float, float] = (0.0, 0.0)
    """The same of columns: x = u + (slope + fan * u) * y."""

    def straight(self, points: Float64Array) -> Float64Array:
        """Points (..., 2) of the picture on the straightened page."""
        x, y = points[..., 0] - self.x0, points[..., 1] - self.y0
        u = (x - self.columns[0] * y) / (1 + self.columns[1] * y)
        v = (y - self.rows[0] * x) / (1 + self.rows[1] * x)
        return np.stack([u, v], axis=-1)

    def in_picture(self, points: Float64Array) -> Float64Array:
        """Points (..., 2) of the straightened page in the picture."""
        u, v = points[..., 0], points[..., 1]
        row, column = self.rows[0] + self.rows[1] * v, self.columns[0] + self.columns[1] * u
        y = (v + row * u) / (1 - row * column)
        return np.stack([u + column * y + self.x0, y + self.y0], axis=-1)

    def straight_boxes(self, boxes: Float64Array) -> Float64Array:
        """Boxes (N, 4) on the straightened page: each keeps its size, as writing that slopes is hardly sheared."""
        middles = self.straight((boxes[:, :2] + boxes[:, 2:]) / 2)
        half = (boxes[:, 2:] - boxes[:, :2]) / 2
        return np.concatenate([middles - half, middles + half], axis=1)


def straightening(middle: tuple[float, float], level: Float64Array, upright: Float64Array) -> Frame:
    """The frame that makes segments level and upright that are about so. Both are (N, 4): x, y of their two ends.

    Segments that belong to neither do no harm while they are the fewer. middle: of the picture, pixels.
    """
    x0, y0 = middle
    rows = _pencil(level - [x0, y0, x0, y0], (0.0, SLOPE_PRIOR))
    turned = (upright - [x0, y0, x0, y0])[:, [1, 0, 3, 2]]
    columns = _pencil(turned, (-rows[0], SKEW_PRIOR))
    return Frame(x0, y0, rows, columns)


def _pencil(segments: Float64Array, prior: tuple[float, float]) -> tuple[float, float]:
    """Slope and fan of the pencil that most of these nearly level segments (N, 4) are of, long ones before short ones.

    prior: the slope expected, and how far it strays.
    """
    expected, spread = prior
    if not len(segments):
        return expected, 0.0
    dx, dy = segments[:, 2] - segments[:, 0], segments[:, 3] - segments[:, 1]
    slopes = dy / np.where(dx == 0, 1e-9, dx)  # (N,)
    x, y = (segments[:, 0] + segments[:, 2]) / 2, (segments[:, 1] + segments[:, 3]) / 2
    lengths = np.hypot(dx, dy)
    weights = lengths**2 / max(float(lengths.max()), 1e-9)
    order = np.argsort(slopes)
    cumulated = weights[order].cumsum()
    slope = float(slopes[order][np.searchsorted(cumulated, cumulated[-1] / 2)])  # the weighted median
    fan, misfit = 0.0, 6 * MISFIT_TANGENT
    for _ in range(FITTING_ROUNDS):
        crossing = (y - slope * x) / (1 + fan * x)  # (N,), where each meets the line through the middle
        off = slopes - slope - fan * crossing
        say = weights / (1 + (off / misfit) ** 2) ** 2 / MISFIT_TANGENT**2 / 50  # (N,)
        factors = np.stack([np.ones(len(crossing)), crossing])  # (2, N)
        normal = (factors * say) @ factors.T + np.diag([1 / spread**2, 1 / FAN_PRIOR_PER_PX**2])
        moment = (factors * say) @ slopes + [expected / spread**2, 0.0]
        slope, fan = np.linalg.solve(normal, moment).tolist()
        misfit = max(MISFIT_TANGENT, misfit * 0.7)
    return slope, fan
