"""Figures of signs and of what is written, against cases worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from detector.categories import CATEGORIES
from detector.scoring.metrics import sign_scores
from detector.scoring.string_metrics import written_metrics
from detector.types import Detections, Target


def of_signs(*things: tuple[str, tuple[float, float, float, float]]) -> Target:
    return Target(
        np.array([box for _, box in things], np.float32).reshape(-1, 4),
        np.array([CATEGORIES.index(name) for name, _ in things], np.int64),
        np.zeros(len(things), np.bool_),
    )


def test_signs_worked_out_by_hand() -> None:
    """Both points are found, one two pixels off; of two dashes one. The plus is found where none is."""
    true = of_signs((".", (0, 0, 3, 3)), (".", (50, 0, 53, 3)), ("-", (20, 0, 30, 4)), ("-", (70, 0, 80, 4)))
    read = of_signs((".", (0, 0, 3, 3)), (".", (52, 0, 55, 3)), ("-", (20, 0, 30, 4)), ("+", (90, 0, 99, 9)))
    found = Detections(read.boxes, read.labels, np.full(4, 0.9, np.float32))
    scores = sign_scores([true], [found], CATEGORIES, CATEGORIES)
    assert scores["true_signs"] == 4
    assert scores["AP50_signs"] == pytest.approx((1 + 51 / 101) / 2)


def test_signs_of_other_names_and_none() -> None:
    true = of_signs((".", (0, 0, 3, 3)), ("5", (20, 0, 30, 20)), ("writing", (50, 0, 60, 20)))
    found = Detections(true.boxes[:1], np.array([10], np.int64), np.ones(1, np.float32))
    assert sign_scores([true], [found], CATEGORIES, (*"0123456789", "."))["AP50_signs"] == pytest.approx(1)
    assert sign_scores([true], [found], CATEGORIES, (*"0123456789", "kWh"))["AP50_signs"] == 0
    assert sign_scores([true], [Detections.empty()], CATEGORIES, CATEGORIES)["AP50_signs"] == 0
    assert sign_scores([of_signs(("writing", (0, 0, 9, 9)))], [found], CATEGORIES, CATEGORIES) == {}


def test_written_lines_worked_out_by_hand() -> None:
    truth = [("12.5 -3", "7"), ("5€",), None, ()]
    read = [("12.5  -3", "8"), ("5€",), ("1",), ()]
    assert written_metrics(truth, read) == {"exact_written": 2 / 3, "exact_written_lines": 2 / 3}
    assert all(math.isnan(figure) for figure in written_metrics([None], [()]).values())
