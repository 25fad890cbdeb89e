"""What is kept of a rung: result.json in its folder, rewritten whole after every step, so that a run can go on."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from detector.files import write_json
from detector.ladder.tasks import Score
from detector.scoring.metrics import json_safe
from detector.types import IntArray

Settings = dict[str, Any]


@dataclass(frozen=True)
class Result:
    """How a task went. settings: which pictures. figures: shares and counts, None where there is none."""

    settings: Settings
    figures: dict[str, float | None]
    milliseconds: float
    confusion: list[list[int]]

    @property
    def matrix(self) -> IntArray:
        """The confusion, int64 (11, 11)."""
        return np.array(self.confusion, np.int64)


@dataclass
class Record:
    """A rung that has its weights. settings: what these follow from. tasks: by key, those that are done."""

    settings: Settings
    parameters: int
    minutes: float
    tasks: dict[str, Result] = field(default_factory=dict)

    def add(self, task: str, settings: Settings, score: Score) -> None:
        """Keep how a task went."""
        figures, confusion = json_safe(score.figures), score.confusion.tolist()
        self.tasks[task] = Result(as_json(settings), figures, score.milliseconds, confusion)

    def save(self, folder: Path) -> None:
        """Write result.json, and confusion.json with the matrices alone. Raises DataError where that cannot be."""
        record = asdict(self)
        confusion = {key: task.pop("confusion") for key, task in record["tasks"].items()}
        write_json(folder / "confusion.json", confusion)
        write_json(folder / "result.json", record, indent=1)


def load_record(folder: Path, settings: Settings) -> Record | None:
    """The record in a folder; None where there is none, or one of other settings."""
    try:
        stored = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        confusion = json.loads((folder / "confusion.json").read_text(encoding="utf-8"))
        tasks = {key: Result(**task, confusion=confusion[key]) for key, task in stored.pop("tasks").items()}
        record = Record(**stored, tasks=tasks)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # nothing there, or nothing that can be gone on from
    return record if record.settings == as_json(settings) else None


def as_json(settings: Settings) -> Settings:
    """Settings as they come back from a file: lists for tuples."""
    return dict(json.loads(json.dumps(settings)))
