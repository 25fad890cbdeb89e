"""Which rulings of a page are those of one table. NumPy only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from detector.reading.lattice import Ruling

# Lengths are in heights of a digit
SAME_END_HEIGHTS = 1.2  # parallel rulings are of one table if they begin and end so near to each other, ...
MAX_PITCH_HEIGHTS = 30.0  # ... and are no further apart
MIN_STRENGTH_SHARE = 0.25  # of what is usual among the stronger ones, level or upright; weaker ones are no rulings
END_REACH_HEIGHTS = 0.45  # rulings begin and end so near to others
MIN_SPAN_SHARE = 0.5  # of the width or height of a table; shorter rulings are strokes in it
WHOLE_SHARE = 0.8  # of the longest ruling; those as long may end anywhere, as where they fade


def groups(level: Sequence[Ruling], upright: Sequence[Ruling]) -> list[tuple[list[Ruling], list[Ruling]]]:
    """Rulings that belong together: level ones, upright ones."""
    lines = [*level, *upright]
    group = list(range(len(lines)))

    def root(i: int) -> int:
        while group[i] != i:
            i = group[i]
        return i

    for i, line in enumerate(lines):
        for j in range(i):
            other, parallel = lines[j], (i < len(level)) == (j < len(level))
            alike = max(abs(line.start - other.start), abs(line.end - other.end)) <= SAME_END_HEIGHTS
            if (alike and abs(line.at - other.at) <= MAX_PITCH_HEIGHTS) if parallel else line.crosses(other):
                group[root(i)] = root(j)
    roots = [root(i) for i in range(len(lines))]
    return [
        (
            [line for line, own in zip(level, roots, strict=False) if own == one],
            [line for line, own in zip(upright, roots[len(level) :], strict=True) if own == one],
        )
        for one in sorted(set(roots))
    ]


def strong(level: list[Ruling], upright: list[Ruling]) -> tuple[list[Ruling], list[Ruling]]:
    """Those about as strong as the others: not the stripes of a display, nor the squares below a table's own lines."""
    usual = max((float(np.median([line.strength for line in lines])) for lines in (level, upright) if lines), default=0)
    first, second = (
        [line for line in lines if line.strength >= MIN_STRENGTH_SHARE * usual] for lines in (level, upright)
    )
    return first, second


def spanning(level: list[Ruling], upright: list[Ruling]) -> tuple[list[Ruling], list[Ruling]]:
    """The rulings that go through much of the table that they make."""
    kept = []
    for lines, others in ((level, upright), (upright, level)):
        ends = [end for line in lines for end in (line.start, line.end)] + [line.at for line in others]
        least = MIN_SPAN_SHARE * (max(ends) - min(ends)) if ends else 0.0
        kept.append([line for line in lines if sum(end - start for start, end in line.pieces) >= least])
    return _ending(kept[0], kept[1]), _ending(kept[1], kept[0])


def _ending(lines: list[Ruling], others: list[Ruling]) -> list[Ruling]:
    """Those that begin and end at others, or beyond all of them. Letters below each other begin anywhere."""
    if len(others) < 2:
        return lines
    places = np.array([line.at for line in others])
    low, high = places.min() + END_REACH_HEIGHTS, places.max() - END_REACH_HEIGHTS

    def ends(place: float) -> bool:
        return not low < place < high or float(np.abs(places - place).min()) <= END_REACH_HEIGHTS

    longest = max((line.end - line.start for line in lines), default=0.0)
    return [
        line
        for line in lines
        if line.end - line.start >= WHOLE_SHARE * longest or (ends(line.start) and ends(line.end))
    ]
