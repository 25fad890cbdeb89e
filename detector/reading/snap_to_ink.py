"""Move the sides of boxes to the ink in them, by the pixels of the picture. No torch.

A detector tells where a digit ends from feature maps with a cell every four pixels, and is often a pixel off. Where the
surroundings are calm, the pixels tell better: a side of the box moves to where the ink ends, dark on light or light on
dark. Next to a neighbour, a ruling or a texture the side stays.
"""

from __future__ import annotations

import cv2
import numpy as np

from detector.images import Picture
from detector.types import FloatArray

INK_CONTRAST_SHARE = 0.25  # of the strongest contrast in a box: from there a pixel is ink, as in scenes and in MNIST
MIN_CONTRAST_GREY = 30  # grey levels; a box without as much contrast is left as it is
REACH_SHARE = 0.04  # of the longer side of a box: how far a side may move inwards; outwards one pixel less
MIN_REACH_PX = 2  # even where that share is less
MAX_INKED_RIM_SHARE = 0.3  # a box with more ink than this share on the rim around it is left as it is


def whole_pixels(boxes: FloatArray, width: int, height: int) -> FloatArray:
    """Boxes (N, 4) rounded to whole pixels, inside a picture of width x height and at least one pixel wide and high."""
    low = np.rint(boxes[:, :2]).clip(0, [width - 1, height - 1])
    high = np.maximum(np.rint(boxes[:, 2:]).clip(0, [width, height]), low + 1)
    return np.concatenate([low, high], axis=1).astype(np.float32)


def snap_to_ink(image: Picture, boxes: FloatArray) -> FloatArray:
    """Boxes (N, 4) on uint8 (H, W, 3) RGB in whole pixels, each side where the ink ends if that is near and clear."""
    height, width = image.shape[:2]
    whole = whole_pixels(boxes, width, height).astype(np.int64).tolist()
    return np.array([_snapped(image, *box) for box in whole], np.float32).reshape(-1, 4)


def _snapped(image: Picture, x0: int, y0: int, x1: int, y1: int) -> tuple[int, int, int, int]:
    reach = max(MIN_REACH_PX, round(REACH_SHARE * max(x1 - x0, y1 - y0)))
    left, top = max(0, x0 - reach - 1), max(0, y0 - reach - 1)
    around = cv2.cvtColor(image[top : y1 + reach + 1, left : x1 + reach + 1], cv2.COLOR_RGB2GRAY)
    beside = (  # the pixels on each side of the box, unless the picture ends there
        (y0 > reach, around[0]),
        (y1 + reach < image.shape[0], around[-1]),
        (x0 > reach, around[:, 0]),
        (x1 + reach < image.shape[1], around[:, -1]),
    )
    rim = np.sort(np.concatenate([around[:0, 0], *(side for inside, side in beside if inside)]))
    if not len(rim):
        return x0, y0, x1, y1
    ground = int(rim[len(rim) // 2])
    contrast = cv2.absdiff(around, ground)
    columns, rows = slice(x0 - left, x1 - left), slice(y0 - top, y1 - top)
    strongest = int(contrast[rows, columns].max())
    least = INK_CONTRAST_SHARE * strongest
    calm = rim.searchsorted(ground + least, "right") - rim.searchsorted(ground - least)
    if strongest < MIN_CONTRAST_GREY or len(rim) - calm > MAX_INKED_RIM_SHARE * len(rim):
        return x0, y0, x1, y1
    across = (cv2.reduce(contrast[rows], 0, cv2.REDUCE_MAX)[0] >= least).tolist()
    down = (cv2.reduce(contrast[:, columns], 1, cv2.REDUCE_MAX)[:, 0] >= least).tolist()
    first, last = _ends(across, columns, reach)
    upper, lower = _ends(down, rows, reach)
    return left + first, top + upper, left + last, top + lower


def _ends(inked: list[bool], box: slice, reach: int) -> tuple[int, int]:
    """Where ink that fills about `box` begins and ends. inked: which pixels of a row or column are ink."""
    first = _first(inked, box.start, reach)
    end = len(inked) - _first(inked[::-1], len(inked) - box.stop, reach)
    return (first, end) if first < end else (box.start, box.stop)


def _first(inked: list[bool], about: int, reach: int) -> int:
    """Where ink begins within reach of `about`; `about` itself if it does not begin there."""
    if not inked[about]:
        return next((i for i in range(about + 1, min(about + reach + 1, len(inked))) if inked[i]), about)
    for i in range(about - 1, about - reach - 1, -1):
        if i < 0 or not inked[i]:  # the picture begins there, or the ink
            return i + 1
    return about
