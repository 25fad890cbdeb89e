"""Tables: numbers in rows and columns, by rulings where there are any, else by how they stand below each other.

1. The page is made straight, and its rulings are found, see `lattice`. All that follows is measured on it, in heights
   of a digit.
2. Rulings that cross each other, or that begin and end below each other, are of one table. Its rows and columns are
   what lies between them. Where rulings part only some of them, gaps between numbers part the others.
3. Numbers in no such table may stand in one without rulings: three rows or more, two columns or more, and most columns
   begin, end or have their middles below each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from detector.images import Picture
from detector.reading.bands import Bands, columns_of, in_columns, rows_of
from detector.reading.forms import MIN_BOXED_DIGITS, in_boxes_of_their_own
from detector.reading.lattice import Ruling, Straightened, straighten
from detector.reading.ruling_groups import groups, spanning, strong
from detector.rotation import turned_boxes, turned_picture
from detector.types import BoolArray, Cell, Float64Array, IntArray, Line, Number, Page, Table

# Lengths are in heights of a digit
STACK_REACH_HEIGHTS = 4.5  # numbers that stand below each other, and no further apart, tell how columns lean
MAX_LEAN_TANGENT = 0.3
CROP_HEIGHTS = 10.0  # so much around the numbers is looked at
MAX_HULL_HEIGHTS = 6.0  # rulings further from all numbers are none of a table
CLOSED_HEIGHTS = 0.7  # rulings that end so near to the outermost one across end at it
OPEN_REACH_HEIGHTS = 8.0  # how far beyond the outermost ruling a number is still of its table
OUTSIDE_HEIGHTS = 0.3  # how far beyond its edges the middle of a number may lie
MIN_CELL_HEIGHTS = (0.95, 0.55)  # least height and width of cells, in the median: others are squared paper
MIN_FILLED_SHARE, MANY_CELLS = 0.12, 40  # of so many cells or more, so large a share is filled, or it is squared paper
MAX_CUT_SHARE = 0.34  # of numbers that rulings cut: more are cut by squared paper and in the boxes of forms, ...
MIN_WHOLE_SHARE = 0.8  # ... unless upright rulings go through so much of the height ...
MIN_CUT_FILLED_SHARE = 0.25  # ... and so many cells are filled: then digits of several cells were taken for one number
MIN_NUMBERS = 2  # in a table
MIN_FORM_SHARE, MIN_UNRULED_FORM_SHARE = 0.5, 0.75  # of numbers of several digits have boxes: forms are no tables
OPERATORS, MIN_OPERATORS_PER_ROW = frozenset("+×÷="), 0.34  # so many in each row: these are sums, and no table
MIN_SHOWN_SHARE = 0.6  # of a ruling between cells, some of which are one
MERGED_SHARE = 0.2  # of a side of a cell: where less of the ruling is there, two cells are one


def find_tables(picture: Picture, page: Page) -> tuple[Table, ...]:
    """The tables in uint8 (H, W, 3) RGB of which this was read, top to bottom. A page without one has none: ()."""
    numbers = [number for line in page.lines for number in line.numbers]
    if len(numbers) < MIN_NUMBERS:
        return ()
    size = (page.width, page.height)
    boxes = np.array([digit.box for number in numbers for digit in number.digits], np.float64)  # (D, 4)
    boxes = turned_boxes(boxes, page.turned, *size).astype(np.float64)
    grey = turned_picture(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), page.turned)
    signs = np.array([sign.box for sign in page.signs], np.float64).reshape(-1, 4)
    signs = turned_boxes(signs, page.turned, *size).astype(np.float64)
    # What is far from all numbers is part of no table. Left out, it costs no time either.
    reach = CROP_HEIGHTS * float(np.median(boxes[:, 3] - boxes[:, 1]))
    left, top = (int(max(low - reach, 0)) for low in boxes[:, :2].min(axis=0))
    right, bottom = (int(high + reach) + 1 for high in boxes[:, 2:].max(axis=0))
    grey, origin = np.ascontiguousarray(grey[top:bottom, left:right]), np.array([left, top], np.float64)
    boxes, signs = boxes - np.tile(origin, 2), signs - np.tile(origin, 2)
    ends = np.cumsum([len(number.digits) for number in numbers])  # (N,)
    first = np.concatenate([[0], ends[:-1]])
    straight = straighten(grey, boxes, _line_ends(page.lines, boxes), _stacks(_around(boxes, first)), signs)
    digits = straight.boxes(boxes)
    own = _around(digits, first)

    boxed = in_boxes_of_their_own(grey, boxes, digits, ends, straight)
    reckons = np.array([sign.category in OPERATORS for sign in page.signs], np.bool_)
    finder = _Finder(straight, numbers, np.split(digits, ends[:-1]), own, boxed, straight.boxes(signs[reckons]))
    found = finder.ruled() + finder.aligned()
    found.sort(key=lambda grid: (float(grid.rows.edges[0]), float(grid.columns.edges[0])))
    return tuple(_table(finder, grid, origin, size, page.turned) for grid in found)


def _around(boxes: Float64Array, first: IntArray) -> Float64Array:
    """The boxes (N, 4) around the digits of each number. first: (N,), where each begins among boxes (D, 4)."""
    return np.concatenate([np.minimum.reduceat(boxes[:, :2], first), np.maximum.reduceat(boxes[:, 2:], first)], axis=1)


def _stacks(boxes: Float64Array) -> Float64Array:
    """x, y of both ends (S, 4) of lines through the left ends, right ends or middles of numbers below each other."""
    x = np.stack([boxes[:, 0], boxes[:, 2], (boxes[:, 0] + boxes[:, 2]) / 2])  # (3, N)
    y = (boxes[:, 1] + boxes[:, 3]) / 2
    high = float(np.median(boxes[:, 3] - boxes[:, 1]))
    down = y[None] - y[:, None]  # (N, N), from the first to the second
    above, below = np.nonzero((down > 0.8 * high) & (down < STACK_REACH_HEIGHTS * high))
    across = x[:, below] - x[:, above]  # (3, pairs)
    kind, pair = np.nonzero(np.abs(across) < MAX_LEAN_TANGENT * down[above, below])
    above, below = above[pair], below[pair]
    return np.stack([x[kind, above], y[above], x[kind, below], y[below]], axis=1)


def _line_ends(lines: Sequence[Line], boxes: Float64Array) -> Float64Array:
    """x, y of the beginning and the end (L, 4) of the straight line through each line of several digits."""
    found, start = [], 0
    for line in lines:
        count = sum(len(number.digits) for number in line.numbers)
        x, y = ((boxes[start : start + count, i] + boxes[start : start + count, i + 2]) / 2 for i in (0, 1))
        start += count
        if np.ptp(x) > 0 and count > 2:
            slope, offset = np.polyfit(x, y, 1)
            found.append((x.min(), slope * x.min() + offset, x.max(), slope * x.max() + offset))
    return np.array(found, np.float64).reshape(-1, 4)


@dataclass(frozen=True)
class _Grid:
    """A table on the straightened page."""

    rows: Bands
    columns: Bands
    members: tuple[int, ...]
    """Indices of its numbers."""
    ruled: bool


@dataclass
class _Finder:
    """Numbers on a straightened page, of which tables are found."""

    page: Straightened
    numbers: list[Number]
    digits: list[Float64Array]
    """The boxes (D, 4) of the digits of each number."""
    boxes: Float64Array
    """(N, 4), of the numbers."""
    boxed: BoolArray
    """(N,), which of them have a box for each digit."""
    operators: Float64Array
    """(K, 4), boxes of signs that reckon."""

    def __post_init__(self) -> None:
        self.free = np.ones(len(self.numbers), np.bool_)  # which numbers are in no table so far
        self.middles = (self.boxes[:, :2] + self.boxes[:, 2:]) / 2  # (N, 2)

    def ruled(self) -> list[_Grid]:
        """Tables with rulings."""
        found = []
        (u0, v0), (u1, v1) = (
            self.boxes[:, :2].min(axis=0) - MAX_HULL_HEIGHTS,
            self.boxes[:, 2:].max(axis=0) + MAX_HULL_HEIGHTS,
        )
        level = [line for line in (line.within(u0, u1) for line in self.page.level if v0 < line.at < v1) if line]
        upright = [line for line in (line.within(v0, v1) for line in self.page.upright if u0 < line.at < u1) if line]
        for group in groups(level, upright):
            grid = self._of_rulings(*group)
            if grid:
                found.append(grid)
                self.free[list(grid.members)] = False
        return found

    def aligned(self) -> list[_Grid]:
        """Tables without rulings, of numbers that are in none so far."""
        members = np.flatnonzero(self.free)
        found = []
        for block in in_columns(self.boxes[members]):
            index = members[block.members]
            if self._is_form(index, MIN_UNRULED_FORM_SHARE) or self._reckons(block.rows, block.columns):
                continue
            self.free[index] = False
            found.append(_Grid(block.rows, block.columns, tuple(index.tolist()), False))
        return found

    def _of_rulings(self, level: list[Ruling], upright: list[Ruling]) -> _Grid | None:
        """The table that these rulings make, which belong together; None where they make none."""
        level, upright = spanning(*strong(level, upright))
        if len(level) + len(upright) < 2:
            return None
        rows, columns = Bands.between(level, upright), Bands.between(upright, level)
        inside = self._inside(rows, columns)
        rows, columns = self._opened(rows, columns, inside, 1), self._opened(columns, rows, inside, 0)
        members = self._inside(rows, columns)
        if len(members) < MIN_NUMBERS or not len(rows) or not len(columns):
            return None
        rows, columns = rows_of(rows, self.boxes[members]), columns_of(columns, self.boxes[members])
        rows, columns = rows.without_rims(self.middles[members, 1]), columns.without_rims(self.middles[members, 0])
        grid = _Grid(rows, columns, tuple(members.tolist()), True)
        return grid if self._is_table(grid) else None

    def _inside(self, rows: Bands, columns: Bands) -> IntArray:
        """Indices of free numbers within the outermost edges."""
        (u0, u1), (v0, v1) = (
            (bands.edges[0] - OUTSIDE_HEIGHTS, bands.edges[-1] + OUTSIDE_HEIGHTS) for bands in (columns, rows)
        )
        u, v = self.middles.T
        return np.flatnonzero(self.free & (u >= u0) & (u <= u1) & (v >= v0) & (v <= v1))

    def _opened(self, bands: Bands, across: Bands, inside: IntArray, axis: int) -> Bands:
        """Bands with one more at either end that is open and has numbers. axis: 1 for rows, 0 for columns."""
        place, other = self.middles[:, axis], self.middles[:, 1 - axis]
        between = self.free & (other >= across.edges[0]) & (other <= across.edges[-1])
        between[inside] = False
        edges = bands.edges.copy()
        for end, side in ((0, -1), (-1, 1)):  # where no ruling is, a table ends with its numbers
            if not bands.ruled(end % len(edges)):
                low, high = self.boxes[:, axis], self.boxes[:, axis + 2]
                upon = (
                    (other >= across.edges[0]) & (other <= across.edges[-1]) & (low < edges[end]) & (high > edges[end])
                )
                if upon.any():
                    edges[end] = low[upon].min() - 0.1 if side < 0 else high[upon].max() + 0.1
        usual = float(np.median(np.diff(edges))) if len(edges) > 2 else 2.5
        reach = min(OPEN_REACH_HEIGHTS, max(2.0, 1.3 * usual))
        if not bands.closed[0]:
            before = np.flatnonzero(between & (place < edges[0]) & (place > edges[0] - reach))
            if len(before):
                edges = np.concatenate([[self.boxes[before, axis].min() - 0.2], edges])
        if not bands.closed[1]:
            behind = np.flatnonzero(between & (place > edges[-1]) & (place < edges[-1] + reach))
            if len(behind):
                edges = np.concatenate([edges, [self.boxes[behind, axis + 2].max() + 0.2]])
        return replace(bands, edges=edges)

    def _reckons(self, rows: Bands, columns: Bands) -> bool:
        """Whether there are sums in rows and columns, one below the other, and no table."""
        u, v = (self.operators[:, :2] + self.operators[:, 2:]).T / 2
        inside = (u > columns.edges[0]) & (u < columns.edges[-1]) & (v > rows.edges[0]) & (v < rows.edges[-1])
        return int(inside.sum()) >= MIN_OPERATORS_PER_ROW * len(rows)

    def _is_form(self, members: IntArray, least: float = MIN_FORM_SHARE) -> bool:
        """Whether most of these numbers that have several digits have a box for each."""
        several = np.array([len(self.numbers[i].digits) >= MIN_BOXED_DIGITS for i in members])
        return bool(several.any()) and float(self.boxed[members][several].mean()) >= least

    def _is_table(self, grid: _Grid) -> bool:
        """Whether this is a table, and not squared paper or a form with one line of boxes."""
        shape = (len(grid.rows), len(grid.columns))
        if min(shape) < 2 or self._is_form(np.array(grid.members)):
            return False
        sizes = [float(np.median(np.diff(bands.edges))) for bands in (grid.rows, grid.columns)]
        if sizes[0] < MIN_CELL_HEIGHTS[0] or sizes[1] < MIN_CELL_HEIGHTS[1]:
            return False
        filled = {(grid.rows.index(self.middles[i, 1]), grid.columns.index(self.middles[i, 0])) for i in grid.members}
        if shape[0] * shape[1] >= MANY_CELLS and len(filled) < MIN_FILLED_SHARE * shape[0] * shape[1]:
            return False
        cut = [i for i in grid.members if len(set(grid.columns.indices(self.digits[i][:, ::2].mean(axis=1)))) > 1]
        if len(cut) <= MAX_CUT_SHARE * len(grid.members):
            return bool(grid.columns.rulings) or not self._reckons(grid.rows, grid.columns)
        whole = np.mean([line.share(grid.rows.edges[0], grid.rows.edges[-1]) for line in grid.columns.rulings] or [0.0])
        return bool(whole >= MIN_WHOLE_SHARE) and len(filled) >= MIN_CUT_FILLED_SHARE * shape[0] * shape[1]


def _table(finder: _Finder, grid: _Grid, origin: Float64Array, size: tuple[int, int], turned: int) -> Table:
    """A table as it is in the picture as given. origin: of the part of it that was looked at; size: of all, pixels."""
    content: dict[tuple[int, int], list[tuple[float, float, Number]]] = {}
    for i in grid.members:
        for number, digits in _in_cells(finder.numbers[i], finder.digits[i], grid):
            u, v = (digits[:, :2].min(axis=0) + digits[:, 2:].max(axis=0)) / 2
            cell = grid.rows.index(v), grid.columns.index(u)
            content.setdefault(_first_of_merged(finder.page, grid, cell, u, v), []).append((v, u, number))
    corners = np.stack(np.meshgrid(grid.columns.edges, grid.rows.edges), axis=-1)  # (R + 1, C + 1, 2)
    corners = finder.page.in_picture(corners) + origin
    if turned:
        upright = size if turned == 180 else size[::-1]
        points = corners.reshape(-1, 2)
        back = turned_boxes(np.tile(points, 2), 360 - turned, *upright)[:, :2]
        corners = back.reshape(corners.shape).astype(np.float64)
    return Table(
        tuple(
            tuple(
                _cell(content.get((i, j), []), corners[i : i + 2, j : j + 2].reshape(4, 2))
                for j in range(len(grid.columns))
            )
            for i in range(len(grid.rows))
        ),
        tuple((float(x), float(y)) for x, y in (corners[0, 0], corners[0, -1], corners[-1, -1], corners[-1, 0])),
        grid.ruled,
    )


def _in_cells(number: Number, digits: Float64Array, grid: _Grid) -> list[tuple[Number, Float64Array]]:
    """A number, or its parts where rulings cut it: digits of two cells were taken for one number."""
    row = grid.rows.index(float(digits[:, 1::2].mean()))
    columns = grid.columns.indices(digits[:, ::2].mean(axis=1))
    if len(set(columns)) == 1:
        return [(number, digits)]
    starts = [0]
    for k in range(1, len(columns)):
        edges = range(min(columns[k - 1], columns[k]) + 1, max(columns[k - 1], columns[k]) + 1)
        if any(
            grid.columns.share(edge, grid.rows.edges[row], grid.rows.edges[row + 1]) > MERGED_SHARE for edge in edges
        ):
            starts.append(k)
    if len(starts) == 1:
        return [(number, digits)]
    parts = [slice(a, b) for a, b in zip(starts, [*starts[1:], len(columns)], strict=True)]
    return [(Number.of(number.digits[part]), digits[part]) for part in parts]


def _first_of_merged(page: Straightened, grid: _Grid, cell: tuple[int, int], u: float, v: float) -> tuple[int, int]:
    """The first of the cells that are one with a cell where a number is at (u, v), if it stands in their middle."""
    for bands, place, own, at in ((grid.columns, u, cell[1], cell[0]), (grid.rows, v, cell[0], cell[1])):
        start = end = own
        while start > 0 and _merged(page, grid, bands, start, at):
            start -= 1
        while end + 1 < len(bands) and _merged(page, grid, bands, end + 1, at):
            end += 1
        middle, whole = ((bands.edges[a] + bands.edges[b + 1]) / 2 for a, b in ((own, own), (start, end)))
        # A title may well stand in the middle of a cell, too.
        title = bands is grid.columns and (start, end) == (0, len(bands) - 1)
        if start < end and abs(place - whole) < abs(place - middle) + (0.05 if title else -0.05):
            return (at, start) if bands is grid.columns else (start, at)
    return cell


def _merged(page: Straightened, grid: _Grid, bands: Bands, edge: int, at: int) -> bool:
    """Whether an edge that has a ruling has none in band `at` of the other direction."""
    level = bands is grid.rows
    across = grid.columns.edges if level else grid.rows.edges
    place, inset = float(bands.edges[edge]), 0.15 * (across[at + 1] - across[at])
    if not bands.ruled(edge) or page.shown(place, across[0], across[-1], level) < MIN_SHOWN_SHARE:
        return False
    return page.shown(place, across[at] + inset, across[at + 1] - inset, level) < MERGED_SHARE


def _cell(content: list[tuple[float, float, Number]], corners: Float64Array) -> Cell:
    """A cell with what it holds: v, u and number of each."""
    rows = sorted(content, key=lambda item: (item[0], item[1]))
    ordered: list[tuple[float, float, Number]] = []
    while rows:  # numbers side by side first, whatever their heights
        line = [item for item in rows if item[0] - rows[0][0] < 0.55]
        ordered += sorted(line, key=lambda item: item[1])
        rows = rows[len(line) :]
    numbers = tuple(number for _, _, number in ordered)
    (x0, y0), (x1, y1) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    return Cell(" ".join(number.written for number in numbers), numbers, (x0, y0, x1, y1))
