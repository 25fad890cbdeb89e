"""Printed digits, as pictures like MNIST's.

A *face* is one design of all ten digits: an open font, one of OpenCV's stroke fonts, or seven segments. Each face is
drawn once. Each picture then varies it: wide or condensed, bold or light, slanted, outlined or stencilled.
The open fonts are those that matplotlib brings along (DejaVu, STIX, Computer Modern).
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
from digit_scenes.glyphs.digits import DIGIT_SIDE_PX, DigitSet, EndlessDigits, Split, shrink_to_digit

OVERSAMPLING = 4  # pixels drawn for each pixel of a digit, across and down
FINE_SIDE_PX = DIGIT_SIDE_PX * OVERSAMPLING  # of a digit's picture before it is shrunk
GLYPH_HEIGHT_PX = 20 * OVERSAMPLING  # ink height of a face's digits; MNIST's have 20
OPENCV_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_SIMPLEX | cv2.FONT_ITALIC)
# Those of matplotlib's fonts whose digits and letters lie where Unicode has them.
_PATTERNS = (
    "DejaVuSans.ttf",
    "DejaVuSans-*.ttf",
    "DejaVuSansMono*.ttf",
    "DejaVuSerif.ttf",
    "DejaVuSerif-*.ttf",
    "STIXGeneral*.ttf",
    *(f"cm{kind}10.ttf" for kind in ("b", "mi", "r", "ss", "ti", "tt")),
)
# For each digit, which segments are lit: top, upper left, upper right, middle, lower left, lower right, bottom.
LIT_SEGMENTS = (
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
# Where each segment begins and ends (x0, y0, x1, y1), in segment lengths from the top left.
_SEGMENT_ENDS = ((0, 0, 1, 0), (0, 0, 0, 1), (1, 0, 1, 1), (0, 1, 1, 1), (0, 1, 0, 2), (1, 1, 1, 2), (0, 2, 1, 2))
# Half a segment's thickness, and the gap at each of its ends; as shares of the glyph's width.
SEGMENT_SHAPES = ((0.07, 0.02), (0.1, 0.04), (0.06, 0.0))
Glyph = NDArray[np.uint8]


@lru_cache(maxsize=1)
def font_files() -> list[Path]:
    """The font files, in a fixed order. Raises DataError where matplotlib or its fonts are not installed."""
    try:
        from matplotlib import get_data_path  # here, because only scenes with printed digits need it
    except ImportError as error:
        raise DataError(
            "matplotlib: expected it for its fonts, not installed; pip install 'digit-reader[train]'."
        ) from error
    folder = Path(get_data_path()) / "fonts" / "ttf"
    found = [path for pattern in _PATTERNS for path in sorted(folder.glob(pattern))]
    if not found:
        raise DataError(f"{folder}: expected matplotlib's fonts (DejaVuSans.ttf, ...), found none; install it again.")
    return found


def _cut_to_ink(glyph: Glyph) -> Glyph:
    """A glyph cut to its ink and brought to the height GLYPH_HEIGHT_PX."""
    x, y, width, height = cv2.boundingRect((glyph > 127).view(np.uint8))
    ink = glyph[y : y + height, x : x + width]
    new_width = max(round(width * GLYPH_HEIGHT_PX / height), 4)
    return np.asarray(cv2.resize(ink, (new_width, GLYPH_HEIGHT_PX), interpolation=cv2.INTER_AREA))


def _segments(digit: int, half_thickness: float, gap: float) -> Glyph:
    """A digit of seven segments, as on calculators and clocks. half_thickness, gap: see SEGMENT_SHAPES."""
    side = 2 * GLYPH_HEIGHT_PX
    glyph = np.zeros((2 * side, side), np.uint8)
    half, space, length = half_thickness * side, gap * side, 0.75 * side
    for lit, (x0, y0, x1, y1) in zip(LIT_SEGMENTS[digit], _SEGMENT_ENDS, strict=True):
        if lit == "0":
            continue
        start, end = np.array([x0, y0]), np.array([x1, y1])
        along, across = end - start, (end - start)[::-1]
        a = (start * length + side / 8) + along * space
        b = (end * length + side / 8) - along * space
        corners = [a, a + (along + across) * half, b + (across - along) * half, b, b - (along + across) * half]
        corners.append(a + (along - across) * half)
        cv2.fillConvexPoly(glyph, np.round(np.array(corners)).astype(np.int32), 255, cv2.LINE_AA)
    return glyph


@lru_cache(maxsize=1)
def _digits_of_faces() -> list[list[Glyph]]:
    """Every face's ten digits, uint8 (GLYPH_HEIGHT_PX, W): fonts first, then OpenCV's, then seven segments."""
    drawn: list[list[Glyph]] = []
    for face in font_files():
        font = ImageFont.truetype(str(face), 2 * GLYPH_HEIGHT_PX)
        row = []
        for digit in "0123456789":
            picture = Image.new("L", (4 * GLYPH_HEIGHT_PX, 4 * GLYPH_HEIGHT_PX))
            ImageDraw.Draw(picture).text((GLYPH_HEIGHT_PX, GLYPH_HEIGHT_PX), digit, 255, font)
            row.append(_cut_to_ink(np.array(picture)))
        drawn.append(row)
    for code in OPENCV_FONTS:
        row = []
        for digit in "0123456789":
            canvas = np.zeros((4 * GLYPH_HEIGHT_PX, 4 * GLYPH_HEIGHT_PX), np.uint8)
            cv2.putText(canvas, digit, (GLYPH_HEIGHT_PX, 3 * GLYPH_HEIGHT_PX), code, 5.0, 255, 12, cv2.LINE_AA)
            row.append(_cut_to_ink(canvas))
        drawn.append(row)
    return drawn + [[_cut_to_ink(_segments(digit, *shape)) for digit in range(10)] for shape in SEGMENT_SHAPES]


def _change_weight(picture: Glyph, weight: int) -> Glyph:
    """The same bolder or lighter by `weight` pixels; unchanged where too little ink would be left."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (abs(weight) + 1, abs(weight) + 1))
    if weight >= 0:
        return np.asarray(cv2.dilate(picture, kernel))
    light: Glyph = cv2.erode(picture, kernel)
    return light if cv2.countNonZero(light) > 0.7 * cv2.countNonZero(picture) else picture


def _vary(rng: np.random.Generator, glyph: Glyph, styled: bool) -> Glyph:
    """A picture of the glyph, stretched, slanted, its weight changed: (FINE_SIDE_PX, FINE_SIDE_PX), centred.

    styled: whether it may be outlined or stencilled.
    """
    side = FINE_SIDE_PX
    weight, style = int(rng.integers(-3, 6)), rng.uniform()
    height = rng.uniform(17.5, 21) * OVERSAMPLING / GLYPH_HEIGHT_PX
    stretch = height * np.exp(rng.uniform(-0.45, 0.3))
    slant = rng.normal(0, 0.12)
    fit = (side - 8) / (glyph.shape[1] * stretch + abs(slant) * height * GLYPH_HEIGHT_PX)
    stretch = stretch * min(fit, 1.0)
    matrix = np.array([[stretch, -slant * height, 0], [0, height, 0]])
    matrix[:, 2] = side / 2 - matrix[:, :2] @ (glyph.shape[1] / 2, GLYPH_HEIGHT_PX / 2)
    picture: Glyph = cv2.warpAffine(glyph, matrix, (side, side), flags=cv2.INTER_LINEAR)
    picture = _change_weight(picture, weight)
    if not styled:
        return picture
    if style < 0.08:  # outlined
        wide = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (15, 15))
        picture = cv2.subtract(cv2.dilate(picture, wide), cv2.dilate(picture, wide[5:10, 5:10]))
    elif style < 0.14:  # stencilled
        gap, start = int(rng.integers(4, 9)), round(side / 2 + rng.normal(0, 6))
        if rng.uniform() < 0.5:
            picture[:, start : start + gap] = 0
        else:
            picture[start : start + gap] = 0
    return picture


def _samples(split: Split) -> Iterator[Glyph]:
    """Endless digits of a split, each uint8 (28, 28), in any of the faces."""
    rng = np.random.default_rng([20240302, zlib.crc32(split.encode())])
    glyphs = _digits_of_faces()
    for i in count():
        face = int(rng.integers(len(glyphs)))
        # An outlined 1 would be a ring, a stencilled one two bars; a digit of segments has gaps already.
        styled = i % 10 != 1 and face < len(glyphs) - len(SEGMENT_SHAPES)
        picture = _vary(rng, glyphs[face][i % 10], styled)
        yield shrink_to_digit(picture, 1.5)


_ENDLESS = EndlessDigits(_samples)


def printed_digits(split: Split, count: int) -> DigitSet:
    """`count` printed digits of a split, like MNIST's: uint8 (count, 28, 28), about 20 pixels high, centred.

    The labels run 0, 1, ... 9, 0, ... A set of n is the first n of any larger one. No two splits share a picture.
    Raises ValueError where count is less than one or split is not a split, and DataError as `font_files` does.
    """
    return _ENDLESS.first(split, count)
