"""What scores mean: laws of the fit, hostile input, and the way of a calibration through files and both runtimes."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import detector
from detector.errors import OptionError, WeightsError
from detector.export.onnx import export, set_calibration
from detector.models import checkpoint
from detector.reading.calibration import Calibration, Chance
from detector.reading.gaps import FEATURES
from detector.reading.reader import Reader
from detector.reading.reading_order import read_lines
from detector.types import Detections
from tests.fakes import FakeDetector, blank, draw_blobs
from tests.reading.weighing import weighing
from tests.tiny import bars, tiny_model, trained_detector

ROOT = Path(__file__).parents[2]
SHAKY = Calibration(Chance(1.5, -0.7), Chance(0.8, -0.3), 0.3)

scores = st.lists(st.floats(0, 1), max_size=30).map(np.array)
chances = st.builds(Chance, st.floats(0.05, 20), st.floats(-10, 10))


def row(*digits: tuple[int, float], pitch: float = 14, turned: int = 0) -> Detections:
    """Digits on a line, 10 wide and 20 high, each with its score."""
    boxes = [(pitch * i, 0, pitch * i + 10, 20) for i in range(len(digits))]
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array([digit for digit, _ in digits], np.int64),
        np.array([score for _, score in digits], np.float32),
        turned,
    )


# Chances


@given(scores)
def test_by_default_a_score_is_left_as_it_is(given_scores: np.ndarray) -> None:
    np.testing.assert_array_equal(Chance()(given_scores), given_scores)


@given(chances, scores)
def test_order_stays_and_so_do_none_and_all(chance: Chance, given_scores: np.ndarray) -> None:
    made = chance(np.sort(given_scores))
    assert ((made >= 0) & (made <= 1)).all()
    assert (np.diff(made) >= 0).all()
    assert chance([0.0, 1.0]).tolist() == [0, 1]


@given(st.floats(0.4, 3), st.floats(-2, 2), st.integers(0, 99))
@settings(max_examples=20)
def test_the_fit_finds_what_scores_were_made_with(slope: float, offset: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    logits = rng.normal(1, 2, 20_000)
    right = rng.uniform(size=len(logits)) < 1 / (1 + np.exp(-(slope * logits + offset)))
    fitted = Chance.fitted(1 / (1 + np.exp(-logits)), right)
    assert fitted.slope == pytest.approx(slope, rel=0.1, abs=0.05)
    assert fitted.offset == pytest.approx(offset, abs=0.15)


@given(st.integers(0, 40), st.integers(0, 40), st.sampled_from([0.0, 1e-9, 0.3, 0.5, 1.0]))
def test_few_scores_all_right_all_wrong_or_all_alike(right: int, wrong: int, score: float) -> None:
    fitted = Chance.fitted([score] * (right + wrong), [True] * right + [False] * wrong)
    assert fitted.slope > 0
    assert np.isfinite(fitted.offset)


def test_nothing_to_fit_changes_nothing() -> None:
    assert Chance.fitted([], []) == Chance()


def test_scores_that_say_the_contrary_keep_their_order() -> None:
    fitted = Chance.fitted(np.linspace(0.01, 0.99, 500), np.arange(500) < 250)
    assert 0 < fitted.slope <= 0.05


@pytest.mark.parametrize(("slope", "offset"), [(0, 0), (-1, 0), (math.nan, 0), (1, math.inf), (math.inf, 0)])
def test_lines_that_make_no_sense(slope: float, offset: float) -> None:
    with pytest.raises(ValueError, match="slope above 0"):
        Chance(slope, offset)


# Numbers


def test_nothing_is_read_of_nothing() -> None:
    assert SHAKY.lines(Detections.empty(), 0.5) == ()
    assert len(SHAKY.digits(Detections.empty())) == 0


@given(st.lists(st.tuples(st.integers(0, 9), st.floats(0.5, 1)), min_size=1, max_size=8))
def test_a_number_is_the_product_of_its_digits_where_nothing_was_fitted(digits: list[tuple[int, float]]) -> None:
    found = row(*digits)
    assert Calibration().lines(found, 0.0) == read_lines(found)


def test_an_unread_digit_beside_a_number_makes_it_doubtful() -> None:
    found = row((4, 0.9), (2, 0.8), (1, 0.25))
    ((number,),) = (line.numbers for line in Calibration().lines(found, 0.5))
    assert number.text == "42"
    assert number.score == pytest.approx(0.9 * 0.8 * 0.75)
    far = row((4, 0.9), (2, 0.8), (0, 0.0), (0, 0.0), (0, 0.0), (1, 0.25))
    assert Calibration().lines(far, 0.5)[0].numbers[0].score == pytest.approx(0.9 * 0.8)
    sizes = np.ones((3, 4), np.float32)
    sizes[2, 3] = 0.2
    speck = replace(found, boxes=found.boxes * sizes)
    assert Calibration().lines(speck, 0.5)[0].numbers[0].score == pytest.approx(0.9 * 0.8)


def below(first: Detections, second: Detections) -> Detections:
    """Two lines."""
    boxes = np.concatenate([first.boxes, second.boxes + np.array([0, 60, 0, 60], np.float32)])
    labels, scores = (np.concatenate([getattr(one, name) for one in (first, second)]) for name in ("labels", "scores"))
    return Detections(boxes, labels, scores)


@given(st.floats(1 / 32, 31 / 32, width=32), st.floats(0, 0.9))
def test_a_digit_that_is_alone_on_one_of_several_lines_needs_more_to_be_read(score: float, min_score: float) -> None:
    alone = Chance(1.0, -2.0)
    shy, sure = replace(SHAKY, alone=alone), row((4, 0.95), (2, 0.95))
    first, *others = shy.lines(below(sure, row((7, score))), min_score)
    assert first.text == "42"
    assert bool(others) == (score >= min_score and alone(score) >= min_score)
    if others:
        assert others[0].numbers[0].score == pytest.approx(float(alone(score)))
    for found in (row((7, score)), row((4, score), (7, score)), below(sure, row((4, score), (7, score)))):
        assert shy.lines(found, min_score) == SHAKY.lines(found, min_score)


def test_a_number_of_one_digit_is_in_company_if_there_are_others_on_its_line() -> None:
    shy = replace(SHAKY, alone=Chance(1.0, -2.0))
    spaced, far = row((4, 0.9), (2, 0.8), *[(0, 0.0)] * 6, (7, 0.6)), row((1, 0.9), (1, 0.9))
    assert [line.text for line in shy.lines(below(far, spaced), 0.5)] == ["11", "42 7"]
    assert [line.text for line in shy.lines(below(far, spaced[8:]), 0.5)] == ["11"]
    assert [line.text for line in SHAKY.lines(below(far, spaced[8:]), 0.5)] == ["11", "7"]


@given(st.floats(1, 50), st.floats(0.01, 1), st.floats(0, 0.5, width=32))
def test_a_digit_beside_a_number_needs_less_to_be_read(company: float, min_score: float, score: float) -> None:
    friendly = replace(Calibration(), company=company)
    limit = friendly.in_company(min_score)
    assert 0 < limit <= min_score
    if min_score < 1:  # by odds
        assert limit / (1 - limit) * company == pytest.approx(min_score / (1 - min_score))
    asked, score = np.float32(limit), float(np.float32(score))  # as scores are compared
    beside, far = row((4, 1.0), (2, 1.0), (7, score)), row((4, 1.0), (2, 1.0), *[(0, 0.0)] * 6, (7, score))
    assert friendly.lines(beside, min_score)[0].text == ("427" if score >= asked else "42")
    assert friendly.lines(far, min_score)[0].text == ("42 7" if score >= np.float32(min_score) else "42")


def test_nothing_is_in_company_of_what_is_not_read() -> None:
    friendly = replace(SHAKY, company=20.0, alone=Chance(1.0, -5.0))
    assert friendly.lines(row((4, 0.4), (2, 0.4)), 0.5) == ()
    assert [line.text for line in friendly.lines(below(row((1, 0.9), (1, 0.9)), row((4, 0.6), (2, 0.4))), 0.5)] == [
        "11"
    ]


def test_company_is_kept_and_older_files_have_none() -> None:
    friendly = replace(SHAKY, company=8.0)
    assert Calibration.from_json(json.loads(json.dumps(friendly.as_json()))) == friendly
    older = {key: value for key, value in friendly.as_json().items() if key != "company"}
    assert Calibration.from_json(older) == SHAKY
    for company in (0.5, math.nan, math.inf):
        with pytest.raises(ValueError, match="company"):
            replace(SHAKY, company=company)


def test_beside_is_along_the_line_of_a_page_that_lies_on_its_side() -> None:
    upright = row((4, 0.9), (2, 0.8), (1, 0.25))
    x0, y0, x1, y1 = upright.boxes.T
    for degrees, boxes in ((90, (y0, -x1, y1, -x0)), (180, (-x1, -y1, -x0, -y0)), (270, (-y1, x0, -y0, x1))):
        lying = replace(upright, boxes=np.stack(boxes, axis=1) + np.float32(100), turned=degrees)
        ((number,),) = (line.numbers for line in Calibration().lines(lying, 0.5))
        assert number.text == "42"
        assert number.score == pytest.approx(0.9 * 0.8 * 0.75)


@given(st.floats(0, 1), st.floats(0, 1))
def test_what_is_rejected_is_withheld_and_no_more(min_score: float, score: float) -> None:
    found = row((4, score), (2, 1.0))
    (line,) = SHAKY.lines(found, 0.0, min_score)
    (sure,) = SHAKY.lines(found, 0.0)
    assert line.numbers[0].rejected == (sure.numbers[0].score < min_score)
    assert line.text == ("??" if line.numbers[0].rejected else "42")
    assert line.numbers[0].digits == sure.numbers[0].digits
    assert not sure.numbers[0].rejected


# The reader


def test_a_reader_gives_chances_and_thresholds_are_compared_with_them() -> None:
    image = draw_blobs(blank(60, 90), [[10, 10, 20, 30], [24, 10, 34, 30]], [4, 2])
    plain, calibrated = Reader(FakeDetector(0.6)), Reader(FakeDetector(0.6), calibration=SHAKY)
    np.testing.assert_allclose(plain.detect(image).scores, 0.6)
    np.testing.assert_allclose(calibrated.detect(image).scores, SHAKY.digit(0.6), rtol=1e-6)
    assert (plain.min_score, calibrated.min_score) == (0.5, 0.3)
    assert calibrated.page(image).text == "42"
    assert Reader(FakeDetector(0.6), 0.5, calibration=SHAKY).page(image).text == ""  # 0.6 is a chance of 0.48
    assert Reader(FakeDetector(0.6), min_number_score=0.9).page(image).text == "??"


@pytest.mark.parametrize("bad", [-0.1, 1.1, math.nan, math.inf])
def test_a_threshold_that_makes_no_sense(bad: float) -> None:
    with pytest.raises(OptionError, match="min_number_score: expected a number from 0 to 1"):
        Reader(FakeDetector(), min_number_score=bad)


# Files


def test_both_runtimes_give_the_same_chances(tmp_path: Path) -> None:
    weights, exported = tmp_path / "w.safetensors", tmp_path / "w.onnx"
    model, image = trained_detector("faster-rcnn"), bars(3)[0]
    checkpoint.save(weights, "faster-rcnn", model, {"scenes": 7})
    export(model, exported, replace(SHAKY, min_score=0.9))
    assert detector.load(weights).calibration == Calibration()
    assert detector.load(exported).min_score == 0.9
    checkpoint.set_extra(weights, {"calibration": SHAKY.as_json()})
    set_calibration(exported, SHAKY)
    assert checkpoint.extra_of(weights) == {"scenes": 7, "calibration": SHAKY.as_json()}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["w.onnx", "w.safetensors"]
    chances = []
    for path in (weights, exported):
        reader = detector.load(path, min_number_score=1)
        assert (reader.calibration, reader.min_score) == (SHAKY, 0.3)
        found, raw = reader.detect(image), Reader(reader.model).detect(image)
        assert len(found) > 1
        np.testing.assert_allclose(found.scores, SHAKY.digit(raw.scores), atol=1e-6)
        np.testing.assert_array_equal(found.boxes, raw.boxes)
        assert set(reader.page(image).text) <= set("? \n")
        chances += [[number.score for line in reader.page(image).lines for number in line.numbers]]
    assert chances[0] == pytest.approx(chances[1], abs=1e-3)


def test_json_and_back() -> None:
    for calibration in (SHAKY, replace(SHAKY, alone=Chance(0.5, -1.0)), replace(SHAKY, joining=weighing(gap=1.0))):
        assert Calibration.from_json(json.loads(json.dumps(calibration.as_json()))) == calibration
    assert (
        Calibration.from_json({k: v for k, v in SHAKY.as_json().items() if k != "alone"}) == SHAKY
    )  # of earlier files
    assert Calibration.from_json(None) == Calibration()
    assert "joining" not in SHAKY.as_json()
    with pytest.raises(ValueError, match="expected"):
        Calibration.from_json(SHAKY.as_json() | {"joining": {"features": []}})


def test_joining_parts_lines_and_counts_in_what_numbers_are_worth() -> None:
    found = row((4, 0.9), (2, 0.8), pitch=34)
    (line,) = Calibration().lines(found, 0.5)
    assert line.text == "4 2"
    joins = replace(Calibration(), joining=weighing(offset=-2.0))
    (line,) = joins.lines(found, 0.5)
    assert line.text == "42"
    assert line.numbers[0].score == pytest.approx(0.72 * (1 - joins.joining(np.zeros((1, len(FEATURES))))[0]))


def test_a_reader_that_joins_looks_for_rulings_and_others_do_not() -> None:
    image = draw_blobs(blank(60, 120), [[20, 20, 34, 40], [60, 20, 74, 40]], [4, 2])
    image[5:55, 46] = 0
    plain, joining = (Reader(FakeDetector(0.6), calibration=c) for c in (SHAKY, replace(SHAKY, joining=weighing())))
    assert not len(plain.detect(image).ruled)
    assert len(joining.detect(image).ruled) == 1


@pytest.mark.parametrize(
    "nonsense",
    [
        {},
        [],
        3,
        "x",
        {"digit": 1},
        SHAKY.as_json() | {"min_score": 2},
        SHAKY.as_json() | {"digit": {"a": 1}},
        SHAKY.as_json() | {"alone": 3},
    ],
)
def test_a_file_with_nonsense_in_it(tmp_path: Path, nonsense: object) -> None:
    checkpoint.save(tmp_path / "w", "faster-rcnn", tiny_model(), {"calibration": nonsense})
    with pytest.raises(WeightsError, match=r"w: expected .*calibrate\.py\.$"):
        detector.load(tmp_path / "w")


# The command


def calibrate(*arguments: object) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(ROOT), str(ROOT / "datasets")])
    command = [sys.executable, str(ROOT / "tools" / "calibrate.py"), *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_the_command(tmp_path: Path) -> None:
    model, exported = checkpoint.load(ROOT / "detector" / "weights" / "faster-rcnn.safetensors"), tmp_path / "w.onnx"
    checkpoint.save(tmp_path / "w", model[0], model[1], {"scenes": 1}, half=True)
    exported.write_bytes((ROOT / "detector" / "weights" / "faster-rcnn.onnx").read_bytes())
    done = calibrate(
        tmp_path / "w", "--onnx", exported, "--preset", "strips", "--count", 6, "--spaced", 40, "--threads", 1
    )
    assert done.returncode == 0, done.stderr
    assert "before  digits" in done.stdout
    assert "after   numbers" in done.stdout
    fitted = detector.load(tmp_path / "w").calibration
    assert fitted == detector.load(exported).calibration != Calibration()
    assert checkpoint.extra_of(tmp_path / "w")["scenes"] == 1


def test_mistakes_are_one_sentence_and_leave_the_weights_alone(tmp_path: Path) -> None:
    blind = tiny_model()
    checkpoint.save(tmp_path / "w", "faster-rcnn", blind, {})
    before = (tmp_path / "w").read_bytes()
    for arguments in ((tmp_path / "none",), (tmp_path / "w", "--count", 0), (tmp_path / "w", "--preset", "nonsense")):
        done = calibrate(*arguments)
        assert done.returncode == 1
        assert done.stderr.startswith("error: ")
        assert len(done.stderr.splitlines()) == 1
    assert (tmp_path / "w").read_bytes() == before
