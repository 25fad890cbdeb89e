"""Climbing: one rung at a time gets its weights and is scored, and whatever is done already is not done again."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import torch

from detector.errors import OptionError, TrainingError
from detector.files import appearing_at, prepare_folder, write_json
from detector.ladder.record import Record, Settings, as_json, load_record
from detector.ladder.rungs import Making, Rung
from detector.ladder.tasks import (
    TASKS,
    Progress,
    Score,
    Task,
    rgb,
    score_digits,
    score_scenes,
    score_strips,
    time_to_read,
)
from detector.ladder.training import Epoch, Samples, train
from detector.models import checkpoint
from detector.models.base import Detector
from detector.models.ladder.whole_picture import WholePicture
from detector.models.registry import entry
from detector.reading.loading import load, shipped_weights
from detector.reading.reader import Reader
from detector.scoring.evaluation import LabelledImages
from detector.scoring.plots import save_confusions
from detector.scoring.validation import ValidationSet, validator
from detector.training.fit import TrainingConfig, fit
from detector.types import BatchSource

WEIGHTS = "weights.safetensors"
FEWER = 10  # the part of the digits of T1 that detectors are asked is one in so many
CLOCKED = 25  # pictures of a task that a rung is timed on
Say = Callable[[str], None]


@dataclass(frozen=True)
class Effort:
    """How much is spent. Raises OptionError for what is under 1, or no time at all."""

    epochs: int | None = None
    """Of rungs 1-8; None for those of each rung's recipe."""
    samples: int | None = None
    """Digits or strips of an epoch, at most; None for all digits, and as many strips as the recipe says."""
    minutes: float = 12.0
    """Of training for rungs 10 and 11."""
    digits: int = 10_000
    """Asked in T1, at most; of detectors, to which a digit is a whole picture to search, a tenth of them."""
    strips: int = 1000
    """Asked in each of T2-T4."""
    scenes: int = 300
    """Asked in each of T5-T7: --count."""
    seed: int = 0
    """Of first weights, of the order of samples, and of the strips and scenes learned from."""

    def count(self, task: Task, rung: Rung) -> int:
        """How many pictures a task asks of a rung."""
        digits = self.digits if rung.making is Making.EPOCHS else math.ceil(self.digits / FEWER)
        return {"digits": digits, "strips": self.strips, "scenes": self.scenes}[task.kind]

    def __post_init__(self) -> None:
        for name in ("epochs", "samples", "digits", "strips", "scenes"):
            value = getattr(self, name)
            if value is not None and value < 1:
                option = "count" if name == "scenes" else name
                raise OptionError(f"--{option}: expected 1 or more, got {value}; give a positive number.")
        if not self.minutes > 0:
            raise OptionError(f"--minutes: expected more than 0, got {self.minutes}; give a positive number.")


class Lessons(Protocol):
    """What is learned from and what is asked; see `tools/compare.py`. Everything follows from the seed given."""

    def digits(self, count: int) -> Samples:
        """The first so many test digits."""

    def pictures(self, task: Task) -> LabelledImages:
        """The test strips or scenes of a task."""

    def asked(self, task: Task) -> Settings:
        """What the pictures of a task follow from."""

    def samples(
        self, lesson: Literal["digits", "strips"], count: int | None, seed: int
    ) -> tuple[Callable[[int], Samples], Samples]:
        """At most `count` samples for each epoch, and those to validate on."""

    @property
    def mix(self) -> Mapping[str, float]:
        """Of which presets, in which parts, the scenes are that detectors are trained on."""

    def scenes(self, batch_size: int, seed: int) -> tuple[BatchSource, Mapping[str, ValidationSet]]:
        """Batches of such scenes, and others to validate on."""


@dataclass(frozen=True)
class Plan:
    """How a rung comes by its weights. settings: what these follow from. work: makes them, and returns its minutes."""

    rung: Rung
    folder: Path
    parameters: int
    settings: Settings
    work: Callable[[Say], float]

    def kept(self) -> Record | None:
        """What was kept of the rung, if its weights are there and follow from the same settings."""
        shipped = self.rung.making is Making.SHIPPED
        return load_record(self.folder, self.settings) if shipped or (self.folder / WEIGHTS).is_file() else None

    def forget(self) -> None:
        """Leave nothing to take or to go on from."""
        for name in ("result.json", "last.state", WEIGHTS):
            (self.folder / name).unlink(missing_ok=True)

    def carry_out(self, say: Say) -> Record:
        """The record of new weights, which `work` has written into the folder. May raise TrainingError."""
        prepare_folder(self.folder)
        (self.folder / "result.json").unlink(missing_ok=True)  # belongs to weights that are now replaced
        record = Record(self.settings, self.parameters, self.work(say))
        record.save(self.folder)
        return record


def plan(rung: Rung, effort: Effort, lessons: Lessons, folder: Path) -> Plan:
    """The plan of a rung that keeps everything in a folder.

    Raises OptionError where the project has no such rung, WeightsError where it should be shipped and is not.
    """
    if rung.making is Making.SHIPPED:
        return _shipped(rung, folder)
    torch.manual_seed(effort.seed)
    design = entry(rung.name)
    model = design.build(design.config())
    if isinstance(model, WholePicture):
        settings, work = _by_epochs(rung, model, effort, lessons, folder)
    else:
        settings, work = _by_minutes(rung, model, effort, lessons, folder)
    same = {"model": asdict(model.config), "seed": effort.seed}
    return Plan(rung, folder, count_parameters(model), as_json({**settings, **same}), work)


def count_parameters(model: Detector) -> int:
    """How many numbers are learned."""
    return sum(parameter.numel() for parameter in model.parameters())


def _shipped(rung: Rung, folder: Path) -> Plan:
    _, weights = shipped_weights(rung.name, "cpu", "torch")
    settings = {"shipped": hashlib.sha256(weights.read_bytes()).hexdigest()}
    card: dict[str, Any] = json.loads(
        resources.files("detector.weights").joinpath(f"{rung.name}.json").read_text("utf-8")
    )
    return Plan(rung, folder, card["parameters"], settings, lambda say: float(card["trained"]["minutes"]))


Way = tuple[Settings, Callable[[Say], float]]


def _by_epochs(rung: Rung, model: WholePicture, effort: Effort, lessons: Lessons, folder: Path) -> Way:
    """Rungs 1-8. A training that was stopped starts anew: it takes minutes."""
    recipe = replace(model.recipe, seed=effort.seed, epochs=effort.epochs or model.recipe.epochs)
    if model.lesson == "strips":
        recipe = replace(recipe, strips=min(effort.samples or recipe.strips, recipe.strips))
    count = recipe.strips if model.lesson == "strips" else effort.samples

    def report(say: Say, number: int, epoch: Epoch) -> None:
        say(
            f"  epoch {number + 1:>2}/{recipe.epochs}   loss {epoch.train_loss:.4f}   accuracy "
            f"{epoch.train_accuracy:7.2%}   validation {epoch.val_accuracy:7.2%}   {epoch.seconds:6.1f} s"
        )

    def work(say: Say) -> float:
        started = time.monotonic()
        samples, validation = lessons.samples(model.lesson, count, effort.seed)
        train(rung.name, model, samples, validation, recipe, folder, partial(report, say))
        return (time.monotonic() - started) / 60

    return {"recipe": asdict(recipe), "lesson": model.lesson, "samples": count}, work


def _by_minutes(rung: Rung, model: Detector, effort: Effort, lessons: Lessons, folder: Path) -> Way:
    """Rungs 10 and 11. A training that was stopped goes on where it was."""
    config = TrainingConfig(minutes=effort.minutes, seed=effort.seed, validate_every=2000)
    settings = {"training": asdict(config), "mix": dict(lessons.mix)}

    def work(say: Say) -> float:
        begun = folder / "training.json"
        batches, validation = lessons.scenes(config.batch_size, effort.seed)
        resume = (folder / "last.state").is_file() and _read_json(begun) == as_json(settings)
        if not resume:
            for name in ("last.state", "best.safetensors"):
                (folder / name).unlink(missing_ok=True)
            write_json(begun, settings, indent=1)
        end = fit(rung.name, model, batches, validator(validation), config, folder, resume)
        if end.seconds < 60 * effort.minutes:
            raise KeyboardInterrupt  # which `fit` took to save and return
        if not (folder / "best.safetensors").is_file():
            raise TrainingError(f"{rung.name}: learned nothing in {effort.minutes} minutes; give it more --minutes.")
        with appearing_at(folder / WEIGHTS) as partial:
            shutil.copyfile(folder / "best.safetensors", partial)
        (folder / "last.state").unlink()  # there is nothing left to go on with
        return end.seconds / 60

    return settings, work


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def reader_of(rung: Rung, folder: Path) -> Reader:
    """The rung, ready to read. One that answers for every picture as a whole is believed whatever its score."""
    if rung.making is Making.SHIPPED:
        return load(model=rung.name, runtime="torch", turn=False)  # like all others
    _, model, _ = checkpoint.load(folder / WEIGHTS)
    return Reader(model, 0.0 if model.whole_picture else None, turn=False)


def score(
    rung: Rung, record: Record, effort: Effort, lessons: Lessons, folder: Path, progress: Callable[[Task], Progress]
) -> Iterator[Task]:
    """Score the rung on all that it can attempt, task by task: each is in the record, and saved, when it is yielded."""
    forget_others(rung, record, effort, lessons)
    reader = None
    for task in TASKS:
        if not rung.attempts(task.key):
            continue
        if task.key not in record.tasks:
            reader = reader or reader_of(rung, folder)
            outcome = _ask(reader, task, effort.count(task, rung), lessons, progress(task))
            record.add(task.key, task_settings(task, rung, effort, lessons), outcome)
            record.save(folder)
        yield task
    matrices = {
        f"{task.key}  {task.title}": record.tasks[task.key].matrix for task in TASKS if task.key in record.tasks
    }
    save_confusions(folder / "confusion.png", matrices)


def clock(rung: Rung, record: Record, lessons: Lessons, folder: Path) -> None:
    """Time the tasks that are scored once more, on a few pictures, for a table whose rungs were all timed in one go."""
    reader = reader_of(rung, folder)
    for task in TASKS:
        if result := record.tasks.get(task.key):
            count = min(CLOCKED, int(result.settings["count"]))
            record.tasks[task.key] = replace(result, milliseconds=time_to_read(reader, _some(task, count, lessons)))
    record.save(folder)


def _some(task: Task, count: int, lessons: Lessons) -> list[np.ndarray]:
    """The first pictures of a task, uint8 (H, W, 3)."""
    if task.kind == "digits":
        return [rgb(digit) for digit in lessons.digits(count).pictures]
    pictures = lessons.pictures(task)
    return [pictures[index].image for index in range(count)]


def forget_others(rung: Rung, record: Record, effort: Effort, lessons: Lessons) -> None:
    """Drop from a record what was scored on other pictures than those asked now."""
    asked = {task.key: as_json(task_settings(task, rung, effort, lessons)) for task in TASKS}
    record.tasks = {key: result for key, result in record.tasks.items() if result.settings == asked.get(key)}


def task_settings(task: Task, rung: Rung, effort: Effort, lessons: Lessons) -> Settings:
    """What the score of a task is about: the pictures asked."""
    return {"count": effort.count(task, rung), **lessons.asked(task)}


def _ask(reader: Reader, task: Task, count: int, lessons: Lessons, progress: Progress) -> Score:
    if task.kind == "digits":
        digits = lessons.digits(count)
        return score_digits(reader, digits.pictures, digits.labels[:, 0], progress)
    ask = score_strips if task.kind == "strips" else score_scenes
    return ask(reader, lessons.pictures(task), count, progress)
