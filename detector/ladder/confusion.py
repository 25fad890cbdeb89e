"""Which digits were taken for which, counted from strings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from detector.metrics import MISSED
from detector.types import IntArray


def confusion_of(readings: Iterable[tuple[str, str]]) -> IntArray:
    """Of pairs of a true string and what was read: int64 (11, 11), rows the truth, columns what was read.

    As in `detector.metrics.DigitScores`: the last column is for digits missed, the last row for digits invented.
    """
    confusion = np.zeros((MISSED + 1, MISSED + 1), np.int64)
    for true, read in readings:
        for a, b in aligned(true, read):
            confusion[int(a) if a else MISSED, int(b) if b else MISSED] += 1
    return confusion


def aligned(true: str, read: str) -> Iterator[tuple[str, str]]:
    """The characters of both strings side by side, '' for none, by the fewest edits; the last pair comes first."""
    rows = [list(range(len(read) + 1))]  # rows[i][j]: edits from true[:i] to read[:j]
    for i, a in enumerate(true, 1):
        row = [i]
        for j, b in enumerate(read, 1):
            row.append(min(rows[-1][j - 1] + (a != b), rows[-1][j] + 1, row[j - 1] + 1))
        rows.append(row)
    i, j = len(true), len(read)
    while i or j:
        if i and j and rows[i][j] == rows[i - 1][j - 1] + (true[i - 1] != read[j - 1]):
            i, j = i - 1, j - 1
            yield true[i], read[j]
        elif i and rows[i][j] == rows[i - 1][j] + 1:
            i -= 1
            yield true[i], ""
        else:
            j -= 1
            yield "", read[j]
