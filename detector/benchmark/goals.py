"""The goals for the software's speed, and whether they are reached: as text, Markdown and JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from detector.benchmark.measure import Measurement

HEAD = ("what", "asked", "measured: median (quartiles)", "reached")


@dataclass(frozen=True)
class Goal:
    """A bound on the median of one measurement. Where a plot shows more than a figure, there is no bound."""

    what: str
    """What is measured, in words."""
    bound: str
    """The bound, in words."""
    section: str
    """The section of the benchmark that measures it."""
    measurements: tuple[str, ...]
    """Names of measurements of the section to show; the bound is on the first."""
    at_most: float | None = None
    """Upper bound."""
    at_least: float | None = None
    """Lower bound."""

    def is_reached_by(self, measurement: Measurement) -> bool | None:
        """Whether the median keeps the bound; None where there is no bound."""
        if self.at_most is not None:
            return measurement.median <= self.at_most
        return measurement.median >= self.at_least if self.at_least is not None else None


GOALS = (
    Goal(
        "training step / forward and backward of the backbone alone, 16 scenes of 256x256",
        "at most 2.0",
        "train",
        ("step / backbone",),
        at_most=2.0,
    ),
    Goal(
        "training scenes a second / those of torchvision's `FasterRCNN` with the same backbone, heads and sampling",
        "at least 3",
        "train",
        ("scenes a second / torchvision's assembly",),
        at_least=3.0,
    ),
    Goal("one 256x256 picture, PyTorch / backbone alone", "at most 1.8", "infer", ("picture / backbone",), at_most=1.8),
    Goal(
        "one 256x256 picture in int8 / YOLO11n without its NMS, both on ONNX Runtime",
        "at most 0.5",
        "peers",
        ("ONNX Runtime, int8 / YOLO11n",),
        at_most=0.5,
    ),
    Goal(
        "the same in float32 / YOLO11n",
        "at most 0.5",
        "peers",
        ("ONNX Runtime / YOLO11n",),
        at_most=0.5,
    ),
    Goal(
        "one 256x256 picture in int8 / YOLOv8n without its NMS, both on ONNX Runtime",
        "at most 0.5",
        "peers",
        ("ONNX Runtime, int8 / YOLOv8n",),
        at_most=0.5,
    ),
    Goal(
        "the same in float32 / YOLOv8n",
        "at most 0.5",
        "peers",
        ("ONNX Runtime / YOLOv8n",),
        at_most=0.5,
    ),
    Goal(
        "torchvision's `fasterrcnn_mobilenet_v3_large_320_fpn` / one 256x256 picture, both on PyTorch",
        "at least 15",
        "peers",
        ("mobilenet / PyTorch",),
        at_least=15.0,
    ),
    Goal(
        "the same / one 256x256 picture on ONNX Runtime in int8",
        "at least 15",
        "peers",
        ("mobilenet / ONNX Runtime, int8",),
        at_least=15.0,
    ),
    Goal(
        "the same / one 256x256 picture on ONNX Runtime in float32",
        "at least 15",
        "peers",
        ("mobilenet / ONNX Runtime",),
        at_least=15.0,
    ),
    Goal("a photograph of 12 megapixels read, file to text", "under 0.5 s", "read", ("photograph",), at_most=0.5),
    Goal(
        "a folder of 1,000 small pictures, pictures a second / one at a time",
        "at least 2",
        "read",
        ("folder / one at a time",),
        at_least=2.0,
    ),
    Goal(
        "time grows with the picture's area, and not with its number of digits",
        "a plot that shows it",
        "infer",
        ("300 digits / none", "a pixel of 1536x1536 / of 256x256"),
    ),
    Goal(
        "peak memory of `infer.py` on a picture of 48 megapixels", "under 1.5 GB", "read", ("peak memory",), at_most=1.5
    ),
    Goal(
        "a server with 16 clients for a minute / `read_many` of the same small pictures",
        "at least 0.8",
        "serve",
        ("served / offline",),
        at_least=0.8,
    ),
    Goal("errors among its answers", "none", "serve", ("errors",), at_most=0),
    Goal("memory that it gained in that minute", "under 20 MB", "serve", ("memory gained",), at_most=20),
    Goal(
        "10,000 malformed requests: answers from 500 on, complaints and crashes",
        "none",
        "serve",
        ("malformed, failures",),
        at_most=0,
    ),
)


@dataclass
class Report:
    """All that one run of the benchmark measured."""

    machine: dict[str, str]
    """As `machine.describe` gives it."""
    settings: dict[str, Any]
    """Options and sizes of the run."""
    full_size: bool
    """Whether all sizes are those that the goals are set for. If not, no goal is judged."""
    sections: dict[str, dict[str, Measurement]] = field(default_factory=dict)
    """Measurements by section and name."""
    skipped: dict[str, list[str]] = field(default_factory=dict)
    """For each section, what was left out, and why."""

    def as_json(self) -> dict[str, Any]:
        """All of it, as JSON has it."""
        sections = {
            name: {key: measurement.as_json() for key, measurement in measurements.items()}
            for name, measurements in self.sections.items()
        }
        goals = [dict(zip(HEAD, row, strict=True)) for row in goal_rows(self)]
        return {
            "machine": self.machine,
            "settings": self.settings,
            "goals": goals,
            "skipped": self.skipped,
            "sections": sections,
        }


def goal_rows(report: Report) -> list[tuple[str, str, str, str]]:
    """A row of cells under HEAD for each goal."""
    return [(goal.what, goal.bound, *_outcome(goal, report)) for goal in GOALS]


def _outcome(goal: Goal, report: Report) -> tuple[str, str]:
    measurements = report.sections.get(goal.section, {})
    found = [(name, measurements[name]) for name in goal.measurements if name in measurements]
    if not found:
        return "not measured", "-"
    named = [
        f"{name}: {measurement}" if len(goal.measurements) > 1 else str(measurement) for name, measurement in found
    ]
    units = {measurement.unit for _, measurement in found} - {"times"}
    reached = goal.is_reached_by(found[0][1]) if report.full_size else None
    return " ".join(["; ".join(named), *units]), "-" if reached is None else "yes" if reached else "no"


def as_markdown(rows: Sequence[Sequence[str]]) -> str:
    """The rows under HEAD as a Markdown table."""
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (HEAD, ("---",) * len(HEAD), *rows)) + "\n"


def as_text(rows: Sequence[Sequence[str]]) -> str:
    """The rows under HEAD as a table for a terminal."""
    widths = [max(len(row[column]) for row in (HEAD, *rows)) for column in range(len(HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (HEAD, *rows)]
    return "\n".join(line.rstrip() for line in lines)


def section_text(section: Mapping[str, Measurement]) -> str:
    """All measurements of a section, one a line, ratios first."""
    ordered = sorted(section.items(), key=lambda item: item[1].unit != "times")
    width = max((len(name) for name in section), default=0)
    return "\n".join(f"  {name:<{width}}  {measurement} {measurement.unit}" for name, measurement in ordered)
