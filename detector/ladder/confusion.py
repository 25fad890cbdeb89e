"""Confusion matrices of digits, counted from pairs of strings."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from detector.scoring.mistakes import MISSED
from detector.scoring.string_metrics import aligned
from detector.types import IntArray


def confusion_of(readings: Iterable[tuple[str, str]]) -> IntArray:
    """The confusion matrix of pairs of a true and a read string: int64 (11, 11), rows the truth.

    The last column counts missed digits, the last row invented ones, as in `scoring.metrics.DigitScores`.
    """
    confusion = np.zeros((MISSED + 1, MISSED + 1), np.int64)
    for true, read in readings:
        for a, b in aligned(true, read):
            confusion[int(a) if a else MISSED, int(b) if b else MISSED] += 1
    return confusion
