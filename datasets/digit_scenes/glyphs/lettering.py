"""Digits of open handwriting fonts, as pictures like MNIST's: two hundred hands, of schools all over the world.

A font holds one sample of a hand. Each picture slants, stretches and bends it, and writes it with another pen: no two
digits are alike. The ten digits of each font are embedded in one picture, the *sheet*. The fonts are not needed.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import count
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from detector.errors import DataError
from digit_scenes.glyphs.digits import DIGIT_SIDE_PX, MIN_INK_GREY, DigitSet, EndlessDigits, Split, shrink_to_digit

SHEET_PATH = Path(__file__).parents[1] / "lettering_fonts" / "digits.png"
CELL_PX = 64  # width and height of a digit's cell on the sheet
MAX_GLYPH_PX = 60  # greatest height and width of a digit's ink on the sheet
OVERSAMPLING = 3  # pixels drawn for each pixel of a digit, across and down
FINE_SIDE_PX = DIGIT_SIDE_PX * OVERSAMPLING  # of a digit's picture before it is shrunk
HELD_OUT_EVERY = 16  # one face in so many is for validation, and one for tests
Glyph = NDArray[np.uint8]


def make_sheet(faces: Sequence[Path]) -> Glyph:
    """A sheet of the digits of these font files, uint8 (CELL_PX * faces, CELL_PX * 10). The embedded one was made so.

    Within a font digits keep their sizes, unless one is wider than its cell. Raises DataError for a file that is no
    font or lacks a digit.
    """
    sheet = np.zeros((len(faces), CELL_PX, 10, CELL_PX), np.uint8)
    for row, face in zip(sheet, faces, strict=True):
        try:
            font = ImageFont.truetype(str(face), 4 * CELL_PX)
        except OSError as error:
            raise DataError(f"{face}: expected a font that FreeType can open ({error}); leave it out.") from error
        glyphs = []
        for character in "0123456789":
            picture = Image.new("L", (16 * CELL_PX, 16 * CELL_PX))
            ImageDraw.Draw(picture).text((6 * CELL_PX, 4 * CELL_PX), character, 255, font)
            x, y, width, height = cv2.boundingRect(np.array(picture))
            glyphs.append(np.array(picture)[y : y + height, x : x + width])
        if not all(glyph.size for glyph in glyphs):
            raise DataError(f"{face}: expected a font with all ten digits, got one without; leave it out.")
        scale = MAX_GLYPH_PX / max(glyph.shape[0] for glyph in glyphs)
        for digit, glyph in enumerate(glyphs):
            own_scale = min(scale, MAX_GLYPH_PX / glyph.shape[1])
            size = (max(round(glyph.shape[1] * own_scale), 1), max(round(glyph.shape[0] * own_scale), 1))
            y, x = (CELL_PX - size[1]) // 2, (CELL_PX - size[0]) // 2
            row[y : y + size[1], digit, x : x + size[0]] = cv2.resize(glyph, size, interpolation=cv2.INTER_AREA)
    return sheet.reshape(len(faces) * CELL_PX, 10 * CELL_PX)


@lru_cache(maxsize=1)
def _digits_of_faces() -> NDArray[np.uint8]:
    """Every face's ten digits, uint8 (faces, 10, CELL_PX, CELL_PX). Raises DataError where the sheet is damaged."""
    sheet = cv2.imread(str(SHEET_PATH), cv2.IMREAD_GRAYSCALE)
    if sheet is None or sheet.shape[1] != 10 * CELL_PX or sheet.shape[0] % CELL_PX:
        raise DataError(f"{SHEET_PATH}: expected rows of ten digits of {CELL_PX}x{CELL_PX} pixels; restore the file.")
    return np.ascontiguousarray(sheet.reshape(-1, CELL_PX, 10, CELL_PX).swapaxes(1, 2))


def face_indices(split: Split) -> list[int]:
    """Indices of a split's faces, the rows of the sheet. No two splits share one."""
    held_out = {HELD_OUT_EVERY // 2: "val", 0: "test"}
    return [i for i in range(len(_digits_of_faces())) if held_out.get(i % HELD_OUT_EVERY, "train") == split]


def _stroke_width(glyph: Glyph) -> float:
    """The width of a glyph's stroke, about, in pixels: four times the ink's mean distance to the stroke's edge."""
    distance = cv2.distanceTransform((glyph > 127).view(np.uint8), cv2.DIST_L2, 3)
    return 4 * float(distance.sum()) / max(cv2.countNonZero(distance), 1)


def _with_pen(glyph: Glyph, pen: float) -> Glyph:
    """A glyph whose stroke is about `pen` pixels wide; unchanged where thinning would leave too little ink."""
    more = round(pen - _stroke_width(glyph))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (abs(more) + 1, abs(more) + 1))
    if more >= 0:
        return np.asarray(cv2.dilate(glyph, kernel))
    thin: Glyph = cv2.erode(glyph, kernel)
    return thin if cv2.countNonZero(thin) > 0.6 * cv2.countNonZero(glyph) else glyph


def _vary(rng: np.random.Generator, glyph: Glyph) -> Glyph:
    """A glyph as a hand might write it: uint8 (FINE_SIDE_PX, FINE_SIDE_PX), about 20 * OVERSAMPLING high, centred."""
    side = FINE_SIDE_PX
    pen = rng.uniform(4.5, 9.5) if rng.uniform() < 0.93 else rng.uniform(9.5, 13)
    glyph = _with_pen(cv2.copyMakeBorder(glyph, 8, 8, 8, 8, cv2.BORDER_CONSTANT), pen)
    wide = glyph.shape[0]
    scale = OVERSAMPLING * rng.uniform(18, 21) / MAX_GLYPH_PX
    stretch, slant, turn = np.exp(rng.normal(0.1, 0.22)), rng.normal(0.0, 0.18), rng.normal(0, 0.05)
    # From a pixel of the result back to one of the glyph.
    forward = np.array([[stretch, -slant], [0, 1]]) @ [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    back = np.linalg.inv(forward * scale)
    axis = np.arange(side, dtype=np.float32) - (side - 1) / 2
    x, y = axis[None], axis[:, None]
    bend = rng.uniform(0.0, 0.8) * CELL_PX / 20
    coarse = rng.standard_normal((4, 4, 2)).astype(np.float32) * bend
    offset = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
    where = np.empty((side, side, 2), np.float32)
    where[..., 0] = back[0, 0] * x + back[0, 1] * y + (wide - 1) / 2
    where[..., 1] = back[1, 0] * x + back[1, 1] * y + (wide - 1) / 2
    return np.asarray(cv2.remap(glyph, where + offset, None, cv2.INTER_LINEAR))


def _centred(picture: Glyph) -> Glyph:
    """The picture with its ink in the middle, shrunk where it would touch the border."""
    x, y, width, height = cv2.boundingRect((picture > MIN_INK_GREY).view(np.uint8))
    side = picture.shape[0]
    shrink = min(1.0, (side - 4 * OVERSAMPLING) / max(width, height, 1))
    shift = (side - 1) / 2 - shrink * np.array([x + (width - 1) / 2, y + (height - 1) / 2])
    matrix = np.array([[shrink, 0, shift[0]], [0, shrink, shift[1]]])
    return np.asarray(cv2.warpAffine(picture, matrix, (side, side), flags=cv2.INTER_LINEAR))


def _samples(split: Split) -> Iterator[Glyph]:
    """Endless digits of a split, each uint8 (28, 28), in any of its faces."""
    rng = np.random.default_rng([20240303, zlib.crc32(split.encode())])
    faces, mine = _digits_of_faces(), face_indices(split)
    for i in count():
        glyph = faces[mine[int(rng.integers(len(mine)))], i % 10]
        picture = _centred(_vary(rng, glyph))
        yield shrink_to_digit(picture, 1.4)


_ENDLESS = EndlessDigits(_samples)


def lettered_digits(split: Split, count: int) -> DigitSet:
    """`count` digits of a split's fonts, like MNIST's: uint8 (count, 28, 28), about 20 pixels high, centred.

    The labels run 0, 1, ... 9, 0, ... A set of n is the first n of any larger one. No two splits share a font.
    Raises ValueError where count is less than one or split is not a split, DataError where the sheet is damaged.
    """
    return _ENDLESS.first(split, count)
