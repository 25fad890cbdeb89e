"""What lies between neighbouring digits of a line: signs, writing, rulings. NumPy only."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from detector.categories import DIGIT_COUNT
from detector.rotation import turned_boxes
from detector.types import BoolArray, Detections, Float64Array, FloatArray, IntArray

SIGN_REACH_HEIGHTS = 0.8  # how far above or below the middles of two digits a sign between them may be
MIN_SEEN_SCORE = 0.1  # a sign with less is passed over: most are digits, seen as signs
MIN_SIGN_SCORE = 0.3  # a less likely one fills no room, and does not count on its page
TWIN_REACH_HEIGHTS = 0.05  # a sign with its middle as near to that of a digit is the digit itself, seen as a sign

SIGN_KINDS = (".,", "/:", "-", "+×÷=", "%()$€£")
"""Signs that mean alike between two digits. All other categories, which are writing, are a kind of their own."""
BETWEEN = ("points", "slashes", "dashes", "operators", "brackets", "writing", "free")
"""The features of these kinds, of writing, and of the room that none fills."""
OPERATORS, WRITING = 3, len(SIGN_KINDS)


class Between:
    """What lies between digits. left, right: (G, 4), the boxes on both sides of each gap, in the upright picture."""

    def __init__(self, left: Float64Array, right: Float64Array) -> None:
        self.left, self.right = left, right
        self.middle = (left[:, :2] + left[:, 2:]) / 2  # (G, 2), of the left digit
        self.height = ((left[:, 3] - left[:, 1]) + (right[:, 3] - right[:, 1])) / 2
        way = (right[:, :2] + right[:, 2:]) / 2 - self.middle
        self.length = np.hypot(way[:, 0], way[:, 1])
        self.along = way / self.length.clip(1e-6)[:, None]  # (G, 2)

    def holds(self, boxes: Float64Array) -> BoolArray:
        """Whether boxes (S, 4) are between the middles of two digits, and about as high up: (G, S)."""
        offset = (boxes[:, :2] + boxes[:, 2:]) / 2 - self.middle[:, None]  # (G, S, 2)
        at = (offset @ self.along[:, :, None])[..., 0]
        across = offset[..., 1] * self.along[:, :1] - offset[..., 0] * self.along[:, 1:]
        margin = (TWIN_REACH_HEIGHTS * self.height)[:, None]
        reach = (SIGN_REACH_HEIGHTS * self.height)[:, None]
        return np.asarray((at > margin) & (at < self.length[:, None] - margin) & (np.abs(across) < reach))

    def rulings(self, found: Detections) -> Float64Array:
        """How clearly a ruling is seen in each gap, (G,), 0-1."""
        if not len(found.ruled):
            return np.zeros(len(self.left))
        inside = self.holds(_upright(found.ruled[:, :4], found.turned))
        return np.asarray(np.where(inside, found.ruled[:, 4], 0.0).max(axis=1))

    def signs(self, found: Detections, kinds: IntArray) -> list[Float64Array]:
        """The best score (G,) of each kind of sign and of writing; then the room that no sign fills.

        kinds: of all that was found, see `kinds_of`. The room is the wider one of those before and behind all signs,
        in digit heights; the gap where there is none.
        """
        room = (self.right[:, 0] - self.left[:, 2]) / self.height
        best = np.zeros((len(SIGN_KINDS) + 1, len(self.left)))
        chosen = (kinds >= 0) & (found.scores >= MIN_SEEN_SCORE)
        if not chosen.any():
            return [*best, room]
        boxes = _upright(found.boxes[chosen], found.turned)
        inside = self.holds(boxes)  # (G, S)
        kinds = kinds[chosen]
        scores = np.where(inside, found.scores[chosen], 0.0)
        for kind in range(len(best)):
            of_kind = kinds == kind
            if of_kind.any():
                best[kind] = scores[:, of_kind].max(axis=1)
        seen = inside & (scores >= MIN_SIGN_SCORE)
        before = np.where(seen, boxes[:, 0] - self.left[:, 2:3], np.inf).min(axis=1)
        behind = np.where(seen, self.right[:, :1] - boxes[:, 2], np.inf).min(axis=1)
        part = np.maximum(before, behind) / self.height
        return [*best, np.where(np.isfinite(part), part, room)]


def _upright(boxes: FloatArray, turned: int) -> Float64Array:
    return turned_boxes(boxes, turned).astype(np.float64)


def kinds_of(found: Detections, categories: Sequence[str]) -> IntArray:
    """The index in SIGN_KINDS of each detection, one more for writing; -1 for digits."""
    of = _kinds(tuple(categories))
    return np.where(found.labels < DIGIT_COUNT, -1, of[np.minimum(found.labels, len(of) - 1)])


@lru_cache(maxsize=8)
def _kinds(categories: tuple[str, ...]) -> IntArray:
    """The index in SIGN_KINDS of each category; that behind the last one for all others, and for labels beyond."""
    kinds = [next((i for i, kind in enumerate(SIGN_KINDS) if name in kind), len(SIGN_KINDS)) for name in categories]
    return np.array([*kinds, len(SIGN_KINDS)])
