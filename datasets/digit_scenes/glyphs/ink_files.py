"""Files of real ink: pens' ways, points along them, and bitmaps. Each is plain or gzipped.

A *stroke* is what a pen wrote between two lifts: points (P, 2), x to the right, y down, in any unit. A *sample* is what
one person wrote once, strokes or a bitmap. Every reader raises DataError where a file is damaged or of another kind.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from detector.errors import DataError

Stroke = NDArray[np.float64]  # (P, 2)
Strokes = tuple[Stroke, ...]  # what one person wrote once
Bitmap = NDArray[np.uint8]  # (H, W), 1 where ink is
OPTICAL_SIDE_PX = 32  # of the bitmaps of Optical Recognition of Handwritten Digits
SEMEION_SIDE_PX = 16
POINTS_PER_DIGIT = 8  # in Pen-Based Recognition of Handwritten Digits
WHOLE_DIGITS = frozenset("0268")
"""What eight points in a row still are. Where pens were lifted is not told, and between two of them a 3 and a 9 lose
their notch and their eye."""
T = TypeVar("T")


def found(folder: Path, name: str) -> Path | None:
    """The file of that name in a folder, gzipped or plain; None where there is none."""
    return next((path for path in (folder / f"{name}.gz", folder / name) if path.is_file()), None)


def _text(path: Path) -> str:
    """What is written in a file, plain or gzipped."""
    try:
        data = path.read_bytes()
        return (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("ascii")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as a file of ink ({error}); get it again.") from error


def _parsed(path: Path, expected: str, parse: Callable[[str], T]) -> T:
    """What `parse` makes of a file's text; where it fails, DataError says what was expected."""
    text = _text(path)
    try:
        return parse(text)
    except (ValueError, TypeError, AttributeError, IndexError, KeyError, RecursionError) as error:
        raise DataError(f"{path}: expected {expected}, got something else ({error!s:.80}); get it again.") from error


def _strokes(written: Any) -> Strokes:
    """Strokes as JSON has them: [[[x, y], ...], ...]. Raises ValueError where they are none."""
    strokes = tuple(np.array(points, np.float64).reshape(len(points), 2) for points in written if len(points))
    if not strokes or not all(np.isfinite(stroke).all() for stroke in strokes):
        raise ValueError("a sample without points, or with some that are no numbers")
    return strokes


def read_pen_ways(path: Path) -> dict[str, list[Strokes]]:
    """Samples by what is written: a file {"7": [[stroke, ...], ...]}, as UJI's digits and NumberPad's signs."""

    def parse(text: str) -> dict[str, list[Strokes]]:
        return {name: [_strokes(sample) for sample in samples] for name, samples in json.loads(text).items()}

    return _parsed(path, 'JSON like {"7": [[[[x, y], ...], ...], ...]}', parse)


def read_drawers(path: Path) -> dict[str, dict[str, Strokes]]:
    """Letters by name and drawer: a file {"Latin/character01": {"01": [stroke, ...]}}, as Omniglot's."""

    def parse(text: str) -> dict[str, dict[str, Strokes]]:
        return {
            name: {drawer: _strokes(sample) for drawer, sample in samples.items()}
            for name, samples in json.loads(text).items()
        }

    return _parsed(path, 'JSON like {"Latin/character01": {"01": [[[x, y], ...], ...]}}', parse)


def read_eight_points(path: Path) -> dict[str, list[Strokes]]:
    """Samples of WHOLE_DIGITS: a CSV file of eight points and the digit in each row, as Pen-Based Recognition's.

    Its y runs up; here it runs down.
    """

    def parse(text: str) -> dict[str, list[Strokes]]:
        rows = [row for row in text.splitlines() if row.strip() and not row.startswith("input")]
        table = np.array([[float(value) for value in row.split(",")] for row in rows])
        table = table.reshape(len(rows), 2 * POINTS_PER_DIGIT + 1)
        points = table[:, :-1].reshape(-1, POINTS_PER_DIGIT, 2) * (1, -1)  # (N, 8, 2)
        samples: dict[str, list[Strokes]] = {}
        for label, stroke in zip(table[:, -1].astype(int).astype(str).tolist(), points, strict=True):
            if label in WHOLE_DIGITS:
                samples.setdefault(label, []).append(_strokes([stroke]))
        return samples

    return _parsed(path, f"rows of {POINTS_PER_DIGIT} points x, y and a digit", parse)


def _by_label(labels: Sequence[int], bitmaps: NDArray[np.uint8]) -> dict[str, list[Bitmap]]:
    """Bitmaps (N, H, W) by their digits; those without ink are left out."""
    samples: dict[str, list[Bitmap]] = {}
    for label, bitmap in zip(labels, bitmaps, strict=True):
        if bitmap.any():
            samples.setdefault(str(label), []).append(bitmap)
    return samples


def read_optical(path: Path) -> dict[str, list[Bitmap]]:
    """Bitmaps (32, 32): 32 rows of 0 and 1, then the digit, as in Optical Recognition of Handwritten Digits."""

    def parse(text: str) -> dict[str, list[Bitmap]]:
        side = OPTICAL_SIDE_PX
        lines = [line.strip() for line in text.splitlines()]
        rows = [line for line in lines if re.fullmatch(f"[01]{{{side}}}", line)]
        labels = [int(line) for line in lines if re.fullmatch("[0-9]", line)]
        bits = np.frombuffer("".join(rows).encode(), np.uint8) - ord("0")
        return _by_label(labels, bits.reshape(len(labels), side, side))

    return _parsed(path, f"{OPTICAL_SIDE_PX} rows of 0 and 1 before each digit", parse)


def read_semeion(path: Path) -> dict[str, list[Bitmap]]:
    """Bitmaps (16, 16): 256 values of 0 and 1, then ten of which one is 1, as in Semeion Handwritten Digit.

    Some copies repeat the ten as one word, and break a row into several: both are read.
    """

    def parse(text: str) -> dict[str, list[Bitmap]]:
        words = [float(word) for word in text.split() if not re.fullmatch("[01]{10}", word)]
        cells = SEMEION_SIDE_PX * SEMEION_SIDE_PX
        table = np.array(words).reshape(-1, cells + 10)
        if not np.isin(table, (0, 1)).all() or not (table[:, cells:].sum(1) == 1).all():
            raise ValueError("values beside 0 and 1, or no class")
        bitmaps = table[:, :cells].astype(np.uint8).reshape(-1, SEMEION_SIDE_PX, SEMEION_SIDE_PX)
        return _by_label(table[:, cells:].argmax(1).tolist(), bitmaps)

    return _parsed(path, "rows of 256 values of 0 and 1 and ten for the class", parse)
