"""The seven tasks of the ladder, from one digit to any page, and how a reader is scored on each.

Every rung is read by `reading.reader.Reader`, and scored by what comes out of it; nobody asks what is inside.
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

CHUNK = 200
"""Single digits that are handed to a reader at once."""
TIMED = 200
"""Single digits that are read one by one, for the clock."""
Progress = Callable[[Iterable[int]], Iterable[int]]


@dataclass(frozen=True)
class Task:
    """What is asked, of pictures of what kind, and the figures shown: the score first, then what stands beside it."""

    key: str
    title: str
    asks: str
    kind: Literal["digits", "strips", "scenes"]
    figures: tuple[str, ...]
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


class Finder(DigitFinder, Protocol):
    """A reader, as `reading.reader.Reader` is one."""

    def detect_many(self, images: Sequence[np.ndarray], /) -> list[Detections]: ...


@dataclass(frozen=True, eq=False)
class Score:
    """How a task went. figures: shares, flat. milliseconds: median of reading one picture, one at a time.

    confusion: int64 (11, 11), rows the truth, columns what was read, the last of each for nothing.
    """

    figures: dict[str, float]
    milliseconds: float
    confusion: IntArray


def score_digits(
    reader: Finder, images: NDArray[np.uint8], labels: NDArray[np.int64], progress: Progress = iter
) -> Score:
    """T1: pictures uint8 (N, 28, 28), light on dark, of one digit each, labels (N,).

    The best digit found counts, however low its score, because the task says that there is one.
    """
    read = np.full(len(images), MISSED)
    for start in progress(range(0, len(images), CHUNK)):
        for i, found in enumerate(reader.detect_many([rgb(image) for image in images[start : start + CHUNK]]), start):
            if len(found):
                read[i] = found.labels[found.scores.argmax()]
    milliseconds = time_to_read(reader, [rgb(image) for image in images[:TIMED]])
    confusion = np.zeros((MISSED + 1, MISSED + 1), np.int64)
    np.add.at(confusion, (labels, read), 1)
    return Score({"accuracy": float((read == labels).mean())}, milliseconds, confusion)


def score_strips(reader: Finder, scenes: LabelledImages, count: int, progress: Progress = iter) -> Score:
    """T2-T4: a strip is right when its digits are, all of them and no more, in order; spaces do not count."""
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
    return Score(figures, statistics.median(times), confusion_of(readings))


def score_scenes(reader: Finder, scenes: LabelledImages, count: int, progress: Progress = iter) -> Score:
    """T5-T7: as `tools/evaluate.py` scores them."""
    evaluation = evaluate(reader, scenes, count, progress=progress)
    assert evaluation.confusion is not None, "scenes know their boxes"
    return Score(evaluation.metrics, evaluation.metrics["ms_per_picture"], evaluation.confusion)


def time_to_read(reader: Finder, images: Sequence[np.ndarray]) -> float:
    """Milliseconds of reading one picture, one at a time: the median, after one that does not count."""
    _read(reader, images[0])
    return statistics.median(_read(reader, image)[1] for image in images)


def _read(reader: Finder, image: np.ndarray) -> tuple[str, float]:
    """All digits that are read in a picture, in reading order, and the milliseconds that took."""
    start = time.perf_counter()
    found = reader.detect(image)
    lines = read_lines(found[found.scores >= reader.min_score])
    milliseconds = 1000 * (time.perf_counter() - start)
    return "".join(line.text for line in lines).replace(" ", ""), milliseconds


def rgb(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture uint8 (H, W) as a reader takes it: (H, W, 3)."""
    return np.repeat(grey[..., None], 3, axis=2)
