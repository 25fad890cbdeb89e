"""Reads every picture of a dataset, times it, and scores what was read."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from detector.categories import CATEGORIES
from detector.errors import DataError, DigitReaderError, OptionError
from detector.files import write_json
from detector.reading.calibration import Calibration
from detector.scoring.metrics import (
    coco_ground_truth,
    coco_results,
    coco_scores,
    digit_scores,
    json_safe,
    sign_scores,
)
from detector.scoring.mistakes import Verdict, breakdown, commonest, judge, text_confusion
from detector.scoring.risk import Claims, RiskCurve, digit_claims, number_claims, risk_coverage, risk_metrics
from detector.scoring.string_metrics import string_metrics, written_metrics
from detector.types import Detections, IntArray, Line, Target


class LabelledImage(Protocol):
    """A picture and what is true of it."""

    @property
    def image(self) -> NDArray[np.uint8]:
        """uint8 (H, W, 3) RGB."""

    @property
    def target(self) -> Target | None:
        """The digits, signs and their boxes; None where they are not known."""

    @property
    def lines(self) -> tuple[str, ...] | None:
        """The lines of text, top to bottom, numbers parted by spaces; None where they are not known."""

    @property
    def written(self) -> tuple[str, ...] | None:
        """The same as they are written, signs included; None where that is not known."""


class LabelledImages(Protocol):
    """Pictures by their index, from 0."""

    def __getitem__(self, index: int, /) -> LabelledImage:
        """One picture. Raises DigitReaderError where it cannot be opened."""


class DigitFinder(Protocol):
    """What is scored: a `Reader`, or anything else with these two."""

    @property
    def min_score(self) -> float:
        """The working threshold: digits of a lower score are not read as text."""

    def detect(self, image: NDArray[np.uint8], /) -> Detections:
        """All digits and signs of a picture uint8 (H, W, 3), down to a low score, because AP takes all scores."""


@dataclass(frozen=True, eq=False)
class ImageResult:
    """One picture: what is true of it, what was read, and how long that took."""

    index: int
    """Of the picture in its dataset."""
    size: tuple[int, int]
    """Width and height, pixels."""
    target: Target | None
    """The true digits and signs, None where they are not known."""
    true_lines: tuple[str, ...] | None
    """The true text, None where it is not known."""
    true_written: tuple[str, ...] | None
    """The true text with its signs, None where it is not known."""
    found: Detections
    """At all scores."""
    lines: tuple[Line, ...]
    """What was read at the working threshold."""
    verdict: Verdict | None
    """What is wrong with `lines`, None where neither the digits nor the text are known."""
    milliseconds: float
    """To find the digits and to order them, without opening the picture."""

    @property
    def texts(self) -> tuple[str, ...]:
        """The lines of text read."""
        return tuple(line.text for line in self.lines)

    @property
    def written(self) -> tuple[str, ...]:
        """The lines read, each number as it is written."""
        return tuple(line.written for line in self.lines)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What came out. `digits`, `precision` and `results` are None where the digits' boxes are not known."""

    blocks: dict[str, dict[str, float]]
    """All figures, in blocks as `format_table` shows them: title -> name -> figure. No name is in two blocks."""
    numbers: Claims
    """The numbers that were read, each right or wrong: see `scoring.risk`."""
    digits: Claims | None
    """Likewise the digits."""
    precision: NDArray[np.float64] | None
    """float64 (10, 101, 10): see `scoring.metrics.CocoScores`."""
    confusion: IntArray
    """int64 (11, 11): see `scoring.metrics.DigitScores`. It is that of the text where boxes are not known."""
    results: list[dict[str, Any]] | None
    """All detections, at all scores, in COCO's results format."""
    image_results: tuple[ImageResult, ...]
    """The pictures that were read, in order."""
    unread: dict[int, str]
    """Why a picture could not be read, by its index."""

    @property
    def metrics(self) -> dict[str, float]:
        """All figures by their names."""
        return {name: figure for block in self.blocks.values() for name, figure in block.items()}


def evaluate(
    reader: DigitFinder,
    pictures: LabelledImages,
    count: int,
    *,
    calibration: Calibration | None = None,
    ground_truth: Mapping[str, Any] | None = None,
    categories: Sequence[str] = CATEGORIES,
    true_categories: Sequence[str] = CATEGORIES,
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> Evaluation:
    """Read pictures 0 to `count` - 1 and score what was read.

    calibration: turns the scores of a number's digits into the number's; without one, their product is its score.
    ground_truth: the COCO dataset that the pictures come from, its image records in the same order. It is scored by its
    own ids. Without it the targets are scored, and the picture of index i has id i.
    categories, true_categories: the names of the labels of what is found, and of targets.
    progress: wraps the iteration over the indices, as tqdm does.

    Figures of boxes and digits are of digits alone. Signs have a block where there are true ones.
    A picture that cannot be read counts in `unread_pictures` alone. ms_per_picture is a median. Raises OptionError for
    a count under 1, DataError where no picture can be read.
    """
    if count < 1:
        raise OptionError(f"expected at least one picture to evaluate on, got {count}; see --count and the dataset.")
    image_results: list[ImageResult] = []
    unread: dict[int, str] = {}
    for index in progress(range(count)):
        try:
            image_results.append(_read(reader, pictures[index], index, calibration or Calibration(), categories))
        except DigitReaderError as error:
            unread[index] = str(error)
    if not image_results:
        raise DataError(f"none of {count} pictures could be read; the first: {next(iter(unread.values()))}")

    blocks: dict[str, dict[str, float]] = {}
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
        blocks |= {"boxes": coco.metrics, "classes": coco.class_metrics, "digits": digits.metrics}
        precision, confusion = coco.precision, digits.confusion
        claimed = Claims.of(map(digit_claims, targets, found))
        signs = sign_scores(targets, found, true_categories, categories)
        blocks |= {"signs": signs} if signs else {}
    else:
        confusion = text_confusion(verdict for verdict in verdicts if verdict.by_text)
    texts = [result.texts for result in image_results]
    blocks["text"] = string_metrics([result.true_lines for result in image_results], texts)
    blocks["text"] |= written_metrics([r.true_written for r in image_results], [r.written for r in image_results])
    blocks["mistakes"] = breakdown(verdicts)
    blocks["trust"] = risk_metrics(numbers, claimed, by_text)
    blocks["run"] = {
        "ms_per_picture": statistics.median(result.milliseconds for result in image_results),
        "pictures": float(len(image_results)),
        "unread_pictures": float(len(unread)),
        "min_score": float(reader.min_score),
    }
    return Evaluation(blocks, numbers, claimed, precision, confusion, results, tuple(image_results), unread)


def _read(
    reader: DigitFinder, picture: LabelledImage, index: int, calibration: Calibration, categories: Sequence[str]
) -> ImageResult:
    start = time.perf_counter()
    found = reader.detect(picture.image)
    lines, _ = calibration.lines_and_signs(found, categories, reader.min_score)
    milliseconds = 1000 * (time.perf_counter() - start)
    height, width = picture.image.shape[:2]
    target, true = picture.target, picture.lines
    verdict = None if target is None and true is None else judge(target, true, lines)
    return ImageResult(index, (width, height), target, true, picture.written, found, lines, verdict, milliseconds)


def _restricted(ground_truth: Mapping[str, Any], image_results: list[ImageResult]) -> dict[str, Any]:
    """The COCO dataset of just the pictures that were read."""
    images = [ground_truth["images"][result.index] for result in image_results]
    ids = {image["id"] for image in images}
    annotations = [annotation for annotation in ground_truth["annotations"] if annotation["image_id"] in ids]
    return dict(ground_truth) | {"images": images, "annotations": annotations}


def _built(image_results: list[ImageResult], targets: list[Target]) -> dict[str, Any]:
    """A COCO dataset of the targets."""
    return coco_ground_truth(targets, [r.size for r in image_results], [r.index for r in image_results])


def save(evaluation: Evaluation, out: Path) -> None:
    """Write metrics.json and confusion.png to the folder `out`, and the curves of what is known.

    Those are risk_coverage.png where text is known, pr_curve.png where boxes are. "risk_coverage" in metrics.json has
    some points of the first curve, each [threshold, coverage, risk]. Raises OptionError where they cannot be written.
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


def points_of(curve: RiskCurve, max_count: int = 50) -> list[list[float]]:
    """Some points of a curve for a file, evenly far apart in coverage: [threshold, coverage, risk] each."""
    at = np.unique(np.searchsorted(curve.coverage, np.linspace(0, curve.coverage.max(initial=0), max_count)))
    at = at[at < len(curve.coverage)]
    table = np.stack([curve.thresholds, curve.coverage, curve.risk], axis=1)[at]  # (max_count or fewer, 3)
    return [[round(value, 4) for value in row] for row in table.tolist()]


BLOCK_ORDER = ("boxes", "classes", "digits", "signs", "mistakes", "text", "trust", "run")
"""In which the table shows blocks; others follow."""


def format_table(blocks: Mapping[str, Mapping[str, float]]) -> str:
    """All figures of an evaluation as text, block by block, four to a row; '-' where there was nothing to measure."""
    texts = []
    for title in sorted(blocks, key=lambda title: (*BLOCK_ORDER, title).index(title)):
        cells = [f"{name:<18} {_shown(figure):>8}" for name, figure in blocks[title].items()]
        rows = ["   ".join(cells[start : start + 4]) for start in range(0, len(cells), 4)]
        texts += [f"{title if row is rows[0] else '':<8} {row}" for row in rows]
    return "\n".join(texts)


def format_confusions(confusion: IntArray) -> str:
    """The digits most often taken for another, missed and invented, a row each: see `scoring.mistakes.commonest`."""
    return "\n".join(f"{title:<8} {rows or 'none'}" for title, rows in commonest(confusion).items())


def _shown(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.0f}" if value.is_integer() and abs(value) > 1 else f"{value:.4g}"
