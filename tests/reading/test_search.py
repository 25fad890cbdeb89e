"""Where a search looks: only what needs it, and still all that is there."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.images import Picture
from detector.reading.reader import Reader
from detector.reading.search import INK_HEIGHTS_PX, search, unseen_ink
from detector.reading.tiles import TILE_PX
from detector.types import Detections
from tests.fakes import FakeDetector, blank, draw_blobs

NOTHING = np.zeros((0, 4), np.float32)


def looked_at(image: Picture) -> tuple[Detections, int]:
    """What is found, and how many pixels were looked at for it."""
    detector = FakeDetector(smallest=9, largest=160)
    found = Reader(detector).detect(image)
    return found, sum(height * width for height, width in detector.calls)


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (300, 300), (2, 5000)])
def test_there_is_no_ink_on_empty_paper(size: tuple[int, int]) -> None:
    assert len(unseen_ink(blank(*size), NOTHING)) == 0


@pytest.mark.parametrize("paper", [0, 255])
def test_ink_of_the_right_height_is_seen_on_any_paper(paper: int) -> None:
    image = np.full((200, 400, 3), paper, np.uint8)
    heights = (2, INK_HEIGHTS_PX[0], 8, INK_HEIGHTS_PX[1], 30, 90)
    for x, height in zip(range(20, 400, 60), heights, strict=False):
        image[50 : 50 + height, x : x + 3] = 255 - paper
    assert sorted(y1 - y0 for _, y0, _, y1 in unseen_ink(image, NOTHING)) == [4, 8, 14]


def test_a_digit_on_squared_paper_is_seen_and_the_squares_are_not() -> None:
    image = blank(400, 400)
    image[::16] = image[:, ::16] = 190
    assert len(unseen_ink(image, NOTHING)) == 0
    cv2.putText(image, "5", (203, 205), cv2.FONT_HERSHEY_PLAIN, 0.9, (40, 40, 90))
    boxes = unseen_ink(image, NOTHING)
    assert len(boxes)
    assert ((boxes[:, :2] >= 192) & (boxes[:, 2:] <= 224)).all()


@pytest.mark.parametrize("noise", [2, 6, 20])
def test_grain_is_no_ink(noise: float) -> None:
    grain = np.random.default_rng(0).normal(128, noise, (600, 600, 3)).clip(0, 255).astype(np.uint8)
    assert len(unseen_ink(grain, NOTHING)) < 12  # of 200,000 places where a digit would fit


def test_strokes_of_a_known_digit_are_no_ink_but_a_page_taken_for_one_hides_none() -> None:
    image = draw_blobs(blank(300, 300), [[20, 20, 24, 30], [40, 60, 44, 70]], [1, 2])
    known = np.array([[10, 10, 60, 90]], np.float32)
    assert len(unseen_ink(image, NOTHING)) == 2
    assert len(unseen_ink(image, known)) == 0
    rows = [[20 + 10 * i, 40, 23 + 10 * i, 50] for i in range(8)]
    assert len(unseen_ink(draw_blobs(image, rows, [0] * 8), np.array([[5, 5, 200, 200]], np.float32))) >= 10


@settings(max_examples=12, deadline=None)
@given(st.integers(800, 3000), st.integers(800, 4000), st.integers(0, 10**6))
def test_digits_of_any_size_at_any_place_are_found_once(height: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    boxes: list[list[int]] = []
    y = int(rng.integers(0, 50))
    while len(boxes) < 12:
        h = int(np.exp(rng.uniform(np.log(10), np.log(1000))))
        w = max(5, int(h * rng.uniform(0.4, 0.7)))
        if y + h > height:
            break
        x = int(rng.integers(0, width - w))
        boxes.append([x, y, x + w, y + h])
        y += h + 30 + h // 4
    image = draw_blobs(blank(height, width), boxes, [i % 10 for i in range(len(boxes))])
    found = looked_at(image)[0]
    order = np.argsort(found.boxes[:, 1])
    assert len(found) == len(boxes)
    for got, true in zip(found.boxes[order], boxes, strict=True):
        np.testing.assert_allclose(got, true, atol=0.1 * (true[3] - true[1]) + 0.01)
    assert found.labels[order].tolist() == [i % 10 for i in range(len(boxes))]


def row_of(height: int, count: int, y: int, pitch: int) -> list[list[int]]:
    return [[20 + i * pitch, y, 20 + i * pitch + height // 2, y + height] for i in range(count)]


def test_what_is_looked_at_grows_with_the_area_and_not_with_the_digits() -> None:
    size = (1000, 1200)
    area = size[0] * size[1]
    seen = {}
    for rows in (0, 1, 8, 24):
        boxes = [box for row in range(rows) for box in row_of(14, 12, 20 + 40 * row, 80)]
        found, seen[rows] = looked_at(draw_blobs(blank(*size), boxes, [3] * len(boxes)))
        assert len(found) == len(boxes)
    assert seen[0] < 0.4 * area
    assert seen[1] < 0.7 * area
    assert seen[8] < seen[24] < 2.2 * area


def test_large_digits_do_not_pay_for_the_finest_level() -> None:
    boxes = row_of(60, 30, 100, 60) + row_of(120, 12, 300, 120) + row_of(300, 10, 600, 300)
    found, pixels = looked_at(draw_blobs(blank(3000, 4000), boxes, [7] * len(boxes)))
    assert len(found) == len(boxes)
    assert pixels < 0.2 * 3000 * 4000


def test_a_search_asks_for_parts_no_larger_than_a_tile_and_may_ask_for_none() -> None:
    with pytest.raises(StopIteration) as end:
        next(search(blank(1, 5000)))
    assert len(end.value.value) == 0
    steps = search(np.random.default_rng(0).integers(0, 256, (1700, 900, 3), np.uint8))
    asked = next(steps)
    while asked:
        assert all(part.size and max(part.shape[:2]) <= TILE_PX for part in asked)
        try:
            asked = steps.send([Detections.empty()] * len(asked))
        except StopIteration:
            break
