"""What is stored of a rung in its folder, rewritten after every step, so that a stopped run can continue."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from detector.files import write_json
from detector.ladder.tasks import TaskScore
from detector.scoring.metrics import json_safe
from detector.types import IntArray

Settings = dict[str, Any]


@dataclass(frozen=True)
class TaskResult:
    """The score of one task."""

    settings: Settings
    """The settings that tell which test images it is of."""
    figures: dict[str, float | None]
    """Shares and counts by name; None for an undefined one."""
    milliseconds: float
    """For one image."""
    confusion: list[list[int]]
    """As in `tasks.TaskScore`."""

    @property
    def matrix(self) -> IntArray:
        """The confusion matrix, int64 (11, 11)."""
        return np.array(self.confusion, np.int64)


@dataclass
class RungRecord:
    """A rung that has its weights, and its scores so far."""

    settings: Settings
    """The settings that the weights follow from."""
    parameters: int
    """How many numbers the model learns."""
    minutes: float
    """Of training."""
    tasks: dict[str, TaskResult] = field(default_factory=dict)
    """Scores by the key of the task."""

    def add(self, task: str, settings: Settings, score: TaskScore) -> None:
        """Add the score of a task."""
        figures, confusion = json_safe(score.figures), score.confusion.tolist()
        self.tasks[task] = TaskResult(as_json(settings), figures, score.milliseconds, confusion)

    def save(self, folder: Path) -> None:
        """Write result.json, and confusion.json with the matrices. Raises OptionError if they cannot be written."""
        record = asdict(self)
        confusion = {key: task.pop("confusion") for key, task in record["tasks"].items()}
        write_json(folder / "confusion.json", confusion)
        write_json(folder / "result.json", record, indent=1)


def load_record(folder: Path, settings: Settings) -> RungRecord | None:
    """The record in a folder; None if there is none, it is damaged, or its settings are others."""
    try:
        stored = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        confusion = json.loads((folder / "confusion.json").read_text(encoding="utf-8"))
        tasks = {key: TaskResult(**task, confusion=confusion[key]) for key, task in stored.pop("tasks").items()}
        record = RungRecord(**stored, tasks=tasks)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return record if record.settings == as_json(settings) else None


def as_json(settings: Settings) -> Settings:
    """Settings as a JSON file gives them back: with lists for tuples."""
    return dict(json.loads(json.dumps(settings)))
