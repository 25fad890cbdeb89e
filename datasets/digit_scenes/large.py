"""Pictures to measure speed with: a photograph of a page, as large as wanted, and sheets of so many digits."""

from __future__ import annotations

import cv2
import numpy as np

from detector.errors import OptionError
from detector.types import Target
from digit_scenes.glyphs.digits import MIN_INK_GREY, load_digits
from digit_scenes.page_recipes import PAPER
from digit_scenes.scene import Scene, page_scene

DRAWN_SIZE_PX = (3000, 4000)
"""Height and width of the page as it is drawn."""
LARGE_PAGE = PAPER.changed(
    text={
        "digit_heights": (100, 150),
        "line_counts": (9, 11),
        "max_digits": 200,
        "blank": 0.0,
        "scattered": 0.0,
        "max_clutter": 6,
    },
    pen={"redrawn": 1.0, "embellished": 0.0},
    paper={"light_on_dark": 0.0, "patterned": 0.0, "furnished": 1.0, "on_desk": 1.0},
    camera={
        "size": DRAWN_SIZE_PX,
        "max_slope": 2.0,
        "max_perspective": 0.03,
        "spilled": 0.0,
        "lit": 0.0,
        "photographed": 0.0,
    },
)
PAGE_SEED = 3
"""Of a page that looks as photographs of pages do."""
MIN_LIGHT = 0.6
"""Share of the light that is left in the corner farthest from the lamp."""
LENS_BLUR_PX = 0.8
SENSOR_NOISE_GREY = 3.5
"""Standard deviation of the noise of a camera's sensor, of 255."""
CELL_SIZE_PX = (48, 36)
"""Height and width of a digit's place on a sheet."""
DIGIT_SIDES_PX = (24.0, 30.0)
"""Least and most of the larger side of a digit on a sheet."""
SHEET_PAPER_GREY, SHEET_INK_GREY = 235, 40


def photographed_page(size: tuple[int, int] = DRAWN_SIZE_PX, seed: int = PAGE_SEED) -> Scene:
    """A page of numbers as a camera gives it, uint8 (H, W, 3) of that size: sharp, lit from a side, with grain.

    Its digits are about 60 to 130 pixels high where it is 4000 wide, else larger or smaller in proportion. Raises
    OptionError where the size is less than a tenth of DRAWN_SIZE_PX, or another shape by more than 2 %.
    """
    height, width = size
    if height < DRAWN_SIZE_PX[0] / 10 or abs(width / height * DRAWN_SIZE_PX[0] / DRAWN_SIZE_PX[1] - 1) > 0.02:
        raise OptionError(
            f"size: expected one like {DRAWN_SIZE_PX[0]} x {DRAWN_SIZE_PX[1]} and a tenth of it or more, got {size}."
        )
    rng = np.random.default_rng(seed)
    scene = page_scene(rng, load_digits("val"), LARGE_PAGE)
    shrink = width < DRAWN_SIZE_PX[1]
    picture = cv2.resize(scene.image, (width, height), interpolation=cv2.INTER_AREA if shrink else cv2.INTER_CUBIC)
    picture = cv2.GaussianBlur(picture, (0, 0), LENS_BLUR_PX)
    rows, columns = np.linspace(0, 1, height, dtype=np.float32), np.linspace(0, 1, width, dtype=np.float32)
    light = 1 - (1 - MIN_LIGHT) / 2 * np.add.outer(rows, columns)  # (H, W)
    grain = SENSOR_NOISE_GREY * rng.standard_normal((height, width), np.float32)
    lit = [cv2.multiply(channel, light, dtype=cv2.CV_32F) + grain for channel in cv2.split(picture)]
    picture = cv2.merge([channel.clip(0, 255).astype(np.uint8) for channel in lit])
    factors = np.array([width / DRAWN_SIZE_PX[1], height / DRAWN_SIZE_PX[0]] * 2, np.float32)
    return Scene(picture, scene.target.scaled(factors), scene.lines)


def sheet(side: int, count: int, seed: int = 0) -> Scene:
    """A square of light paper, uint8 (side, side, 3), with exactly `count` small digits.

    Raises OptionError where it has no room for so many.
    """
    rows, columns = side // CELL_SIZE_PX[0], side // CELL_SIZE_PX[1]
    if not 0 <= count <= rows * columns:
        raise OptionError(f"count: expected 0 to {rows * columns} digits on a sheet of {side} pixels, got {count}.")
    rng, digits = np.random.default_rng((seed, side, count)), load_digits("val")
    ink = np.zeros((side, side), np.uint8)
    boxes = np.zeros((count, 4), np.float32)
    chosen = rng.choice(len(digits), count, replace=False)
    cells = rng.choice(rows * columns, count, replace=False)
    for box, digit, cell in zip(boxes, chosen, cells, strict=True):
        row, column = divmod(int(cell), columns)
        y, x = row * side // rows, column * side // columns
        x0, y0, x1, y1 = digits.boxes[digit].astype(int)
        glyph = digits.images[digit, y0:y1, x0:x1]
        scale = rng.uniform(*DIGIT_SIDES_PX) / max(glyph.shape)
        glyph = cv2.resize(glyph, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
        h, w = glyph.shape
        y, x = y + int(rng.integers(CELL_SIZE_PX[0] - h + 1)), x + int(rng.integers(CELL_SIZE_PX[1] - w + 1))
        ink[y : y + h, x : x + w] = glyph
        left, top, width, height = cv2.boundingRect((glyph >= MIN_INK_GREY).view(np.uint8))
        box[:] = x + left, y + top, x + left + width, y + top + height
    grey = SHEET_PAPER_GREY - ink.astype(np.float32) * ((SHEET_PAPER_GREY - SHEET_INK_GREY) / 255)
    grey += rng.standard_normal(ink.shape, np.float32) * 2
    picture = cv2.merge([grey.clip(0, 255).astype(np.uint8)] * 3)
    return Scene(picture, Target(boxes, digits.labels[chosen], np.zeros(count, np.bool_)), None)
