"""Printed shapes around and beside text: frames, rings, barcodes, chequered codes."""

from __future__ import annotations

import numpy as np

from digit_scenes.ink.composition.composer import Composer

Area = tuple[float, float, float, float]
"""x0, y0, x1, y1 on the page, pixels."""
ROUND_CORNERS = 48
"""Corners of what is round."""


def polygon(area: Area, corners: int, turn: float = 0.0) -> list[tuple[float, float]]:
    """A regular shape that fills an area, closed; round where it has many corners."""
    x0, y0, x1, y1 = area
    angles = np.linspace(0, 2 * np.pi, corners + 1) + turn
    x, y = (x0 + x1) / 2 + np.cos(angles) * (x1 - x0) / 2, (y0 + y1) / 2 + np.sin(angles) * (y1 - y0) / 2
    return list(zip(x.tolist(), y.tolist(), strict=True))


def rectangle(area: Area) -> list[tuple[float, float]]:
    """An area's outline, closed."""
    x0, y0, x1, y1 = area
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]


def any_outline(rng: np.random.Generator, area: Area) -> list[tuple[float, float]]:
    """A rectangle, a ring, a triangle, a rhombus, a hexagon or an octagon."""
    kind = int(rng.choice([0, 0, 0, 3, 4, 6, 8, ROUND_CORNERS, ROUND_CORNERS]))
    if kind == 0:
        return rectangle(area)
    return polygon(area, kind, {3: -np.pi / 2, 8: np.pi / 8}.get(kind, 0.0))


def barcode(page: Composer, area: Area) -> None:
    """Upright bars of four widths, side by side."""
    rng, (x, y0, x1, y1) = page.rng, area
    module = max((x1 - x) / float(rng.integers(45, 100)), 1.2)
    while x < x1 - 4 * module:
        width, gap = (rng.choice([1, 1, 2, 3], 2) * module).tolist()
        page.rule([(x + width / 2, y0), (x + width / 2, y1)], width)
        x += width + gap


def chequered(page: Composer, area: Area) -> None:
    """Squares as of a code that phones read, with three large ones in its corners."""
    rng, (x0, y0, x1, y1) = page.rng, area
    count = int(rng.integers(15, 26))
    side = min(x1 - x0, y1 - y0) / count
    dark = rng.uniform(size=(count, count)) < 0.5
    for top, left in ((0, 0), (0, count - 7), (count - 7, 0)):
        corner = np.ones((7, 7), np.bool_)
        corner[1:6, 1:6] = False
        corner[2:5, 2:5] = True
        dark[top : top + 7, left : left + 7] = corner
    for row in range(count):
        y = y0 + (row + 0.5) * side
        edges = np.flatnonzero(np.diff(np.concatenate([[0], dark[row].astype(int), [0]])))
        for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            page.rule([(x0 + (begin + 0.5) * side, y), (x0 + (end - 0.5) * side, y)], side)
