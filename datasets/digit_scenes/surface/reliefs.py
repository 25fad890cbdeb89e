"""Reliefs: grey levels, uint8 (side, side), that textures are made of, and what draws them.

A kind of relief is a function of a generator and a side. None shows a digit: bars and rings come in rows, grids or
heaps, never alone, since a lone stroke on blank ground is a 1.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Relief = NDArray[np.uint8]
Kind = Callable[[np.random.Generator, int], Relief]
FRACTIONAL_BITS = 3
"""Of the coordinates that OpenCV draws at: an eighth of a pixel."""


def random_length_px(rng: np.random.Generator, low: float, high: float) -> int:
    """A length in pixels, as often between 10 and 20 as between 40 and 80."""
    return round(float(np.exp(rng.uniform(np.log(low), np.log(high)))))


def random_grey(rng: np.random.Generator, low: int = 0, high: int = 256) -> int:
    """A grey level from `low` to below `high`."""
    return int(rng.integers(low, high))


def mottled(rng: np.random.Generator, side: int, cells: int, middle: int, swing: int) -> Relief:
    """An uneven ground, `cells` spots across, whose grey levels differ from `middle` by up to `swing`."""
    spots = rng.integers(max(middle - swing, 0), min(middle + swing, 255) + 1, (cells, cells), dtype=np.uint8)
    return np.asarray(cv2.resize(spots, (side, side), interpolation=cv2.INTER_CUBIC))


def tiled(rng: np.random.Generator, tile: Relief, side: int) -> Relief:
    """A tile repeated all over, from a random place on."""
    height, width = tile.shape
    y, x = int(rng.integers(height)), int(rng.integers(width))
    return np.tile(tile, (side // height + 2, side // width + 2))[y : y + side, x : x + side].copy()


def curve(canvas: Relief, points: NDArray[np.float64], level: int, thickness: int) -> None:
    """Draw a polyline through points (N, 2), x and y in pixels, in place."""
    fixed = np.round(points * (1 << FRACTIONAL_BITS)).astype(np.int32).reshape(-1, 1, 2)
    cv2.polylines(canvas, [fixed], False, level, thickness, cv2.LINE_AA, FRACTIONAL_BITS)


def disc(canvas: Relief, x: float, y: float, rx: float, ry: float, level: int, thickness: int = -1) -> None:
    """Draw an ellipse of radii rx and ry around (x, y), pixels, in place; thickness -1 fills it."""
    one = 1 << FRACTIONAL_BITS
    centre, axes = (round(x * one), round(y * one)), (max(round(rx * one), one), max(round(ry * one), one))
    cv2.ellipse(canvas, centre, axes, 0, 0, 360, level, thickness, cv2.LINE_AA, FRACTIONAL_BITS)
