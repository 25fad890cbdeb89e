"""The seven tasks of the ladder, from one digit to any page, and how a reader is scored on each.

Scores depend on what a `reading.reader.Reader` returns alone, not on the model inside it.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from detector.ladder.confusion import confusion_of
from detector.reading.reading_order import read_lines
from detector.scoring.evaluation import DigitFinder, LabelledImages, evaluate
from detector.scoring.mistakes import MISSED
from detector.scoring.string_metrics import levenshtein
from detector.types import Detections, IntArray

DIGITS_PER_CALL = 200  # images of single digits that the reader gets at once
MAX_TIMED_DIGITS = 200  # images of single digits that are read one at a time, to measure the time
ProgressBar = Callable[[Iterable[int]], Iterable[int]]


@dataclass(frozen=True)
class Task:
    """One task."""

    key: str
    """T1 to T7."""
    title: str
    description: str
    """The test images, and the figures, in words."""
    kind: Literal["digits", "strips", "scenes"]
    """Of the test images."""
    figures: tuple[str, ...]
    """Names of the figures that the table shows, the most important first."""
    preset: str = ""
    """Of the strips or scenes."""


TASKS: tuple[Task, ...] = (
    Task("T1", "one digit", "MNIST test digits, 28x28; those whose best reading is right", "digits", ("accuracy",)),
    Task(
        "T2", "five cells", "strips of five digits in fixed cells; those read exactly", "strips", ("exact",), "strips"
    ),
    Task(
        "T3",
        "1-5 cells",
        "strips of one to five digits, the rest blank; the same",
        "strips",
        ("exact",),
        "short-strips",
    ),
    Task(
        "T4",
        "loose",
        "strips of one to five digits of any size and place, some touching; the same",
        "strips",
        ("exact",),
        "loose-strips",
    ),
    Task("T5", "clean", "scenes of digits scattered on black; AP50 / AP", "scenes", ("AP50", "AP"), "clean"),
    Task(
        "T6",
        "lines",
        "scenes of numbers on lines; lines read exactly / AP50",
        "scenes",
        ("exact_lines", "AP50"),
        "lines",
    ),
    Task("T7", "paper", "scenes of any page; lines read exactly / AP50", "scenes", ("exact_lines", "AP50"), "paper"),
)


class BatchDigitFinder(DigitFinder, Protocol):
    """A DigitFinder that also takes several images in one call, as `reading.reader.Reader` does."""

    def detect_many(self, images: Sequence[np.ndarray], /) -> list[Detections]: ...


@dataclass(frozen=True, eq=False)
class TaskScore:
    """How well and how fast a reader does a task."""

    figures: dict[str, float]
    """Shares and counts by name."""
    milliseconds: float
    """The median for one picture, read one at a time."""
    confusion: IntArray
    """(11, 11): rows are true digits, columns read ones; the last row counts invented, the last column missed."""


def score_digits(
    reader: BatchDigitFinder, images: NDArray[np.uint8], labels: NDArray[np.int64], progress: ProgressBar = iter
) -> TaskScore:
    """T1: images uint8 (N, 28, 28) of one digit each, light on dark; labels int64 (N,).

    The digit with the highest score counts, however low that is, since each image has one.
    """
    read = np.full(len(images), MISSED)
    for start in progress(range(0, len(images), DIGITS_PER_CALL)):
        some = reader.detect_many([as_rgb(image) for image in images[start : start + DIGITS_PER_CALL]])
        for i, digits in enumerate((detections.digits() for detections in some), start):
            if len(digits):
                read[i] = digits.labels[digits.scores.argmax()]
    milliseconds = time_to_read(reader, [as_rgb(image) for image in images[:MAX_TIMED_DIGITS]])
    confusion = np.zeros((MISSED + 1, MISSED + 1), np.int64)
    np.add.at(confusion, (labels, read), 1)
    return TaskScore({"accuracy": float((read == labels).mean())}, milliseconds, confusion)


def score_strips(
    reader: BatchDigitFinder, scenes: LabelledImages, count: int, progress: ProgressBar = iter
) -> TaskScore:
    """T2-T4: a strip counts as right if the string read is the true one; spaces do not count."""
    readings: list[tuple[str, str]] = []
    times = []
    for index in progress(range(count)):
        scene = scenes[index]
        assert scene.lines is not None, "strips have text"
        text, milliseconds = _read(reader, scene.image)
        readings.append(("".join(scene.lines), text))
        times.append(milliseconds)
    edits = sum(levenshtein(true, read) for true, read in readings)
    figures = {
        "exact": sum(true == read for true, read in readings) / count,
        "cer": edits / sum(len(true) for true, _ in readings),
    }
    return TaskScore(figures, statistics.median(times), confusion_of(readings))


def score_scenes(
    reader: BatchDigitFinder, scenes: LabelledImages, count: int, progress: ProgressBar = iter
) -> TaskScore:
    """T5-T7: the metrics of `scoring.evaluation`."""
    evaluation = evaluate(reader, scenes, count, progress=progress)
    assert evaluation.confusion is not None, "scenes know their boxes"
    return TaskScore(evaluation.metrics, evaluation.metrics["ms_per_picture"], evaluation.confusion)


def time_to_read(reader: BatchDigitFinder, images: Sequence[np.ndarray]) -> float:
    """The median of the milliseconds for one image, read one at a time, after a first one that does not count."""
    _read(reader, images[0])
    return statistics.median(_read(reader, image)[1] for image in images)


def _read(reader: BatchDigitFinder, image: np.ndarray) -> tuple[str, float]:
    """All digits that are read in an image, in reading order, and the milliseconds that took."""
    start = time.perf_counter()
    detections = reader.detect(image)
    lines = read_lines(detections[detections.scores >= reader.min_score])
    milliseconds = 1000 * (time.perf_counter() - start)
    return "".join(line.text for line in lines).replace(" ", ""), milliseconds


def as_rgb(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A grey image uint8 (H, W) as a reader takes it: (H, W, 3)."""
    return np.repeat(grey[..., None], 3, axis=2)
