"""Where numbers begin and end: laws of what is known of gaps, the network's form, and what it is taught."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.categories import CATEGORIES
from detector.reading.gaps import FEATURES, Row, gap_features
from detector.reading.joining import Joining
from detector.reading.reading_order import arranged, read_lines
from detector.types import Detections
from digit_scenes.spacing import spaced_page
from tests.reading.weighing import weighing

WIDE = weighing(gap=1.0, offset=-0.4)


def row(*starts: float, y: float = 0, label: int = 3) -> Detections:
    """Digits 12 wide and 20 high that start there."""
    boxes = [(x, y, x + 12, y + 20) for x in starts]
    count = len(starts)
    return Detections(np.array(boxes, np.float32), np.full(count, label), np.full(count, 0.9, np.float32))


def together(*parts: Detections) -> Detections:
    boxes, labels, scores = (
        np.concatenate([getattr(p, name) for p in parts]) for name in ("boxes", "labels", "scores")
    )
    return Detections(boxes, labels, scores)


def sign(name: str, x: float, y: float, score: float = 0.9, width: float = 3) -> Detections:
    box = np.array([[x, y, x + width, y + 3]], np.float32)
    return Detections(box, np.array([CATEGORIES.index(name)]), np.array([score], np.float32))


def features(digits: Detections, found: Detections | None = None) -> dict[str, list[float]]:
    order, placed = arranged(digits)
    known = gap_features(placed, digits.boxes[order].astype(float), found or digits, CATEGORIES)
    return {name: known[:, i].tolist() for i, name in enumerate(FEATURES)}


# What is known of gaps


def test_of_one_line() -> None:
    known = features(row(0, 14, 28, 56, 70))
    assert known["gap"] == pytest.approx([0.1, 0.1, 0.8, 0.1])
    assert known["pitch"] == pytest.approx([0.7, 0.7, 1.4, 0.7])
    assert known["widest"] == pytest.approx([0.8, 0.8, 0.1, 0.8])  # of the others
    assert known["left_run"] == [1, 1, 3, 1]
    assert known["right_run"] == [1, 1, 2, 1]
    assert known["first"] == [1, 0, 0, 0]
    assert known["last"] == [0, 0, 0, 1]


def test_of_columns() -> None:
    page = together(row(0, 14, 40, 54), row(0, 14, 40, 54, y=40), row(0, 14, 40, 54, y=80))
    known = features(page)
    assert known["column"] == pytest.approx([0.1, 0.7, 0.1] * 3)
    assert known["crossing"] == pytest.approx([0.5] * 9)
    assert known["blocked"] == [0] * 9
    crossed = features(together(row(0, 14, 40, 54), row(0, 14, 27, 40, 54, y=40)))
    assert crossed["blocked"][1] == 1


def test_of_what_is_in_a_gap() -> None:
    digits = row(0, 40)
    known = features(digits, together(digits, sign(",", 20, 17), sign("+", 22, 8, 0.4), sign(".", 90, 17)))
    assert known["points"] == pytest.approx([0.9])
    assert known["operators"] == pytest.approx([0.4])
    assert known["free"] == pytest.approx([(40 - 25) / 20])
    twin = replace(digits, labels=np.full(2, CATEGORIES.index("writing")))
    assert features(digits, together(digits, twin))["writing"] == [0]
    ruled = replace(digits, ruled=np.array([[24, 0, 26, 20, 0.8], [60, 0, 61, 20, 1]], np.float32))
    assert features(ruled)["ruled"] == pytest.approx([0.8])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**20), st.floats(0.2, 5), st.floats(-500, 500))
def test_size_place_and_order_do_not_matter(seed: int, scale: float, shift: float) -> None:
    page = spaced_page(seed).found
    moved = Detections(page.boxes * np.float32(scale) + np.float32(shift), page.labels, page.scores)
    one = Detections(page.boxes, page.labels, page.scores)
    known, other = features(one.digits(), one), features(moved.digits(), moved)
    for name in FEATURES:
        np.testing.assert_allclose(known[name], other[name], atol=0.02, err_msg=name)
    mixed = one[np.random.default_rng(seed).permutation(len(one))]
    assert features(mixed.digits(), mixed) == known


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**20), st.integers(1, 40))
def test_whatever_is_found_all_is_finite_and_every_digit_is_read_once(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0, 300, (count, 2))
    boxes = np.concatenate([corners, corners + np.exp(rng.uniform(-2, 6, (count, 2)))], axis=1).astype(np.float32)
    ruled = np.concatenate([boxes[: count // 2], rng.random((count // 2, 1), np.float32)], axis=1)
    turned = int(rng.choice([0, 90, 180, 270]))
    found = Detections(boxes, rng.integers(0, 30, count), rng.random(count).astype(np.float32), turned, ruled)
    order, placed = arranged(found.digits()) if len(found.digits()) else (np.zeros(0, np.int64), None)
    if placed is not None:
        known = gap_features(placed, found.digits().boxes[order].astype(float), found, CATEGORIES[:20])
        assert np.isfinite(known).all()
        assert known.shape == (len(placed.left), len(FEATURES))
    lines = read_lines(found.digits(), WIDE, found)
    assert sum(len(number.digits) for line in lines for number in line.numbers) == len(found.digits())
    assert all(0 <= number.score <= 1 for line in lines for number in line.numbers)


def test_nothing_and_one_digit() -> None:
    assert read_lines(Detections.empty(), WIDE) == ()
    assert read_lines(row(5), WIDE)[0].numbers[0].score == pytest.approx(0.9)
    nowhere = Row(*(np.zeros(1) for _ in range(4)), np.zeros(1, np.int64))
    assert gap_features(nowhere, np.zeros((1, 4)), Detections.empty(), ()).shape == (0, len(FEATURES))


# The network


def test_a_number_is_as_sure_as_where_it_begins_and_ends() -> None:
    (line,) = read_lines(row(0, 14, 40, 54), WIDE)
    narrow, wide = WIDE(np.eye(1, len(FEATURES)) * np.array([[0.1], [0.7]]))
    assert line.text == "33 33"
    assert narrow < 0.5 < wide
    assert [number.score for number in line.numbers] == pytest.approx([0.81 * (1 - narrow) * wide] * 2)


def test_it_goes_through_json_as_it_is() -> None:
    assert Joining.from_json(json.loads(json.dumps(WIDE.as_json()))) == WIDE


@pytest.mark.parametrize(
    "change",
    [{"mean": []}, {"out": [1.0]}, {"hidden": [[1.0]]}, {"spread": [0.0] * len(FEATURES)}, {"features": ["gap"]}],
)
def test_damaged_json(change: dict[str, list[float]]) -> None:
    with pytest.raises(ValueError, match="expected"):
        Joining.from_json(WIDE.as_json() | change)
