"""Between which digits of a picture a ruling runs: what `joining` is told of the pixels. OpenCV and NumPy, no torch."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from detector.images import Picture
from detector.reading.rulings import ruling_strengths
from detector.rotation import turned_boxes, turned_picture
from detector.types import Detections, FloatArray, IntArray

MIN_SCORE = 0.2  # of a digit beside which a ruling is looked for
MIN_STRENGTH = 0.25  # of what is a ruling perhaps; the rest is forgotten
SAME_LINE_HEIGHTS = 0.7  # how much higher or lower the next digit of a line may stand, in heights, ...
SAME_LINE_SLOPE = 0.3  # ... and how much more for each pixel that it is away
REACH_HEIGHTS = 8.0  # from middle to middle; further away, digits are not one number anyway
BLOCK_DIGITS = 512  # that are compared with all others at a time, to bound the memory
MIN_ROOM_HEIGHTS = 0.2  # between digits; with less, hardly a ruling fits in
MARGIN_HEIGHTS = 2.0  # of the picture around all digits that is looked at


def with_rulings(image: Picture, found: Detections) -> Detections:
    """What was found, with the rulings between neighbouring digits, see Detections.ruled.

    image: uint8 (H, W, 3) RGB, or grey (H, W).
    """
    digits = found.digits()
    digits = digits[digits.scores >= MIN_SCORE]
    if len(digits) < 2:
        return found
    height, width = image.shape[:2]
    boxes = turned_boxes(digits.boxes, found.turned, width, height)
    pairs = _neighbours(boxes)
    if not len(pairs):
        return found
    upright = turned_picture(image, found.turned)
    margin = MARGIN_HEIGHTS * float((boxes[:, 3] - boxes[:, 1]).max())
    x0, y0 = np.maximum(boxes[:, :2].min(axis=0) - margin, 0).astype(np.int64).tolist()
    x1, y1 = (boxes[:, 2:].max(axis=0) + margin).astype(np.int64).tolist()
    near = upright[y0:y1, x0:x1]
    grey = near if near.ndim == 2 else cv2.cvtColor(near, cv2.COLOR_RGB2GRAY)
    strengths = ruling_strengths(grey, boxes - np.array([x0, y0, x0, y0], np.float32), pairs)
    seen = strengths >= MIN_STRENGTH
    rooms = _rooms(boxes[pairs[seen, 0]], boxes[pairs[seen, 1]])
    back = turned_boxes(rooms, -found.turned % 360, upright.shape[1], upright.shape[0])
    return replace(found, ruled=np.concatenate([back, strengths[seen, None]], axis=1).astype(np.float32))


def _neighbours(boxes: FloatArray) -> IntArray:
    """Each digit of upright boxes (N, 4) that has a next one on its line, and that: their indices, (G, 2)."""
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2  # (N,)
    height = boxes[:, 3] - boxes[:, 1]
    pairs = []
    for start in range(0, len(x), BLOCK_DIGITS):
        some = slice(start, start + BLOCK_DIGITS)
        right, down = x - x[some, None], np.abs(y - y[some, None])  # (B, N)
        size = np.minimum(height[some, None], height)
        beside = (right > 0.2 * size) & (down < SAME_LINE_HEIGHTS * size + SAME_LINE_SLOPE * right)
        away = np.where(beside & (right < REACH_HEIGHTS * size), right + down, np.inf)
        nearest = away.argmin(axis=1)
        first = np.flatnonzero(np.isfinite(away[np.arange(len(nearest)), nearest]))
        room = boxes[nearest[first], 0] - boxes[first + start, 2]
        first = first[room >= MIN_ROOM_HEIGHTS * height[first + start]]
        pairs.append(np.stack([first + start, nearest[first]], axis=1))
    return np.concatenate(pairs)


def _rooms(left: FloatArray, right: FloatArray) -> FloatArray:
    """The boxes (G, 4) between digits with these boxes (G, 4): from side to side, at least as thin lines."""
    middle = (left[:, 2] + right[:, 0]) / 2
    half = np.maximum((right[:, 0] - left[:, 2]) / 2, 0.5)
    top, bottom = (left[:, 1] + right[:, 1]) / 2, (left[:, 3] + right[:, 3]) / 2
    return np.stack([middle - half, top, middle + half, bottom], axis=1)
