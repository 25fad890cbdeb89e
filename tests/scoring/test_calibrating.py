"""A whole calibration is fitted: chances of shaky scores, of digits alone and of signs; where numbers begin and end."""

from __future__ import annotations

import json

import numpy as np
import pytest

from detector.categories import CATEGORIES
from detector.reading.calibration import Calibration, Chance
from detector.scoring.calibrating import LabelledDetections, calibrate, claims_with
from detector.scoring.risk import calibration_error, log_loss
from detector.types import Detections, Target
from digit_scenes.spacing import spaced_page
from tests.scoring.labelled import ELSEWHERE, POINT, found, seen, signs, target


def test_nothing_to_fit_changes_no_score() -> None:
    assert calibrate([]).digit == Chance()
    assert calibrate([LabelledDetections(Target.empty(), (), Detections.empty())]).digit == Chance()


def test_calibrating_makes_chances_of_shaky_scores() -> None:
    """Digits that are right as often as their true chance says, told to be surer than they are."""
    rng = np.random.default_rng(1)
    pictures = []
    for _ in range(400):
        text = "".join(map(str, rng.integers(0, 10, 3)))
        chance = rng.beta(6, 1, 3)
        read = found(
            "".join(d if rng.uniform() < c else str((int(d) + 1) % 10) for d, c in zip(text, chance, strict=True))
        )
        said = Chance(2.0, 0.5)(chance).astype(np.float32)
        pictures.append(LabelledDetections(target(text), (text,), Detections(read.boxes, read.labels, said)))
    fitted = calibrate(pictures)
    assert fitted.digit.slope == pytest.approx(0.5, abs=0.1)
    assert fitted.digit.offset == pytest.approx(-0.25, abs=0.4)
    before, after = claims_with(Calibration(), pictures), claims_with(fitted, pictures)
    for one, other in zip(before, after, strict=True):
        assert calibration_error(other) < 0.06 < calibration_error(one)
        assert log_loss(other) < log_loss(one)


def test_digits_alone_are_judged_by_digits_alone() -> None:
    """Below three digits in a row, which are always right, something looks like a 7: of three, two are none."""
    wrong, right = (
        LabelledDetections(target(text), tuple(text.split("|")), found("123|7", 0.6)) for text in ("123", "123|7")
    )
    fitted = calibrate([wrong, right, wrong] * 50)
    assert fitted.alone is not None
    chance = float(fitted.digit(0.6))
    assert float(fitted.alone(chance)) == pytest.approx(1 / 3, abs=0.03)
    assert float(fitted.number(chance**3)) > 0.9
    assert [line.text for line in fitted.lines(fitted.digits(wrong.found), 0.4)] == ["123"]
    assert [line.text for line in fitted.lines(fitted.digits(found("7", 0.6)), 0.4)] == ["7"]


def test_signs_are_calibrated_where_there_are_some() -> None:
    """Of points seen with a score of 0.9 two of three are there, of those with 0.3 one of ten."""
    true = signs(("3", ELSEWHERE), (".", POINT))
    none = signs(("3", ELSEWHERE))
    sure, unsure = seen(true, 0.9, 0.9), seen(true, 0.9, 0.3)
    pictures = [LabelledDetections(t, ("3",), s) for t, s in [(true, sure)] * 2 + [(none, sure)] for _ in range(40)]
    pictures += [LabelledDetections(t, ("3",), unsure) for t in [true] + [none] * 9 for _ in range(12)]
    fitted = calibrate(pictures, CATEGORIES)
    assert fitted.sign is not None
    assert fitted.sign([0.9, 0.3]) == pytest.approx([2 / 3, 0.1], abs=0.03)
    assert fitted.digits(sure).scores[1] == pytest.approx(2 / 3, abs=0.03)
    assert 0.2 <= fitted.min_sign_score <= 0.6
    assert Calibration.from_json(json.loads(json.dumps(fitted.as_json()))) == fitted
    assert calibrate([LabelledDetections(none, ("3",), seen(none, 0.9))] * 9, CATEGORIES).sign is None


def test_pages_of_boxes_teach_where_numbers_begin_and_end_and_nothing_else() -> None:
    pages = [spaced_page(seed) for seed in range(120)]
    spacing = [LabelledDetections(page.target, page.lines, page.found) for page in pages]
    pictures = [LabelledDetections(target("12"), ("12",), found("12", 0.8))] * 4
    with_pages, without = calibrate(pictures, CATEGORIES, spacing), calibrate(pictures, CATEGORIES)
    assert without.joining is None is without.context
    assert with_pages.joining is not None
    assert with_pages.digit == without.digit
    assert Calibration.from_json(json.loads(json.dumps(with_pages.as_json()))) == with_pages
