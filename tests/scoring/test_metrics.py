"""Metrics against values worked out by hand, naive references, and plain pycocotools."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from detector.scoring.metrics import (
    STANDARD_KEYS,
    coco_ground_truth,
    coco_metrics,
    coco_results,
    coco_scores,
    detection_metrics,
    digit_scores,
    json_safe,
)
from detector.scoring.mistakes import MISSED
from detector.scoring.plots import save_confusion, save_pr_curves
from detector.scoring.string_metrics import common_in_order, levenshtein, string_metrics
from detector.types import Detections, Target

Pages = tuple[list[Target], list[Detections], list[tuple[int, int]]]


def truth(*digits: tuple[float, float, float, float, int], ignore: tuple[int, ...] = ()) -> Target:
    rows = np.array(digits, np.float32).reshape(-1, 5)
    ignored = np.isin(np.arange(len(rows)), ignore)
    return Target(rows[:, :4].copy(), rows[:, 4].astype(np.int64), ignored)


def found(*digits: tuple[float, float, float, float, int, float]) -> Detections:
    rows = np.array(digits, np.float32).reshape(-1, 6)
    return Detections(rows[:, :4].copy(), rows[:, 4].astype(np.int64), rows[:, 5].copy())


def as_found(target: Target) -> Detections:
    """The detections of a perfect detector."""
    return Detections(target.boxes, target.labels, np.linspace(0.9, 0.6, len(target), dtype=np.float32))


def random_pages(seed: int, pages: int = 4) -> Pages:
    """Pages of digits and what a middling detector makes of them; all scores differ."""
    rng = np.random.default_rng(seed)
    targets, detections = [], []
    for _ in range(pages):
        n, extra = int(rng.integers(0, 7)), int(rng.integers(0, 4))
        corners = rng.uniform(0, 150, (n + extra, 2))
        boxes = np.hstack([corners, corners + rng.uniform(8, 130, (n + extra, 2))]).astype(np.float32)
        labels = rng.integers(0, 3, n + extra)
        targets.append(Target(boxes[:n], labels[:n], rng.uniform(size=n) < 0.2))
        moved = boxes + rng.normal(0, 3, boxes.shape).astype(np.float32)
        moved[:, 2:] = np.maximum(moved[:, 2:], moved[:, :2] + 1)
        read = np.where(rng.uniform(size=n + extra) < 0.8, labels, 9)
        seen = rng.uniform(size=n + extra) < 0.9
        scores = (rng.permutation(1000)[: n + extra] / 1000).astype(np.float32)
        detections.append(Detections(moved[seen], read[seen], scores[seen]))
    return targets, detections, [(300, 300)] * pages


def iou_of(a: np.ndarray, b: np.ndarray, crowd: bool) -> float:
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    area_a, area_b = (float(box[2] - box[0]) * float(box[3] - box[1]) for box in (a, b))
    return float(width * height / (area_a if crowd else area_a + area_b - width * height))


def naive_ap50(targets: list[Target], detections: list[Detections]) -> float:
    """AP at IoU 0.5 as the definition has it: match, sort, and look up the best precision from each recall on."""
    values = []
    for label in range(10):
        marks, total = [], 0
        for target, page in zip(targets, detections, strict=True):
            boxes = target.boxes.astype(float)
            real = [i for i in range(len(target)) if target.labels[i] == label and not target.ignore[i]]
            crowds = [i for i in range(len(target)) if target.labels[i] == label and target.ignore[i]]
            total += len(real)
            for d in sorted(np.flatnonzero(page.labels == label), key=lambda d: -page.scores[d]):
                box = page.boxes[d].astype(float)
                best = max(real, key=lambda i: iou_of(box, boxes[i], False), default=None)
                if best is not None and iou_of(box, boxes[best], False) >= 0.5:
                    real.remove(best)
                    marks.append((page.scores[d], True))
                elif not any(iou_of(box, boxes[i], True) >= 0.5 for i in crowds):
                    marks.append((page.scores[d], False))
        if total:
            right = np.cumsum([hit for _, hit in sorted(marks, key=lambda mark: -mark[0])])
            points = [(hits / total, hits / (k + 1)) for k, hits in enumerate(right)]
            grid = np.linspace(0, 1, 101)
            values.append(np.mean([max((p for r, p in points if r >= least), default=0.0) for least in grid]))
    return float(np.mean(values)) if values else math.nan


# COCO


def test_nothing_to_find_is_nan_and_not_a_score() -> None:
    for targets, detections in (([], []), ([Target.empty()], [Detections.empty()])):
        metrics = coco_metrics(targets, detections, [(10, 10)] * len(targets))
        assert set(metrics) == {*STANDARD_KEYS, *(f"AP_class_{digit}" for digit in range(10))}
        assert all(math.isnan(value) for value in metrics.values())
    alarms = detection_metrics([Target.empty()], [found((1, 1, 9, 9, 3, 0.9))], [(10, 10)])
    assert math.isnan(alarms["AP"])
    assert math.isnan(alarms["recall"])
    assert alarms["precision"] == 0


def test_finding_nothing_scores_zero() -> None:
    metrics = detection_metrics([truth((0, 0, 10, 10, 4))], [Detections.empty()], [(20, 20)])
    assert (metrics["AP"], metrics["AR100"], metrics["recall"], metrics["true_digits"]) == (0, 0, 0, 1)
    assert math.isnan(metrics["precision"])
    assert math.isnan(metrics["AP_class_5"])


def test_unequal_numbers_of_pictures_are_refused() -> None:
    with pytest.raises(ValueError, match="as many sizes"):
        coco_metrics([Target.empty()], [Detections.empty()], [])
    with pytest.raises(ValueError, match="as many image ids"):
        coco_metrics([Target.empty()], [], [(10, 10)])
    with pytest.raises(ValueError, match="from 1 on"):
        coco_scores({"images": [], "categories": [], "annotations": [{"id": 0}]}, [])


def test_a_perfect_detector_scores_one(capfd: pytest.CaptureFixture[str]) -> None:
    targets = [truth((0, 0, 10.5, 20, 0), (30, 30, 80, 90, 7)), truth(), truth((5, 5, 150, 250, 9))]
    metrics = coco_metrics(targets, [as_found(target) for target in targets], [(300, 300)] * 3)
    assert all(metrics[key] == pytest.approx(1) for key in (*STANDARD_KEYS, "AP_class_0", "AP_class_7", "AP_class_9"))
    assert math.isnan(metrics["AP_class_1"])
    assert capfd.readouterr() == ("", "")


def test_a_case_worked_out_by_hand() -> None:
    target = truth((0, 0, 10, 10, 1), (20, 0, 30, 10, 1))
    page = found((0, 0, 10, 10, 1, 0.9), (50, 50, 60, 60, 1, 0.8), (20, 0, 30, 10, 1, 0.7))
    metrics = coco_metrics([target], [page], [(100, 100)])
    assert metrics["AP"] == pytest.approx((51 * 1 + 50 * 2 / 3) / 101)  # precision 1 up to recall 0.5, then 2/3
    assert (metrics["AR1"], metrics["AR10"]) == pytest.approx((0.5, 1))
    close = found((0, 0, 10, 8, 1, 0.9), (20, 0, 30, 10, 1, 0.7))  # IoU 0.8 and 1
    assert coco_metrics([target], [close], [(100, 100)])["AR100"] == pytest.approx((7 * 1 + 3 * 0.5) / 10)


def test_ignored_digits_are_neither_asked_for_nor_held_against() -> None:
    target = truth((0, 0, 10, 10, 1), (20, 0, 30, 10, 2), ignore=(1,))
    without, with_it = found((0, 0, 10, 10, 1, 0.9)), found((0, 0, 10, 10, 1, 0.9), (20, 0, 31, 10, 2, 0.95))
    for page in (without, with_it):
        metrics = detection_metrics([target], [page], [(100, 100)])
        assert metrics["AP"] == pytest.approx(1)
        assert (metrics["precision"], metrics["recall"]) == (1, 1)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_ap50_equals_a_naive_reference(seed: int) -> None:
    targets, detections, sizes = random_pages(seed)
    assert coco_metrics(targets, detections, sizes)["AP50"] == pytest.approx(
        naive_ap50(targets, detections), nan_ok=True
    )


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_order_of_detections_makes_no_difference(seed: int) -> None:
    targets, detections, sizes = random_pages(seed)
    shuffled = [page[np.random.default_rng(seed).permutation(len(page))] for page in detections]
    np.testing.assert_equal(detection_metrics(targets, detections, sizes), detection_metrics(targets, shuffled, sizes))


def test_pycocotools_alone_scores_the_written_files_the_same(tmp_path: Path) -> None:
    targets, detections, sizes = random_pages(3, pages=12)
    (tmp_path / "truth.json").write_text(json.dumps(coco_ground_truth(targets, sizes)))
    (tmp_path / "results.json").write_text(json.dumps(coco_results(detections, range(12))))
    coco = COCO(str(tmp_path / "truth.json"))
    scoring = COCOeval(coco, coco.loadRes(str(tmp_path / "results.json")), "bbox")
    scoring.evaluate()
    scoring.accumulate()
    scoring.summarize()
    metrics = coco_metrics(targets, detections, sizes)
    assert [metrics[key] for key in STANDARD_KEYS] == scoring.stats.tolist()
    assert 0 < metrics["AP"] < 1


def test_scoring_leaves_its_arguments_alone() -> None:
    target = truth((0, 0, 10, 10, 1))
    dataset, results = coco_ground_truth([target], [(20, 20)]), coco_results([as_found(target)], [0])
    before = json.dumps([dataset, results])
    coco_scores(dataset, results)
    assert json.dumps([dataset, results]) == before


def test_a_digit_without_a_category_is_not_in_the_results() -> None:
    page = found((0, 0, 10, 10, 1, 0.9), (0, 0, 10, 10, 7, 0.8))
    results = coco_results([page], ["picture"], [5, 6, *[None] * 8])
    assert [(row["image_id"], row["category_id"]) for row in results] == [("picture", 6)]


# Digits


def test_each_digit_is_counted_once() -> None:
    target = truth(
        (0, 0, 10, 10, 1), (20, 0, 30, 10, 2), (40, 0, 50, 10, 3), (60, 0, 70, 10, 4), (80, 0, 90, 10, 5), ignore=(4,)
    )
    page = found(
        (0, 0, 10, 10, 1, 0.99),  # right
        (0, 1, 10, 10, 1, 0.9),  # the same again
        (20, 0, 30, 9, 7, 0.9),  # another digit
        (46, 0, 56, 10, 3, 0.8),  # IoU 0.25
        (0, 50, 10, 60, 8, 0.7),  # nothing there
        (80, 0, 90, 10, 6, 0.7),  # on an ignored digit
        (60, 0, 70, 10, 4, 0.49),  # under the threshold
    )
    scores = digit_scores([target], [page], 0.5)
    assert (scores.metrics["true_digits"], scores.metrics["correct"]) == (4, 1)
    assert scores.metrics["precision"] == pytest.approx(1 / 5)
    assert scores.metrics["recall"] == pytest.approx(1 / 4)
    assert scores.metrics["f1"] == pytest.approx(2 / 9)
    expected = np.zeros((11, 11), np.int64)
    for row, column in ((1, 1), (2, 7), (3, MISSED), (4, MISSED), (MISSED, 1), (MISSED, 3), (MISSED, 8)):
        expected[row, column] += 1
    np.testing.assert_array_equal(scores.confusion, expected)


def test_the_better_score_takes_the_digit() -> None:
    scores = digit_scores([truth((0, 0, 10, 10, 1))], [found((0, 0, 10, 10, 2, 0.6), (0, 0, 10, 9, 1, 0.8))], 0.5)
    assert (scores.metrics["correct"], scores.metrics["precision"]) == (1, 0.5)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_every_true_digit_and_every_surplus_is_in_the_confusion_matrix(seed: int) -> None:
    targets, detections, _ = random_pages(seed)
    scores = digit_scores(targets, detections, 0.3)
    assert scores.confusion[:MISSED].sum() == sum(int((~target.ignore).sum()) for target in targets)
    assert scores.confusion[MISSED, MISSED] == 0
    assert scores.confusion[:, :MISSED].sum() <= sum(int((page.scores >= 0.3).sum()) for page in detections)


# Text


def naive_levenshtein(a: str, b: str) -> int:
    @lru_cache(None)
    def distance(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        return min(distance(i - 1, j) + 1, distance(i, j - 1) + 1, distance(i - 1, j - 1) + (a[i - 1] != b[j - 1]))

    return distance(len(a), len(b))


def naive_common(a: list[str], b: list[str]) -> int:
    if not a or not b:
        return 0
    return max(
        naive_common(a[1:], b), naive_common(a, b[1:]), (a[0] == b[0]) + naive_common(a[1:], b[1:]) * (a[0] == b[0])
    )


@given(st.text("0123", max_size=8), st.text("0123", max_size=8))
def test_levenshtein_equals_its_definition(a: str, b: str) -> None:
    assert levenshtein(a, b) == naive_levenshtein(a, b) == levenshtein(b, a)


@given(st.lists(st.sampled_from("ab"), max_size=5), st.lists(st.sampled_from("ab"), max_size=5))
def test_common_in_order_equals_its_definition(a: list[str], b: list[str]) -> None:
    assert common_in_order(a, b) == naive_common(a, b)


def test_no_text_at_all_is_nan() -> None:
    for metrics in (string_metrics([], []), string_metrics([None], [("12",)])):
        assert all(math.isnan(metrics[name]) for name in ("exact_lines", "exact_pictures", "cer", "extra_lines"))


def test_a_picture_without_text_is_right_when_nothing_was_read() -> None:
    metrics = string_metrics([(), (" ",)], [(), ("1",)])
    assert metrics["exact_pictures"] == 0.5
    assert metrics["extra_lines"] == 0.5
    assert math.isnan(metrics["exact_lines"])


def test_string_metrics_worked_out_by_hand() -> None:
    true = [("12 3", "45", "678"), ("1",), None, ("99",)]
    read = [("123", "7", "45", "67"), (), ("5",), ("99",)]
    metrics = string_metrics(true, read)
    assert metrics["exact_lines"] == pytest.approx(3 / 5)
    assert metrics["exact_lines_spaced"] == pytest.approx(2 / 5)
    assert metrics["exact_pictures"] == pytest.approx(1 / 3)
    assert metrics["cer"] == pytest.approx((2 + 1 + 0) / 11)  # 12345678 as 12374567: 7 too many, 8 lacking
    assert metrics["extra_lines"] == pytest.approx(1 / 3)
    assert (metrics["text_lines"], metrics["text_pictures"]) == (5, 3)


@given(st.lists(st.lists(st.text("01 ", min_size=1, max_size=5), max_size=3), min_size=1, max_size=4))
def test_reading_the_truth_is_perfect(pages: list[list[str]]) -> None:
    metrics = json_safe(string_metrics(pages, pages))
    assert metrics["exact_pictures"] == 1
    assert metrics["exact_lines"] in (1, None)
    assert metrics["cer"] in (0, None)


# Results as files


def test_json_safe_has_no_nan() -> None:
    assert (
        json.dumps(json_safe({"a": math.nan, "b": 3.0, "c": 0.25}), allow_nan=False) == '{"a": null, "b": 3, "c": 0.25}'
    )


@pytest.mark.parametrize("pages", [0, 5])
def test_plots_are_whole_pictures(tmp_path: Path, pages: int) -> None:
    targets, detections, sizes = random_pages(1, pages)
    coco = coco_scores(coco_ground_truth(targets, sizes), coco_results(detections, range(pages)))
    save_pr_curves(tmp_path / "new" / "pr.png", coco.precision)
    save_confusion(tmp_path / "confusion.png", digit_scores(targets, detections, 0.5).confusion)
    for path in (tmp_path / "new" / "pr.png", tmp_path / "confusion.png"):
        assert path.read_bytes().startswith(b"\x89PNG")
    assert not list(tmp_path.rglob("*.part"))


def test_scoring_needs_no_torch_and_no_model() -> None:
    modules = ("metrics", "evaluation", "plots", "failures", "validation", "risk", "mistakes")
    imports = ", ".join(f"detector.scoring.{name}" for name in modules)
    code = f"import sys, {imports}; sys.exit('torch' in sys.modules or 'detector.models' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


# Signs
