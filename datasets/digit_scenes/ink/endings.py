"""What hands in a hurry put within and after amounts, with the stroke of their digits: points, commas, dashes.

Each sign is a field, see `pens`, that falls from its middle lines to both sides. So any pen leaves it whole, and as
thick as the digits beside it.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from digit_scenes.ink.clutter import SIGN_HEIGHT_PX
from digit_scenes.ink.pens import Field

DIGIT_HEAD_PX, DIGIT_FOOT_PX = 9.0, 55.0
"""From where to where a digit beside these signs reaches, in rows of their fields."""
ENDING_WIDTH_PX = 144
"""Width of the fields of endings."""
ENDING_KINDS = ("dash", "point dash", "double dash", "point double", "point", "wave", "zigzag")
ENDING_SHARES = (0.3, 0.24, 0.2, 0.08, 0.08, 0.05, 0.05)
"""How often each kind comes."""
Points = NDArray[np.float64]


def ending(rng: np.random.Generator, broad: bool) -> Field:
    """What ends an amount, uint8 (64, 144). broad: whether the digits beside it have MNIST's own stroke."""
    kind = str(rng.choice(ENDING_KINDS, p=ENDING_SHARES))
    strokes: list[Points] = []
    x = 10.0
    if kind.startswith("point"):
        strokes.append(_point(rng, x))
        x += rng.uniform(2, 18)
    if kind.endswith("dash") or kind == "point double":
        length, rise = float(np.exp(rng.uniform(np.log(11), np.log(70)))), float(rng.normal(0.12, 0.2))
        y = rng.uniform(DIGIT_HEAD_PX + 10, DIGIT_FOOT_PX - 7)
        strokes.append(_dash(rng, x, y, length, rise))
        if "double" in kind:
            apart = rng.uniform(7, 17) * (1 if y < 36 else -1)
            longer = length * rng.uniform(0.6, 1.3)
            strokes.append(_dash(rng, x + rng.normal(0, 4), y + apart, longer, rise + rng.normal(0, 0.08)))
    elif kind == "wave":
        t, wide = np.linspace(0, 1, 20), rng.uniform(24, 80)
        waves = rng.uniform(24, 44) + rng.uniform(1.5, 7) * np.sin(t * rng.uniform(4, 11) + rng.uniform(0, 6))
        strokes.append(np.stack([x + t * wide, waves], 1))
    elif kind == "zigzag":  # a double dash in one stroke, flat enough to be no 2
        wide, y, apart = rng.uniform(24, 48), rng.uniform(24, 40), rng.uniform(5, 11)
        corners = [(x, y), (x + wide, y - rng.uniform(0, 5)), (x + rng.uniform(0, 6), y + apart), (x + wide, y + apart)]
        strokes.append(np.array(corners))
    return _tents(rng, strokes, ENDING_WIDTH_PX, broad)


def point(rng: np.random.Generator, broad: bool) -> Field:
    """A point or comma at the digits' feet, uint8 (64, 64). broad: see `ending`."""
    return _tents(rng, [_point(rng, 32.0)], SIGN_HEIGHT_PX, broad)


def _point(rng: np.random.Generator, x: float) -> Points:
    """A dot, a short stroke in any direction, or a comma, which may hook: (N, 2)."""
    kind, y = rng.uniform(), DIGIT_FOOT_PX - rng.uniform(-3, 8)
    if kind < 0.4:
        return np.array([[x, y], [x + rng.uniform(0, 2), y + rng.uniform(0, 2)]])
    if kind < 0.65:
        turn, half = rng.uniform(0, np.pi), rng.uniform(1.5, 5)
        return np.array([[x, y], [x + np.cos(turn) * 2 * half, min(y + np.sin(turn) * half, SIGN_HEIGHT_PX - 3.0)]])
    drop, back = rng.uniform(5, 14), rng.uniform(1, 9)
    top = y - drop * rng.uniform(0.3, 0.8)
    hook = [[x - rng.uniform(1, 5), top + rng.uniform(0, 3)]] if rng.uniform() < 0.4 else []
    bend = x + rng.uniform(-1, 2)
    return np.array([*hook, [x, top], [bend, top + drop * 0.5], [x - back, min(top + drop, SIGN_HEIGHT_PX - 3.0)]])


def _dash(rng: np.random.Generator, x: float, y: float, length: float, rise: float) -> Points:
    """A stroke to the right from (x, y), level or rising, a little bowed, with a hook at an end or none: (N, 2)."""
    t = np.linspace(0, 1, 9)
    bow = rng.normal(0, 0.06) * length
    line = np.stack([x + t * length, y - t * rise * length + 4 * bow * t * (1 - t)], 1)
    hook = np.array([[rng.uniform(-4, 3), rng.uniform(2, 7) * rng.choice((-1, 1))]])
    kind = rng.uniform()
    if kind < 0.12:
        line = np.concatenate([line[:1] + hook, line])
    elif kind < 0.24:
        line = np.concatenate([line, line[-1:] - hook])
    return line.clip((2, 2), (ENDING_WIDTH_PX - 4, SIGN_HEIGHT_PX - 3))


def _tents(rng: np.random.Generator, strokes: list[Points], width: int, broad: bool) -> Field:
    """Strokes as a field, uint8 (64, width): 255 along their lines, falling to 0 within about five pixels."""
    lines = np.full((SIGN_HEIGHT_PX, width), 255, np.uint8)
    for stroke in strokes:
        cv2.polylines(lines, [np.round(stroke * 8).astype(np.int32)[:, None]], False, 0, 1, cv2.LINE_8, 3)
    away = cv2.distanceTransform(lines, cv2.DIST_L2, 5)
    core = rng.uniform(1.0, 2.6) if broad else rng.uniform(0.0, 1.2)  # pixels to each side that are as dark
    return np.asarray(cv2.convertScaleAbs(cv2.GaussianBlur((1 - (away - core) / 5).clip(0, 1), (0, 0), 0.8), alpha=255))
