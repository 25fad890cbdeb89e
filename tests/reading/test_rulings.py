"""Rulings between digits: where there is one, however it slopes, and where there is none."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.reading.rulings import MIN_STRENGTH, ruling_strengths

PAPER_GREY, INK_GREY = 230, 40


def eights(height: int, rows: int, columns: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of 8s close together: the picture uint8 (H, W), boxes (N, 4) row by row, pairs of neighbours (G, 2)."""
    pitch_x, pitch_y = round(0.9 * height), round(1.7 * height)
    grey = np.full((rows * pitch_y + height, columns * pitch_x + height), PAPER_GREY, np.uint8)
    boxes = []
    for row in range(rows):
        for column in range(columns):
            x, y = height // 2 + column * pitch_x, height + row * pitch_y
            w = 2 * (height // 4) + height // 10 + 1
            for part in (0, 1):
                centre = (x + w // 2, y + round(height * (0.25 + 0.5 * part)))
                cv2.ellipse(grey, centre, (height // 4, height // 4), 0, 0, 360, INK_GREY, max(1, height // 10))
            inked = np.nonzero((grey[:, x - 3 : x + w + 3] < 128)[y - 3 : y + height + 3])
            (y0, x0), (y1, x1) = (np.min(inked, axis=1), np.max(inked, axis=1) + 1)
            boxes.append((x - 3 + x0, y - 3 + y0, x - 3 + x1, y - 3 + y1))
    pairs = [(i, i + 1) for i in range(len(boxes) - 1) if (i + 1) % columns]
    return grey, np.array(boxes, np.float32), np.array(pairs)


def test_no_gap_no_strength():
    grey, boxes, _ = eights(20, 1, 1)
    assert ruling_strengths(grey, boxes, np.zeros((0, 2), np.int64)).shape == (0,)


@settings(max_examples=25, deadline=None)
@given(
    height=st.integers(12, 60),
    ruling=st.sampled_from([90, 190, 255]),
    lean=st.floats(-0.2, 0.2),
    seed=st.integers(0, 99),
)
def test_the_one_ruled_gap_is_found_and_no_other(height, ruling, lean, seed):
    grey, boxes, pairs = eights(height, 3, 4)
    rng = np.random.default_rng(seed)
    if ruling == 255:  # light lines are drawn on darker paper
        grey = np.where(grey == PAPER_GREY, 170, grey).astype(np.uint8)
    chosen = int(rng.integers(len(pairs)))
    left, right = boxes[pairs[chosen]]
    x, y = (left[2] + right[0]) / 2, (left[1] + left[3]) / 2
    reach = 1.1 * height
    ends = [(round(float(x + lean * side)), round(float(y + side))) for side in (-reach, reach)]
    cv2.line(grey, *ends, ruling, 1 + height // 40)
    grey = np.clip(grey + rng.normal(0, 2, grey.shape), 0, 255).astype(np.uint8)
    found = ruling_strengths(grey, boxes, pairs) >= MIN_STRENGTH
    assert found[chosen]
    assert not found[np.arange(len(pairs)) % 3 != chosen % 3].any()  # it reaches towards those above and below


@pytest.mark.parametrize("stroke", [0.5, 0.7, 1.0])
def test_a_stroke_as_high_as_digits_is_no_ruling(stroke):
    grey, boxes, pairs = eights(30, 1, 2)
    x, y = round(float(boxes[0, 2] + boxes[1, 0]) / 2), round(float(boxes[0, 1] + boxes[0, 3]) / 2)
    cv2.line(grey, (x, y - round(15 * stroke)), (x, y + round(15 * stroke)), INK_GREY, 2)
    assert ruling_strengths(grey, boxes, pairs)[0] < MIN_STRENGTH


def test_level_rulings_are_none():
    grey, boxes, pairs = eights(24, 4, 5)
    for y in range(10, grey.shape[0], 41):
        cv2.line(grey, (0, y), (grey.shape[1], y + 12), 120, 2)
    assert (ruling_strengths(grey, boxes, pairs) < MIN_STRENGTH).all()


def test_digits_at_and_beyond_the_border_do_no_harm():
    grey, boxes, pairs = eights(20, 1, 3)
    moved = boxes - np.array([15, 25, 15, 25], np.float32)
    assert ruling_strengths(grey, moved, pairs).shape == (2,)
    assert (ruling_strengths(grey, moved - 500, pairs) == 0).all()
    assert (ruling_strengths(grey, moved + 500, pairs) == 0).all()
