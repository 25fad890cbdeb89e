"""Signs and letters as strokes: drawn by any hand, at any thickness."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.categories import SIGNS
from digit_scenes.glyphs.digits import load_digits
from digit_scenes.glyphs.letters import StrokeGlyph
from digit_scenes.glyphs.print_letters import print_letters, printed_glyph, text_faces
from digit_scenes.glyphs.signs import DRAWN_SIGNS, drawn_sign
from digit_scenes.glyphs.skeletons import skeleton_letters
from digit_scenes.ink import pens
from digit_scenes.ink.composition.scribe import ridge_level
from digit_scenes.ink.strokes import MIN_STROKE_PX, Nib, draw_strokes
from digit_scenes.surface.copies import copy_badly


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**31), st.sampled_from(sorted(DRAWN_SIGNS)))
def test_signs_by_hand_are_about_as_high_as_digits(seed: int, character: str) -> None:
    glyph = drawn_sign(np.random.default_rng(seed), character)
    assert glyph is not None
    x0, y0, x1, y1 = glyph.box
    assert all(np.isfinite(stroke).all() for stroke in glyph.strokes)
    assert -1.5 < y0 <= y1 < 0.6
    assert x1 - x0 < 2
    if character in ".,":
        assert y1 - y0 < 0.45
        assert y0 > -0.2
    if character in "+-=×÷":
        assert -0.75 < (y0 + y1) / 2 < -0.2


def test_a_hand_has_all_letters_and_signs_and_no_digit() -> None:
    rng = np.random.default_rng(1)
    hand = skeleton_letters(rng, "val")
    for character in (*"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", *SIGNS):
        glyph = hand.glyph(rng, character)
        assert isinstance(glyph, StrokeGlyph), character
        assert -1.9 < glyph.box[1] < glyph.box[3] < 1.0 or character in ".-"
    assert hand.glyph(rng, "7") is None
    assert hand.glyph(rng, "ж") is None


def test_print_is_as_high_as_its_digits_and_the_same_each_time() -> None:
    rng = np.random.default_rng(2)
    for path in text_faces():
        glyph = printed_glyph(path, "0")
        assert glyph is not None
        assert glyph.box[3] - glyph.box[1] == pytest.approx(1, abs=0.12)
        assert glyph.advance is not None
        assert printed_glyph(path, "\u0915") is None
    face = print_letters(rng, "val")
    assert face.glyph(rng, "-") is not None
    assert face.glyph(rng, "8") is face.glyph(rng, "8")


@pytest.mark.parametrize("thickness", [0.5, 2.0, 4.3, 9.0, 20.0])
@pytest.mark.parametrize("hard", [False, True])
def test_strokes_are_as_thick_as_asked_for(thickness: float, hard: bool) -> None:
    ink = draw_strokes([np.array([[20.0, 30.0], [80.0, 30.0]])], thickness, Nib(0.1, 0.3, hard), (100, 100))
    assert ink is not None
    column = ink.alpha[:, ink.alpha.shape[1] // 2].astype(float) / 255
    assert column.sum() == pytest.approx(max(thickness, MIN_STROKE_PX), abs=2.1 if hard else 1.1)
    rows = np.arange(len(column)) + ink.y
    assert (column * rows).sum() / column.sum() == pytest.approx(30, abs=0.55)
    assert not hard or set(np.unique(ink.alpha)) == {0, 255}


def test_strokes_far_off_the_canvas_are_none() -> None:
    assert draw_strokes([np.array([[900.0, 30.0], [980.0, 30.0]])], 3, Nib(0.1, 0.3), (100, 100)) is None
    assert draw_strokes([np.array([[50.0, 50.0]])], 3, Nib(0.1, 0.3), (100, 100)) is not None  # a dot


def test_ridges_cut_at_their_level_are_as_thick_as_asked_for() -> None:
    assert list(pens.RIDGE_LEVELS) == sorted(pens.RIDGE_LEVELS, reverse=True)
    digits = load_digits("val")
    for wanted in pens.RIDGE_WIDTHS[1::2]:
        found = []
        for image, box in zip(digits.images[:40], digits.boxes[:40], strict=True):
            field = pens.digit_field(image, True, None)
            inked = np.count_nonzero(field > 255 * ridge_level(wanted))
            lines = np.count_nonzero(pens.thinned((field > 115).astype(np.uint8)))
            found.append(inked / lines / ((box[3] - box[1]) * pens.FIELD_SCALE))
        assert np.median(found) == pytest.approx(wanted, rel=0.35)


def loops(ink: np.ndarray) -> int:
    bare = cv2.copyMakeBorder(1 - ink.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    return int(cv2.connectedComponents(bare, connectivity=4)[0]) - 2


def test_digits_in_any_pen_keep_their_loops() -> None:
    digits = load_digits("val")
    kept = []
    for image in digits.images[:150]:
        field = pens.digit_field(image, False, None)
        large = cv2.resize(image, (112, 112), interpolation=cv2.INTER_CUBIC)
        kept.append(loops(pens.line_field(field) > 150) == loops(large > 110))
    assert np.mean(kept) > 0.95


def test_bad_copies_keep_their_size_and_place() -> None:
    picture = np.full((40, 90, 3), 230, np.uint8)
    picture[10:30, 40:44] = 20
    for seed in range(10):
        copy = copy_badly(np.random.default_rng(seed), picture, 20.0)
        assert copy.shape == picture.shape
        assert copy.dtype == np.uint8
        dark = np.argwhere(copy.mean(2) < 180)
        assert pytest.approx(dark[:, 1].mean(), abs=2) == 41
