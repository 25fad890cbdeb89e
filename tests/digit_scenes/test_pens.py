"""Pens: digits as strokes of any thickness, at any size."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from digit_scenes.glyphs.digits import load_digits
from digit_scenes.ink import pens
from digit_scenes.ink.layout import Slot
from digit_scenes.ink.pens import Pen
from digit_scenes.page_recipes import HAIRLINES, NOTES
from digit_scenes.surface.sheet import Sheet
from digit_scenes.writer import FINE_STROKE_HEIGHTS, Writer

Mask = NDArray[np.uint8]


def test_a_higher_level_is_a_thinner_pen_and_size_does_not_matter() -> None:
    digits = load_digits("val")
    field = pens.digit_field(digits.images[3], redrawn=True, warp=None)
    shares = []
    for height in (40.0, 160.0):
        ink = [
            pens.draw(field, Slot(3, 150, 150, height).matrix(digits.boxes[3]), Pen(level, 1.0, True), (300, 300))
            for level in (0.4, 0.6, 0.8)
        ]
        shares.append([float((i.alpha > 127).sum()) / height**2 for i in ink if i is not None])
    assert shares[0][0] > shares[0][1] > shares[0][2] > 0
    np.testing.assert_allclose(shares[0], shares[1], rtol=0.25)


def test_ink_far_from_the_canvas_is_none() -> None:
    field = np.full((64, 64), 255, np.uint8)
    away = np.array([[1.0, 0, 5000], [0, 1, 5000]])
    assert pens.draw(field, away, Pen(0.5, 1.0, True), (100, 100)) is None


def test_drawing_a_field_unmoved_gives_the_field_cut() -> None:
    field = np.zeros((64, 64), np.uint8)
    cv2.circle(field, (32, 32), 20, 255, -1)
    ink = pens.draw(field, np.array([[1.0, 0, 10], [0, 1, 20]]), Pen(0.5, 1.0, False), (100, 100))
    assert ink is not None
    canvas = np.zeros((100, 100), np.uint8)
    canvas[20:84, 10:74] = field
    there = np.zeros((100, 100), np.uint8)
    there[ink.y : ink.y + ink.alpha.shape[0], ink.x : ink.x + ink.alpha.shape[1]] = ink.alpha
    np.testing.assert_array_equal(there, canvas)


def test_embellished_digits_keep_their_ink() -> None:
    digits, rng = load_digits("val"), np.random.default_rng(0)
    for i in range(200):
        label = int(digits.labels[i])
        if label in (0, 1, 7):
            field = pens.digit_field(digits.images[i], True, None)
            assert int(pens.embellish(field, label, rng).sum()) > int(field.sum()) * 0.95
    assert pens.embellish(np.zeros((64, 64), np.uint8), 7, rng).sum() == 0


def thinned_pixel_by_pixel(shape: Mask) -> Mask:
    """Zhang and Suen as they wrote it: a loop over pixels, neighbours from the one above clockwise."""
    shape = np.pad(shape, 1).astype(bool)
    while True:
        before = shape.copy()
        for first in (True, False):
            gone = []
            for y, x in np.argwhere(shape):
                ring = [
                    bool(shape[y + dy, x + dx])
                    for dy, dx in ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))
                ]
                above, right, below, left = ring[::2]
                rises = sum(not one and other for one, other in zip(ring, [*ring[1:], ring[0]], strict=True))
                sides = (
                    (above and right and below, right and below and left)
                    if first
                    else (above and right and left, above and below and left)
                )
                if 2 <= sum(ring) <= 6 and rises == 1 and not any(sides):
                    gone.append((y, x))
            for y, x in gone:
                shape[y, x] = False
        if (shape == before).all():
            return shape[1:-1, 1:-1].astype(np.uint8)


@settings(deadline=None, max_examples=60)
@given(arrays(np.uint8, (9, 11), elements=st.integers(0, 1)))
def test_thinning_is_that_of_zhang_and_suen(shape: Mask) -> None:
    np.testing.assert_array_equal(pens.thinned(shape), thinned_pixel_by_pixel(shape))


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (40, 40)])
def test_nothing_thinned_is_nothing(size: tuple[int, int]) -> None:
    assert not pens.thinned(np.zeros(size, np.uint8)).any()


def strokes(field: pens.Field, level: float) -> int:
    """How many pieces there are, cut at a level."""
    return cv2.connectedComponents((field > 255 * level).astype(np.uint8))[0] - 1


def test_fine_strokes_stay_whole_where_others_break() -> None:
    digits = load_digits("val")
    broken = {pens.ridge: 0, pens.fine_field: 0}
    for i in range(100):
        field = pens.digit_field(digits.images[i], True, None)
        whole = strokes(field, 115 / 255)
        broken[pens.ridge] += strokes(field, 0.94) != whole
        broken[pens.fine_field] += strokes(pens.fine_field(field), 0.8) != whole
    assert broken[pens.ridge] > 50
    assert broken[pens.fine_field] <= 2


def test_a_fine_field_lies_where_the_digit_does() -> None:
    digits = load_digits("val")
    field = pens.digit_field(digits.images[3], True, None)
    fine = pens.fine_field(field)
    assert fine.shape == (128, 128)
    assert (cv2.resize((field > 60).astype(np.uint8), (128, 128)) >= (fine > 128)).all()
    assert not pens.fine_field(np.zeros((64, 64), np.uint8)).any()


@pytest.mark.parametrize("height", [60.0, 240.0])
def test_a_fine_pen_draws_strokes_of_its_own_thickness(height: float) -> None:
    """Told along the middle line of a 1."""
    digits = load_digits("val")
    index = next(i for i, label in enumerate(digits.labels) if label == 1)
    seen = set()
    for seed in range(60):
        sheet = Sheet((300, 300))
        writer = Writer(np.random.default_rng(seed), digits, HAIRLINES, sheet, np.eye(3))
        if writer.fineness is None:
            continue
        assert FINE_STROKE_HEIGHTS[0] <= writer.fineness <= FINE_STROKE_HEIGHTS[1]
        assert writer.write_digit(Slot(index, 150, 150, height))
        ink = (sheet.written > 127).astype(np.uint8)
        away = cv2.distanceTransform(ink, cv2.DIST_L2, 5)
        thick = 2 * float(np.median(away[pens.thinned(ink) > 0]))
        wanted = max(writer.fineness * height, 1.2)
        assert wanted <= thick <= 1.3 * wanted + 2.5  # soft edges are a part of it
        seen.add(round(thick))
    assert len(seen) > 1


def test_who_has_no_fine_pen_writes_as_before() -> None:
    sheet = Sheet((64, 64))
    writer = Writer(np.random.default_rng(5), load_digits("val"), NOTES, sheet, np.eye(3))
    assert writer.fineness is None
