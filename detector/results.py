"""What was read, as records to write: JSON Lines, rows of a CSV file, COCO results. And files that appear whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from detector.errors import OptionError
from detector.types import Page

CSV_COLUMNS = ("file", "line", "number", "text", "score", "x0", "y0", "x1", "y1")


def json_record(file: str, page: Page) -> dict[str, Any]:
    """A page as JSON holds it: boxes are x0, y0, x1, y1 in pixels of the picture, to a hundredth.

    turned: by how many degrees clockwise the picture has to be turned to stand upright; boxes are those before that.
    A number that is rejected has "?" for its text, one for each digit; what its digits may be stands with their boxes.
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
                        "digits": [
                            {"digit": d.digit, "box": [round(side, 2) for side in d.box], "score": round(d.score, 4)}
                            for d in number.digits
                        ],
                    }
                    for number in line.numbers
                ],
            }
            for line in page.lines
        ],
    }


def csv_rows(file: str, page: Page) -> Iterator[tuple[str | int | float, ...]]:
    """A row of CSV_COLUMNS for each number: lines and numbers are counted from 1, the box is around all its digits.

    The text of a rejected number is "?" for each digit.
    """
    for i, line in enumerate(page.lines, 1):
        for j, number in enumerate(line.numbers, 1):
            x0, y0, x1, y1 = zip(*(digit.box for digit in number.digits), strict=True)
            sides = (min(x0), min(y0), max(x1), max(y1))
            yield file, i, j, number.text, round(number.score, 4), *(round(side, 2) for side in sides)


def coco_results(file: str, image_id: int, page: Page) -> Iterator[dict[str, Any]]:
    """Each digit in COCO's results format: category_id is the digit plus one, bbox is x, y, width, height.

    file_name, which COCO's own tools pass over, says which picture image_id stands for.
    """
    for line in page.lines:
        for number in line.numbers:
            for digit in number.digits:
                x0, y0, x1, y1 = digit.box
                yield {
                    "image_id": image_id,
                    "file_name": file,
                    "category_id": digit.digit + 1,
                    "bbox": [x0, y0, x1 - x0, y1 - y0],
                    "score": digit.score,
                }


def annotated_paths(pictures: list[Path], folder: Path) -> list[Path]:
    """Where the annotated picture of each goes: a PNG file under folder, in the folders that tell the pictures apart.

    Of a/1.png and b/1.png they are a/1.png and b/1.png. Raises OptionError where one would replace a picture.
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


@contextmanager
def appearing(path: Path, mode: str = "w") -> Iterator[IO[Any]]:
    """A file to write to that appears under its name, whole, when the block ends, and not at all when it fails.

    Raises OptionError where it cannot be written.
    """
    partial = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        text = None if "b" in mode else "utf-8"
        stream = partial.open(mode, encoding=text, errors=text and "backslashreplace", newline=text and "")
    except OSError as error:
        raise OptionError(f"{path}: cannot be written ({error.strerror}); name another place.") from None
    try:
        with stream:
            yield stream
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
