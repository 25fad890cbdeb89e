"""What stands around a digit tells whether it is one: a 0 in a word is an o, an l among digits is a 1. No torch.

A network sees a glyph and little around it. Some glyphs are the same: 0 and O, 1 and l, 5 and S, 9 and g. The stretch
of writing that a glyph is in tells them apart: how much of it is writing and how much digits, how large they are,
whether there are letters on both sides. A logistic model weighs all this against the glyph's own score. So a digit that
is clear to see stays one in "B12" and "2nd".

Where a box was told twice, as a digit and as something else, what the digit gains in chance the other loses.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from detector.categories import DIGIT_COUNT
from detector.reading.signs import symbol_of
from detector.rotation import turned_boxes
from detector.types import BoolArray, Detections, Float64Array, FloatArray, IntArray

MIN_MARGIN = 1e-4  # scores are taken as at least so far from 0 and 1, where logits are infinite
ROW_HEIGHTS = 0.6  # how much higher or lower a neighbour's middle may be, in the height of the higher one
NEXT_HEIGHTS = 1.2  # from edge to edge: up to there two glyphs may be next to each other
REACH_HEIGHTS = 5.0  # from edge to edge: so far a stretch of writing is looked at
RUN_HEIGHTS = 2.0  # over that distance a neighbour's say falls by e
OVERLAP_SHARE = 0.35  # of the narrower glyph's width: one that overlaps more is in the same place, and no neighbour
MIN_HEIGHT_RATIO = 0.3  # of two glyphs of a stretch: points are none
BLOCK_THINGS = 256  # that are compared with all others at a time, to fit the cache

FEATURES = (
    *("writing_left", "writing_right", "inside_word", "digit_left", "digit_right", "inside_number"),
    *("writing_around", "digits_around", "share", "like_writing", "like_digits", "page_share", "page_digits", "alone"),
    *("own_writing", "own_sign"),
    *(f"is_{digit}" for digit in range(DIGIT_COUNT)),
    *(f"is_{digit}_in_writing" for digit in range(DIGIT_COUNT)),
)
"""What is known of a digit beside its score, in the order in which a Context weighs it."""


@dataclass(frozen=True)
class Context:
    """A logistic model. Raises ValueError for a slope not above 0, for too few weights, and for what is not finite."""

    slope: float
    """What the logit of a digit's own score counts, above 0."""
    weights: tuple[float, ...]
    """(F,): what each of FEATURES counts."""
    offset: float

    def __post_init__(self) -> None:
        numbers = (self.slope, self.offset, *self.weights)
        if not (self.slope > 0 and len(self.weights) == len(FEATURES) and all(map(math.isfinite, numbers))):
            raise ValueError(f"expected a slope above 0 and {len(FEATURES)} finite weights, got {numbers!r:.80}")

    def __call__(self, found: Detections, categories: Sequence[str]) -> Detections:
        """What was found, in the same order, with other scores for digits, and for what else is in their boxes.

        categories: the names of labels.
        """
        digits = found.labels < DIGIT_COUNT
        if not digits.any():
            return found
        things = Things.of(found, categories)
        known = things.features(things.index[digits], found.labels[digits])
        logits = self.slope * logit(found.scores[digits]) + known @ np.array(self.weights) + self.offset
        chances = np.exp(-np.logaddexp(0.0, -logits))
        before = things.digit[things.index]  # (N,): of the digit in each box
        left = np.ones(len(found))
        after = np.zeros(len(things.digit))
        np.maximum.at(after, things.index[digits], chances)
        told = (before > 0) & ~digits
        left[told] = (1 - after[things.index[told]]) / (1 - before[told]).clip(MIN_MARGIN)
        scores = (found.scores * left).clip(0, 1)
        scores[digits] = chances
        return replace(found, scores=scores.astype(np.float32))

    def as_json(self) -> dict[str, Any]:
        """The form in which a weights file holds it."""
        weights = dict(zip(FEATURES, self.weights, strict=True))
        return {"slope": self.slope, "offset": self.offset, "weights": weights}

    @classmethod
    def from_json(cls, value: Any) -> Context:
        """What as_json made. Raises KeyError, TypeError or ValueError for anything else."""
        if tuple(value["weights"]) != FEATURES:
            raise ValueError("expected the features of this version")
        return cls(float(value["slope"]), tuple(map(float, value["weights"].values())), float(value["offset"]))


@dataclass(frozen=True, eq=False)
class Things:
    """What was found, each box once. T boxes, of N detections."""

    boxes: Float64Array
    """float64 (T, 4), in the upright picture, pixels."""
    digit: Float64Array
    """float64 (T,): its score as a digit; 0 where it is told as none."""
    writing: Float64Array
    """float64 (T,): its score as writing."""
    sign: Float64Array
    """float64 (T,): its score as a sign."""
    index: IntArray
    """int64 (N,): which of them each detection is."""

    @classmethod
    def of(cls, found: Detections, categories: Sequence[str]) -> Things:
        """categories: the names of labels. A label without one, and whatever is no sign in numbers, is writing."""
        # In the order of their places, so that sums come out the same whatever the order of the detections.
        order = np.lexsort(found.boxes.T)
        rows = found.boxes[order]
        fresh = np.append(True, (rows[1:] != rows[:-1]).any(axis=1))  # (N,)
        first, index = order[fresh], np.empty(len(order), np.int64)
        index[order] = np.cumsum(fresh) - 1
        boxes = turned_boxes(found.boxes[first], found.turned).astype(np.float64)
        is_sign = _are_signs(tuple(categories))
        signs = is_sign[np.minimum(found.labels, len(is_sign) - 1)]
        digits = found.labels < DIGIT_COUNT
        upwards = np.argsort(found.scores, kind="stable")

        def best(chosen: BoolArray) -> Float64Array:
            scores = np.zeros(len(first))
            some = upwards[chosen[upwards]]
            scores[index[some]] = found.scores[some]  # of several in one place the last one stays
            return scores

        return cls(boxes, best(digits), best(~digits & ~signs), best(signs & ~digits), index)

    def features(self, which: IntArray, labels: IntArray) -> Float64Array:
        """What is known of digits, float64 (K, F), in the order of FEATURES. which: (K,), in which boxes they are."""
        around = np.concatenate(
            [self._around(which[start : start + BLOCK_THINGS]) for start in range(0, len(which), BLOCK_THINGS)]
        )  # (K, 10)
        page_writing = self.writing.sum() - self.writing[which]
        page_digits = self.digit.sum() - self.digit[which]
        share = around[:, 8]
        ones = labels[:, None] == np.arange(DIGIT_COUNT)  # (K, 10)
        known = np.empty((len(which), len(FEATURES)))
        known[:, :11] = around
        known[:, 11] = page_writing / (page_writing + page_digits + 1)
        known[:, 12] = np.log1p(page_digits)
        known[:, 13] = np.exp(-around[:, 6] - around[:, 7])
        known[:, 14] = logit(self.writing[which])
        known[:, 15] = logit(self.sign[which])
        known[:, 16:26] = ones
        known[:, 26:] = ones * share[:, None]
        return known

    def _around(self, which: IntArray) -> Float64Array:
        """The first 11 of FEATURES for some boxes, (B, 11)."""
        boxes = self.boxes.astype(np.float32)
        x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
        width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
        taller = np.maximum(height[which, None], height)  # (B, T)
        across = x - x[which, None]
        room = np.abs(across) - (width[which, None] + width) / 2  # pixels; below 0 where two overlap
        near: BoolArray = (np.abs(y - y[which, None]) < ROW_HEIGHTS * taller) & (room < REACH_HEIGHTS * taller)
        near &= room > -OVERLAP_SHARE * np.minimum(width[which, None], width)
        near &= np.minimum(height[which, None], height) > MIN_HEIGHT_RATIO * taller
        near[np.arange(len(which)), which] = False
        known = np.zeros((len(which), 11))
        row, column = np.nonzero(near)  # (P,): few of all pairs
        if not len(row):
            return known
        starts = np.flatnonzero(np.append(True, row[1:] != row[:-1]))
        some = row[starts]  # (R,), those with neighbours
        room = np.maximum(room[row, column] / taller[row, column], 0)[:, None]  # (P, 1), in heights
        sides = (across[row, column] < 0)[:, None] == np.array([True, False])  # (P, 2): on the left, on the right
        told = np.stack([self.writing, self.digit], axis=1)[column]  # (P, 2)
        next_to = told * np.where(room < NEXT_HEIGHTS, np.exp(-room / NEXT_HEIGHTS), 0)
        nearest = np.maximum.reduceat(next_to[:, :, None] * sides[:, None], starts, axis=0)  # (R, 2, 2)
        known[some, 0:2], known[some, 3:5] = nearest[:, 0], nearest[:, 1]
        known[:, 2], known[:, 5] = known[:, 0] * known[:, 1], known[:, 3] * known[:, 4]
        told = told * np.exp(-room / RUN_HEIGHTS)
        ratio = np.log(height[which[row]] / height[column])[:, None]
        sums = np.add.reduceat(np.concatenate([told, told * ratio], axis=1), starts, axis=0)  # (R, 4)
        run = sums[:, :2]
        known[some, 6:8] = np.log1p(run)
        known[some, 8] = run[:, 0] / (run[:, 0] + run[:, 1] + 0.3)
        known[some, 9:11] = np.clip(sums[:, 2:] / (run + 0.1), -1.5, 1.5)
        return known


@lru_cache(maxsize=8)
def _are_signs(categories: tuple[str, ...]) -> BoolArray:
    """Which categories are signs; the last one stands for labels beyond them, which are writing."""
    return np.array([*(symbol_of(name) is not None for name in categories), False], np.bool_)


def logit(scores: FloatArray | Float64Array) -> Float64Array:
    """Of scores from 0 to 1, of any shape; those within MIN_MARGIN of 0 or 1 count as if they were so far from it."""
    kept = np.minimum(np.maximum(np.asarray(scores, np.float64), MIN_MARGIN), 1 - MIN_MARGIN)
    return np.asarray(np.log(kept) - np.log1p(-kept))
