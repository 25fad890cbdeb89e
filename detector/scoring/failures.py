"""The pictures that were read wrongly, drawn beside the truth: a first look at what goes wrong.

001_name.png ...    the truth on the left, what was read on the right, mistakes framed; the worst picture first
failures.png        the worst of them on one sheet
failures.csv        a row for each
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
SHEET_PICTURE_COUNT = 40
SHEET_COLUMN_COUNT = 3
SHEET_PICTURE_SIDE_PX = 340
"""The longer side of a picture on the sheet."""
PICTURE_SIDE_PX = 1000
"""The longer side of a picture that is shown by itself, unless it is small."""
MIN_PANEL_WIDTH_PX = 340
"""What a line of text needs."""
FONT_SIZE_PX, LINE_PITCH_PX = 20, 24
MAX_TEXT_ROWS = 12
GAP_PX = 8
"""Between all that is shown."""
HEADROOM_HEIGHTS = 0.6
"""In heights of a digit: what is added above a picture for the names of its uppermost digits."""

WHITE, BLACK, GREY = (255, 255, 255), (0, 0, 0), (150, 150, 150)
TRUE, WRONG = (30, 90, 220), (220, 0, 160)

Tokens: TypeAlias = "list[tuple[str, Colour]]"
"""Pieces of text, each with its colour; a line ends with a piece that is a line feed."""


def worst_first(results: Iterable[ImageResult]) -> list[tuple[ImageResult, Verdict]]:
    """The pictures read wrongly, each with what is wrong, the most wrong first.

    They are sorted by the edit distance of the text, then by the count of mistakes, then as they came. Where the text
    is not known, the count of mistakes stands for the distance.
    """
    wrong = [(result, result.verdict) for result in results if result.verdict and result.verdict.wrong]

    def badness(failure: tuple[ImageResult, Verdict]) -> tuple[int, int]:
        edits, mistakes = failure[1].edits, len(failure[1].mistakes)
        return mistakes if edits is None else edits, mistakes

    return sorted(wrong, key=badness, reverse=True)


def save_failures(
    folder: Path,
    results: Iterable[ImageResult],
    pictures: LabelledImages,
    name: Callable[[int], str],
    max_count: int = 200,
) -> int:
    """Write failures.csv, the worst pictures and a sheet of the very worst, and return how many were read wrongly.

    pictures: those of the evaluation. name: the name of a picture by its index. max_count: how many pictures are
    written. Pictures that an earlier call left in the folder are removed. Raises OptionError where something cannot be
    written.
    """
    failures = worst_first(results)
    table = folder / "failures.csv"
    if table.exists():
        for earlier in (folder / "failures.png", *folder.glob("[0-9][0-9][0-9]*_*.png")):
            earlier.unlink(missing_ok=True)
    with appearing(table) as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for rank, (result, verdict) in enumerate(failures, 1):
            true, read = "|".join(result.true_lines or ()), "|".join(result.texts)
            writer.writerow((rank, name(result.index), true, read, _words(verdict)))
    sheet = []
    for rank, (result, verdict) in enumerate(failures[:max_count], 1):
        called = Path(name(result.index)).stem
        image, title = pictures[result.index].image, f"{rank}  {called}"
        _save(draw_failure(image, result, verdict, title), folder / f"{rank:03d}_{called}.png")
        if rank <= SHEET_PICTURE_COUNT:
            sheet.append(draw_failure(image, result, verdict, title, SHEET_PICTURE_SIDE_PX))
    if sheet:
        pitch = max(drawn.shape[1] for drawn in sheet)
        columns = [
            list(map(Image.fromarray, sheet[i : i + SHEET_COLUMN_COUNT]))
            for i in range(0, len(sheet), SHEET_COLUMN_COUNT)
        ]
        _save(np.array(_below([_beside(row, pitch) for row in columns])), folder / "failures.png")
    return len(failures)


def draw_failure(
    image: Picture, result: ImageResult, verdict: Verdict, title: str = "", side: int = PICTURE_SIDE_PX
) -> Picture:
    """The truth on the left, what was read on the right, mistakes framed, texts and mistakes below: uint8 (H, W, 3).

    image: uint8 (H, W, 3) RGB, the picture that was read. side: the longer side that it is shown with, pixels; a tiny
    one is enlarged. True boxes are blue, or grey where they are ignored. The boxes read run
    from red to green with their score.
    """
    digits = [digit for line in result.lines for number in line.numbers for digit in number.digits]
    known = Target.empty() if result.target is None else result.target.digits()
    found = np.array([digit.box for digit in digits]).reshape(-1, 4)  # (D, 4)
    true = known.boxes.astype(np.float64)  # (T, 4)
    boxes = true if len(true) else found
    headroom = round(HEADROOM_HEIGHTS * float(np.median(boxes[:, 3] - boxes[:, 1]))) if len(boxes) else 0
    image = np.pad(image, ((headroom, 0), (0, 0), (0, 0)), constant_values=255)
    factor = _factor(image, _moved_down(boxes, headroom), side)
    left = draw_boxes(
        image,
        _moved_down(true, headroom),
        [str(label) for label in known.labels],
        [GREY if ignored else TRUE for ignored in known.ignore],
        factor=factor,
        framed=() if verdict.by_text else [i for mistake in verdict.mistakes for i in mistake.true],
        frame=WRONG,
    )
    right = draw_boxes(
        image,
        _moved_down(found, headroom),
        [str(digit.digit) for digit in digits],
        [score_colour(digit.score) for digit in digits],
        factor=factor,
        framed=[i for mistake in verdict.mistakes for i in mistake.found],
        frame=WRONG,
    )
    width = max(left.shape[1] + 2, MIN_PANEL_WIDTH_PX)
    true_text, read_text = _texts(result)
    panels = [
        _below([ImageOps.expand(Image.fromarray(side), 1, GREY), _written(text, width)])
        for side, text in ((left, [("true  ", GREY), *true_text]), (right, [("read  ", GREY), *read_text]))
    ]
    below = [(word, WRONG) for word in f"{_words(verdict)}.".replace(" ", " \0").split("\0")]
    head = _written([(title, BLACK)], 2 * width + GAP_PX)
    return np.array(_below([head, _beside(panels, width), _written(below, 2 * width + GAP_PX)]))


def _words(verdict: Verdict) -> str:
    """The mistakes in words. The text may differ without a mistake, where digits were read that are to be ignored."""
    counts = Counter(mistake.words for mistake in verdict.mistakes)
    return ", ".join(words + f" ({n} times)" * (n > 1) for words, n in counts.items()) or "another text"


def _moved_down(boxes: NDArray[np.float64], by: int) -> list[Box]:
    """The rows of (N, 4), so many pixels further down."""
    return [(x0, y0 + by, x1, y1 + by) for x0, y0, x1, y1 in boxes.tolist()]


def _factor(image: Picture, boxes: Sequence[Box], side: int) -> float:
    """By which a picture is shown larger, or smaller if its longer side is over `side`."""
    longer = int(max(image.shape[:2]))
    return side / longer if longer > side else min(enlargement(image, boxes), side // longer)


def _texts(result: ImageResult) -> tuple[Tokens, Tokens]:
    """The true text and that read, line by line. Characters that differ have another colour."""
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
    """Lines as tokens. same: for each character but spaces, whether it is as it should be."""
    tokens: Tokens = []
    for line in lines:
        tokens += [(c, BLACK if c.isspace() or next(same, True) else WRONG) for c in line]
        tokens.append(("\n", BLACK))
    return tokens[:-1] or [("nothing", GREY)]


def _written(tokens: Tokens, width: int) -> Image.Image:
    """Text in its colours on white, `width` pixels wide, in at most MAX_TEXT_ROWS rows."""
    font = ImageFont.load_default(FONT_SIZE_PX)
    placed: list[tuple[float, int, str, Colour]] = []
    x, row = 0.0, 0
    for text, colour in tokens:
        length = font.getlength(text) if text != "\n" else 0.0
        if text == "\n" or (x and x + length > width):
            x, row = 0.0, row + 1
        if row == MAX_TEXT_ROWS:
            placed.append((0.0, row, "...", GREY))
            break
        if text != "\n":
            placed.append((x, row, text, colour))
            x += length
    canvas = Image.new("RGB", (width, (placed[-1][1] + 1) * LINE_PITCH_PX if placed else 1), WHITE)
    pen = ImageDraw.Draw(canvas)
    for x, row, text, colour in placed:
        pen.text((x, row * LINE_PITCH_PX), text, fill=colour, font=font)
    return canvas


def _below(pictures: Sequence[Image.Image]) -> Image.Image:
    """Pictures one below the other."""
    height = sum(picture.height + GAP_PX for picture in pictures) - GAP_PX
    canvas = Image.new("RGB", (max(picture.width for picture in pictures), height), WHITE)
    y = 0
    for picture in pictures:
        canvas.paste(picture, (0, y))
        y += picture.height + GAP_PX
    return canvas


def _beside(pictures: Sequence[Image.Image], pitch: int) -> Image.Image:
    """Pictures side by side, each in a column of `pitch` pixels."""
    size = len(pictures) * (pitch + GAP_PX) - GAP_PX, max(picture.height for picture in pictures)
    canvas = Image.new("RGB", size, WHITE)
    for i, picture in enumerate(pictures):
        canvas.paste(picture, (i * (pitch + GAP_PX), 0))
    return canvas


def _save(picture: Picture, path: Path) -> None:
    with appearing(path, "wb") as file:
        Image.fromarray(picture).save(file, "PNG")
