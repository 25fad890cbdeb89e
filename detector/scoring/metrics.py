"""How good detections are. Takes predictions and truth, never models, and returns flat dicts of floats.

Where there was nothing to measure, as with the recall on pictures without digits, a figure is nan, never 0 or -1.
`json_safe` turns nan into null. Counts are floats, too, so that every result is one `dict[str, float]`.
"""

from __future__ import annotations

import io
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from detector.categories import DIGIT_COUNT, WRITING
from detector.scoring.matching import forgiven, match
from detector.scoring.mistakes import MISSED
from detector.types import Detections, FloatArray, IntArray, Target, widened

CATEGORY_IDS: tuple[int | None, ...] = tuple(range(1, 11))
"""The COCO category id of each digit in datasets that are built here. In others, categories are known by name."""

STANDARD_KEYS = (
    *("AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large"),
    *("AR1", "AR10", "AR100", "AR_small", "AR_medium", "AR_large"),
)
"""COCO's twelve figures in the order of `COCOeval.stats`. Small is under 32x32 pixels, large over 96x96."""


@dataclass(frozen=True, eq=False)
class CocoScores:
    """COCO's figures and the curves they are the mean of.

    metrics: those of STANDARD_KEYS. class_metrics: AP_class_0 to AP_class_9. nan where there is no such digit.
    precision: float64 (10, 101, 10): IoU 0.50, 0.55 .. 0.95; recall 0.00, 0.01 .. 1.00; digit. -1 where there is none.
    """

    metrics: dict[str, float]
    class_metrics: dict[str, float]
    precision: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class DigitScores:
    """What happened to each digit at the working threshold.

    metrics: precision, recall and f1, where a digit is right if its box and its class are; and the counts
    `true_digits` and `correct`.
    confusion: int64 (11, 11), a row for each true digit, a column for each digit read. Column MISSED counts the digits
    missed, row MISSED those invented.
    """

    metrics: dict[str, float]
    confusion: IntArray


def detection_metrics(
    targets: Sequence[Target],
    detections: Sequence[Detections],
    sizes: Sequence[tuple[int, int]],
    min_score: float = 0.5,
) -> dict[str, float]:
    """COCO's figures of all detections, and the digit figures of those with a score of at least `min_score`."""
    return coco_metrics(targets, detections, sizes) | digit_scores(targets, detections, min_score).metrics


def coco_metrics(
    targets: Sequence[Target], detections: Sequence[Detections], sizes: Sequence[tuple[int, int]]
) -> dict[str, float]:
    """COCO's figures, see CocoScores. Each picture has a target, detections and a size (width, height) in pixels.

    Of each class and picture the best 100 detections count, as is COCO's rule.
    """
    image_ids = range(len(targets))
    scores = coco_scores(coco_ground_truth(targets, sizes), coco_results(detections, image_ids))
    return scores.metrics | scores.class_metrics


def coco_ground_truth(
    targets: Sequence[Target], sizes: Sequence[tuple[int, int]], image_ids: Sequence[int] | None = None
) -> dict[str, Any]:
    """The targets as a COCO dataset. Picture i has id i unless ids are given; ignored digits are crowds.

    sizes: width and height of each picture, pixels. Raises ValueError where there are not as many as targets.
    """
    if len(targets) != len(sizes):
        raise ValueError(f"expected as many sizes as targets, got {len(sizes)} and {len(targets)}")
    ids = range(len(targets)) if image_ids is None else image_ids
    annotations: list[dict[str, Any]] = []
    for image_id, target in zip(ids, (target.digits() for target in targets), strict=True):
        for box, label, ignore in zip(target.boxes, target.labels, target.ignore, strict=True):
            bbox = _xywh(box)
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image_id,
                    "category_id": CATEGORY_IDS[label],
                    "bbox": bbox,
                    "area": bbox[2] * bbox[3],
                    "iscrowd": int(ignore),
                }
            )
    return {
        "images": [{"id": i, "width": width, "height": height} for i, (width, height) in zip(ids, sizes, strict=True)],
        "annotations": annotations,
        "categories": [{"id": CATEGORY_IDS[digit], "name": str(digit)} for digit in range(10)],
    }


def coco_results(
    detections: Sequence[Detections],
    image_ids: Sequence[int | str],
    category_ids: Sequence[int | None] = CATEGORY_IDS,
) -> list[dict[str, Any]]:
    """Detections in COCO's results format, unrounded, so that a file of them scores as they do.

    category_ids: the id of each of the ten digits. A digit that the dataset has no category for has None and is left
    out. Raises ValueError where there are not as many ids as detections.
    """
    if len(detections) != len(image_ids):
        raise ValueError(f"expected as many image ids as detections, got {len(image_ids)} and {len(detections)}")
    return [
        {"image_id": image_id, "category_id": category_ids[label], "bbox": _xywh(box), "score": float(score)}
        for image_id, found in zip(image_ids, detections, strict=True)
        for box, label, score in zip(*_columns(found.digits()), strict=True)
        if category_ids[label] is not None
    ]


def _columns(found: Detections) -> tuple[FloatArray, IntArray, FloatArray]:
    return found.boxes, found.labels, found.scores


def coco_scores(ground_truth: Mapping[str, Any], results: Sequence[Mapping[str, Any]]) -> CocoScores:
    """Score COCO results against a COCO dataset, both as parsed from JSON, by pycocotools. Neither is changed.

    The dataset's categories are named "0" to "9", and some may be lacking. Its annotation ids start at 1, because
    pycocotools takes a match with annotation 0 for none. Raises ValueError where they do not.
    """
    if any(annotation["id"] < 1 for annotation in ground_truth["annotations"]):
        raise ValueError("expected annotation ids from 1 on, because pycocotools takes 0 for 'not found'")
    with redirect_stdout(io.StringIO()):  # pycocotools prints at every step
        truth = _coco(ground_truth, ground_truth["annotations"])
        # loadRes refuses an empty list; an index over no annotations is what it would have made of one.
        found = truth.loadRes([dict(result) for result in results]) if results else _coco(ground_truth, [])
        scoring = COCOeval(truth, found, "bbox")
        scoring.evaluate()
        scoring.accumulate()
        scoring.summarize()
    metrics = {name: _nan_for_none(value) for name, value in zip(STANDARD_KEYS, scoring.stats, strict=True)}
    precision = np.full((10, 101, 10), -1.0)
    names = {category["id"]: int(category["name"]) for category in ground_truth["categories"]}
    for k, category_id in enumerate(scoring.params.catIds):
        precision[:, :, names[category_id]] = scoring.eval["precision"][:, :, k, 0, -1]  # all areas, 100 detections
    per_class = {f"AP_class_{digit}": _nan_for_none(precision[:, :, digit].mean()) for digit in range(10)}
    return CocoScores(metrics, per_class, precision)


def sign_scores(
    targets: Sequence[Target],
    detections: Sequence[Detections],
    true_categories: Sequence[str],
    categories: Sequence[str],
) -> dict[str, float]:
    """How well signs are found: AP50_signs, the mean of COCO's AP at IoU 0.5 over the kinds of signs that there are.

    true_categories, categories: the names of the labels of targets, and of detections. Writing is no sign. Sides of
    boxes are at least MIN_SIGN_SIDE_PX, see `types.widened`. true_signs: how many there are. Nothing where none is.
    """
    counts = Counter(label for target in targets for label in target.labels[~target.ignore].tolist())
    present = sorted(label for label in counts if DIGIT_COUNT <= label < len(true_categories))
    names = [true_categories[label] for label in present if true_categories[label] != WRITING]
    if not names:
        return {}
    ids = {name: index for index, name in enumerate(names, 1)}
    annotations: list[dict[str, Any]] = []
    results: list[dict[str, Any]] = []
    for image_id, (target, found) in enumerate(zip(targets, detections, strict=True)):
        true_ids = [ids.get(name, 0) for name in _names(target.labels, true_categories)]
        for box, category_id, ignore in zip(widened(target.boxes), true_ids, target.ignore.tolist(), strict=True):
            if category_id:
                own = {"id": len(annotations) + 1, "iscrowd": int(ignore)}
                annotations.append(own | _box_record(image_id, category_id, box))
        found_ids = [ids.get(name, 0) for name in _names(found.labels, categories)]
        for box, category_id, score in zip(widened(found.boxes), found_ids, found.scores.tolist(), strict=True):
            if category_id:
                results.append({"score": score} | _box_record(image_id, category_id, box))
    truth = {
        "images": [{"id": image_id} for image_id in range(len(targets))],
        "annotations": annotations,
        "categories": [{"id": category_id, "name": name} for name, category_id in ids.items()],
    }
    with redirect_stdout(io.StringIO()):
        index = _coco(truth, annotations)
        scoring = COCOeval(index, index.loadRes(results) if results else _coco(truth, []), "bbox")
        scoring.params.iouThrs = np.array([0.5])
        scoring.evaluate()
        scoring.accumulate()
    precision = scoring.eval["precision"][0, :, :, 0, -1]  # (101, names): all areas, 100 detections
    return {"AP50_signs": float(precision.mean(axis=0).mean()), "true_signs": float(len(annotations))}


def _names(labels: IntArray, categories: Sequence[str]) -> list[str]:
    """The name of each label but of digits, '' for those and where it has none."""
    return [categories[i] if DIGIT_COUNT <= i < len(categories) else "" for i in labels.tolist()]


def _box_record(image_id: int, category_id: int, box: FloatArray) -> dict[str, Any]:
    x, y, width, height = _xywh(box)
    return {"image_id": image_id, "category_id": category_id, "bbox": [x, y, width, height], "area": width * height}


def digit_scores(targets: Sequence[Target], detections: Sequence[Detections], min_score: float) -> DigitScores:
    """What happened to each true digit, if the detections with a score of at least `min_score` are what was read.

    Detections are matched by `scoring.matching.match`. One that is not matched counts against the precision, unless it
    is `forgiven`. `scoring.mistakes.breakdown` tells the kinds of mistakes apart.
    """
    confusion = np.zeros((MISSED + 1, MISSED + 1), np.int64)
    for target, found in zip(targets, detections, strict=True):
        target, found = target.digits(), found[found.scores >= min_score].digits()
        owner = match(target, found)  # (D,)
        hits, missed = owner >= 0, ~target.ignore  # (D,), (T,)
        missed[owner[hits]] = False
        surplus = ~hits & ~forgiven(target, found)  # (D,)
        np.add.at(confusion, (target.labels[owner[hits]], found.labels[hits]), 1)
        np.add.at(confusion[:, MISSED], target.labels[missed], 1)
        np.add.at(confusion[MISSED], found.labels[surplus], 1)
    correct = float(np.trace(confusion[:MISSED, :MISSED]))
    true, read = float(confusion[:MISSED].sum()), float(confusion[:, :MISSED].sum())
    metrics = {
        "precision": _ratio(correct, read),
        "recall": _ratio(correct, true),
        "f1": _ratio(2 * correct, read + true),
        "true_digits": true,
        "correct": correct,
    }
    return DigitScores(metrics, confusion)


def json_safe(metrics: Mapping[str, float]) -> dict[str, float | int | None]:
    """The figures for a JSON file: None for nan, which JSON has no word for, and whole numbers as int."""
    return {
        name: None if math.isnan(value) else int(value) if float(value).is_integer() else float(value)
        for name, value in metrics.items()
    }


def _coco(dataset: Mapping[str, Any], annotations: Sequence[Mapping[str, Any]]) -> COCO:
    """An index over copies, because pycocotools writes into what it is given."""
    coco = COCO()
    coco.dataset = dict(dataset) | {"annotations": [dict(annotation) for annotation in annotations]}
    coco.createIndex()
    return coco


def _xywh(box: FloatArray) -> list[float]:
    x0, y0, x1, y1 = box.tolist()
    return [x0, y0, x1 - x0, y1 - y0]


def _nan_for_none(value: float) -> float:
    return math.nan if value == -1 else float(value)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
