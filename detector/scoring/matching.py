"""Which true digit a detection is matched to, by its box: shared by all figures that need it."""

from __future__ import annotations

import numpy as np

from detector.types import BoolArray, Detections, Float64Array, FloatArray, IntArray, Target

MATCH_IOU = 0.5
"""The IoU from which on a detection may be matched to a true digit."""
MIN_AREA_SHARE = 0.5
"""The share of a box that has to lie on another, for the box to count as lying on it."""


def best_first(found: Detections) -> list[int]:
    """The indices of the detections, best score first. Ties are broken by box and label, not by their order."""
    order: list[int] = np.lexsort((found.labels, *found.boxes.T, -found.scores)).tolist()
    return order


def match(target: Target, found: Detections) -> IntArray:
    """The index of the true digit that each detection is matched to, int64 (D,), -1 for none.

    Best first, each detection takes the true digit with the highest IoU among those still free, if the IoU is at least
    MATCH_IOU. That is COCO's rule with one change: the class plays no role. Otherwise a digit of the wrong class would
    count as one missed and one invented. Ignored digits are not matched.
    """
    iou = np.where(target.ignore, 0.0, pairwise_overlap(found.boxes, target.boxes)[0])  # (D, T)
    owner = np.full(len(found), -1, np.int64)  # (D,)
    for d in best_first(found) if len(target) else ():
        t = int(iou[d].argmax())
        if iou[d, t] >= MATCH_IOU:
            owner[d] = t
            iou[:, t] = 0.0  # no longer free
    return owner


def forgiven(target: Target, found: Detections) -> BoolArray:
    """Which detections (D,) lie with half of their box or more on an ignored digit. COCO counts them neither way."""
    on_ignored = pairwise_overlap(found.boxes, target.boxes[target.ignore])[1]  # (D, I)
    return np.asarray(on_ignored.max(axis=1, initial=0.0) >= MIN_AREA_SHARE)


def pairwise_overlap(boxes: FloatArray, others: FloatArray) -> tuple[Float64Array, Float64Array, Float64Array]:
    """How boxes (N, 4) and others (M, 4) overlap, pair by pair.

    Three arrays (N, M): the IoU; the share of the box that lies on the other; the share of the other that lies on the
    box.
    """
    a, b = boxes.astype(np.float64)[:, None], others.astype(np.float64)[None]  # (N, 1, 4), (1, M, 4)
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])  # (N, M, 2)
    shared = sides.clip(min=0).prod(-1)  # (N, M)
    area_a, area_b = (a[..., 2:] - a[..., :2]).prod(-1), (b[..., 2:] - b[..., :2]).prod(-1)  # (N, 1), (1, M)
    return shared / (area_a + area_b - shared), shared / area_a, shared / area_b
