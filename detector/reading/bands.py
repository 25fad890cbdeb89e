"""Rows and columns of a table: the bands between its rulings, or between the gaps of its numbers. NumPy only.

All is on a straightened page, in heights of a digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from detector.reading.lattice import Ruling
from detector.types import Float64Array, IntArray

SAME_EDGE_HEIGHTS = 0.6  # rulings no further apart are one edge: double ones
CLOSED_HEIGHTS = 0.7  # rulings that end so near to the outermost one across end at it
RIM_SHARE, OPEN_RIM_SHARE = 0.5, 0.7  # of what is usual: narrower bands without numbers at an end are none
ROW_GAP_HEIGHTS = 0.55  # from the middle of a number to that of the next: more is another row
MIN_COLUMN_GAP_HEIGHTS = 0.35  # between two columns, ...
MIN_GAP_OF_MANY_HEIGHTS, MANY_ROWS = 0.2, 5  # ... and where so many rows have it
OVERLOOKED_RATIO = 1.7  # a row so many times as high as usual is two, if numbers stand below each other in it
CLEAR_GAP_HEIGHTS, MIN_CLEAR_ROWS, MIN_CLEAR_SHARE = 0.9, 3, 0.6  # a gap of columns without a ruling: width, rows
MAX_CROSSING_SHARE = 0.08  # of the rows have a number that lies across the gap between two columns

# Without rulings
MIN_ROWS, MIN_COLUMNS = 3, 2
MIN_COLUMNS_OF_TWO, MIN_FILLED_SHARE_OF_TWO = 4, 0.9  # two rows take more columns, and hardly an empty cell
MIN_CELLS_PER_NUMBER = 0.5
MAX_ROW_PITCH_RATIO = 2.6  # rows further apart than so many times the usual pitch are of two tables
MIN_FILLED_SHARE = 0.5  # of the cells
MAX_STRAY_HEIGHTS = 0.4  # of the left ends, right ends or middles of a column's numbers, in the median
MIN_ALIGNED_SHARE = 0.6  # of the columns are aligned


@dataclass(frozen=True, eq=False)
class Bands:
    """Rows, or columns."""

    edges: Float64Array
    """(B + 1,), ascending."""
    closed: tuple[bool, bool] = (True, True)
    """Whether they surely end at the first edge, and at the last one."""
    rulings: tuple[Ruling, ...] = ()
    """Those at edges."""

    def __len__(self) -> int:
        return len(self.edges) - 1

    @classmethod
    def between(cls, lines: Sequence[Ruling], across: Sequence[Ruling]) -> Bands:
        """The bands between rulings of one direction. across: those of the other, which tell where the table ends."""
        edges: list[list[float]] = []
        for at in sorted(line.at for line in lines):
            if edges and at - edges[-1][-1] < SAME_EDGE_HEIGHTS:
                edges[-1].append(at)
            else:
                edges.append([at])
        places = [float(np.mean(edge)) for edge in edges]
        if not across:
            return cls(np.array(places), (False, False), tuple(lines))
        low, high = float(np.median([line.start for line in across])), float(np.median([line.end for line in across]))
        if not places or low < places[0] - CLOSED_HEIGHTS:
            places.insert(0, low)
        if high > places[-1] + CLOSED_HEIGHTS:
            places.append(high)
        return cls(np.array(places), (True, True), tuple(lines))

    def index(self, place: float) -> int:
        """The band that a place is in; the first or the last one where it is beyond."""
        return int(np.clip(np.searchsorted(self.edges, place) - 1, 0, len(self) - 1))

    def indices(self, places: Float64Array) -> list[int]:
        """As index, for places (N,)."""
        found: list[int] = np.clip(np.searchsorted(self.edges, places) - 1, 0, len(self) - 1).tolist()
        return found

    def share(self, edge: int, start: float, end: float) -> float:
        """How much of an edge a ruling covers from start to end, 0-1; 0 where it has none."""
        at = self.edges[edge]
        return max(
            (line.share(start, end) for line in self.rulings if abs(line.at - at) < SAME_EDGE_HEIGHTS), default=0.0
        )

    def without_rims(self, places: Float64Array) -> Bands:
        """Without narrow bands at both ends in which no place is: frames, and cells that the picture's border cuts."""
        first, last = 0, len(self)
        filled = set(self.indices(places))
        sizes = np.diff(self.edges)
        usual = float(np.median(sizes))
        while last - first > 2 and first not in filled and sizes[first] < self._rim(first) * usual:
            first += 1
        while last - first > 2 and last - 1 not in filled and sizes[last - 1] < self._rim(last) * usual:
            last -= 1
        return replace(self, edges=self.edges[first : last + 1])

    def _rim(self, edge: int) -> float:
        return RIM_SHARE if self.ruled(edge) else OPEN_RIM_SHARE

    def ruled(self, edge: int) -> bool:
        """Whether an edge has a ruling."""
        return any(abs(line.at - self.edges[edge]) < SAME_EDGE_HEIGHTS for line in self.rulings)

    def parted(self, places: Sequence[float]) -> Bands:
        """Bands parted at more places."""
        return replace(self, edges=np.unique(np.concatenate([self.edges, np.array(places, np.float64)])))


def rows_of(bands: Bands, boxes: Float64Array) -> Bands:
    """Rows, parted where numbers stand below each other in most of them: their rulings are those of other things.

    boxes: (N, 4), of the numbers.
    """
    gaps = [_row_gaps(part) for part in _by_band(bands, boxes, 1)]
    parted = _parted_by_gaps(bands, gaps)
    if len(parted) > len(bands):
        return parted
    sizes = np.diff(bands.edges)  # a ruling may have been overlooked: then one row is as high as two
    high = sizes >= OVERLOOKED_RATIO * np.median(sizes)
    return bands.parted([place for one, places in zip(high, gaps, strict=True) if one for place in places or ()])


def columns_of(bands: Bands, boxes: Float64Array) -> Bands:
    """Columns, parted where numbers stand side by side in most of them."""
    parts = _by_band(bands, boxes, 0)
    parted = _parted_by_gaps(bands, [_column_gaps(part) for part in parts])
    if len(parted) > len(bands):
        return parted
    return bands.parted([place for part in parts for place in _clear_gaps(part)])


def _clear_gaps(boxes: Float64Array) -> list[float]:
    """Those gaps between columns of boxes (N, 4) that are wide, and have numbers on both sides in most rows."""
    rows = _rows(boxes) if len(boxes) else []
    least = max(MIN_CLEAR_ROWS, MIN_CLEAR_SHARE * len(rows))
    both = [(boxes[row, 0].min(), boxes[row, 2].max()) for row in rows if len(row) > 1]
    places = _column_gaps(boxes, CLEAR_GAP_HEIGHTS) or []
    return [place for place in places if sum(left < place < right for left, right in both) >= least]


def _by_band(bands: Bands, boxes: Float64Array, axis: int) -> list[Float64Array]:
    middles = (boxes[:, axis] + boxes[:, axis + 2]) / 2
    index = np.array(bands.indices(middles), np.int64)
    return [boxes[index == i] for i in range(len(bands))]


def _parted_by_gaps(bands: Bands, gaps: list[list[float] | None]) -> Bands:
    """gaps: of each band, None for one without a number."""
    counts = [len(places) for places in gaps if places is not None]
    if not counts or (len(counts) > 1 and np.median(counts) < 1):
        return bands
    return bands.parted([place for places in gaps for place in places or ()])


def _row_gaps(boxes: Float64Array) -> list[float] | None:
    """Where the rows of boxes (N, 4) are parted; None where there are none."""
    if not len(boxes):
        return None
    rows = _rows(boxes)
    return [float((boxes[above, 3].max() + boxes[below, 1].min()) / 2) for above, below in pairwise(rows)]


def _rows(boxes: Float64Array) -> list[IntArray]:
    """Indices of boxes (N, 4) by row, from the top."""
    middles = (boxes[:, 1] + boxes[:, 3]) / 2
    order = np.argsort(middles, kind="stable")
    starts = np.flatnonzero(np.diff(middles[order]) > ROW_GAP_HEIGHTS) + 1
    return list(np.split(order, starts))


def _column_gaps(boxes: Float64Array, least: float | None = None) -> list[float] | None:
    """Where the columns of boxes (N, 4) are parted; None where there are none. least: width of gaps, else the usual."""
    if not len(boxes):
        return None
    rows = len(_rows(boxes))
    most = int(MAX_CROSSING_SHARE * rows)
    if least is None:
        least = MIN_GAP_OF_MANY_HEIGHTS if rows >= MANY_ROWS else MIN_COLUMN_GAP_HEIGHTS
    places = np.concatenate([boxes[:, 0], boxes[:, 2]])
    steps = np.concatenate([np.ones(len(boxes), np.int64), -np.ones(len(boxes), np.int64)])
    order = np.lexsort((-steps, places))
    places, depth = places[order], steps[order].cumsum()
    gaps: list[float] = []
    start: float | None = None
    for i in range(len(places) - 1):  # between places[i] and the next, `depth[i]` numbers lie across
        if depth[i] <= most:
            start = float(places[i]) if start is None else start
            if depth[i + 1] > most and places[i + 1] - start >= least:
                gaps.append(float(start + places[i + 1]) / 2)
        if depth[i + 1] > most:
            start = None
    return gaps


@dataclass(frozen=True, eq=False)
class Block:
    """A table without rulings."""

    rows: Bands
    columns: Bands
    members: IntArray
    """(N,), indices of its numbers."""


def in_columns(boxes: Float64Array) -> list[Block]:
    """Numbers that stand in rows and columns without rulings. boxes: (N, 4), of numbers in no other table."""
    if not len(boxes):
        return []
    rows = _rows(boxes)
    middles = np.array([(boxes[row, 1] + boxes[row, 3]).mean() / 2 for row in rows])
    pitches = np.diff(middles)
    wide = pitches > MAX_ROW_PITCH_RATIO * np.median(pitches) if len(pitches) else np.zeros(0, np.bool_)
    blocks = []
    for part in np.split(np.arange(len(rows)), np.flatnonzero(wide) + 1):
        block = _block([rows[i] for i in part], boxes)
        if block:
            blocks.append(block)
    return blocks


def _block(rows: list[IntArray], boxes: Float64Array) -> Block | None:
    """The table that these rows make, the first and the last ones left out where they spoil it; None for none."""
    while len(rows) >= 2:
        members = np.concatenate(rows)
        own = boxes[members]
        gaps = _column_gaps(own) or []
        edges = np.array([own[:, 0].min() - 0.2, *gaps, own[:, 2].max() + 0.2])
        columns = Bands(edges)
        fewest = MIN_COLUMNS if len(rows) >= MIN_ROWS else MIN_COLUMNS_OF_TWO
        if len(columns) >= fewest and _is_aligned(columns, rows, boxes):
            places = _row_gaps(own) or []
            return Block(Bands(np.array([own[:, 1].min() - 0.2, *places, own[:, 3].max() + 0.2])), columns, members)
        if len(rows[0]) >= len(rows[-1]) and len(rows[-1]) < MIN_COLUMNS:
            rows = rows[:-1]
        elif len(rows[0]) < MIN_COLUMNS:
            rows = rows[1:]
        else:
            return None
    return None


def _is_aligned(columns: Bands, rows: list[IntArray], boxes: Float64Array) -> bool:
    """Whether numbers stand below each other in most columns, mostly one in each cell, and most cells have one."""
    cells: dict[tuple[int, int], Float64Array] = {}  # the box around the numbers of each
    for i, row in enumerate(rows):
        for box in boxes[row]:
            place = i, columns.index(float(box[0] + box[2]) / 2)
            own = cells.get(place, box)
            cells[place] = np.concatenate([np.minimum(own[:2], box[:2]), np.maximum(own[2:], box[2:])])
    least = MIN_FILLED_SHARE if len(rows) >= MIN_ROWS else MIN_FILLED_SHARE_OF_TWO
    if len(cells) < least * len(rows) * len(columns) or len(cells) < MIN_CELLS_PER_NUMBER * sum(map(len, rows)):
        return False
    aligned = 0
    for j in range(len(columns)):
        inside = np.array([box for (_, column), box in cells.items() if column == j]).reshape(-1, 4)
        strays = [_stray(values) for values in (inside[:, 0], inside[:, 2], (inside[:, 0] + inside[:, 2]) / 2)]
        aligned += len(inside) >= 2 and min(strays) <= MAX_STRAY_HEIGHTS
    return aligned >= MIN_ALIGNED_SHARE * len(columns)


def _stray(values: Float64Array) -> float:
    return float(np.median(np.abs(values - np.median(values)))) if len(values) else np.inf
