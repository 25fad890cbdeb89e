"""Boxes drawn tight around the ink in them, by the picture itself. No torch.

A detector tells where a digit ends from feature maps with a cell every four pixels, and is often a pixel off. Where the
surroundings are calm the pixels say it: a side of a box moves to where ink as dark, or as light, as that within ends.
Where they do not, next to a neighbour, a ruling or a texture, it stays.
"""

from __future__ import annotations

import cv2
import numpy as np

from detector.images import Picture
from detector.types import FloatArray

INK = 0.25  # of the strongest contrast in a box: from there on a pixel is ink, as in scenes and in MNIST's boxes
CONTRAST = 30  # grey levels; a box without as much is left as it is
REACH, LEAST = 0.04, 2  # how far a side may move inwards, in longer sides of the box and in pixels; outwards one less
BUSY = 0.3  # a box of whose surroundings more than this share is ink is left as it is


def whole_pixels(boxes: FloatArray, width: int, height: int) -> FloatArray:
    """Boxes (N, 4) in a picture of that size as ink has them, which fills whole pixels: rounded, and one at least."""
    low = np.rint(boxes[:, :2]).clip(0, [width - 1, height - 1])
    high = np.maximum(np.rint(boxes[:, 2:]).clip(0, [width, height]), low + 1)
    return np.concatenate([low, high], axis=1).astype(np.float32)


def snap_to_ink(image: Picture, boxes: FloatArray) -> FloatArray:
    """Boxes (N, 4) in uint8 (H, W, 3) RGB, in whole pixels, each side where ink ends if that is near and clear."""
    height, width = image.shape[:2]
    whole = whole_pixels(boxes, width, height).astype(np.int64).tolist()
    return np.array([_snapped(image, *box) for box in whole], np.float32).reshape(-1, 4)


def _snapped(image: Picture, x0: int, y0: int, x1: int, y1: int) -> tuple[int, int, int, int]:
    reach = max(LEAST, round(REACH * max(x1 - x0, y1 - y0)))
    left, top = max(0, x0 - reach - 1), max(0, y0 - reach - 1)
    around = cv2.cvtColor(image[top : y1 + reach + 1, left : x1 + reach + 1], cv2.COLOR_RGB2GRAY)
    beyond = (  # what is beside the box, but where the picture ends
        (y0 > reach, around[0]),
        (y1 + reach < image.shape[0], around[-1]),
        (x0 > reach, around[:, 0]),
        (x1 + reach < image.shape[1], around[:, -1]),
    )
    rim = np.sort(np.concatenate([around[:0, 0], *(side for there, side in beyond if there)]))
    if not len(rim):
        return x0, y0, x1, y1
    ground = int(rim[len(rim) // 2])
    contrast = cv2.absdiff(around, ground)
    columns, rows = slice(x0 - left, x1 - left), slice(y0 - top, y1 - top)
    strongest = int(contrast[rows, columns].max())
    least = INK * strongest
    calm = rim.searchsorted(ground + least, "right") - rim.searchsorted(ground - least)
    if strongest < CONTRAST or len(rim) - calm > BUSY * len(rim):
        return x0, y0, x1, y1
    across = (cv2.reduce(contrast[rows], 0, cv2.REDUCE_MAX)[0] >= least).tolist()
    down = (cv2.reduce(contrast[:, columns], 1, cv2.REDUCE_MAX)[:, 0] >= least).tolist()
    first, last = _ends(across, columns, reach)
    upper, lower = _ends(down, rows, reach)
    return left + first, top + upper, left + last, top + lower


def _ends(inked: list[bool], box: slice, reach: int) -> tuple[int, int]:
    """Where ink in a row of pixels begins and ends that fills about `box`."""
    first = _first(inked, box.start, reach)
    end = len(inked) - _first(inked[::-1], len(inked) - box.stop, reach)
    return (first, end) if first < end else (box.start, box.stop)


def _first(inked: list[bool], about: int, reach: int) -> int:
    """Where ink begins that begins about there; there, if it is not seen to begin within reach."""
    if not inked[about]:
        return next((i for i in range(about + 1, min(about + reach + 1, len(inked))) if inked[i]), about)
    for i in range(about - 1, about - reach - 1, -1):
        if i < 0 or not inked[i]:  # the picture begins there, or the ink
            return i + 1
    return about
