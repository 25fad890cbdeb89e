"""The values that cross module borders. NumPy only: whoever makes or scores them needs no torch.

Boxes are `x0, y0, x1, y1` in absolute pixels of the picture, x1 and y1 exclusive, tight to the ink.
Labels 0-9 are the digits themselves. Labels from 10 on are signs and writing, see `detector.categories`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from detector.amounts import value_of
from detector.categories import DIGIT_COUNT

FloatArray = NDArray[np.float32]
Float64Array = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

RIGHT_ANGLES_DEG = (0, 90, 180, 270)  # clockwise


def _check(name: str, array: np.ndarray, dtype: type[np.generic], shape: tuple[int, ...]) -> None:
    if not isinstance(array, np.ndarray) or array.dtype != dtype or array.shape != shape:
        got = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
        raise ValueError(f"{name}: expected {np.dtype(dtype)} {shape}, got {got}")


MIN_SIGN_SIDE_PX = 8.0
"""Least side of a sign's box where boxes are learned or compared: a point is smaller than any anchor."""


def widened(boxes: FloatArray) -> FloatArray:
    """Boxes (N, 4) of signs, each side at least MIN_SIGN_SIDE_PX long, about their middles."""
    missing = (MIN_SIGN_SIDE_PX - (boxes[:, 2:] - boxes[:, :2])).clip(min=0) / 2  # (N, 2)
    wider: FloatArray = np.concatenate([boxes[:, :2] - missing, boxes[:, 2:] + missing], axis=1).astype(np.float32)
    return wider


def _no_boxes() -> FloatArray:
    return np.zeros((0, 4), np.float32)


def _no_rulings() -> FloatArray:
    return np.zeros((0, 5), np.float32)


def _check_boxes(name: str, boxes: np.ndarray) -> None:
    _check(name, boxes, np.float32, (len(boxes), 4))
    if len(boxes) and not (np.isfinite(boxes).all() and (boxes[:, 2:] > boxes[:, :2]).all()):
        bad = int(np.flatnonzero(~np.isfinite(boxes).all(1) | (boxes[:, 2:] <= boxes[:, :2]).any(1))[0])
        raise ValueError(f"{name}: expected finite x0 < x1 and y0 < y1, got {boxes[bad].tolist()} at index {bad}")


def _check_boxes_and_labels(boxes: np.ndarray, labels: np.ndarray) -> None:
    _check_boxes("boxes", boxes)
    _check("labels", labels, np.int64, (len(boxes),))
    if len(boxes) and labels.min() < 0:
        bad = int(np.flatnonzero(labels < 0)[0])
        raise ValueError(f"labels: expected 0 or more, got {int(labels[bad])} at index {bad}")


@dataclass(frozen=True, eq=False)
class Target:
    """What is truly in a picture. Raises ValueError where shapes, types or values differ from these."""

    boxes: FloatArray
    """float32 (N, 4), pixels."""
    labels: IntArray
    """int64 (N,): the digits 0-9, and from 10 on signs and writing."""
    ignore: BoolArray
    """bool (N,), True where too little of a digit shows (COCO's iscrowd): finding it is neither right nor wrong."""
    untold: FloatArray = field(default_factory=_no_boxes)
    """float32 (M, 4), pixels: ink that is no digit, where it is not told which signs or writing it is."""

    def __post_init__(self) -> None:
        _check_boxes_and_labels(self.boxes, self.labels)
        _check("ignore", self.ignore, np.bool_, (len(self.boxes),))
        _check_boxes("untold", self.untold)

    def __len__(self) -> int:
        return len(self.boxes)

    def scaled(self, factors: FloatArray) -> Target:
        """The same where x0, y0, x1, y1 are multiplied by factors, float32 (4,)."""
        return Target(self.boxes * factors, self.labels, self.ignore, self.untold * factors)

    def digits(self) -> Target:
        """The digits alone."""
        chosen = self.labels < DIGIT_COUNT
        return self if chosen.all() else Target(self.boxes[chosen], self.labels[chosen], self.ignore[chosen])

    @classmethod
    def empty(cls) -> Target:
        """The target of a picture without digits."""
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.int64), np.zeros(0, np.bool_))


Batch: TypeAlias = "tuple[list[NDArray[np.uint8]], list[Target]]"
"""Images uint8 (H, W, 3) RGB, of one size or of several, and the target of each."""


class BatchSource(Protocol):
    """Batches to train on, without an end."""

    def __getitem__(self, step: int, /) -> Batch:
        """The batch of a step, the same whenever and in whichever process it is asked for."""


@dataclass(frozen=True, eq=False)
class Detections:
    """What a detector found in a picture, best first. Raises ValueError where shapes, types or values differ.

    A box may come twice: as the digit that it holds most likely, and as the likeliest of all other categories.
    """

    boxes: FloatArray
    """float32 (N, 4), pixels."""
    labels: IntArray
    """int64 (N,): the digits 0-9, and from 10 on the detector's other categories."""
    scores: FloatArray
    """float32 (N,), 0-1."""
    turned: int = 0
    """By how many degrees clockwise, 0, 90, 180 or 270, the picture has to be turned for them to stand upright."""
    ruled: FloatArray = field(default_factory=_no_rulings)
    """float32 (R, 5): the room between two digits in which a ruling runs, x0, y0, x1, y1 in pixels, and how clearly it
    is seen there, 0-1. Only for readers that ask for it."""

    def __post_init__(self) -> None:
        _check_boxes_and_labels(self.boxes, self.labels)
        _check("ruled", self.ruled, np.float32, (len(self.ruled), 5))
        _check("scores", self.scores, np.float32, (len(self.boxes),))
        if len(self.scores) and not (self.scores.min() >= 0 and self.scores.max() <= 1):
            raise ValueError("scores: expected values in [0, 1]")
        if self.turned not in RIGHT_ANGLES_DEG:
            raise ValueError(f"turned: expected one of {RIGHT_ANGLES_DEG}, got {self.turned}")

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, keep: np.ndarray | slice) -> Detections:
        """The detections chosen by a boolean mask (N,), an index array (K,) or a slice."""
        return Detections(self.boxes[keep], self.labels[keep], self.scores[keep], self.turned, self.ruled)

    def digits(self) -> Detections:
        """The digits alone."""
        chosen = self.labels < DIGIT_COUNT
        return self if chosen.all() else self[chosen]

    @classmethod
    def empty(cls) -> Detections:
        """No detection at all."""
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.int64), np.zeros(0, np.float32))


@dataclass(frozen=True)
class Digit:
    """One digit that was read."""

    digit: int
    """0-9."""
    box: tuple[float, float, float, float]
    """x0, y0, x1, y1 in pixels of the picture."""
    score: float
    """The chance that it is right, 0-1."""


@dataclass(frozen=True)
class Sign:
    """One sign that was read: a decimal point, a minus, a percent sign."""

    category: str
    """Its name among the detector's categories, such as ".", "-" or "%"."""
    box: tuple[float, float, float, float]
    """x0, y0, x1, y1 in pixels of the picture."""
    score: float
    """The chance that it is right, 0-1."""


@dataclass(frozen=True)
class Number:
    """Digits that belong together, and the signs that belong to them."""

    text: str
    """Its digits; as many "?" where it was rejected because its score is too low. `digits` still tells the guess."""
    score: float
    """The chance that all of its digits are right, 0-1. Signs have scores of their own."""
    digits: tuple[Digit, ...]
    """Left to right."""
    written: str = ""
    """The number as it stands there: "12.5", "-3", "110,000/-". By default, and where it was rejected, its text."""
    signs: tuple[Sign, ...] = ()
    """Those in `written`, left to right. A rejected number keeps them, as it keeps its digits."""

    def __post_init__(self) -> None:
        if not self.written or self.rejected:
            object.__setattr__(self, "written", self.text)

    @property
    def rejected(self) -> bool:
        """Whether its text is withheld."""
        return "?" in self.text

    @property
    def value(self) -> float | None:
        """What `written` amounts to, see `detector.amounts`. None where it was rejected or that is not sure."""
        return value_of(self.written)

    @classmethod
    def of(cls, digits: Sequence[Digit]) -> Number:
        """The number of these digits, already in order. Its score is the product of theirs: all have to be right."""
        return cls("".join(str(d.digit) for d in digits), prod(d.score for d in digits), tuple(digits))


@dataclass(frozen=True)
class Line:
    """Numbers on one line of writing."""

    text: str
    """The texts of its numbers, with one space between them."""
    numbers: tuple[Number, ...]
    """Left to right."""

    @property
    def written(self) -> str:
        """Its numbers as they stand there, with one space between them."""
        return " ".join(n.written for n in self.numbers)

    @classmethod
    def of(cls, numbers: Sequence[Number]) -> Line:
        """The line that these numbers, already in order, make."""
        return cls(" ".join(n.text for n in numbers), tuple(numbers))


@dataclass(frozen=True)
class Cell:
    """A cell of a table."""

    text: str
    """Its numbers as written, with one space between them; '' where there is none."""
    numbers: tuple[Number, ...]
    """Top to bottom, left to right. Of cells that are one, the first has them all."""
    box: tuple[float, float, float, float]
    """x0, y0, x1, y1 in pixels of the picture: around the cell, which may slope in it."""


@dataclass(frozen=True)
class Table:
    """Numbers in rows and columns. Words are not read, so cells of words are empty."""

    rows: tuple[tuple[Cell, ...], ...]
    """Top to bottom, each of equally many cells from left to right."""
    corners: tuple[tuple[float, float], ...]
    """x, y of its four corners in pixels of the picture, from the one at the top left on as clock hands go."""
    ruled: bool
    """Whether rulings tell of it, and not only how its numbers stand below each other."""

    @property
    def texts(self) -> tuple[tuple[str, ...], ...]:
        """The texts of its cells, row by row."""
        return tuple(tuple(cell.text for cell in row) for row in self.rows)


@dataclass(frozen=True)
class Page:
    """What was read in a picture. Boxes are in pixels of the picture as it was given, even where it lies on a side."""

    width: int
    """Of the picture, pixels."""
    height: int
    """Of the picture, pixels."""
    lines: tuple[Line, ...]
    """Top to bottom."""
    turned: int = 0
    """By how many degrees clockwise, 0, 90, 180 or 270, the picture has to be turned to stand upright."""
    signs: tuple[Sign, ...] = ()
    """All signs, in numbers or not, in no order that means anything."""
    tables: tuple[Table, ...] = ()
    """Top to bottom. Only a reader that is asked for tables looks for them, see `Reader.tables`."""

    @property
    def text(self) -> str:
        """All that was read: the text of each line on a line of its own; '' where there is no digit."""
        return "\n".join(line.text for line in self.lines)

    @property
    def written(self) -> str:
        """As text, each number as it stands there, with its signs."""
        return "\n".join(line.written for line in self.lines)
