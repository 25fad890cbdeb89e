"""Handwritten digits of open fonts, in the forms of MNIST's: two hundred more hands, of schools all over the world.

A font holds one sample of a hand. Here it is slanted, stretched, bent and written with thinner and thicker pens: no two
digits are alike. The ten digits of each font are embedded as a picture; the fonts themselves are not needed.
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
from digit_scenes.glyphs.digits import DIGIT_SIDE_PX, DigitSet, Endless, Split, reduced

EMBEDDED = Path(__file__).parents[1] / "lettering_fonts" / "digits.png"
CELL = 64  # pixels across and down that a digit has on the sheet
TALL = 60  # ink height of a face's tallest digit on the sheet
FINE = 3  # pixels drawn for each of a digit's 28, across and down
FINE_SIDE_PX = DIGIT_SIDE_PX * FINE  # of a digit's picture before it is reduced
HELD_OUT = 16  # one face in so many is for validation, one for tests
Glyph = NDArray[np.uint8]


def sheet_of(faces: Sequence[Path]) -> Glyph:
    """The ten digits of each font file, uint8 (CELL * len(faces), CELL * 10): what is embedded was made by it.

    Sizes within a font stay as they are. Raises DataError for a file that is no font or has no digits.
    """
    sheet = np.zeros((len(faces), CELL, 10, CELL), np.uint8)
    for row, face in zip(sheet, faces, strict=True):
        try:
            font = ImageFont.truetype(str(face), 4 * CELL)
        except OSError as error:
            raise DataError(f"{face}: expected a font that FreeType can open ({error}); leave it out.") from error
        glyphs = []
        for digit in "0123456789":
            picture = Image.new("L", (16 * CELL, 16 * CELL))
            ImageDraw.Draw(picture).text((6 * CELL, 4 * CELL), digit, 255, font)
            x, y, width, height = cv2.boundingRect(np.array(picture))
            glyphs.append(np.array(picture)[y : y + height, x : x + width])
        if not all(glyph.size for glyph in glyphs):
            raise DataError(f"{face}: expected a font with all ten digits, got one without; leave it out.")
        scale = TALL / max(glyph.shape[0] for glyph in glyphs)
        for place, glyph in enumerate(glyphs):
            fits = min(scale, TALL / glyph.shape[1])
            size = (max(round(glyph.shape[1] * fits), 1), max(round(glyph.shape[0] * fits), 1))
            y, x = (CELL - size[1]) // 2, (CELL - size[0]) // 2
            row[y : y + size[1], place, x : x + size[0]] = cv2.resize(glyph, size, interpolation=cv2.INTER_AREA)
    return sheet.reshape(len(faces) * CELL, 10 * CELL)


@lru_cache(maxsize=1)
def _faces() -> NDArray[np.uint8]:
    """Every face's ten digits, uint8 (faces, 10, CELL, CELL). Raises DataError where the sheet is damaged."""
    sheet = cv2.imread(str(EMBEDDED), cv2.IMREAD_GRAYSCALE)
    if sheet is None or sheet.shape[1] != 10 * CELL or sheet.shape[0] % CELL:
        raise DataError(f"{EMBEDDED}: expected rows of ten digits of {CELL}x{CELL} pixels; restore the file.")
    return np.ascontiguousarray(sheet.reshape(-1, CELL, 10, CELL).swapaxes(1, 2))


def faces_of(split: Split) -> list[int]:
    """Numbers of the faces of a split: no two splits share one."""
    kept = {HELD_OUT // 2: "val", 0: "test"}
    return [i for i in range(len(_faces())) if kept.get(i % HELD_OUT, "train") == split]


def _stroke(glyph: Glyph) -> float:
    """About how wide a glyph's stroke is, pixels: across a stroke the mean distance to its edge is a quarter of it."""
    distance = cv2.distanceTransform((glyph > 127).view(np.uint8), cv2.DIST_L2, 3)
    return 4 * float(distance.sum()) / max(cv2.countNonZero(distance), 1)


def _written(glyph: Glyph, pen: float) -> Glyph:
    """A glyph written with a stroke of about `pen` pixels, unless a thinner one would leave too little of it."""
    more = round(pen - _stroke(glyph))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (abs(more) + 1, abs(more) + 1))
    if more >= 0:
        return cv2.dilate(glyph, kernel)
    thin = cv2.erode(glyph, kernel)
    return thin if cv2.countNonZero(thin) > 0.6 * cv2.countNonZero(glyph) else glyph


def _sample(rng: np.random.Generator, glyph: Glyph) -> Glyph:
    """A glyph as a hand might write it: uint8 (FINE_SIDE_PX, FINE_SIDE_PX), about 20 * FINE high, centred."""
    side = FINE_SIDE_PX
    pen = rng.uniform(4.5, 9.5) if rng.uniform() < 0.93 else rng.uniform(9.5, 13)
    glyph = _written(cv2.copyMakeBorder(glyph, 8, 8, 8, 8, cv2.BORDER_CONSTANT), pen)
    wide = glyph.shape[0]
    scale = FINE * rng.uniform(18, 21) / TALL
    stretch, slant, turn = np.exp(rng.normal(0.1, 0.22)), rng.normal(0.0, 0.18), rng.normal(0, 0.05)
    # From a pixel of the answer back to one of the glyph.
    forward = np.array([[stretch, -slant], [0, 1]]) @ [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    back = np.linalg.inv(forward * scale)
    axis = np.arange(side, dtype=np.float32) - (side - 1) / 2
    x, y = axis[None], axis[:, None]
    bend = rng.uniform(0.0, 0.8) * CELL / 20
    coarse = rng.standard_normal((4, 4, 2)).astype(np.float32) * bend
    off = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
    where = np.empty((side, side, 2), np.float32)
    where[..., 0] = back[0, 0] * x + back[0, 1] * y + (wide - 1) / 2
    where[..., 1] = back[1, 0] * x + back[1, 1] * y + (wide - 1) / 2
    return cv2.remap(glyph, where + off, None, cv2.INTER_LINEAR)


def _centred(picture: Glyph) -> Glyph:
    """The ink in the middle, and smaller where it would touch the border."""
    x, y, width, height = cv2.boundingRect((picture > 64).view(np.uint8))
    side = picture.shape[0]
    shrink = min(1.0, (side - 4 * FINE) / max(width, height, 1))
    shift = (side - 1) / 2 - shrink * np.array([x + (width - 1) / 2, y + (height - 1) / 2])
    matrix = np.array([[shrink, 0, shift[0]], [0, shrink, shift[1]]])
    return cv2.warpAffine(picture, matrix, (side, side), flags=cv2.INTER_LINEAR)


def _samples(split: Split) -> Iterator[Glyph]:
    rng = np.random.default_rng([20240303, zlib.crc32(split.encode())])
    faces, mine = _faces(), faces_of(split)
    for i in count():
        glyph = faces[mine[int(rng.integers(len(mine)))], i % 10]
        picture = _centred(_sample(rng, glyph))
        yield reduced(picture, 1.4)


_ENDLESS = Endless(_samples)


def lettered_digits(split: Split, count: int) -> DigitSet:
    """`count` digits of a split's fonts, like MNIST's: uint8 (count, 28, 28), about 20 pixels high, centred.

    The labels run 0, 1, ... 9, 0, ...; the first n of a larger set are the set of n. No two splits share a font.
    Raises ValueError where count is less than one or split is not a split, DataError where the sheet is damaged.
    """
    return _ENDLESS.first(split, count)
