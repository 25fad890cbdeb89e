"""Words that are no digits: fields with ink, letters in rows, nothing that could be a number."""

from __future__ import annotations

import string
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digit_scenes.ink import writing
from digit_scenes.ink.clutter import SIGN_HEIGHT_PX
from digit_scenes.ink.pens import Field, Pen, draw
from digit_scenes.ink.writing import CAPITALS, LOOKALIKES, SCRIPT, WORDS, printed_words, written_words

Maker = Callable[[np.random.Generator], Field]
both = pytest.mark.parametrize("make", [written_words, printed_words], ids=["written", "printed"])


@both
def test_a_word_is_a_field_with_ink_inside(make: Maker) -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        field = make(rng)
        assert field.dtype == np.uint8
        assert field.shape[0] == SIGN_HEIGHT_PX
        assert 20 <= field.shape[1] <= 1000
        assert field.max() == 255
        assert not field[[0, -1]].any(), "ink is cut above or below"
        assert not field[:, [0, -1]].any(), "ink is cut left or right"
        assert 0.01 < (field > 127).mean() < 0.6


@both
def test_the_same_generator_gives_the_same_words(make: Maker) -> None:
    def row(seed: int) -> list[bytes]:
        rng = np.random.default_rng(seed)
        return [make(rng).tobytes() for _ in range(20)]

    assert row(5) == row(5)
    assert row(5) != row(6)
    assert len(set(row(5))) == 20


@both
def test_even_the_hardest_pencil_leaves_a_word(make: Maker) -> None:
    rng = np.random.default_rng(1)
    for _ in range(60):
        field = make(rng)
        ink = draw(field, np.array([[0.5, 0, 4], [0, 0.5, 4]]), Pen(0.86, 1.5, True), (64, 600))
        assert ink is not None
        # no letter is lost: from end to end as wide as the field's own ink
        whole, left = (cv2.boundingRect((a > 60).view(np.uint8)) for a in (field, ink.alpha))
        assert left[2] >= 0.5 * whole[2] - 8


def test_every_letter_has_a_skeleton() -> None:
    assert set(SCRIPT) == set(string.ascii_lowercase)
    assert set(CAPITALS) == set(string.ascii_uppercase)
    for strokes in writing._skeletons().values():
        for stroke in strokes:
            assert stroke.ndim == 2
            assert stroke.shape[1] == 2
            assert len(stroke) >= 2
            assert stroke[:, 0].min() >= 0
            assert stroke[:, 0].max() <= 17
            assert stroke[:, 1].min() >= -12
            assert stroke[:, 1].max() <= 21


@given(st.integers(0, 2**32))
def test_no_spelt_word_is_short_or_a_number(seed: int) -> None:
    rng = np.random.default_rng(seed)
    word = writing._spelt(rng)
    assert word.isascii()
    assert word.isalpha()
    assert word.islower()
    assert 3 <= len(word) <= 10
    assert word in WORDS.split() or sum(letter in LOOKALIKES for letter in word) * 2 <= len(word)


def test_known_words_are_words() -> None:
    for word in WORDS.split():
        assert word.islower()
        assert len(word) >= 3
        assert any(letter not in LOOKALIKES for letter in word)


@given(st.lists(st.tuples(st.floats(-20, 20), st.floats(-20, 20)), min_size=2, max_size=9))
def test_a_curve_goes_through_its_points_as_the_naive_spline_does(places: list[tuple[float, float]]) -> None:
    points = np.array(places)
    curve = writing._smooth(points)
    np.testing.assert_allclose(curve[:: writing.SPLINE_STEPS], points, atol=1e-9)
    padded = [points[0], *points, points[-1]]
    expected = []
    for p0, p1, p2, p3 in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        for step in range(writing.SPLINE_STEPS):
            t = step / writing.SPLINE_STEPS
            slope0, slope1 = (p2 - p0) / 2, (p3 - p1) / 2
            hermite = (2 * t**3 - 3 * t**2 + 1) * p1 + (t**3 - 2 * t**2 + t) * slope0
            expected.append(hermite + (3 * t**2 - 2 * t**3) * p2 + (t**3 - t**2) * slope1)
    np.testing.assert_allclose(curve, [*expected, points[-1]], atol=1e-9)


def test_joined_letters_are_one_stroke_and_its_dots_and_bars() -> None:
    rng = np.random.default_rng(0)
    assert len(writing._strokes(rng, "mill", True, 0, 0)) == 2  # the line, the dot of the i
    assert len(writing._strokes(rng, "Mill", True, 0, 0)) == 3  # the capital stands alone
    assert len(writing._strokes(rng, "mill", False, 0, 0)) == 5
    assert len(writing._strokes(rng, "HAT", False, 0, 0)) == 3 + 2 + 2
