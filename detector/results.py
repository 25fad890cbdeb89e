"""What was read, written down: JSON Lines, a CSV table, COCO results, text, annotated pictures.

An output format is one class, an `Output`; a format that writes one text file is a `FileOutput`. What a record of each
format holds is a function of its own, which the server uses too.
"""

from __future__ import annotations

import csv
import json
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, ClassVar

from PIL import Image

from detector.categories import CATEGORIES
from detector.draw import draw_page
from detector.errors import DigitReaderError, OptionError
from detector.files import appearing
from detector.images import Picture
from detector.types import Digit, Page, Sign, Table

CSV_COLUMNS = ("file", "line", "number", "text", "score", "x0", "y0", "x1", "y1", "written", "value")


def json_record(file: str, page: Page) -> dict[str, Any]:
    """A page as JSON holds it: boxes are x0, y0, x1, y1 in pixels of the picture, to a hundredth.

    turned: by how many degrees clockwise the picture has to be turned to stand upright. Boxes are in pixels of the
    picture before that.
    The text of a rejected number is a "?" for each digit, and so is what is written. What its digits may be stands with
    their boxes. Signs of the page are those of numbers and all others. There are no `tables` where none was found, or
    none was asked for.
    """
    return {
        "file": file,
        "width": page.width,
        "height": page.height,
        "turned": page.turned,
        "text": page.text,
        "lines": [
            {
                "text": line.text,
                "numbers": [
                    {
                        "text": number.text,
                        "score": round(number.score, 4),
                        "rejected": number.rejected,
                        "digits": [{"digit": digit.digit} | _box_and_score(digit) for digit in number.digits],
                        "written": number.written,
                        "value": number.value,
                        "signs": [_sign_record(sign) for sign in number.signs],
                    }
                    for number in line.numbers
                ],
                "written": line.written,
            }
            for line in page.lines
        ],
        "written": page.written,
        "signs": [_sign_record(sign) for sign in page.signs],
    } | ({"tables": [table_record(table) for table in page.tables]} if page.tables else {})


def table_record(table: Table) -> dict[str, Any]:
    """A table as JSON holds it: the text of each cell and the box around it, row by row; boxes as of json_record."""
    return {
        "ruled": table.ruled,
        "corners": [[round(x, 2), round(y, 2)] for x, y in table.corners],
        "rows": [
            [{"text": cell.text, "box": [round(side, 2) for side in cell.box]} for cell in row] for row in table.rows
        ],
    }


def _sign_record(sign: Sign) -> dict[str, Any]:
    return {"sign": sign.category} | _box_and_score(sign)


def _box_and_score(one: Digit | Sign) -> dict[str, Any]:
    return {"box": [round(side, 2) for side in one.box], "score": round(one.score, 4)}


def csv_rows(file: str, page: Page) -> Iterator[tuple[str | int | float | None, ...]]:
    """A row of CSV_COLUMNS for each number. Lines and numbers are counted from 1. The box is around all its digits.

    The text of a rejected number is a "?" for each digit. A number without a value has None there.
    """
    for i, line in enumerate(page.lines, 1):
        for j, number in enumerate(line.numbers, 1):
            x0, y0, x1, y1 = zip(*(digit.box for digit in number.digits), strict=True)
            sides = (min(x0), min(y0), max(x1), max(y1))
            box = (round(side, 2) for side in sides)
            yield file, i, j, number.text, round(number.score, 4), *box, number.written, number.value


def coco_results(
    file: str, image_id: int, page: Page, categories: Sequence[str] = CATEGORIES
) -> Iterator[dict[str, Any]]:
    """Each digit and each sign in COCO's results format: bbox is x, y, width, height.

    category_id: 1 to 10 are the digits 0 to 9; signs follow in the order of the detector's categories.
    file_name tells which picture image_id stands for. COCO's own tools ignore it.
    """
    found: list[tuple[int, Digit | Sign]] = [
        (digit.digit, digit) for line in page.lines for number in line.numbers for digit in number.digits
    ]
    found += [(categories.index(sign.category), sign) for sign in page.signs]
    for label, one in found:
        x0, y0, x1, y1 = one.box
        yield {
            "image_id": image_id,
            "file_name": file,
            "category_id": label + 1,
            "bbox": [x0, y0, x1 - x0, y1 - y0],
            "score": one.score,
        }


def annotated_paths(pictures: list[Path], folder: Path) -> list[Path]:
    """The path of each annotated picture: a PNG file under folder, in subfolders where names alone would not differ.

    For pictures a/1.png and b/1.jpg they are folder/a/1.png and folder/b/1.png. Raises OptionError where one would
    replace a picture.
    """
    absolute = [Path(os.path.abspath(picture)) for picture in pictures]
    shared = os.path.commonpath([picture.parent for picture in absolute]) if absolute else ""
    targets: list[Path] = []
    taken: set[str] = set()
    for picture in absolute:
        stem = folder / picture.parent.relative_to(shared) / picture.stem
        target, count = stem.with_name(stem.name + ".png"), 1
        while str(target).lower() in taken:  # 1.jpg beside 1.png, and file systems that take a.png for A.png
            count += 1
            target = stem.with_name(f"{stem.name}-{count}.png")
        taken.add(str(target).lower())
        targets.append(target)
    sources = {picture.resolve() for picture in absolute}
    for target in targets:
        if target.resolve() in sources:
            raise OptionError(
                f"{target}: expected a place of its own for annotated pictures, got one of the pictures read."
            )
    return targets


@dataclass(frozen=True, eq=False)
class Result:
    """What was read in one picture, as an output format is given it."""

    file: str
    """The picture's name, as the user gave it."""
    image_id: int
    """The picture's position among all that were asked for, from 1. Those that cannot be read count, too."""
    image: Picture
    """uint8 (H, W, 3) RGB."""
    page: Page
    """What is written in it."""


class Output(ABC):
    """An output format: it is given every picture in order, and closed when there are no more."""

    @abstractmethod
    def add(self, result: Result) -> None:
        """Write what was read in one more picture. Raises OptionError where it cannot be written."""

    def add_error(self, file: str, error: DigitReaderError) -> None:  # noqa: B027  # most formats leave these out
        """Write that a picture could not be read."""

    def close(self) -> None:  # noqa: B027  # most formats have written everything by then
        """Write what is only known when all pictures were read. Not called where reading broke off."""


class FileOutput(Output):
    """An output format that is one text file. Whoever makes it opens and closes the stream that it writes to."""

    name: ClassVar[str]
    """What the file is called when the user is told where it lies."""

    def __init__(self, stream: IO[str], categories: Sequence[str] = CATEGORIES) -> None:
        """categories: what the detector finds, by name."""
        self.stream = stream
        self.categories = categories


class JsonLines(FileOutput):
    """One line for each picture: its json_record or, where it could not be read, its file name and the error."""

    name = "JSON Lines"

    def add(self, result: Result) -> None:
        self._write(json_record(result.file, result.page))

    def add_error(self, file: str, error: DigitReaderError) -> None:
        self._write({"file": file, "error": str(error)})

    def _write(self, record: dict[str, Any]) -> None:
        self.stream.write(json.dumps(record) + "\n")
        self.stream.flush()  # whoever reads from a pipe has each line at once


class CsvTable(FileOutput):
    """A table of CSV_COLUMNS with one row for each number."""

    name = "table"

    def __init__(self, stream: IO[str], categories: Sequence[str] = CATEGORIES) -> None:
        super().__init__(stream, categories)
        self._rows = csv.writer(stream, lineterminator="\n")
        self._rows.writerow(CSV_COLUMNS)

    def add(self, result: Result) -> None:
        self._rows.writerows(csv_rows(result.file, result.page))


class TablesCsv(FileOutput):
    """All tables in pictures as CSV, a row for each of theirs.

    Where there are several tables an empty line parts them, and the name of its picture stands above each.
    """

    name = "tables"

    def __init__(self, stream: IO[str], categories: Sequence[str] = CATEGORIES) -> None:
        super().__init__(stream, categories)
        self._tables: list[tuple[str, Table]] = []

    def add(self, result: Result) -> None:
        self._tables += [(result.file, table) for table in result.page.tables]

    def close(self) -> None:
        rows = csv.writer(self.stream, lineterminator="\n")
        for i, (file, table) in enumerate(self._tables):
            if i:
                self.stream.write("\n")
            if len(self._tables) > 1:
                rows.writerow([file])
            rows.writerows(table.texts)


class CocoResults(FileOutput):
    """One JSON list of all digits and signs in COCO's results format."""

    name = "COCO results"

    def __init__(self, stream: IO[str], categories: Sequence[str] = CATEGORIES) -> None:
        super().__init__(stream, categories)
        self._results: list[dict[str, Any]] = []

    def add(self, result: Result) -> None:
        self._results += coco_results(result.file, result.image_id, result.page, self.categories)

    def close(self) -> None:
        json.dump(self._results, self.stream)


class PlainText(Output):
    """For people: the file name and what is written, indented below it where it has several lines."""

    def __init__(self, write_line: Callable[[str], object]) -> None:
        self._write_line = write_line

    def add(self, result: Result) -> None:
        text = result.page.written or "(no digits)"
        self._write_line(
            f"{result.file}: {text}" if "\n" not in text else f"{result.file}:\n  " + text.replace("\n", "\n  ")
        )


class AnnotatedPictures(Output):
    """A PNG file for each picture that shows what was read where. See annotated_paths.

    targets: the path of the annotated picture by the file name of the picture.
    """

    def __init__(self, targets: Mapping[str, Path]) -> None:
        self._targets = targets

    def add(self, result: Result) -> None:
        drawn = Image.fromarray(draw_page(result.image, result.page))
        with appearing(self._targets[result.file], "wb") as stream:
            drawn.save(stream, format="PNG", compress_level=3)
