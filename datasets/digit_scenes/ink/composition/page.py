"""What a composed page is made of: runs, marks, and the rows of numbers that are its truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from digit_scenes.glyphs.letters import Box, Glyph
from digit_scenes.ink.composition.numbers import WrittenNumber


@dataclass(frozen=True, eq=False)
class Mark:
    """One character in its place."""

    glyph: Glyph
    """How it looks."""
    label: int
    """What it is: an index into `CATEGORIES`."""
    matrix: NDArray[np.float64]
    """(2, 3), affine, from the glyph's units to heights of a digit, within a run, or to pixels, on a page."""
    height: float
    """Of a digit of its size, in the same units."""
    trace: bool = False
    """Whether it only peeps in over the picture's border; it is left out where more of it would be seen, and has no
    label where it is not."""

    def moved(self, x: float, y: float, scale: float) -> Mark:
        """Enlarged by `scale`, then moved by (x, y)."""
        matrix = self.matrix * scale + [[0, 0, x], [0, 0, y]]
        return replace(self, matrix=matrix, height=self.height * scale)


@dataclass(frozen=True, eq=False)
class Run:
    """A stretch of text set on a baseline at y = 0 from x = 0 on, in heights of a digit, y down."""

    text: str
    """What is written."""
    marks: tuple[Mark, ...]
    """Its characters."""
    box: Box
    """Of its ink, about; the slant is left out."""
    numbers: tuple[WrittenNumber, ...]
    """The numbers in it, from left to right."""

    @property
    def width(self) -> float:
        """From the baseline's beginning to the end of the ink, heights."""
        return self.box[2]


@dataclass
class Row:
    """A line of the page's text."""

    y: float
    """Where its digits are, pixels of the page; rows are read by it."""
    numbers: list[tuple[float, WrittenNumber]] = field(default_factory=list)
    """Its numbers, each with where it begins, pixels."""


@dataclass(frozen=True, eq=False)
class Ruling:
    """A line of a table or a form, on the paper before anything is written."""

    points: NDArray[np.float64]
    """(N, 2), along it, pixels of the page."""
    thickness: float
    """Pixels."""
    shade: float
    """How far it is from the paper's colour to the ink's, 0-1."""


@dataclass(frozen=True, eq=False)
class Fill:
    """A shaded part of the paper."""

    corners: NDArray[np.float64]
    """(N, 2), around it, pixels of the page."""
    shade: float
    """How far it is from the paper's colour to the ink's, 0-1."""


@dataclass
class Composition:
    """A page as far as it is composed, in pixels of the page."""

    marks: list[Mark] = field(default_factory=list)
    """In the order in which they are written."""
    rows: list[Row] = field(default_factory=list)
    """The lines of its text, in any order."""
    frames: list[Box] = field(default_factory=list)
    """Where forms may have boxes: around numbers."""
    fills: list[Fill] = field(default_factory=list)
    """Shades of the paper, below all rulings."""
    rulings: list[Ruling] = field(default_factory=list)
    """Of its tables and forms."""
    tables: list[list[list[str]]] = field(default_factory=list)
    """The numbers in each cell of its tables as written, parted by spaces, row by row."""
    told: bool = True
    """Whether it has a text: a reading order that nobody would doubt."""

    def lines(self) -> list[list[WrittenNumber]]:
        """The numbers by row, from the top and from the left; rows without a number are none."""
        rows: Sequence[Row] = sorted((row for row in self.rows if row.numbers), key=lambda row: row.y)
        return [[number for _, number in sorted(row.numbers, key=lambda item: item[0])] for row in rows]
