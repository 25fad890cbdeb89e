"""The pictures that were read wrongly, drawn beside the truth: what to look at first, to know what to do next.

001_name.png ...    on the left what is true, on the right what was read, the worst first; what is wrong is framed
failures.png        the worst of them on one sheet
failures.csv        all of them
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, ImageOps

from detector.draw import Box, Colour, draw_boxes, enlargement, score_colour
from detector.files import appearing
from detector.images import Picture
from detector.scoring.evaluation import ImageResult, LabelledImages
from detector.scoring.mistakes import Verdict
from detector.scoring.string_metrics import aligned
from detector.types import Target

COLUMNS = ("rank", "picture", "truth", "read", "mistakes")
SHEET = 40  # pictures on the sheet ...
SHEET_COLUMNS, SHEET_SIDE = 3, 340  # ... so many side by side, and the longer side of each, pixels
LARGEST = 1000  # pixels: the longer side of a picture shown by itself
NARROWEST = 340  # pixels: what a line of text needs
LETTER, ROWS, GAP = 20, 12, 8  # pixels of a letter; rows of text at most; pixels between all that is shown

WHITE, BLACK, GREY = (255, 255, 255), (0, 0, 0), (150, 150, 150)
TRUE, WRONG = (30, 90, 220), (220, 0, 160)

Tokens: TypeAlias = "list[tuple[str, Colour]]"
"""Pieces of text, each with its colour; a line ends with a piece that is a line feed."""


def worst_first(results: Iterable[ImageResult]) -> list[tuple[ImageResult, Verdict]]:
    """The pictures read wrongly, each with what is wrong: by edits to the text, then by mistakes, then as they came.

    Where the text is not known, the mistakes stand for the edits.
    """
    wrong = [(result, result.verdict) for result in results if result.verdict and result.verdict.wrong]

    def badness(failure: tuple[ImageResult, Verdict]) -> tuple[int, int]:
        edits, mistakes = failure[1].edits, len(failure[1].mistakes)
        return mistakes if edits is None else edits, mistakes

    return sorted(wrong, key=badness, reverse=True)


def save_failures(
    folder: Path, results: Iterable[ImageResult], pictures: LabelledImages, name: Callable[[int], str], most: int = 200
) -> int:
    """Writes failures.csv, the `most` worst pictures and a sheet of the very worst; returns how many failed.

    pictures: those of the evaluation, by number; name: what the picture of a number is called. Pictures that an earlier
    call left in the folder are removed. Raises OptionError where something cannot be written.
    """
    failures = worst_first(results)
    table = folder / "failures.csv"
    if table.exists():
        for earlier in (folder / "failures.png", *folder.glob("[0-9][0-9][0-9]*_*.png")):
            earlier.unlink(missing_ok=True)
    with appearing(table) as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        for rank, (result, verdict) in enumerate(failures, 1):
            true, read = "|".join(result.true_lines or ()), "|".join(result.texts)
            rows.writerow((rank, name(result.index), true, read, _words(verdict)))
    sheet = []
    for rank, (result, verdict) in enumerate(failures[:most], 1):
        called = Path(name(result.index)).stem
        image, title = pictures[result.index].image, f"{rank}  {called}"
        _save(draw_failure(image, result, verdict, title), folder / f"{rank:03d}_{called}.png")
        if rank <= SHEET:
            sheet.append(draw_failure(image, result, verdict, title, SHEET_SIDE))
    if sheet:
        pitch = max(drawn.shape[1] for drawn in sheet)
        columns = [
            list(map(Image.fromarray, sheet[i : i + SHEET_COLUMNS])) for i in range(0, len(sheet), SHEET_COLUMNS)
        ]
        _save(np.array(_below([_beside(row, pitch) for row in columns])), folder / "failures.png")
    return len(failures)


def draw_failure(
    image: Picture, result: ImageResult, verdict: Verdict, title: str = "", largest: int = LARGEST
) -> Picture:
    """The truth on the left and what was read on the right, mistakes framed, texts and mistakes below: uint8 (H, W, 3).

    image: uint8 (H, W, 3) RGB, the one that was read. True boxes are blue, those of ignored digits grey; found ones run
    from red to green with their score. A picture is shrunk until its longer side is `largest` pixels, a tiny one is
    enlarged.
    """
    digits = [digit for line in result.lines for number in line.numbers for digit in number.digits]
    known = Target.empty() if result.target is None else result.target
    found, true = (
        np.array([digit.box for digit in digits]).reshape(-1, 4),
        known.boxes.astype(np.float64),
    )  # (D, 4), (T, 4)
    boxes = true if len(true) else found
    # Room for the names of digits at the upper edge, that they do not hide the ink.
    margin = round(0.6 * float(np.median(boxes[:, 3] - boxes[:, 1]))) if len(boxes) else 0
    image = np.pad(image, ((margin, 0), (0, 0), (0, 0)), constant_values=255)
    factor = _factor(image, _boxes(boxes, margin), largest)
    left = draw_boxes(
        image,
        _boxes(true, margin),
        [str(label) for label in known.labels],
        [GREY if ignored else TRUE for ignored in known.ignore],
        factor=factor,
        framed=() if verdict.by_text else [i for mistake in verdict.mistakes for i in mistake.true],
        frame=WRONG,
    )
    right = draw_boxes(
        image,
        _boxes(found, margin),
        [str(digit.digit) for digit in digits],
        [score_colour(digit.score) for digit in digits],
        factor=factor,
        framed=[i for mistake in verdict.mistakes for i in mistake.found],
        frame=WRONG,
    )
    width = max(left.shape[1] + 2, NARROWEST)
    true_text, read_text = _texts(result)
    panels = [
        _below([ImageOps.expand(Image.fromarray(side), 1, GREY), _written(text, width)])
        for side, text in ((left, [("true  ", GREY), *true_text]), (right, [("read  ", GREY), *read_text]))
    ]
    below = [(word, WRONG) for word in f"{_words(verdict)}.".replace(" ", " \0").split("\0")]
    head = _written([(title, BLACK)], 2 * width + GAP)
    return np.array(_below([head, _beside(panels, width), _written(below, 2 * width + GAP)]))


def _words(verdict: Verdict) -> str:
    """The mistakes in words. Text may differ without any: where digits were read that nobody asks for."""
    counts = Counter(mistake.words for mistake in verdict.mistakes)
    return ", ".join(words + f" ({n} times)" * (n > 1) for words, n in counts.items()) or "another text"


def _boxes(boxes: NDArray[np.float64], margin: int) -> list[Box]:
    """The rows of (N, 4), so many pixels further down."""
    return [(x0, y0 + margin, x1, y1 + margin) for x0, y0, x1, y1 in boxes.tolist()]


def _factor(image: Picture, boxes: Sequence[Box], largest: int) -> float:
    longer = max(image.shape[:2])
    return largest / longer if longer > largest else min(enlargement(image, boxes), largest // longer)


def _texts(result: ImageResult) -> tuple[Tokens, Tokens]:
    """The true text and that read, line by line, with the characters that differ in another colour."""
    if result.true_lines is None:
        return [("unknown", GREY)], _coloured(result.texts, iter(()))
    pairs = aligned(_joined(result.true_lines), _joined(result.texts))
    return (
        _coloured(result.true_lines, (a == b for a, b in pairs if a)),
        _coloured(result.texts, (a == b for a, b in pairs if b)),
    )


def _joined(lines: Sequence[str]) -> str:
    return "".join("".join(line.split()) for line in lines)


def _coloured(lines: Sequence[str], same: Iterator[bool]) -> Tokens:
    tokens: Tokens = []
    for line in lines:
        tokens += [(c, BLACK if c.isspace() or next(same, True) else WRONG) for c in line]
        tokens.append(("\n", BLACK))
    return tokens[:-1] or [("nothing", GREY)]


def _written(tokens: Tokens, width: int) -> Image.Image:
    """Text in its colours on white, `width` pixels wide, broken where it must be."""
    font = ImageFont.load_default(LETTER)
    placed: list[tuple[float, int, str, Colour]] = []
    x, row = 0.0, 0
    for text, colour in tokens:
        length = font.getlength(text) if text != "\n" else 0.0
        if text == "\n" or (x and x + length > width):
            x, row = 0.0, row + 1
        if row == ROWS:
            placed.append((0.0, row, "...", GREY))
            break
        if text != "\n":
            placed.append((x, row, text, colour))
            x += length
    canvas = Image.new("RGB", (width, (placed[-1][1] + 1) * (LETTER + 4) if placed else 1), WHITE)
    pen = ImageDraw.Draw(canvas)
    for x, row, text, colour in placed:
        pen.text((x, row * (LETTER + 4)), text, fill=colour, font=font)
    return canvas


def _below(pictures: Sequence[Image.Image]) -> Image.Image:
    """One below the other."""
    height = sum(picture.height + GAP for picture in pictures) - GAP
    canvas = Image.new("RGB", (max(picture.width for picture in pictures), height), WHITE)
    y = 0
    for picture in pictures:
        canvas.paste(picture, (0, y))
        y += picture.height + GAP
    return canvas


def _beside(pictures: Sequence[Image.Image], pitch: int) -> Image.Image:
    """Side by side, each in a column of `pitch` pixels."""
    size = len(pictures) * (pitch + GAP) - GAP, max(picture.height for picture in pictures)
    canvas = Image.new("RGB", size, WHITE)
    for i, picture in enumerate(pictures):
        canvas.paste(picture, (i * (pitch + GAP), 0))
    return canvas


def _save(picture: Picture, path: Path) -> None:
    with appearing(path, "wb") as file:
        Image.fromarray(picture).save(file, "PNG")
