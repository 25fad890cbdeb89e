"""What paper and pens go through: folds and crumples, the writing of the other side, dry and hollow strokes.

Nothing here moves ink or adds any that could be read: boxes stay those of the ink as drawn.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from digit_scenes.ink.perspective import PaperPlacement
from digit_scenes.surface.paper import Colour, Picture, add_grain, smooth_field
from digit_scenes.surface.sheet import blend

Layer = NDArray[np.uint8]
"""(H, W): how much ink covers, or a shade that a picture is multiplied with."""
EVEN_SHADE = 128
"""The shade that leaves a picture as it is."""
CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
"""Of paper, see `PaperPlacement.in_picture`."""
MIN_INK_SHARE, MIN_SMALL_INK_SHARE = 0.6, 0.8
"""Least share of its ink that a broken stroke keeps: of digits of any size, and of small ones."""
SMALL_DIGIT_PX = 24
"""Digits lower than that are small."""
SHOW_THROUGH_SHARES = (0.04, 0.17)
"""Least and most that the other side's ink covers, in what ink on this side covers."""


def _fixed(points: NDArray[np.float64]) -> NDArray[np.int32]:
    """Points for OpenCV's drawing with three fractional bits."""
    return np.clip(np.round(points * 8), -(2**18), 2**18).astype(np.int32)


def folds(rng: np.random.Generator, size: tuple[int, int], page: PaperPlacement) -> Layer:
    """The shade of paper that was folded one to five times: bent at each fold, which has worn to a thin line."""
    height, width = size
    h, w = height // 4 + 1, width // 4 + 1
    rows, columns = np.arange(h, dtype=np.float32)[:, None] * 4, np.arange(w, dtype=np.float32)[None] * 4
    broad, worn = np.zeros((h, w), np.float32), np.full(size, EVEN_SHADE, np.uint8)
    strength = float(np.exp(rng.uniform(np.log(3), np.log(20))))
    evenly = rng.uniform() < 0.7  # a letter for its envelope; else any fold
    for _ in range(int(rng.integers(1, 6))):
        across = rng.uniform() < 0.5
        at = rng.choice([1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4]) if evenly else rng.uniform(0.05, 0.95)
        along = np.linspace(0, 1, 12)
        aside = at + rng.uniform(-1, 1) * (0.01 if evenly else 0.5) * (along - 0.5) + rng.normal(0, 0.0008, 12)
        points = page.in_picture(np.stack([along, aside] if across else [aside, along], 1))
        (x0, y0), direction = points[0], points[-1] - points[0]
        normal = np.array([-direction[1], direction[0]]) / max(float(np.hypot(*direction)), 1e-6)
        away = np.float32(normal[0]) * (columns - np.float32(x0)) + np.float32(normal[1]) * (rows - np.float32(y0))
        reach, sides = rng.uniform(0.03, 0.25) * max(size), rng.uniform(-1, 1, 2) * strength
        broad += np.where(away > 0, *sides.astype(np.float32)) * cv2.exp(np.abs(away) * np.float32(-1 / reach))
        thickness = 1 if rng.uniform() < 0.7 else 2
        for offset, grey in ((0.0, EVEN_SHADE - strength * rng.uniform(0.5, 2.2)), (1.0, EVEN_SHADE + strength * 1.5)):
            line = _fixed(points + normal * offset * thickness)
            cv2.polylines(worn, [line.reshape(-1, 1, 2)], False, grey, thickness, cv2.LINE_AA, 3)
    part = np.zeros((h, w), np.float32)
    cv2.fillConvexPoly(part, _fixed(page.in_picture(CORNERS) / 4), 1.0, cv2.LINE_8, 3)
    worn = cv2.GaussianBlur(worn, (0, 0), float(rng.uniform(0.5, 1.1)))
    bent = cv2.resize(broad * part, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.add(worn, bent, dtype=cv2.CV_8U))


def crumples(rng: np.random.Generator, size: tuple[int, int], page: PaperPlacement) -> Layer:
    """The shade of paper that was crumpled and smoothed out again: facets, each tilted another way to the light."""
    cells = int(rng.integers(3, 10))
    rough = float(np.exp(rng.uniform(np.log(2.5), np.log(10))))
    even = np.stack(np.meshgrid(np.arange(cells + 1), np.arange(cells + 1)), -1)  # (C + 1, C + 1, 2): x, y
    corners = even + rng.uniform(-0.46, 0.46, even.shape)  # of the cells, each moved a little
    corners[[0, -1], :, 1], corners[:, [0, -1], 0] = [[0], [cells]], [0, cells]
    points = _fixed(page.in_picture(corners.reshape(-1, 2) / cells))
    index = np.arange((cells + 1) ** 2).reshape(cells + 1, cells + 1)
    a, b, c, d = (x.ravel() for x in (index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]))
    other = (rng.uniform(size=len(a)) < 0.5)[:, None]  # the diagonal along which a cell is bent
    first = np.where(other, np.stack([a, b, c], 1), np.stack([a, b, d], 1))
    second = np.where(other, np.stack([a, c, d], 1), np.stack([b, c, d], 1))
    facets = np.concatenate([first, second])  # (F, 3)
    tilts = np.clip(rng.normal(0, rough, len(facets)), -2 * rough, 2 * rough)
    shades = EVEN_SHADE - 0.7 * rough + tilts  # darker on the whole: white paper cannot show the brighter ones
    layer = np.full(size, EVEN_SHADE, np.uint8)
    for triangle, shade in zip(points[facets], shades.tolist(), strict=True):
        cv2.fillConvexPoly(layer, triangle, shade, cv2.LINE_8, 3)
    layer = cv2.GaussianBlur(layer, (0, 0), float(rng.uniform(0.7, 3.5)))
    wide = cv2.resize(cv2.blur(layer[::4, ::4], (9, 9)), size[::-1], interpolation=cv2.INTER_LINEAR)
    edge = float(rng.uniform(0.1, 0.8))  # facets fall off from their edges, which are worn and catch the light
    swell = smooth_field(rng, size, cells) * np.float32(rough * rng.uniform(0.4, 1.2))
    return np.asarray(
        cv2.add(cv2.addWeighted(layer, 1 + edge, wide, -edge - 0.3, 0.3 * EVEN_SHADE), swell, dtype=cv2.CV_8U)
    )


def crease(rng: np.random.Generator, picture: Picture, page: PaperPlacement) -> Picture:
    """A picture (H, W, 3) of paper, ink and all, folded or crumpled. A new picture."""
    kind = folds if rng.uniform() < 0.6 else crumples
    shade = kind(rng, picture.shape[:2], page)
    return np.asarray(cv2.multiply(picture, cv2.merge([shade, shade, shade]), scale=1 / EVEN_SHADE))


def show_through(rng: np.random.Generator, picture: Picture, alpha: Layer, ink: Colour, page: PaperPlacement) -> None:
    """Let the writing of the other side shimmer through, in place: mirrored, blurred and pale.

    alpha: uint8 (H, W), what is written on this side, which stands for the other.
    """
    height, width = alpha.shape
    shift = rng.uniform(-0.25, 0.25, 2) * page.size[::-1]
    mirror = np.array([[-1, 0, page.size[1] + shift[0]], [0, 1, shift[1]], [0, 0, 1]])
    half = np.diag([0.5, 0.5, 1.0])  # half the size is enough for what is blurred
    turned = half @ page.matrix @ mirror @ np.linalg.inv(half @ page.matrix)
    size = (width // 2 + 1, height // 2 + 1)
    back = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
    back = cv2.GaussianBlur(cv2.warpPerspective(back, turned, size), (0, 0), float(rng.uniform(0.5, 1.8)))
    least, most = SHOW_THROUGH_SHARES
    cover = float(np.exp(rng.uniform(np.log(least), np.log(most))))
    back = cv2.resize(back, (width, height), interpolation=cv2.INTER_LINEAR)
    blend(picture, cv2.convertScaleAbs(back, alpha=cover), ink)


def _dry(rng: np.random.Generator, alpha: Layer) -> Layer:
    """Chalk, crayon, a dry marker: ink on the peaks of a rough ground alone."""
    height, width = alpha.shape
    fine = float(rng.choice([1.0, 1.0, 1.6, 2.2]))
    small = (round(height / fine) + 1, round(width / fine) + 1)
    ground = np.full((*small, 3), round(rng.uniform(120, 215)), np.uint8)
    ground = add_grain(rng, ground, float(rng.uniform(70, 170)), coloured=False, coarse=False)[..., 0]
    ground = cv2.resize(cv2.GaussianBlur(ground, (0, 0), 0.5), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.multiply(alpha, ground, scale=1 / 255))


def _hollow(rng: np.random.Generator, alpha: Layer, digit: float) -> Layer:
    """A ball pen or a split nib: two tracks, and less ink between them."""
    side = 3 if digit < 40 else 5
    core = cv2.erode(alpha, np.ones((side, side), np.uint8))
    return np.asarray(cv2.addWeighted(alpha, 1.0, core, -float(rng.uniform(0.35, 0.85)), 0.0))


def break_strokes(rng: np.random.Generator, alpha: Layer, digit: float) -> Layer:
    """Ink uint8 (H, W) of strokes gone dry or hollow, as a new layer.

    No pixel gains ink or loses all of it, and MIN_INK_SHARE of all ink is kept at least. digit: height of the smallest
    digit, pixels; small ones lose less.
    """
    worn = _dry(rng, alpha) if rng.uniform() < 0.65 else _hollow(rng, alpha, digit)
    kept = MIN_INK_SHARE if digit >= SMALL_DIGIT_PX else MIN_SMALL_INK_SHARE
    before, after = float(cv2.sumElems(alpha)[0]), float(cv2.sumElems(worn)[0])
    if after < kept * before:
        back = (kept * before - after) / (before - after)
        worn = cv2.addWeighted(alpha, back, worn, 1 - back, 0.5)  # never rounded down
    return np.minimum(np.maximum(worn, np.minimum(alpha, 1)), alpha)
