"""Printed digits, in the forms of MNIST's: from open fonts, from OpenCV's, and of seven segments.

A digit is drawn once in each face, then put into shape for each picture: wide or condensed, bold or light, slanted,
outlined, stencilled. The fonts are those that matplotlib brings along (DejaVu, STIX, Computer Modern).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from functools import lru_cache
from itertools import count
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from detector.errors import DataError
from digit_scenes.glyphs.digits import DIGIT_SIDE_PX, DigitSet, Endless, Split, reduced

FINE = 4  # pixels drawn for each pixel of a digit, across and down
FINE_SIDE_PX = DIGIT_SIDE_PX * FINE  # of a digit's picture before it is reduced
TALL = 20 * FINE  # ink height of a drawn digit, as in MNIST
CV_FACES = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_SIMPLEX | cv2.FONT_ITALIC)
# Of matplotlib's fonts those that hold digits where digits belong, and letters beside them.
_PATTERNS = (
    "DejaVuSans.ttf",
    "DejaVuSans-*.ttf",
    "DejaVuSansMono*.ttf",
    "DejaVuSerif.ttf",
    "DejaVuSerif-*.ttf",
    "STIXGeneral*.ttf",
    *(f"cm{kind}10.ttf" for kind in ("b", "mi", "r", "ss", "ti", "tt")),
)
# Which of the segments are lit: top, upper left, upper right, middle, lower left, lower right, bottom.
SEGMENTS = (
    "1110111",
    "0010010",
    "1011101",
    "1011011",
    "0111010",
    "1101011",
    "1101111",
    "1010010",
    "1111111",
    "1111011",
)
_PLACES = ((0, 0, 1, 0), (0, 0, 0, 1), (1, 0, 1, 1), (0, 1, 1, 1), (0, 1, 0, 2), (1, 1, 1, 2), (0, 2, 1, 2))
SEGMENT_SHAPES = ((0.07, 0.02), (0.1, 0.04), (0.06, 0.0))  # thickness and gaps, parts of a segment's length
Glyph = NDArray[np.uint8]


@lru_cache(maxsize=1)
def font_files() -> list[Path]:
    """The font files, in a fixed order. Raises DataError where matplotlib or its fonts are not installed."""
    try:
        from matplotlib import get_data_path  # here, because only scenes with print in them need it
    except ImportError as error:
        raise DataError(
            "matplotlib: expected it for its fonts, not installed; pip install 'digit-reader[train]'."
        ) from error
    folder = Path(get_data_path()) / "fonts" / "ttf"
    found = [path for pattern in _PATTERNS for path in sorted(folder.glob(pattern))]
    if not found:
        raise DataError(f"{folder}: expected matplotlib's fonts (DejaVuSans.ttf, ...), found none; install it again.")
    return found


def _tight(glyph: Glyph) -> Glyph:
    """A glyph cut to its ink and brought to the height TALL."""
    x, y, width, height = cv2.boundingRect((glyph > 127).view(np.uint8))
    ink = glyph[y : y + height, x : x + width]
    return cv2.resize(ink, (max(round(width * TALL / height), 4), TALL), interpolation=cv2.INTER_AREA)


def _segments(digit: int, thick: float, gap: float) -> Glyph:
    """A digit of seven segments, as on calculators and clocks. thick, gap: see SEGMENT_SHAPES."""
    side = 2 * TALL
    glyph = np.zeros((2 * side, side), np.uint8)
    half, space = thick * side, gap * side
    for lit, (x0, y0, x1, y1) in zip(SEGMENTS[digit], _PLACES, strict=True):
        if lit == "0":
            continue
        start, end = np.array([x0, y0]), np.array([x1, y1])
        along, across = end - start, (end - start)[::-1]
        inset = 0.75 * side
        a = (start * inset + side / 8) + along * space
        b = (end * inset + side / 8) - along * space
        corners = [a, a + (along + across) * half, b + (across - along) * half, b, b - (along + across) * half]
        corners.append(a + (along - across) * half)
        cv2.fillConvexPoly(glyph, np.round(np.array(corners)).astype(np.int32), 255, cv2.LINE_AA)
    return glyph


@lru_cache(maxsize=1)
def _glyphs() -> list[list[Glyph]]:
    """Every face's ten digits, uint8 (TALL, W): fonts first, then OpenCV's, then seven segments."""
    drawn: list[list[Glyph]] = []
    for face in font_files():
        font = ImageFont.truetype(str(face), 2 * TALL)
        row = []
        for digit in "0123456789":
            picture = Image.new("L", (4 * TALL, 4 * TALL))
            ImageDraw.Draw(picture).text((TALL, TALL), digit, 255, font)
            row.append(_tight(np.array(picture)))
        drawn.append(row)
    for code in CV_FACES:
        row = []
        for digit in "0123456789":
            canvas = np.zeros((4 * TALL, 4 * TALL), np.uint8)
            cv2.putText(canvas, digit, (TALL, 3 * TALL), code, 5.0, 255, 12, cv2.LINE_AA)
            row.append(_tight(canvas))
        drawn.append(row)
    return drawn + [[_tight(_segments(digit, *shape)) for digit in range(10)] for shape in SEGMENT_SHAPES]


def _weigh(picture: Glyph, weight: int) -> Glyph:
    """The same bolder (weight > 0) or lighter, unless too little would be left of it. weight: fine pixels."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (abs(weight) + 1, abs(weight) + 1))
    if weight >= 0:
        return cv2.dilate(picture, kernel)
    light = cv2.erode(picture, kernel)
    return light if cv2.countNonZero(light) > 0.7 * cv2.countNonZero(picture) else picture


def _shape(rng: np.random.Generator, glyph: Glyph, styled: bool) -> Glyph:
    """A glyph's own picture: stretched, slanted, its weight changed, (FINE_SIDE_PX, FINE_SIDE_PX), centred.

    styled: whether it may be outlined or stencilled. Not a 1, of which a ring or two bars would be left, nor a digit
    of segments, which has its gaps.
    """
    side = FINE_SIDE_PX
    weight, style = int(rng.integers(-3, 6)), rng.uniform()
    height = rng.uniform(17.5, 21) * FINE / TALL
    stretch = height * np.exp(rng.uniform(-0.45, 0.3))
    slant = rng.normal(0, 0.12)
    room = (side - 8) / (glyph.shape[1] * stretch + abs(slant) * height * TALL)
    stretch = stretch * min(room, 1.0)
    matrix = np.array([[stretch, -slant * height, 0], [0, height, 0]])
    matrix[:, 2] = side / 2 - matrix[:, :2] @ (glyph.shape[1] / 2, TALL / 2)
    picture = cv2.warpAffine(glyph, matrix, (side, side), flags=cv2.INTER_LINEAR)
    picture = _weigh(picture, weight)
    if not styled:
        return picture
    if style < 0.08:  # outlined
        wide = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (15, 15))
        picture = cv2.subtract(cv2.dilate(picture, wide), cv2.dilate(picture, wide[5:10, 5:10]))
    elif style < 0.14:  # stencilled
        gap, place = int(rng.integers(4, 9)), round(side / 2 + rng.normal(0, 6))
        if rng.uniform() < 0.5:
            picture[:, place : place + gap] = 0
        else:
            picture[place : place + gap] = 0
    return picture


def _samples(split: Split) -> Iterator[Glyph]:
    rng = np.random.default_rng([20240302, zlib.crc32(split.encode())])
    glyphs = _glyphs()
    for i in count():
        face = int(rng.integers(len(glyphs)))
        styled = i % 10 != 1 and face < len(glyphs) - len(SEGMENT_SHAPES)
        picture = _shape(rng, glyphs[face][i % 10], styled)
        yield reduced(picture, 1.5)


_ENDLESS = Endless(_samples)


def printed_digits(split: Split, count: int) -> DigitSet:
    """`count` printed digits of a split, like MNIST's: uint8 (count, 28, 28), about 20 pixels high, centred.

    The labels run 0, 1, ... 9, 0, ...; the first n of a larger set are the set of n. No two splits share a picture.
    Raises ValueError where count is less than one or split is not a split, and DataError as `font_files` does.
    """
    return _ENDLESS.first(split, count)
