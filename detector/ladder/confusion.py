"""Which digits were taken for which, counted from strings."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from detector.scoring.mistakes import MISSED
from detector.scoring.string_metrics import aligned
from detector.types import IntArray


def confusion_of(readings: Iterable[tuple[str, str]]) -> IntArray:
    """Of pairs of a true string and what was read: int64 (11, 11), rows the truth, columns what was read.

    As in `scoring.metrics.DigitScores`: the last column is for digits missed, the last row for digits invented.
    """
    confusion = np.zeros((MISSED + 1, MISSED + 1), np.int64)
    for true, read in readings:
        for a, b in aligned(true, read):
            confusion[int(a) if a else MISSED, int(b) if b else MISSED] += 1
    return confusion
