"""Scoring and timing a rung on the tasks of the ladder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from detector.ladder.budget import Budget
from detector.ladder.data import LadderData
from detector.ladder.plans import WEIGHTS_FILE
from detector.ladder.record import RungRecord, Settings, as_json
from detector.ladder.rungs import Rung, WeightsSource
from detector.ladder.tasks import (
    TASKS,
    ProgressBar,
    Task,
    TaskScore,
    as_rgb,
    score_digits,
    score_scenes,
    score_strips,
    time_to_read,
)
from detector.models import checkpoint
from detector.reading.loading import load
from detector.reading.reader import Reader
from detector.scoring.plots import save_confusions

MAX_TIMED_IMAGES = 25  # of each task


def load_reader(rung: Rung, folder: Path) -> Reader:
    """A reader with the rung's weights. A rung that takes an image as a whole is believed whatever its score."""
    if rung.weights_source is WeightsSource.SHIPPED:
        return load(model=rung.name, runtime="torch", turn=False)  # on PyTorch, as all other rungs
    _, model, _ = checkpoint.load(folder / WEIGHTS_FILE)
    return Reader(model, 0.0 if model.whole_picture else None, turn=False)


def score_tasks(
    rung: Rung,
    record: RungRecord,
    budget: Budget,
    data: LadderData,
    folder: Path,
    progress: Callable[[Task], ProgressBar],
) -> Iterator[Task]:
    """Score the rung on all tasks that it can attempt. Yields each task once its score is in the record, and saved.

    A task that the record has already, of the same test images, is not scored again.
    """
    drop_outdated(rung, record, budget, data)
    reader = None
    for task in TASKS:
        if not rung.attempts(task.key):
            continue
        if task.key not in record.tasks:
            reader = reader or load_reader(rung, folder)
            score = _score_task(reader, task, budget.count(task, rung), data, progress(task))
            record.add(task.key, task_settings(task, rung, budget, data), score)
            record.save(folder)
        yield task
    matrices = {
        f"{task.key}  {task.title}": record.tasks[task.key].matrix for task in TASKS if task.key in record.tasks
    }
    save_confusions(folder / "confusion.png", matrices)


def time_tasks(rung: Rung, record: RungRecord, data: LadderData, folder: Path) -> None:
    """Measure the time of each task of a record again, on a few images: a table needs all times from one run."""
    reader = load_reader(rung, folder)
    for task in TASKS:
        if result := record.tasks.get(task.key):
            count = min(MAX_TIMED_IMAGES, int(result.settings["count"]))
            milliseconds = time_to_read(reader, _first_images(task, count, data))
            record.tasks[task.key] = replace(result, milliseconds=milliseconds)
    record.save(folder)


def drop_outdated(rung: Rung, record: RungRecord, budget: Budget, data: LadderData) -> None:
    """Drop scores of other test images than those of this budget and data."""
    current = {task.key: as_json(task_settings(task, rung, budget, data)) for task in TASKS}
    record.tasks = {key: result for key, result in record.tasks.items() if result.settings == current.get(key)}


def task_settings(task: Task, rung: Rung, budget: Budget, data: LadderData) -> Settings:
    """The settings that tell which test images a score is of."""
    return {"count": budget.count(task, rung), **data.source_settings(task)}


def _first_images(task: Task, count: int, data: LadderData) -> list[np.ndarray]:
    """The first test images of a task, uint8 (H, W, 3)."""
    if task.kind == "digits":
        return [as_rgb(digit) for digit in data.digits(count).pictures]
    scenes = data.test_images(task)
    return [scenes[index].image for index in range(count)]


def _score_task(reader: Reader, task: Task, count: int, data: LadderData, progress: ProgressBar) -> TaskScore:
    if task.kind == "digits":
        digits = data.digits(count)
        return score_digits(reader, digits.pictures, digits.labels[:, 0], progress)
    score = score_strips if task.kind == "strips" else score_scenes
    return score(reader, data.test_images(task), count, progress)
