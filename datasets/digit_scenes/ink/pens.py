"""From a 28x28 digit to ink on a canvas, with any pen.

A digit becomes a *field*: how much the pen was here, smooth, about twice MNIST's resolution. Cutting the field at a
level gives the stroke: a high level a thin pen, a low level a thick one, sharp at any size because the cut is made
after the field has been brought to the canvas. A pen as thin as a hair takes a field of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from digit_scenes.glyphs.digits import DIGIT_SIDE_PX

FIELD_SIDE_PX = 64
"""Width and height of a digit's field."""
FINE_FIELD_SCALE = 2
"""How many times larger a fine field is than the one that it is made of."""
FIELD_SCALE = FIELD_SIDE_PX / DIGIT_SIDE_PX
"""How many times larger a field is than the picture of its digit."""
WARP_COUNT = 256
"""Ready-made elastic deformations to choose from."""
RIDGE_WIDTHS = (0.05, 0.078, 0.116, 0.15, 0.181, 0.212, 0.243, 0.308)
"""Thickness of the strokes of digits, in their heights, where their ridges are cut at RIDGE_LEVELS: measured."""
PLAIN_WIDTHS = (0.089, 0.107, 0.12, 0.132, 0.143, 0.155, 0.161, 0.174)
"""The same of digits as they are, where their fields are cut at PLAIN_LEVELS."""
PLAIN_LEVELS = (0.86, 0.75, 0.65, 0.55, 0.45, 0.35, 0.3, 0.2)
RIDGE_LEVELS = (0.92, 0.86, 0.75, 0.65, 0.55, 0.45, 0.35, 0.2)
Field = NDArray[np.uint8]


@dataclass(frozen=True)
class Pen:
    """How a field is cut."""

    level: float
    """Where, in (0, 1): 0.35 for a marker, 0.9 for a hard pencil."""
    softness: float
    """Width of the stroke's edge, pixels."""
    redrawn: bool
    """True cuts the ridge of the stroke, so that it stays whole however thin; False keeps MNIST's own stroke."""


@dataclass(frozen=True, eq=False)
class Ink:
    """Ink on the canvas."""

    alpha: NDArray[np.uint8]
    """uint8 (H, W), 255 where the ink covers all."""
    x: int
    """Column of its first pixel on the canvas."""
    y: int
    """Row of its first pixel on the canvas."""


@lru_cache(maxsize=2)
def _elastic_maps(strength: float) -> NDArray[np.float32]:
    """Smooth deformations, as sampling maps from field to MNIST pixels: float32 (WARP_COUNT, 64, 64, 2), x and y.

    strength: 1 for points that move by up to about 1.5 MNIST pixels, less for less.
    """
    rng = np.random.default_rng(20240229)
    centre = (np.arange(FIELD_SIDE_PX, dtype=np.float32) + 0.5) / FIELD_SCALE - 0.5
    straight = np.stack(np.meshgrid(centre, centre), -1)  # (64, 64, 2): x, y
    maps = np.empty((WARP_COUNT, FIELD_SIDE_PX, FIELD_SIDE_PX, 2), np.float32)
    for i in range(WARP_COUNT):
        coarse = rng.standard_normal((5, 5, 2)).astype(np.float32)
        maps[i] = straight + cv2.resize(coarse, (FIELD_SIDE_PX, FIELD_SIDE_PX), interpolation=cv2.INTER_CUBIC) * (
            rng.uniform(0.0, 0.9) * strength
        )
    return maps


def ridge(field: NDArray[np.uint8], size: int, sigma: float) -> NDArray[np.uint8]:
    """Where in its stroke each pixel lies: 255 on the middle line, less to the sides, however wide it is."""
    smooth = cv2.GaussianBlur(field, (0, 0), sigma)
    local = cv2.GaussianBlur(cv2.dilate(smooth, np.ones((size, size), np.uint8)), (0, 0), sigma)
    return np.asarray(cv2.divide(smooth, cv2.max(local, 60), scale=255))


def digit_field(image: NDArray[np.uint8], redrawn: bool, warp: int | None, strength: float = 1.0) -> Field:
    """The field of a digit, uint8 (64, 64).

    warp: index of an elastic deformation, None for none. strength: of the deformation, in [0, 1].
    """
    source = ridge(image, 5, 1.1) if redrawn else image
    smoothness = cv2.INTER_LINEAR if redrawn else cv2.INTER_CUBIC  # a ridge is smooth already
    if warp is None:
        return np.asarray(cv2.resize(source, (FIELD_SIDE_PX, FIELD_SIDE_PX), interpolation=smoothness))
    return np.asarray(cv2.remap(source, _elastic_maps(strength)[warp % WARP_COUNT], None, smoothness))


@lru_cache(maxsize=1)
def _peeled() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """For each neighbourhood, bits clockwise from the top left, whether both passes of `thinned` keep its middle."""
    bits = (np.arange(256)[:, None] >> np.arange(8)) & 1  # (256, 8)
    count, rises = bits.sum(1), ((bits == 0) & (np.roll(bits, -1, 1) == 1)).sum(1)
    edge = (count >= 2) & (count <= 6) & (rises == 1)
    top, right, bottom, left = (bits[:, i] == 1 for i in (1, 3, 5, 7))
    first = edge & ~(top & right & bottom) & ~(right & bottom & left)
    second = edge & ~(top & right & left) & ~(top & bottom & left)
    return (~first).astype(np.uint8), (~second).astype(np.uint8)


def thinned(shape: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A shape, 1 in 0, down to lines one pixel wide that hang together as it did.

    Zhang and Suen, "A fast parallel algorithm for thinning digital patterns" (1984).
    """
    weights = np.array([[1, 2, 4], [128, 0, 8], [64, 32, 16]], np.float32)
    while True:
        before = shape
        for kept in _peeled():
            around = cv2.filter2D(shape, cv2.CV_8U, weights, borderType=cv2.BORDER_CONSTANT)
            shape = cv2.bitwise_and(shape, cv2.LUT(around, kept))
        if np.array_equal(shape, before):
            return shape


def fine_field(field: Field) -> Field:
    """The field of the same stroke, uint8 (128, 128), that stays whole however high it is cut.

    A ridge that was found in grey values breaks into dots above a level of 0.86. This one is the distance to the middle
    line of the stroke: cut at 0.9, it is a hair one pixel wide.
    """
    large = cv2.resize(field, None, fx=FINE_FIELD_SCALE, fy=FINE_FIELD_SCALE, interpolation=cv2.INTER_LINEAR)
    return line_field(large)


def line_field(field: Field, reach: float = 5.0) -> Field:
    """A field of the same stroke, of the same size: 255 on its middle line, falling to 0 within `reach` pixels."""
    lines = thinned((field > 115).astype(np.uint8))
    away = cv2.distanceTransform(1 - lines, cv2.DIST_L2, 5)  # pixels
    tent = cv2.GaussianBlur((1 - away / reach).clip(0), (0, 0), 1.0)
    return np.asarray(cv2.convertScaleAbs(tent, alpha=255 / float(max(tent.max(), 0.5))))


def embellish(field: Field, digit: int, rng: np.random.Generator) -> Field:
    """Forms that MNIST hardly has: the crossed 7, the 1 with a flag or a foot, the slashed 0. A new field."""
    ys, xs = np.nonzero(field > 128)
    if len(ys) == 0:
        return field
    top, bottom = int(ys.min()), int(ys.max())
    height = bottom - top
    field = field.copy()
    width = 5

    def stroke(x0: float, y0: float, x1: float, y1: float) -> None:
        cv2.line(field, (round(x0), round(y0)), (round(x1), round(y1)), 255, width, cv2.LINE_AA)

    if digit == 7:
        y = top + height * rng.uniform(0.42, 0.62)
        row = xs[np.abs(ys - y) < 2]
        if len(row):
            half, tilt = height * rng.uniform(0.16, 0.3), height * rng.uniform(-0.1, 0.06)
            stroke(row.mean() - half, y - tilt, row.mean() + half, y + tilt)
    elif digit == 1:
        kind = rng.uniform()
        head, foot = xs[ys <= top + 3].mean(), xs[ys >= bottom - 3].mean()
        if kind < 0.8:
            reach, drop = height * rng.uniform(0.15, 0.42), height * rng.uniform(0.08, 0.36)
            stroke(head, top + 2, head - reach, top + drop)
        if kind > 0.6:
            stroke(
                foot - height * rng.uniform(0.12, 0.3), bottom - 1, foot + height * rng.uniform(0.12, 0.3), bottom - 1
            )
    elif digit == 0:
        x0, x1 = float(xs.min()), float(xs.max())
        stroke(x1 - 4, top + height * 0.15, x0 + 4, bottom - height * 0.15)
    return np.asarray(cv2.GaussianBlur(field, (0, 0), 1.0))


def draw(field: Field, matrix: NDArray[np.float64], pen: Pen, canvas: tuple[int, int]) -> Ink | None:
    """Bring a field onto the canvas and cut its stroke.

    matrix: (2, 3), from field pixels (centres at whole numbers) to canvas pixels. canvas: height, width.
    Returns the ink clipped to half a canvas beyond its borders, or None where nothing comes near the canvas.
    """
    height, width = field.shape
    (a, b, u), (c, d, v) = matrix.tolist()
    x0 = max(math.floor(u + min(a * width, 0) + min(b * height, 0)) - 1, -canvas[1] // 2)
    y0 = max(math.floor(v + min(c * width, 0) + min(d * height, 0)) - 1, -canvas[0] // 2)
    x1 = min(math.ceil(u + max(a * width, 0) + max(b * height, 0)) + 2, canvas[1] * 3 // 2)
    y1 = min(math.ceil(v + max(c * width, 0) + max(d * height, 0)) + 2, canvas[0] * 3 // 2)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return None
    scale = math.sqrt(abs(a * d - b * c))  # canvas pixels a field pixel
    oversample = 1 if scale > 0.45 else 2  # a thin stroke between two samples would be lost
    shifted = matrix.copy()
    shifted[:, 2] -= (x0, y0)
    if oversample > 1:
        shifted = shifted * oversample
        shifted[:, 2] += (oversample - 1) / 2
    size = ((x1 - x0) * oversample, (y1 - y0) * oversample)
    there = cv2.warpAffine(field, shifted, size, flags=cv2.INTER_LINEAR)
    # a field falls from 1 to 0 over about five of its pixels; the stroke's edge shall take `softness` canvas pixels
    gain = max(1.0, 5.0 * scale * oversample / max(pen.softness * oversample, 1.0))
    start = max(pen.level - 0.5 / gain, 0.06)  # where ink begins; never so low that bare paper takes on ink
    alpha = cv2.convertScaleAbs(cv2.subtract(there, 255 * start), alpha=gain)
    if oversample > 1:
        alpha = cv2.resize(alpha, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)
    return Ink(alpha, x0, y0)
