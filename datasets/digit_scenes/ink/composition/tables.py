"""Lays tables out: what stands in their cells, row by row, and the rulings and shades around it.

What lies between two cells tells that they are two: a ruling, however narrow the gap, or else a clear gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digit_scenes.chance import happens
from digit_scenes.ink.composition.composer import Composer
from digit_scenes.ink.composition.page import Fill, Row, Run
from digit_scenes.ink.composition.rulings import FRAME, FULL, HEADING, LEVEL, NONE, UPRIGHT, Pencil

MIN_DIGIT_PX = 10.0
"""Height of digits below which a table loses rows and columns rather than become smaller."""
FILLING, MAX_FILLING_DIGIT_PX = 0.4, 64.0
"""Share of tables as large as the page has room for, and the height of the digits of the largest."""
PAGE_SHARE = 0.96
"""Most of the page that a table takes."""
RULINGS = {FULL: 0.48, LEVEL: 0.17, UPRIGHT: 0.08, HEADING: 0.09, FRAME: 0.05, NONE: 0.13}
"""Weights of rulings where a plan does not ask for some."""


@dataclass(frozen=True)
class Plan:
    """A table as it is to be."""

    cells: Sequence[Sequence[str]]
    """Rows of equally many cells, from the top; "" for an empty one."""
    sides: Sequence[float]
    """Where the texts of each column stand: 0 left, 0.5 in the middle, 1 right."""
    headings: int = 0
    """So many rows at the top are headings."""
    square: bool = False
    """Whether cells are as wide as high, and the table loses none of its rows and columns."""
    thick: tuple[int, int] = (0, 0)
    """Every so many rows and columns a ruling is thick; 0 for none."""
    rulings: str = ""
    """One of RULINGS; any without it."""
    crossed: float = 0.0
    """Share of empty cells that are crossed out."""


@dataclass(frozen=True)
class _Grid:
    """Where a table lies, in pixels of the page."""

    x: NDArray[np.float64]
    """(C + 1,), edges of columns."""
    y: NDArray[np.float64]
    """(R + 1,), edges of rows."""
    height: float
    """Of digits."""


def lay(page: Composer, plan: Plan) -> None:
    """A table on the page, as much of it as fits."""
    rng = page.rng
    rulings = plan.rulings or str(rng.choice(list(RULINGS), p=np.array(list(RULINGS.values()))))
    if rulings == HEADING and not plan.headings:
        rulings = LEVEL
    runs = [[page.run(text) if text else None for text in row] for row in plan.cells]
    grid, runs = _fitted(page, plan, runs, rulings in (FULL, UPRIGHT))
    page.page.tables.append([[" ".join(n.written for n in run.numbers) if run else "" for run in row] for row in runs])
    _shade(page, plan, grid)
    Pencil.any(rng, page.scribe.printed, grid.height).rule(
        page.page.rulings, (grid.x, grid.y), rulings, plan.headings, plan.thick
    )
    for i, row in enumerate(runs):
        middle = (grid.y[i] + grid.y[i + 1]) / 2
        told = page.new_row(float(middle))
        for j, run in enumerate(row):
            if run:
                _fill(page, plan, run, grid, (i, j), told)
            elif happens(rng, plan.crossed):
                _cross_out(page, grid, i, j)


def _fitted(
    page: Composer, plan: Plan, runs: list[list[Run | None]], parted: bool
) -> tuple[_Grid, list[list[Run | None]]]:
    """Where the table lies, and those of its rows and columns that it has room for.

    parted: whether rulings part its columns; a gap has to do so otherwise.
    """
    rng = page.rng
    tight = happens(rng, 0.4)
    if parted:
        pad = float(rng.uniform(0.1, 0.25) if tight else rng.uniform(0.2, 0.9))
    else:
        pad = float(rng.uniform(0.5, 0.7) if tight else rng.uniform(0.6, 1.3))
    every = [run for row in runs for run in row if run]
    above = max((-run.box[1] for run in every), default=1.0)
    below = max((run.box[3] for run in every), default=0.0)
    room = float(rng.uniform(0.15, 0.4) if tight else rng.uniform(0.3, 1.4))
    pitch = max(min(above, 1.15), 1.0) + min(below, 0.3) + room  # what reaches further may touch the rows beside it
    columns = np.array([max((run.width for run in column if run), default=0.6) for column in zip(*runs, strict=True)])
    columns = np.maximum(columns, 0.6) + 2 * pad
    if not parted:  # columns of single digits would be one number with room in it
        columns = np.maximum(columns, 2.4)
    if plan.square:
        columns = np.full(len(columns), max(columns.max(), pitch))
        pitch = float(columns[0]) * float(rng.uniform(0.85, 1.0) if happens(rng, 0.3) else 1.0)
        pitch = max(pitch, 1.15)
    elif happens(rng, 0.4):
        columns = columns * rng.uniform(1.0, 1.7, len(columns))
    height_px, width_px = page.size[0] * PAGE_SHARE, page.size[1] * PAGE_SHARE
    asked = MAX_FILLING_DIGIT_PX if happens(rng, FILLING) else page.height
    height = min(asked, height_px / 2.2 / pitch)
    if not plan.square:
        least = min(height, MIN_DIGIT_PX)
        count = max(2, int((columns.cumsum() * least <= width_px).sum()))
        columns, runs = columns[:count], [row[:count] for row in runs]
        runs = runs[: max(2, int(height_px / (pitch * least)))]
        if asked == page.height and happens(rng, 0.5):  # rather fewer rows than smaller digits
            runs = runs[: max(3, int(height_px / (pitch * height)))]
    height = min(height, width_px / columns.sum(), height_px / (pitch * len(runs)))
    x = np.concatenate([[0.0], columns.cumsum()]) * height
    y = np.arange(len(runs) + 1) * pitch * height
    x += rng.uniform(0, max(page.size[1] - x[-1], 1e-6))
    y += rng.uniform(0, max(page.size[0] - y[-1], 1e-6))
    return _Grid(x, y, height), runs


def _fill(page: Composer, plan: Plan, run: Run, grid: _Grid, cell: tuple[int, int], told: Row) -> None:
    """A run in its cell."""
    rng, height, (i, j) = page.rng, grid.height, cell
    left, right = float(grid.x[j]), float(grid.x[j + 1])
    free = right - left - run.width * height
    edge = min(0.25 * height, free / 2)
    side = 0.5 if i < plan.headings and happens(rng, 0.5) else plan.sides[j]
    x = left + edge + (free - 2 * edge) * side
    y = float(grid.y[i] + grid.y[i + 1] + height) / 2
    if not page.scribe.printed:
        slack = float(grid.y[i + 1] - grid.y[i]) / height - 1.0
        x += float(rng.normal(0, 0.12)) * max(free - 0.2 * height, 0.0)
        x = min(max(x, left + 0.05 * height), max(right - (run.width + 0.05) * height, left))
        y += float(np.clip(rng.normal(0, 0.08), -0.3 * slack, 0.3 * slack)) * height
    page.put(run, x, y, height, told)


def _cross_out(page: Composer, grid: _Grid, i: int, j: int) -> None:
    """A cell with a stroke, a cross or a scribble, and nothing to be read."""
    rng = page.rng
    x0, x1, y0, y1 = grid.x[j], grid.x[j + 1], grid.y[i], grid.y[i + 1]
    inset = rng.uniform(0.05, 0.25)
    corners = np.array([[x0, y1], [x1, y0], [x0, y0], [x1, y1]])
    corners = (
        corners + ((x0 + x1) / 2 - corners[:, :1]) * [inset * 2, 0] + ((y0 + y1) / 2 - corners[:, 1:]) * [0, inset * 2]
    )
    corners += rng.normal(0, 0.05 * grid.height, corners.shape)
    kind = str(rng.choice(["stroke", "cross", "scribble"]))
    strokes = [corners[:2]] if kind == "stroke" else [corners[:2], corners[2:]]
    if kind == "scribble":
        count = int(rng.integers(6, 14))
        along = np.linspace(0.05, 0.95, count)[:, None]
        up_down = np.where(np.arange(count) % 2, 0.85, 0.15)[:, None] + rng.normal(0, 0.06, (count, 1))
        strokes = [np.hstack([x0 + (x1 - x0) * along, y0 + (y1 - y0) * up_down])]
    page.draw(strokes, grid.height)


def _shade(page: Composer, plan: Plan, grid: _Grid) -> None:
    """A shade under the headings, or under every other row."""
    rng = page.rng
    kind = str(rng.choice(["", "headings", "stripes"], p=[0.8, 0.12, 0.08]))
    rows = range(plan.headings) if kind == "headings" else range(0, len(grid.y) - 1, 2) if kind else ()
    depth = float(rng.uniform(0.04, 0.22))
    for i in rows:
        x0, x1, y0, y1 = grid.x[0], grid.x[-1], grid.y[i], grid.y[i + 1]
        page.page.fills.append(Fill(np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]), depth))
