"""Pictures of which only the text is known, listed in a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from detector.errors import DataError
from detector.images import open_image


@dataclass(frozen=True, eq=False)
class TextPicture:
    """A picture of which only the text is known, not where its digits are."""

    image: np.ndarray
    """uint8 (H, W, 3), RGB."""
    lines: tuple[str, ...]
    """The true lines of text."""
    written: tuple[str, ...] | None = None
    """The lines as they are written, signs included. None where they are not known."""
    target: None = None
    """As a scene's, but not known."""


@dataclass(frozen=True)
class Manifest:
    """The pictures of a manifest in its order, each opened when it is asked for."""

    paths: Sequence[Path]
    """Where each lies."""
    lines: Sequence[tuple[str, ...]]
    """The true lines of text of each."""
    written: Sequence[tuple[str, ...] | None]
    """Likewise as they are written, signs included. None where that is not known."""

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> TextPicture:
        """Picture `index`. Raises ImageError if it cannot be read."""
        return TextPicture(open_image(self.paths[index]), self.lines[index], self.written[index])


def read_manifest(path: Path) -> Manifest:
    """Reads a CSV file with a picture in each row.

    The column `file` is a path relative to the CSV file, `lines` the true lines of text, parted by '|'; empty, it says
    that there is nothing to read. A column `written` may hold the same with signs, as '12.5 -3|67'; empty, it says
    nothing. Other columns are ignored. Raises DataError if the file is missing, damaged or lacks a column.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file)
            columns = table.fieldnames or []
            rows = list(table)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; expected a CSV file with the columns file and lines.") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: expected a CSV file with the columns file and lines, got {error}.") from None
    if not {"file", "lines"} <= set(columns):
        raise DataError(f"{path}: expected the columns file and lines, got {', '.join(columns) or 'an empty file'}.")
    for position, row in enumerate(rows, 1):
        if not row["file"] or row["lines"] is None:
            raise DataError(
                f"{path}: expected a file and its lines in row {position}, got {list(row.values())!r:.100}."
            )
    return Manifest(
        [path.parent / row["file"] for row in rows],
        [_lines(row["lines"]) for row in rows],
        [_lines(row.get("written") or "") or None for row in rows],
    )


def _lines(cell: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in cell.split("|") if line.strip())
