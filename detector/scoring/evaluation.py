"""Reads every picture of a dataset, times it, and scores what was read by `scoring.metrics`."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from detector.errors import DataError, DigitReaderError, OptionError
from detector.files import write_json
from detector.reading.calibration import Calibration
from detector.scoring.metrics import (
    coco_ground_truth,
    coco_results,
    coco_scores,
    digit_scores,
    json_safe,
)
from detector.scoring.mistakes import Verdict, breakdown, commonest, judge, text_confusion
from detector.scoring.risk import Claims, Curve, digit_claims, number_claims, risk_coverage, risk_metrics
from detector.scoring.string_metrics import string_metrics
from detector.types import Detections, IntArray, Line, Target


class LabelledImage(Protocol):
    """A picture uint8 (H, W, 3) RGB, what is in it, and its lines of text; the last two are None where unknown."""

    @property
    def image(self) -> np.ndarray: ...
    @property
    def target(self) -> Target | None: ...
    @property
    def lines(self) -> tuple[str, ...] | None: ...


class LabelledImages(Protocol):
    """Pictures by number; one that cannot be read raises a DigitReaderError."""

    def __getitem__(self, index: int, /) -> LabelledImage: ...


class DigitFinder(Protocol):
    """What is scored: `reading.reader.Reader`, or another that finds digits to a low score and has a threshold."""

    @property
    def min_score(self) -> float: ...
    def detect(self, image: np.ndarray, /) -> Detections: ...


@dataclass(frozen=True, eq=False)
class ImageResult:
    """One picture: its number, width and height, what is true of it, what was read, and how long that took.

    found: at all scores. lines: what was read at the working threshold. verdict: what is wrong with that, or None where
    neither boxes nor text are known.
    """

    index: int
    size: tuple[int, int]
    target: Target | None
    true_lines: tuple[str, ...] | None
    found: Detections
    lines: tuple[Line, ...]
    verdict: Verdict | None
    milliseconds: float

    @property
    def texts(self) -> tuple[str, ...]:
        """The lines of text read."""
        return tuple(line.text for line in self.lines)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What came out. `digits`, `precision` and `results` are None where boxes are not known.

    metrics: all figures, flat. numbers, digits: what was claimed, see `scoring.risk`. precision, confusion: see
    `scoring.metrics`; where boxes are not known, the confusion is that of the text. results: COCO's results format,
    all scores. image_results: the pictures that were read, in order.
    unread: number of a picture that could not be read -> why.
    """

    metrics: dict[str, float]
    numbers: Claims
    digits: Claims | None
    precision: NDArray[np.float64] | None
    confusion: IntArray
    results: list[dict[str, Any]] | None
    image_results: tuple[ImageResult, ...]
    unread: dict[int, str]


def evaluate(
    reader: DigitFinder,
    pictures: LabelledImages,
    count: int,
    *,
    calibration: Calibration | None = None,
    ground_truth: Mapping[str, Any] | None = None,
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> Evaluation:
    """Scores `reader` on pictures 0 to `count` - 1.

    calibration: what makes chances of numbers of the chances of digits that `reader` finds; without one, products.
    ground_truth: the COCO dataset that the pictures come from, image records in the same order, to be scored by its own
    numbers; without it the targets are scored, picture i having id i. `progress` wraps the iteration, as tqdm does.
    Pictures that cannot be read are left out of all figures but `unread_pictures`. ms_per_picture is the median of
    finding the digits and ordering them, without opening the picture. Raises OptionError for a count under 1,
    DataError if no picture can be read.
    """
    if count < 1:
        raise OptionError(f"expected at least one picture to evaluate on, got {count}; see --count and the dataset.")
    image_results, unread = [], {}
    for index in progress(range(count)):
        try:
            image_results.append(_read(reader, pictures[index], index, calibration or Calibration()))
        except DigitReaderError as error:
            unread[index] = str(error)
    if not image_results:
        raise DataError(f"none of {count} pictures could be read; the first: {next(iter(unread.values()))}")

    metrics: dict[str, float] = {}
    verdicts = [result.verdict for result in image_results if result.verdict is not None]
    numbers = Claims.of(number_claims(result.target, result.true_lines, result.lines) for result in image_results)
    by_text = Claims.of(number_claims(None, result.true_lines, result.lines) for result in image_results)
    precision = results = claimed = None
    targets = [result.target for result in image_results if result.target is not None]
    if len(targets) == len(image_results):
        truth = _restricted(ground_truth, image_results) if ground_truth else _built(image_results, targets)
        ids = {category["name"]: category["id"] for category in truth["categories"]}
        found = [result.found for result in image_results]
        image_ids = [image["id"] for image in truth["images"]]
        results = coco_results(found, image_ids, [ids.get(str(digit)) for digit in range(10)])
        coco, digits = coco_scores(truth, results), digit_scores(targets, found, reader.min_score)
        metrics |= coco.metrics | digits.metrics
        precision, confusion = coco.precision, digits.confusion
        claimed = Claims.of(map(digit_claims, targets, found))
    else:
        confusion = text_confusion(verdict for verdict in verdicts if verdict.by_text)
    metrics |= string_metrics(
        [result.true_lines for result in image_results], [result.texts for result in image_results]
    )
    metrics |= breakdown(verdicts) | risk_metrics(numbers, claimed, by_text)
    metrics |= {
        "ms_per_picture": statistics.median(result.milliseconds for result in image_results),
        "pictures": float(len(image_results)),
        "unread_pictures": float(len(unread)),
        "min_score": float(reader.min_score),
    }
    return Evaluation(metrics, numbers, claimed, precision, confusion, results, tuple(image_results), unread)


def _read(reader: DigitFinder, picture: LabelledImage, index: int, calibration: Calibration) -> ImageResult:
    start = time.perf_counter()
    found = reader.detect(picture.image)
    lines = calibration.lines(found, reader.min_score)
    milliseconds = 1000 * (time.perf_counter() - start)
    height, width = picture.image.shape[:2]
    target, true_lines = picture.target, picture.lines
    verdict = None if target is None and true_lines is None else judge(target, true_lines, lines)
    return ImageResult(index, (width, height), target, true_lines, found, lines, verdict, milliseconds)


def _restricted(ground_truth: Mapping[str, Any], image_results: list[ImageResult]) -> dict[str, Any]:
    """The COCO dataset of just the pictures that were read."""
    images = [ground_truth["images"][result.index] for result in image_results]
    ids = {image["id"] for image in images}
    annotations = [annotation for annotation in ground_truth["annotations"] if annotation["image_id"] in ids]
    return dict(ground_truth) | {"images": images, "annotations": annotations}


def _built(image_results: list[ImageResult], targets: list[Target]) -> dict[str, Any]:
    return coco_ground_truth(targets, [r.size for r in image_results], [r.index for r in image_results])


def save(evaluation: Evaluation, out: Path) -> None:
    """Writes metrics.json, confusion.png and, where they are known, risk_coverage.png and pr_curve.png to `out`.

    "risk_coverage" in metrics.json has some points of that curve, each [threshold, coverage, risk].
    """
    # here, because matplotlib takes long to import
    from detector.scoring.plots import save_confusion, save_pr_curves, save_risk_coverage

    curve = risk_coverage(evaluation.numbers)
    points = {"risk_coverage": points_of(curve) if curve else []}
    write_json(out / "metrics.json", json_safe(evaluation.metrics) | points, indent=2)
    save_confusion(out / "confusion.png", evaluation.confusion)
    if curve:
        save_risk_coverage(out / "risk_coverage.png", curve, evaluation.numbers, evaluation.digits)
    if evaluation.precision is not None:
        save_pr_curves(out / "pr_curve.png", evaluation.precision)


def points_of(curve: Curve, most: int = 50) -> list[list[float]]:
    """Points of a curve for a file, from the surest to all, about evenly far apart: threshold, coverage, risk each."""
    at = np.unique(np.searchsorted(curve.coverage, np.linspace(0, curve.coverage.max(initial=0), most)))
    at = at[at < len(curve.coverage)]
    table = np.stack([curve.thresholds, curve.coverage, curve.risk], axis=1)[at]  # (most or fewer, 3)
    return [[round(value, 4) for value in row] for row in table.tolist()]


TABLE = {
    "boxes": "AP AP50 AP75 AP_small AP_medium AP_large AR1 AR10 AR100 AR_small AR_medium AR_large",
    "classes": " ".join(f"AP_class_{digit}" for digit in range(10)),
    "digits": "precision recall f1 true_digits correct",
    "mistakes": "missed_share invented_share wrong_class_share wrong_place_share merged_share split_share "
    "wrong_order_share invented_a_picture invented_on_blank",
    "text": "exact_lines exact_lines_spaced exact_pictures cer extra_lines text_lines text_pictures",
    "trust": "coverage_at_95 coverage_at_99 line_coverage_at_95 risk_coverage_area numbers number_ece digit_ece",
    "run": "ms_per_picture pictures unread_pictures min_score",
}
"""The figures in the order in which a table shows them."""


def format_table(metrics: Mapping[str, float]) -> str:
    """All figures as text, a block for each kind, four to a row; those with nothing to measure show as '-'."""
    blocks = []
    for title, names in TABLE.items():
        cells = [f"{name:<18} {_shown(metrics[name]):>8}" for name in names.split() if name in metrics]
        rows = ["   ".join(cells[start : start + 4]) for start in range(0, len(cells), 4)]
        if rows:
            blocks.append("\n".join(f"{title if row == rows[0] else '':<8} {row}" for row in rows))
    return "\n".join(blocks)


def format_confusions(confusion: IntArray) -> str:
    """The digits that were most often taken for another, missed and invented, a row each: see `scoring.mistakes`."""
    return "\n".join(f"{title:<8} {rows or 'none'}" for title, rows in commonest(confusion).items())


def _shown(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.0f}" if value.is_integer() and abs(value) > 1 else f"{value:.4g}"
