"""Draws real ink as pictures like MNIST's: the ways of pens with any pen, bitmaps smoothly.

Each sample is drawn several times: as another hand of the same school has it, a little wider, slanted and bent, with
another pen. What it is made of stays real: where strokes begin and end, in which way they bend, where they meet.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from digit_scenes.chance import happens
from digit_scenes.glyphs.forms.drawn import (
    FINE_SIDE_PX,
    FRACTION_BITS,
    MAX_INK_WIDTH_PX,
    OVERSAMPLING,
    bend_strokes,
    fixed_points,
    shrunk,
)
from digit_scenes.glyphs.ink_files import Bitmap, Stroke, Strokes

INK_HEIGHT_PX = (18.5, 21.0)
"""Least and greatest height of a digit's ink, pixels of a 28x28 picture. MNIST's have 20."""
STEP_HEIGHTS = 0.05
"""Distance of the points that a stroke is drawn through, in heights of its digit."""
MAX_POINTS = 120
"""Most points of a stroke: longer ones have them further apart."""
POINTS_PER_PRESSURE = 5
"""Points along which a pen is pressed equally."""
UNSTEADINESS = 0.7
"""How far samples are bent, as a multiple of the first edition of drawn digits."""
SMOOTHNESS_PX = 0.7
"""How far the edge of a bitmap is smoothed, pixels of a 28x28 picture."""
SQUARE_WIDTHS = {1: (0.35, 0.6)}
"""Least and greatest width of a digit that was stretched to a square, as a share of the square; see OTHER_WIDTHS."""
OTHER_WIDTHS = (0.62, 0.9)
"""The same of all other digits."""


def smooth(stroke: Stroke, step: float) -> Stroke:
    """The stroke as points `step` apart on a Catmull-Rom curve through its own."""
    moved = np.abs(np.diff(stroke, axis=0)).sum(1) > 0
    own = stroke[np.concatenate([[True], moved])]  # a pen that rests gives the same point again and again
    if len(own) == 1:
        return np.repeat(own, 2, 0)
    lengths = np.hypot(*np.diff(own, axis=0).T)  # (P - 1,)
    before, after = np.concatenate([own[:1], own[:-2]]), np.concatenate([own[2:], own[-1:]])
    pieces = int(np.clip(np.ceil(lengths.max() / step), 1, 16))
    t = (np.arange(pieces) / pieces)[:, None, None]
    weights = (-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2)
    around = (before, own[:-1], own[1:], after)  # each (P - 1, 2)
    curve = sum((weight * points for weight, points in zip(weights, around, strict=True)), np.zeros(2)) / 2
    curve = np.concatenate([curve.swapaxes(0, 1).reshape(-1, 2), own[-1:]])
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(curve, axis=0).T))])
    count = int(np.clip(np.ceil(along[-1] / step) + 1, 2, MAX_POINTS))
    even = np.linspace(0, along[-1], count)
    return np.stack([np.interp(even, along, curve[:, 0]), np.interp(even, along, curve[:, 1])], -1)


def in_heights(strokes: Strokes) -> list[Stroke]:
    """Strokes in heights of what they write: its top is y = 0, its foot y = 1, the leftmost x = 0. Smoothed.

    What is much wider than high keeps its shape: it is five wide at most.
    """
    whole = np.concatenate(strokes)
    low, size = whole.min(0), np.ptp(whole, axis=0)
    height = max(float(size[1]), float(size[0]) / 5, 1e-9)
    return [smooth((stroke - low) / height, STEP_HEIGHTS) for stroke in strokes]


def _square_width(rng: np.random.Generator, label: int) -> float:
    """How wide a digit may have been that was stretched to a square, as a share of it."""
    return float(rng.uniform(*SQUARE_WIDTHS.get(label, OTHER_WIDTHS)))


def draw_strokes(
    rng: np.random.Generator, strokes: Strokes, count: int, label: int = 0, square: bool = False
) -> NDArray[np.uint8]:
    """`count` pictures of a sample, each bent and in a pen of its own: uint8 (count, 28, 28), the ink in the middle.

    label: the digit. square: whether it was stretched to fill a square, so that its width has to be guessed.
    """
    widths = [_square_width(rng, label) if square else 1.0 for _ in range(count)]
    even = in_heights(strokes)
    ways = [np.stack([stroke * (width, 1) for width in widths]) for stroke in even]  # each (count, P, 2)
    ways = bend_strokes(rng, ways, UNSTEADINESS)
    height = rng.uniform(*INK_HEIGHT_PX, count)
    pen = np.minimum(1.7 + 1.9 * rng.uniform(0, 1, count) ** 2, 0.16 * height)  # loops stay open
    swing, turns = rng.uniform(0, 0.35, count), rng.uniform(0.5, 2.5, count)
    phase = rng.uniform(0, 1, count)
    fixed = fixed_points(ways, height, pen * (1 + swing))
    canvas = np.zeros((count, FINE_SIDE_PX, FINE_SIDE_PX), np.uint8)
    for i in range(count):
        pressed = happens(rng, 0.5)
        for stroke in fixed:
            for start in range(0, stroke.shape[1] - 1, POINTS_PER_PRESSURE if pressed else MAX_POINTS):
                part = stroke[i, start : start + POINTS_PER_PRESSURE + 1] if pressed else stroke[i]
                wave = np.sin(2 * np.pi * (turns[i] * start / stroke.shape[1] + phase[i])) if pressed else 0.0
                width = max(round(float(pen[i] * (1 + swing[i] * wave)) * OVERSAMPLING), 1)
                cv2.polylines(canvas[i], [part], False, 255, width, cv2.LINE_8, FRACTION_BITS)
    return shrunk(canvas)


def draw_bitmap(rng: np.random.Generator, bitmap: Bitmap, count: int, label: int, square: bool) -> NDArray[np.uint8]:
    """`count` pictures of a bitmap, each a little wider or slanted, bolder or lighter: uint8 (count, 28, 28).

    label, square: see `draw_strokes`.
    """
    ys, xs = np.nonzero(bitmap)
    y0, x0 = int(ys.min()), int(xs.min())
    ink = bitmap[y0 : ys.max() + 1, x0 : xs.max() + 1]
    rows, columns = ink.shape
    grown = FINE_SIDE_PX / max(rows, columns)  # pixels of the large picture a bit
    padded = np.pad(ink, 3).astype(np.float32)
    large = cv2.resize(padded, None, fx=grown, fy=grown, interpolation=cv2.INTER_CUBIC)
    soft = cv2.GaussianBlur(large, (0, 0), SMOOTHNESS_PX * rows / INK_HEIGHT_PX[1] * grown)
    pictures = np.empty((count, FINE_SIDE_PX, FINE_SIDE_PX), np.uint8)
    axis = np.arange(FINE_SIDE_PX, dtype=np.float32) - (FINE_SIDE_PX - 1) / 2
    for i in range(count):
        height = rng.uniform(*INK_HEIGHT_PX) * OVERSAMPLING
        wide = columns / rows * float(np.exp(rng.normal(0, 0.08)))
        if square:
            wide *= _square_width(rng, label)
        slant = float(rng.normal(0.03, 0.08))
        height *= min(1.0, MAX_INK_WIDTH_PX * OVERSAMPLING / (height * (wide + abs(slant))))
        u = (axis[None] + slant * axis[:, None]) * (columns * grown / (height * wide)) + (soft.shape[1] - 1) / 2
        v = np.repeat(axis[:, None], FINE_SIDE_PX, 1) * (rows * grown / height) + (soft.shape[0] - 1) / 2
        fields = cv2.remap(soft, u.astype(np.float32), v.astype(np.float32), cv2.INTER_LINEAR)
        cut, edge = rng.uniform(0.38, 0.54), 6.0  # grey levels rise from 0 to 1 over a sixth of the field's range
        pictures[i] = ((fields - cut) * edge + 0.5).clip(0, 1) * 255
    return shrunk(pictures)
