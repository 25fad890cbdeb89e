"""Drawing: no digits, odd places, and that what is drawn is where it was read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.draw import SIGN_COLOUR, draw_boxes, draw_page, score_colour
from detector.reading.reader import Reader
from detector.types import Digit, Line, Number, Page, Sign
from tests.fakes import FakeDetector, blank, draw_blobs


def page_of(height: int, width: int, *digits: Digit) -> Page:
    return Page(width, height, (Line.of([Number.of(digits)]),) if digits else ())


def test_a_picture_without_digits_is_a_copy() -> None:
    image = blank(400, 500)
    drawn = draw_page(image, page_of(400, 500))
    np.testing.assert_array_equal(drawn, image)
    assert not np.shares_memory(drawn, image)


def test_the_picture_given_is_left_alone() -> None:
    image = blank(400, 500)
    drawn = draw_page(image, page_of(400, 500, Digit(3, (50.0, 60.0, 80.0, 100.0), 0.9)))
    assert (image == 255).all()
    assert drawn.shape == image.shape
    assert drawn.dtype == np.uint8


def test_the_box_is_drawn_around_the_ink_and_not_on_it() -> None:
    image = draw_blobs(blank(400, 500), [[50, 60, 80, 100]], [3])
    drawn = draw_page(image, Reader(FakeDetector()).page(image))
    np.testing.assert_array_equal(drawn[60:100, 50:80], image[60:100, 50:80])
    for y, x in ((59, 65), (101, 65), (80, 48), (80, 81)):
        assert drawn[y, x].tolist() == list(score_colour(0.95))
    assert (drawn[35:58, 50:80] != 255).any()  # the label above
    assert (drawn[200:] == 255).all()


@pytest.mark.parametrize("turned", [0, 90])
def test_signs_have_thin_boxes_of_their_own_colour(turned: int) -> None:
    sign = Sign("€", (200.0, 60.0, 230.0, 90.0), 0.9)
    drawn = draw_page(blank(400, 500), Page(500, 400, (), turned, (sign,)))
    upright = drawn if not turned else np.rot90(drawn)
    for y, x in ((59, 215), (90, 215), (75, 199), (75, 230)):
        assert upright[y, x].tolist() == list(SIGN_COLOUR)
    assert (upright[62:88, 202:228] == 255).all()
    assert (drawn != 255).any(axis=2).sum() > 150  # the name, too


def test_small_pictures_are_enlarged_by_a_whole_factor() -> None:
    drawn = draw_page(blank(28, 140), page_of(28, 140, Digit(3, (5.0, 5.0, 15.0, 25.0), 0.9)))
    assert drawn.shape[0] % 28 == 0
    assert drawn.shape[0] / 28 == drawn.shape[1] / 140 >= 2


def test_colours_run_from_red_to_green() -> None:
    assert score_colour(0)[0] > 200 > score_colour(0)[1]
    assert score_colour(1)[1] > 200 > score_colour(1)[0]
    assert score_colour(-3) == score_colour(0)
    greens = [score_colour(s / 10)[1] - score_colour(s / 10)[0] for s in range(11)]
    assert greens == sorted(greens)


@settings(max_examples=30, deadline=None)
@given(
    st.integers(1, 60),
    st.integers(1, 900),
    st.lists(st.tuples(st.floats(0, 0.9), st.floats(0, 0.9), st.floats(0.01, 1.2), st.floats(0.01, 1.2)), max_size=4),
)
def test_any_box_on_any_picture(height: int, width: int, boxes: list[tuple[float, float, float, float]]) -> None:
    digits = [
        Digit(i, (x * width, y * height, (x + w) * width, (y + h) * height), i / 4)
        for i, (x, y, w, h) in enumerate(boxes)
    ]
    drawn = draw_page(blank(height, width), page_of(height, width, *digits))
    assert drawn.shape[0] % height == drawn.shape[1] % width == 0
    assert max(drawn.shape) <= 4096


@pytest.mark.parametrize("height", [12, 48, 200])
def test_labels_follow_the_digits(height: int) -> None:
    image = blank(1000, 1000)
    drawn = draw_page(image, page_of(1000, 1000, Digit(8, (400.0, 400.0, 400.0 + height / 2, 400.0 + height), 1.0)))
    factor = drawn.shape[0] // 1000
    above = np.flatnonzero((drawn[: 400 * factor] != 255).any(axis=(1, 2)))
    assert above.size
    assert 0.2 * height * factor <= 400 * factor - above[0] <= max(0.8 * height * factor, 14)


def test_no_boxes_are_a_copy() -> None:
    image = blank(40, 50)
    drawn = draw_boxes(image, [], [], [])
    np.testing.assert_array_equal(drawn, image)
    assert not np.shares_memory(drawn, image)


def test_a_frame_is_drawn_around_the_box_and_only_there() -> None:
    blue, pink = (0, 0, 255), (230, 0, 200)
    boxes = [(50.0, 60.0, 80.0, 100.0), (150.0, 60.0, 180.0, 100.0)]
    drawn = draw_boxes(blank(200, 300), boxes, ["", ""], [blue, blue], framed=[1], frame=pink)
    assert not (drawn[60:100, 50:80] != 255).any()
    assert drawn[80, 49].tolist() == drawn[80, 149].tolist() == list(blue)
    framed = np.flatnonzero((drawn[80] == pink).all(-1))
    assert framed.size
    assert framed[0] > 140


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 900), st.integers(1, 900), st.floats(0.05, 3))
def test_the_picture_of_boxes_is_factor_times_the_size(height: int, width: int, factor: float) -> None:
    drawn = draw_boxes(blank(height, width), [(-5.0, 0.0, 1.0, height * 2.0)], ["7"], [(0, 0, 0)], factor=factor)
    assert drawn.shape == (max(1, round(height * factor)), max(1, round(width * factor)), 3)
