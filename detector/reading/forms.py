"""Numbers in forms, with a box for each digit: a short ruling stands after every digit. OpenCV and NumPy, no torch."""

from __future__ import annotations

import numpy as np

from detector.reading.lattice import Straightened
from detector.reading.rulings import MIN_STRENGTH, GreyPicture, ruling_strengths
from detector.types import BoolArray, Float64Array, IntArray

# Lengths are in heights of a digit
MIN_BOXED_DIGITS = 2  # of a number in boxes of its own, ...
MIN_BOXED_SHARE = 0.75  # ... so many of whose gaps have a ruling, ...
MAX_BOX_HEIGHTS = 2.6  # ... which is no longer than that, ...
MIN_BOX_PITCH_HEIGHTS = 0.88  # ... and whose digits stand so far apart


def in_boxes_of_their_own(
    grey: GreyPicture, boxes: Float64Array, digits: Float64Array, ends: IntArray, page: Straightened
) -> BoolArray:
    """Which numbers (N,) have a short ruling after each digit, as in forms with a box for each.

    boxes: (D, 4), of digits, pixels. digits: the same on the straightened page. ends: (N,), where each number ends.
    """
    counts = np.diff(ends, prepend=0)
    after = np.ones(len(boxes), np.bool_)
    after[ends - 1] = False  # the last digit of each number has none after it
    left = np.flatnonzero(after & np.repeat(counts >= MIN_BOXED_DIGITS, counts))
    strengths = ruling_strengths(grey, boxes, np.stack([left, left + 1], axis=1))
    u = (digits[left, 2] + digits[left + 1, 0]) / 2
    v = digits[left][:, [1, 3]].mean(axis=1)
    long = np.zeros(len(left), np.bool_)
    for line in page.upright:
        for start, end in line.pieces:
            if end - start > MAX_BOX_HEIGHTS:
                long |= (np.abs(u - line.at) < 0.5) & (v > start) & (v < end)
    apart = (digits[left + 1, ::2].mean(axis=1) - digits[left, ::2].mean(axis=1)) >= MIN_BOX_PITCH_HEIGHTS
    short = (strengths >= MIN_STRENGTH) & ~long & apart
    number = np.repeat(np.arange(len(ends)), counts)[left]
    ruled, gaps = (np.bincount(number, weights, minlength=len(ends)) for weights in (short, np.ones(len(left))))
    boxed: BoolArray = (gaps > 0) & (ruled >= MIN_BOXED_SHARE * gaps)
    return boxed
