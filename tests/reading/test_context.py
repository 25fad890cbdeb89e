"""What surroundings say about digits: laws, hostile input, and the form in files."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.categories import CATEGORIES
from detector.reading.calibration import Calibration
from detector.reading.context import FEATURES, Context, Things
from detector.types import Detections
from tests.scoring.simulated import told_page

WRITING = len(CATEGORIES) - 1
FIELDS = ("boxes", "labels", "scores")
NEUTRAL = Context(1.0, (0.0,) * len(FEATURES), 0.0)


def weighing(slope: float = 1.0, offset: float = 0.0, **weights: float) -> Context:
    return Context(slope, tuple(weights.get(name, 0.0) for name in FEATURES), offset)


WORDY = weighing(0.5, writing_left=-3, writing_right=-2, inside_word=1, digits_around=2, share=-1, like_digits=3)


def row(*told: tuple[int, float], pitch: float = 14) -> Detections:
    """Glyphs 10 wide and 20 high, each with its label and score."""
    boxes = [(pitch * i, 0, pitch * i + 10, 20) for i in range(len(told))]
    labels, scores = [label for label, _ in told], [score for _, score in told]
    return Detections(np.array(boxes, np.float32), np.array(labels, np.int64), np.array(scores, np.float32))


def known(found: Detections, which: int) -> dict[str, float]:
    things = Things.of(found, CATEGORIES)
    values = things.features(things.index[[which]], found.labels[[which]])[0]
    return dict(zip(FEATURES, values.tolist(), strict=True))


def test_of_a_digit_between_two_letters_and_one_between_digits() -> None:
    word, number = known(row((25, 0.9), (0, 0.6), (25, 0.8)), 1), known(row((3, 0.9), (0, 0.6), (4, 0.8)), 1)
    near = np.exp(-4 / 20 / 1.2)
    assert word["writing_left"] == pytest.approx(0.9 * near)
    assert word["inside_word"] == pytest.approx(0.72 * near**2)
    assert word["digits_around"] == word["digit_left"] == 0
    assert number["digit_right"] == pytest.approx(0.8 * near)
    assert number["writing_around"] == number["share"] == 0
    assert word["is_0"] == 1
    assert word["is_0_in_writing"] == word["share"] > 0.7


def test_what_is_far_on_another_line_in_the_same_place_or_a_point_is_no_neighbour() -> None:
    found = row((1, 0.9), (25, 0.9))
    for box in ([0, 60, 10, 80], [200, 0, 210, 20], [1, 1, 9, 19], [14, 17, 17, 20]):
        moved = replace(found, boxes=np.array([found.boxes[0], box], np.float32))
        assert known(moved, 0)["alone"] == 1
    assert known(found, 0)["alone"] < 1


def test_a_word_makes_writing_of_its_digits_and_numbers_do_not() -> None:
    for around, label, more in ((WRITING, 0, False), (4, 0, True)):
        found = row((around, 0.95), (label, 0.6), (around, 0.95))
        twin = replace(found[1:2], labels=np.array([WRITING]), scores=np.array([0.4], np.float32))
        both = Detections(
            *(np.concatenate([getattr(found, n), getattr(twin, n)]) for n in ("boxes", "labels", "scores"))
        )
        seen = WORDY(both, CATEGORIES)
        assert (seen.scores[1] > 0.6) == more
        assert seen.scores[1] + seen.scores[3] == pytest.approx(1)  # what one gains the other loses
        assert (seen.scores[3] < 0.4) == more


pages = st.builds(told_page, st.integers(0, 2**20)).map(lambda page: page[1])


@settings(max_examples=25, deadline=None)
@given(pages, st.integers(0, 99), st.sampled_from([0, 90, 180, 270]))
def test_the_order_of_detections_does_not_matter(found: Detections, seed: int, turned: int) -> None:
    found = replace(found, turned=turned)
    order = np.random.default_rng(seed).permutation(len(found))
    np.testing.assert_array_equal(WORDY(found[order], CATEGORIES).scores, WORDY(found, CATEGORIES).scores[order])


@settings(max_examples=25, deadline=None)
@given(pages, st.floats(0, 1), st.floats(0, 1), st.integers(0, 2**20))
def test_a_digit_with_a_higher_score_keeps_a_higher_one(found: Detections, one: float, other: float, pick: int) -> None:
    digits = np.flatnonzero(found.labels < 10)
    which = digits[pick % len(digits)] if len(digits) else None
    if which is not None:
        made = []
        for score in sorted((one, other)):
            scores = found.scores.copy()
            scores[which] = score
            made.append(WORDY(replace(found, scores=scores), CATEGORIES).scores[which])
        assert made[0] <= made[1] + 1e-6


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**20), st.integers(0, 40))
def test_whatever_is_found_scores_are_chances(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0, 300, (count, 2))
    boxes = np.concatenate([corners, corners + np.exp(rng.uniform(-3, 9, (count, 2)))], axis=1).astype(np.float32)
    if count:
        boxes[count // 2] = boxes[0]
    found = Detections(boxes, rng.integers(0, 40, count), rng.choice([0, 1, 0.5, 1e-9], count).astype(np.float32))
    for categories in (CATEGORIES, CATEGORIES[:12]):
        seen = WORDY(found, categories)
        np.testing.assert_array_equal(seen.boxes, found.boxes)
        assert len(seen) == count  # that its scores are in [0, 1] it checks itself


def test_weights_of_nothing_leave_scores_as_they_are() -> None:
    found = told_page(3)[1]
    np.testing.assert_allclose(NEUTRAL(found, CATEGORIES).scores, found.scores.clip(1e-4, 1 - 1e-4), atol=2e-4)


def test_calibration_asks_context_first_and_gives_the_best_first() -> None:
    found = row((WRITING, 0.95), (0, 0.9), (WRITING, 0.9), (7, 0.3), pitch=14)
    seen = replace(Calibration(), context=WORDY).digits(found)
    assert (np.diff(seen.scores) <= 0).all()
    assert sorted(seen.scores.tolist()) == sorted(WORDY(found, CATEGORIES).scores.tolist())
    np.testing.assert_array_equal(Calibration().digits(found).scores, found.scores)


def test_it_goes_through_json_as_it_is() -> None:
    assert Context.from_json(json.loads(json.dumps(WORDY.as_json()))) == WORDY
    calibration = replace(Calibration(), context=WORDY)
    assert Calibration.from_json(json.loads(json.dumps(calibration.as_json()))) == calibration
    assert "context" not in Calibration().as_json()


@pytest.mark.parametrize("change", [{"slope": 0.0}, {"offset": float("nan")}, {"weights": {"writing_left": 1.0}}])
def test_damaged_json(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="expected"):
        Context.from_json(WORDY.as_json() | change)
    with pytest.raises(ValueError, match="expected"):
        Calibration.from_json(Calibration().as_json() | {"context": WORDY.as_json() | change})
