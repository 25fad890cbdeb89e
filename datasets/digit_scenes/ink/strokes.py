"""From the lines of a pen to ink on a canvas, at any thickness."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from digit_scenes.ink.pens import Ink

MIN_STROKE_PX = 1.2
"""Thinnest stroke in a picture: what is finer cannot be seen."""
FINE_STROKE_PX = 5.0
"""Strokes thinner than that are drawn four times as large and shrunk, others twice: a thickness is a whole number."""
FRACTION_BITS = 3
"""Of the fixed point numbers that OpenCV draws with."""


@dataclass(frozen=True)
class Nib:
    """What a page is written with."""

    thickness: float
    """Of its strokes, in heights of a digit."""
    softness: float
    """Standard deviation of the edge's blur, pixels."""
    hard: bool = False
    """Whether edges are hard, without any grey, as of a mouse in a simple drawing program."""


def draw_strokes(
    strokes: Sequence[NDArray[np.float64]], thickness: float, nib: Nib, canvas: tuple[int, int]
) -> Ink | None:
    """Ink along strokes, each (N, 2), in pixels of a canvas of (height, width); None where it is far off the canvas.

    thickness: pixels; at least MIN_STROKE_PX are drawn. A stroke whose points are all one is a dot.
    """
    thickness = max(thickness, MIN_STROKE_PX)
    points = np.concatenate(strokes)  # (all, 2)
    pad = thickness / 2 + 3 * nib.softness + 2
    low, high = points.min(0) - pad, points.max(0) + pad
    x0, y0 = max(math.floor(low[0]), -canvas[1] // 2), max(math.floor(low[1]), -canvas[0] // 2)
    x1, y1 = min(math.ceil(high[0]), canvas[1] * 3 // 2), min(math.ceil(high[1]), canvas[0] * 3 // 2)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return None
    larger = 1 if nib.hard else 4 if thickness < FINE_STROKE_PX else 2
    fine = np.zeros(((y1 - y0) * larger, (x1 - x0) * larger), np.uint8)
    width = max(round(thickness * larger), 1)
    for stroke in strokes:
        moved = ((stroke - (x0, y0) + 0.5) * larger - 0.5) * (1 << FRACTION_BITS)
        fixed = np.round(moved).astype(np.int32).reshape(-1, 1, 2)
        cv2.polylines(fine, [fixed], False, 255, width, cv2.LINE_8, FRACTION_BITS)
    if larger > 1:
        fine = cv2.resize(fine, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)
    if nib.softness > 0.2 and not nib.hard:
        fine = cv2.GaussianBlur(fine, (0, 0), nib.softness)
        if thickness < 3 * nib.softness:  # a blurred hair still is as dark in its middle
            fine = cv2.convertScaleAbs(fine, alpha=min(3 * nib.softness / thickness, 2.5))
    return Ink(np.asarray(fine, np.uint8), x0, y0)
