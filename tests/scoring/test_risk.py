"""Risk over coverage, calibration errors and what counts as right, each against a naive reference."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.reading.calibration import Chance
from detector.reading.reading_order import read_lines
from detector.scoring.risk import (
    Claims,
    calibration_error,
    digit_claims,
    log_loss,
    number_claims,
    risk_coverage,
    risk_metrics,
    sign_claims,
    true_numbers,
)
from detector.types import Detections, Target
from tests.scoring.labelled import ELSEWHERE, PLUS, POINT, found, seen, signs, target

NOTHING = Claims.of(())


def claims(*pairs: tuple[float, bool], missed: int = 0) -> Claims:
    return Claims(np.array([s for s, _ in pairs], np.float64), np.array([r for _, r in pairs], np.bool_), missed)


some_claims = st.builds(
    lambda pairs, missed: claims(*pairs, missed=missed),
    st.lists(st.tuples(st.sampled_from([0.0, 0.2, 0.5, 0.7, 0.9, 1.0]) | st.floats(0, 1), st.booleans()), max_size=40),
    st.integers(0, 5),
)


# Nothing


def test_nothing_to_read_and_nothing_read() -> None:
    assert risk_coverage(NOTHING) is None
    figures = risk_metrics(NOTHING, NOTHING)
    assert figures.pop("numbers") == 0
    assert all(math.isnan(value) for value in figures.values())
    assert math.isnan(log_loss(NOTHING))
    assert len(digit_claims(Target.empty(), Detections.empty())) == 0
    assert len(number_claims(Target.empty(), (), ())) == 0


def test_all_missed() -> None:
    figures = risk_metrics(claims(missed=3), None)
    assert [figures[name] for name in ("coverage_at_95", "risk_coverage_area", "numbers")] == [0, 1, 3]
    assert "digit_ece" not in figures


@pytest.mark.parametrize(("right", "coverage", "area"), [(True, 1, 0), (False, 0, 1)])
def test_all_right_and_all_wrong(right: bool, coverage: float, area: float) -> None:
    figures = risk_metrics(claims(*[(0.1 * k, right) for k in range(10)]), None)
    assert figures["coverage_at_95"] == coverage
    assert figures["risk_coverage_area"] == pytest.approx(area)


# Against naive references


@given(some_claims, st.sampled_from([0.5, 0.9, 0.95, 1.0]))
def test_coverage_is_that_of_the_best_threshold(given_claims: Claims, wanted: float) -> None:
    best = 0.0
    for threshold in given_claims.scores:
        accepted = given_claims.scores >= threshold
        if given_claims.right[accepted].mean() >= wanted - 1e-12:
            best = max(best, accepted.sum() / len(given_claims))
    curve = risk_coverage(given_claims)
    assert (curve.coverage_at(wanted) if curve else 0) == pytest.approx(best)


@given(some_claims)
def test_the_area_is_the_mean_of_the_risk_at_which_each_is_accepted(given_claims: Claims) -> None:
    curve = risk_coverage(given_claims)
    risks = [1 - given_claims.right[given_claims.scores >= score].mean() for score in given_claims.scores]
    risks += [1 - given_claims.right.sum() / max(1, len(given_claims))] * given_claims.missed
    assert (curve is None) == (not risks)
    assert curve is None or curve.area == pytest.approx(np.mean(risks))


@given(some_claims, st.floats(0.2, 5), st.floats(-2, 2))
def test_only_the_order_of_the_scores_counts_for_the_curve(given_claims: Claims, slope: float, offset: float) -> None:
    coarse = Claims(given_claims.scores.round(2), given_claims.right, given_claims.missed)
    moved = Claims(Chance(slope, offset)(coarse.scores), coarse.right, coarse.missed)
    one, other = risk_coverage(coarse), risk_coverage(moved)
    assert (one is None) == (other is None)
    if one and other:
        np.testing.assert_array_equal(one.coverage, other.coverage)
        np.testing.assert_array_equal(one.risk, other.risk)


@given(some_claims)
def test_the_calibration_error_against_a_plain_loop(given_claims: Claims) -> None:
    error, n = 0.0, len(given_claims.scores)
    for k in range(15):
        inside = [i for i, s in enumerate(given_claims.scores) if k <= s * 15 < k + 1 or (k == 14 and s == 1)]
        if inside:
            gap = np.mean([given_claims.scores[i] for i in inside]) - np.mean([given_claims.right[i] for i in inside])
            error += abs(gap) * len(inside) / n
    assert calibration_error(given_claims) == pytest.approx(error if n else math.nan, nan_ok=True)


def test_scores_that_are_chances_have_no_calibration_error() -> None:
    rng = np.random.default_rng(0)
    scores = rng.uniform(size=50_000)
    sound = Claims(scores, rng.uniform(size=len(scores)) < scores, 0)
    assert calibration_error(sound) < 0.01
    overdone = Claims(Chance(3.0)(scores), sound.right, 0)
    assert calibration_error(overdone) > 0.1
    assert log_loss(overdone) > log_loss(sound)


# What is right


@pytest.mark.parametrize(
    ("true", "read", "right", "missed"),
    [
        ("12", "12", [True], 0),
        ("12", "17", [False], 0),
        ("12", "1", [False], 0),
        ("1", "12", [False], 0),
        ("12    34", "12    34", [True, True], 0),
        ("12    34", "12", [True], 1),
        ("12    34", "12    94", [True, False], 0),
        ("12    34|5", "      34|5", [True, True], 1),
        ("12", "", [], 1),
        ("", "12", [False], 0),
    ],
)
def test_a_number_is_right_as_a_whole_and_at_its_place(true: str, read: str, right: list[bool], missed: int) -> None:
    lines = tuple(line for line in true.split("|") if line)
    got = number_claims(target(true), lines, read_lines(found(read)))
    assert (got.right.tolist(), got.missed) == (right, missed)
    assert got.scores.tolist() == pytest.approx([n.score for line in read_lines(found(read)) for n in line.numbers])


def test_the_right_text_at_another_place_is_wrong() -> None:
    moved = found("12")
    moved = Detections(moved.boxes + np.float32(300), moved.labels, moved.scores)
    got = number_claims(target("12"), ("12",), read_lines(moved))
    assert (got.right.tolist(), got.missed) == ([False], 1)


def test_numbers_are_parted_as_the_text_says() -> None:
    """Read as two where it is one, and as one where there are two."""
    assert number_claims(target("12    34"), ("1234",), read_lines(found("12    34"))).right.tolist() == [False, False]
    assert number_claims(target("1234"), ("12 34",), read_lines(found("1234"))).right.tolist() == [False]


def test_boxes_in_any_order_are_told_apart() -> None:
    true = target("12    34|56")
    order = np.array([4, 2, 0, 5, 3, 1])
    mixed = Target(true.boxes[order], true.labels[order], true.ignore[order])
    numbers = true_numbers(mixed, ("12 34", "56"))
    assert numbers is not None
    assert ["".join(str(mixed.labels[i]) for i in number) for number in numbers] == ["12", "34", "56"]
    assert true_numbers(target("12"), ("13",)) is None
    assert true_numbers(target("12", ignored="2"), ("12",)) is None


def test_where_only_text_is_known_lines_are_judged() -> None:
    lines = read_lines(found("12    34|56|78"))
    got = number_claims(None, ("1234", "78", "9", "9"), lines)
    assert got.right.tolist() == [True, False, True]
    assert got.missed == 1
    assert got.scores[0] == pytest.approx(0.9**4)
    assert len(number_claims(None, None, lines)) == len(number_claims(target("12"), None, lines)) == 0


def test_digits_are_right_by_class_and_place_and_ignored_ones_are_passed_over() -> None:
    got = digit_claims(target("123", ignored="3"), found("173"))
    assert got.right.tolist() == [True, False]
    assert digit_claims(target("12"), found("1")).missed == 1


# Signs


def test_signs_are_right_by_category_and_place() -> None:
    true = signs((".", POINT), ("+", PLUS), ("3", ELSEWHERE))
    read = signs((".", (12, 12, 15, 15)), ("-", PLUS), ("writing", ELSEWHERE), ("3", ELSEWHERE))
    got = sign_claims(true, seen(read, 0.9, 0.8, 0.7, 0.6))
    assert got.scores == pytest.approx([0.9, 0.8, 0.7])
    assert (got.right.tolist(), got.missed) == ([True, False, False], 1)
    assert len(sign_claims(Target.empty(), Detections.empty())) == 0


def test_nothing_is_claimed_of_what_is_ignored_or_not_told() -> None:
    true = replace(signs(("+", PLUS), ignored="+"), untold=np.array([ELSEWHERE], np.float32))
    got = sign_claims(true, seen(signs(("+", PLUS), ("=", ELSEWHERE), (".", POINT)), 0.9, 0.8, 0.7))
    assert (got.scores.tolist(), got.missed) == (pytest.approx([0.7]), 0)


def test_the_plot_of_nothing_much(tmp_path: Path) -> None:
    from detector.scoring.plots import save_risk_coverage

    for some in (claims(missed=1), claims((0.5, True)), claims((0.5, False), (1.0, True), missed=1)):
        curve = risk_coverage(some)
        assert curve is not None
        save_risk_coverage(tmp_path / "deep" / "r.png", curve, some, None)
    assert (tmp_path / "deep" / "r.png").stat().st_size > 1000
