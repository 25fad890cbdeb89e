"""Where digits go: gaps, lines and scattered digits against independent arithmetic."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digit_scenes.glyphs.digits import MIN_INK_GREY, load_digits
from digit_scenes.ink.hand import Hand
from digit_scenes.ink.layout import (
    DIGIT_GAP_HEIGHTS,
    MIN_NUMBER_GAP_HEIGHTS,
    Slot,
    extents,
    largest_iou,
    nesting,
    profiles,
    scatter,
    write_line,
    write_lines,
)
from digit_scenes.ink.pens import FIELD_SCALE

seeds = st.integers(0, 2**32 - 1)


@given(seeds)
def test_gaps_within_a_number_are_narrow_and_between_numbers_wide(seed: int) -> None:
    rng, digits = np.random.default_rng(seed), load_digits("val")
    hand = Hand.random(rng)
    line = write_line(rng, digits, hand, 30.0, 0.0, 2000.0, 50.0, 5)
    assert 1 <= len(line) <= 5

    def edges(slot: Slot) -> tuple[float, float]:
        """Left and right end of a digit's ink, from the corners of each of its pixels through the slot's own map."""
        ys, xs = np.nonzero(digits.images[slot.digit] >= MIN_INK_GREY)
        matrix = slot.matrix(digits.boxes[slot.digit])
        y, left, right = (ys + 0.5) * FIELD_SCALE - 0.5, xs * FIELD_SCALE - 0.5, (xs + 1) * FIELD_SCALE - 0.5
        row = matrix[0, 1] * y + matrix[0, 2]
        return (matrix[0, 0] * left + row).min(), (matrix[0, 0] * right + row).max()

    for number in line:
        assert 1 <= len(number) <= 10
        gaps = [edges(b)[0] - edges(a)[1] for a, b in pairwise(number)]
        assert all(DIGIT_GAP_HEIGHTS[0] * 30 - 1e-6 <= gap <= DIGIT_GAP_HEIGHTS[1] * 30 + 1e-6 for gap in gaps)
    for left, right in pairwise(line):
        assert edges(right[0])[0] - edges(left[-1])[1] >= MIN_NUMBER_GAP_HEIGHTS * 30 - 1e-6


@given(seeds)
def test_nesting_against_each_pair_and_row_by_itself(seed: int) -> None:
    rng, digits = np.random.default_rng(seed), load_digits("val")
    index = rng.integers(len(digits), size=int(rng.integers(1, 6)))
    left, right = profiles(digits, index, float(rng.uniform(0.7, 1.3)), rng.normal(0, 0.3, len(index)))
    room, narrower = nesting(left, right)
    assert room.shape == narrower.shape == (len(index) - 1,)
    for i in range(len(index) - 1):
        widths = [right[k].max() - left[k].min() for k in (i, i + 1)]
        free = [
            (right[i].max() - right[i, a]) + (left[i + 1, b] - left[i + 1].min())
            for a in range(28)
            for b in range(28)
            if abs(a - b) <= 3
        ]
        assert narrower[i] == pytest.approx(min(widths))
        assert 0 <= room[i] == pytest.approx(min(*free, 0.5 * min(widths)))


@given(seeds)
def test_nested_digits_stand_closer_but_not_on_one_another(seed: int) -> None:
    digits = load_digits("val")
    hand = replace(Hand.random(np.random.default_rng(seed), (2, 6)), uneven=0.0, zero=1.0)
    rows = [
        write_line(np.random.default_rng(seed), digits, h, 30.0, 0.0, 900.0, 50.0, 1)[0]
        for h in (hand, replace(hand, nested=True))
    ]
    assert [slot.digit for slot in rows[0]] == [slot.digit for slot in rows[1]]
    index = np.array([slot.digit for slot in rows[0]])
    left, right = extents(digits, index, hand.stretch, np.array([slot.slant for slot in rows[0]]))
    scale = [30.0 / max(digits.boxes[i, 3] - digits.boxes[i, 1], 15.0) for i in index]
    for k, ((a, b), (c, d)) in enumerate(zip(pairwise(rows[0]), pairwise(rows[1]), strict=True)):
        narrower = min((right[k] - left[k]) * scale[k], (right[k + 1] - left[k + 1]) * scale[k + 1])
        overlap = (d.x + left[k + 1] * scale[k + 1]) - (c.x + right[k] * scale[k])
        assert overlap >= min(DIGIT_GAP_HEIGHTS[0] * 30, -0.9 * narrower) - 1e-6
        assert d.x - c.x <= max(b.x - a.x, -0.35 * narrower + (right[k] * scale[k] - left[k + 1] * scale[k + 1])) + 1e-6


@given(seeds)
def test_rounded_numbers_end_in_zeros_and_begin_with_what_was_drawn(seed: int) -> None:
    digits = load_digits("val")
    hand = replace(Hand.random(np.random.default_rng(seed), (2, 8)), uneven=0.0, zero=1.0, wander=0.0)
    plain, rounded = (
        write_line(np.random.default_rng(seed), digits, replace(hand, rounded=share), 30.0, 0.0, 1e5, 50.0, 1)[0]
        for share in (0.0, 1.0)
    )
    assert len(plain) == len(rounded)
    zeros = [i for i, (one, other) in enumerate(zip(plain, rounded, strict=True)) if one.digit != other.digit]
    if zeros:  # a 0 may have been drawn already
        assert zeros[0] > 0
        assert all(digits.labels[slot.digit] == 0 for slot in rounded[zeros[0] :])
        assert {slot.height for slot in rounded[: zeros[0]]} == {30.0}
    for slot in rounded:  # small 0s stand between the feet and the heads of the others
        assert slot.y + slot.height / 2 <= 65 + 1e-6
        assert slot.y - slot.height / 2 >= 35 - 1e-6


@given(seeds)
def test_equal_digits_of_a_hand_are_one_where_it_writes_them_alike(seed: int) -> None:
    digits = load_digits("val")
    hand = replace(Hand.random(np.random.default_rng(seed), (4, 9)), alike=True)
    for number in write_line(np.random.default_rng(seed), digits, hand, 30.0, 0.0, 1e5, 50.0, 3):
        own = [slot.digit for slot in number]
        assert len(set(own)) == len({int(digits.labels[digit]) for digit in own})


@given(seeds, st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_hurried_hand_keeps_what_it_is_not_told_to_change(
    seed: int, joined: float, slanted: float, separated: float
) -> None:
    hand = Hand.random(np.random.default_rng(seed))
    quick = hand.hurried(np.random.default_rng(seed), joined, slanted, separated)
    assert quick.nested
    assert (quick.stretch, quick.uneven, quick.lengths) == (hand.stretch, hand.uneven, hand.lengths)
    none = hand.hurried(np.random.default_rng(seed), 0.0, 0.0, 0.0)
    assert none == replace(hand, nested=True)
    every = hand.hurried(np.random.default_rng(seed), 1.0, 1.0, 1.0)
    assert every.grouped > 0
    assert every.slant >= 0.2
    assert every.gap < 0.05


@given(seeds, st.integers(1, 700), st.integers(1, 700), st.floats(1, 900))
def test_lines_fit_pages_of_any_size(seed: int, page_height: int, page_width: int, height: float) -> None:
    rng, digits = np.random.default_rng(seed), load_digits("val")
    lines = write_lines(rng, digits, Hand.random(rng), height, (page_height, page_width), (1, 8), 60)
    slots = [slot for line in lines for number in line for slot in number]
    assert 1 <= len(lines) <= 8
    assert 1 <= len(slots) <= 60
    assert all(0 <= slot.x <= page_width and 0 <= slot.y <= page_height for slot in slots)


def test_scattered_digits_keep_their_distance() -> None:
    digits = load_digits("val")
    for seed in range(30):
        slots = scatter(np.random.default_rng(seed), digits, (300, 300), 20, (12, 90), 0.1)
        boxes: list[tuple[float, float, float, float]] = []
        for slot in slots:
            assert 12 <= slot.height <= 90
            x0, y0, x1, y1 = digits.boxes[slot.digit].tolist()
            width = slot.height / max(y1 - y0, 15) * (x1 - x0)
            box = (slot.x - width / 2, slot.y - slot.height / 2, slot.x + width / 2, slot.y + slot.height / 2)
            assert largest_iou(box, boxes) < 0.1
            boxes.append(box)


def test_largest_iou_against_hand_made_cases() -> None:
    assert largest_iou((0, 0, 2, 2), []) == 0
    assert largest_iou((0, 0, 2, 2), [(2, 0, 4, 2), (5, 5, 6, 6)]) == 0
    assert largest_iou((0, 0, 2, 2), [(9, 9, 10, 10), (1, 0, 3, 2)]) == pytest.approx(1 / 3)
