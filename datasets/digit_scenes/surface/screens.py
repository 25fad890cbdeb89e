"""Photographs of displays: the grid of pixels, the bands where it beats with the camera's, glow and tint.

All of these are waves. A wave cos(a(x) + b(y)) is the product of an (H, 2) and a (2, W) matrix, so a single matrix
product makes the mask of any number of waves.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from digit_scenes.surface.paper import Picture

Floats = NDArray[np.floating]
COLOUR_OFFSETS = np.arange(3, dtype=np.float32) / 3
"""Where red, green and blue lie in a display's pixel, in pixels of the display: side by side."""


def _mask(waves: list[tuple[Floats, Floats, Floats]], tint: NDArray[np.float64]) -> NDArray[np.float32]:
    """Factors around 1, float32 (H, W, 3), that a picture is multiplied with.

    waves: of each the phase by row (H,) and by column and colour (W, 3), in turns, and the strength by colour (3,).
    tint: a factor by colour (3,).
    """
    down, across = [np.ones_like(waves[0][0])], [np.ones_like(waves[0][1])]
    for rows, columns, strength in waves:
        y, x = rows * np.float32(2 * np.pi), columns * np.float32(2 * np.pi)
        down += [np.cos(y), -np.sin(y)]
        across += [np.cos(x) * strength, np.sin(x) * strength]
    left = np.stack(down, 1).astype(np.float32)  # (H, 1 + 2 waves)
    right = (np.stack(across) * tint).astype(np.float32)  # (1 + 2 waves, W, 3)
    return (left @ right.reshape(len(right), -1)).reshape(len(left), -1, 3)


def screen(rng: np.random.Generator, picture: Picture) -> Picture:
    """A picture (H, W, 3) as a display shows it to a camera. A new picture."""
    height, width = picture.shape[:2]
    y, x = np.arange(height, dtype=np.float32), np.arange(width, dtype=np.float32)[:, None]
    waves: list[tuple[Floats, Floats, Floats]] = []
    period, tilt = rng.uniform(2.0, 3.5), rng.normal(0, 0.02)
    strength = rng.uniform(0.03, 0.16)
    striped = COLOUR_OFFSETS * (rng.uniform() < 0.7)
    ones = np.ones(3, np.float32)
    waves.append((y * np.float32(tilt), x / np.float32(period) + striped, ones * np.float32(strength)))
    if rng.uniform() < 0.6:  # gaps between rows
        across = np.float32(-tilt) * x + 0 * COLOUR_OFFSETS
        waves.append((y / np.float32(period), across, ones * np.float32(strength * rng.uniform(0.3, 1.0))))
    for _ in range(int(rng.integers(0, 3))):  # moire: bent, since the lens bends the grid a little
        turns = rng.uniform(2, 14) * np.exp(rng.uniform(-0.5, 0.5)) / max(height, width)
        angle, bend = rng.uniform(0, 2 * np.pi), rng.uniform(-1.2, 1.2, 2) / max(height, width) ** 2
        rows = y * np.float32(turns * np.sin(angle)) + (y - height / 2) ** 2 * np.float32(bend[0])
        columns = x * np.float32(turns * np.cos(angle)) + (x - width / 2) ** 2 * np.float32(bend[1])
        colourful = np.float32(rng.choice([0.15, 0.5, 1.0]))
        waves.append((rows, columns + COLOUR_OFFSETS * colourful, ones * np.float32(rng.uniform(0.015, 0.08))))
    tint = np.exp(rng.normal(0, 0.03, 3)) * (1.0, 1.0, 1.08) if rng.uniform() < 0.6 else np.ones(3)
    if rng.uniform() < 0.5:  # light spreads in the glass
        small = cv2.resize(picture, (width // 4 + 1, height // 4 + 1), interpolation=cv2.INTER_AREA)
        glow = cv2.resize(cv2.blur(small, (5, 5)), (width, height), interpolation=cv2.INTER_LINEAR)
        share = float(rng.uniform(0.03, 0.15))
        picture = cv2.addWeighted(picture, 1 - share, glow, share, 0.0)
    return np.asarray(cv2.multiply(picture, _mask(waves, tint), dtype=cv2.CV_8U))
