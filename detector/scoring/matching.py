"""Which found digit is taken for which true one, by where their boxes lie: for all figures that ask it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detector.types import BoolArray, Detections, FloatArray, IntArray, Target

MATCH_IOU = 0.5
MOSTLY = 0.5  # share of a box that lies on another

Floats = NDArray[np.float64]


def best_first(found: Detections) -> list[int]:
    """The numbers of the detections, best score first, in an order that does not depend on theirs."""
    return np.lexsort((found.labels, *found.boxes.T, -found.scores)).tolist()


def match(target: Target, found: Detections) -> IntArray:
    """The true digit that each found one is taken for, int64 (D,), -1 for none.

    Best first, a found digit takes the free true digit that it overlaps most, from IoU 0.5 on. That is COCO's way but
    for the class, which is not asked for: else a digit of the wrong class would count as one missed and one invented.
    Ignored digits are not taken.
    """
    iou = np.where(target.ignore, 0.0, overlaps(found.boxes, target.boxes)[0])  # (D, T)
    owner = np.full(len(found), -1, np.int64)
    for d in best_first(found) if len(target) else ():
        t = int(iou[d].argmax())
        if iou[d, t] >= MATCH_IOU:
            owner[d] = t
            iou[:, t] = 0.0  # no longer free
    return owner


def forgiven(target: Target, found: Detections) -> BoolArray:
    """Which found digits (D,) lie by half of them or more on an ignored digit: COCO counts them neither way."""
    on_ignored = overlaps(found.boxes, target.boxes[target.ignore])[1]  # (D, I)
    return on_ignored.max(axis=1, initial=0.0) >= MOSTLY


def overlaps(boxes: FloatArray, others: FloatArray) -> tuple[Floats, Floats, Floats]:
    """Of boxes (N, 4) and others (M, 4), each (N, M): IoU, and which share of a box, and of the other, is shared."""
    a, b = boxes.astype(np.float64)[:, None], others.astype(np.float64)[None]  # (N, 1, 4), (1, M, 4)
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])  # (N, M, 2)
    shared = sides.clip(min=0).prod(-1)  # (N, M)
    area_a, area_b = (a[..., 2:] - a[..., :2]).prod(-1), (b[..., 2:] - b[..., :2]).prod(-1)  # (N, 1), (1, M)
    return shared / (area_a + area_b - shared), shared / area_a, shared / area_b
