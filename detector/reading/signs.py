"""Which detections are signs. A box may hold a digit and, less likely, a sign: what is read as a digit is no sign."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from detector.categories import DIGIT_COUNT, SIGNS, WRITING
from detector.reading.reading_order import without_nested
from detector.types import BoolArray, Detections, Float64Array, Line, Sign

LOW_MARKS = ".,"
OPEN_SIGNS = "/()"  # whose boxes other signs may lie in: "/-"

TWIN_IOU = 0.5  # a sign on a digit that is read, overlapping it by so much, is that digit
INSIDE_AREA_SHARE = 0.7  # a sign with more of its area in a digit is a stroke of it, unless ...
LOW_IN_DIGIT = 0.6  # ... it is a mark as far down, where a 7 overhangs it
BLOCK_SIGNS = 256  # compared with all digits at a time, to bound the memory


def symbol_of(category: str) -> str | None:
    """How a sign of this category is written, None where it has no meaning in numbers."""
    return category if category in SIGNS else None


def signs_of(found: Detections, categories: Sequence[str], min_score: float, lines: Sequence[Line]) -> tuple[Sign, ...]:
    """The signs among detections whose scores are chances, best first. Writing is none.

    categories: the names of labels; a label without one is left out. Signs with a chance under min_score are not read,
    nor are strokes of likelier ones, nor those that are a digit of these lines or a stroke of it.
    """
    others = found[(found.labels >= DIGIT_COUNT) & (found.labels < len(categories)) & (found.scores >= min_score)]
    if not len(others):
        return ()
    others = others[np.lexsort((others.labels, *others.boxes.T, -others.scores))]
    open_signs = np.array([categories[label] in OPEN_SIGNS for label in others.labels.tolist()], np.bool_)
    keep = np.zeros(len(others), np.bool_)
    for some in (open_signs, ~open_signs):
        keep[some] = without_nested(others[some])
    others = others[keep]
    others = others[np.array([categories[label] != WRITING for label in others.labels.tolist()], np.bool_)]
    digits = [digit.box for line in lines for number in line.numbers for digit in number.digits]
    others = others[~_on_digits(others, categories, np.array(digits, np.float64).reshape(-1, 4))]
    columns = others.labels.tolist(), others.boxes.tolist(), others.scores.tolist()
    return tuple(Sign(categories[label], tuple(box), score) for label, box, score in zip(*columns, strict=True))


def _on_digits(signs: Detections, categories: Sequence[str], digits: Float64Array) -> BoolArray:
    """Which signs (S,) are one of the digits (D, 4) or a stroke of it."""
    on_digits = np.zeros(len(signs), np.bool_)
    low = np.array([(symbol_of(categories[label]) or "writing") in LOW_MARKS for label in signs.labels.tolist()])
    for start in range(0, len(signs) if len(digits) else 0, BLOCK_SIGNS):
        some = slice(start, start + BLOCK_SIGNS)
        boxes = signs.boxes[some].astype(np.float64)
        iou, of_sign = _overlaps(boxes, digits)  # (K, D)
        middles = (boxes[:, 1, None] + boxes[:, 3, None]) / 2  # (K, 1)
        below = middles > digits[:, 1] + LOW_IN_DIGIT * (digits[:, 3] - digits[:, 1])
        stroke = (of_sign > INSIDE_AREA_SHARE) & ~(low[some, None] & below)
        on_digits[some] = ((iou >= TWIN_IOU) | stroke).any(axis=1)
    return on_digits


def likelier_as(others: Detections, digits: Detections) -> BoolArray:
    """Which digits (N,) are in the place of another thing that is likelier there."""
    likelier = np.zeros(len(digits), np.bool_)
    for start in range(0, len(digits) if len(others) else 0, BLOCK_SIGNS):
        some = slice(start, start + BLOCK_SIGNS)
        iou, _ = _overlaps(digits.boxes[some].astype(np.float64), others.boxes.astype(np.float64))  # (K, M)
        likelier[some] = ((iou >= TWIN_IOU) & (others.scores > digits.scores[some, None])).any(axis=1)
    return likelier


def _overlaps(boxes: Float64Array, others: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Of boxes (K, 4) and others (M, 4), pair by pair: the IoU, and the share of the box that lies on the other."""
    sides = np.minimum(boxes[:, None, 2:], others[:, 2:]) - np.maximum(boxes[:, None, :2], others[:, :2])  # (K, M, 2)
    shared = sides.clip(min=0).prod(axis=2)  # (K, M)
    areas, other_areas = ((b[:, 2:] - b[:, :2]).prod(axis=1) for b in (boxes, others))
    return shared / (areas[:, None] + other_areas - shared), shared / areas[:, None]
