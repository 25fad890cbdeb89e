"""What is asked of the software's speed, and whether what was measured reaches it: as text, Markdown and JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from detector.benchmark.measure import Measure

HEAD = ("what", "asked", "measured: median (quartiles)", "reached")


@dataclass(frozen=True)
class Goal:
    """A bound on the median of one measure of a section, or none (both are None): then a plot shows more than figures.

    measures: names; the bound is on the first.
    """

    what: str
    asked: str
    section: str
    measures: tuple[str, ...]
    most: float | None = None
    least: float | None = None

    def reached(self, measure: Measure) -> bool | None:
        """None where there is no bound."""
        if self.most is not None:
            return measure.median <= self.most
        return measure.median >= self.least if self.least is not None else None


GOALS = (
    Goal(
        "training step / forward and backward of the backbone alone, 16 scenes of 256x256",
        "at most 2.0",
        "train",
        ("step / backbone",),
        most=2.0,
    ),
    Goal(
        "training scenes a second / those of torchvision's `FasterRCNN` with the same backbone, heads and sampling",
        "at least 3",
        "train",
        ("scenes a second / torchvision's assembly",),
        least=3.0,
    ),
    Goal("one 256x256 picture, PyTorch / backbone alone", "at most 1.8", "infer", ("picture / backbone",), most=1.8),
    Goal(
        "one 256x256 picture in int8 / YOLO11n without its NMS, both on ONNX Runtime",
        "at most 0.5",
        "peers",
        ("ONNX Runtime, int8 / YOLO11n",),
        most=0.5,
    ),
    Goal(
        "the same in float32 / YOLO11n",
        "at most 0.5",
        "peers",
        ("ONNX Runtime / YOLO11n",),
        most=0.5,
    ),
    Goal(
        "one 256x256 picture in int8 / YOLOv8n without its NMS, both on ONNX Runtime",
        "at most 0.5",
        "peers",
        ("ONNX Runtime, int8 / YOLOv8n",),
        most=0.5,
    ),
    Goal(
        "the same in float32 / YOLOv8n",
        "at most 0.5",
        "peers",
        ("ONNX Runtime / YOLOv8n",),
        most=0.5,
    ),
    Goal(
        "torchvision's `fasterrcnn_mobilenet_v3_large_320_fpn` / one 256x256 picture, both on PyTorch",
        "at least 15",
        "peers",
        ("mobilenet / PyTorch",),
        least=15.0,
    ),
    Goal(
        "the same / one 256x256 picture on ONNX Runtime in int8",
        "at least 15",
        "peers",
        ("mobilenet / ONNX Runtime, int8",),
        least=15.0,
    ),
    Goal(
        "the same / one 256x256 picture on ONNX Runtime in float32",
        "at least 15",
        "peers",
        ("mobilenet / ONNX Runtime",),
        least=15.0,
    ),
    Goal("a photograph of 12 megapixels read, file to text", "under 0.5 s", "read", ("photograph",), most=0.5),
    Goal(
        "a folder of 1,000 small pictures, pictures a second / one at a time",
        "at least 2",
        "read",
        ("folder / one at a time",),
        least=2.0,
    ),
    Goal(
        "time grows with the picture's area, and not with its number of digits",
        "a plot that shows it",
        "infer",
        ("300 digits / none", "a pixel of 1536x1536 / of 256x256"),
    ),
    Goal("peak memory of `infer.py` on a picture of 48 megapixels", "under 1.5 GB", "read", ("peak memory",), most=1.5),
    Goal(
        "a server with 16 clients for a minute / `read_many` of the same small pictures",
        "at least 0.8",
        "serve",
        ("served / offline",),
        least=0.8,
    ),
    Goal("errors among its answers", "none", "serve", ("errors",), most=0),
    Goal("memory that it gained in that minute", "under 20 MB", "serve", ("memory gained",), most=20),
    Goal(
        "10,000 malformed requests: answers from 500 on, complaints and crashes",
        "none",
        "serve",
        ("malformed, failures",),
        most=0,
    ),
)


@dataclass
class Report:
    """All that was measured. skipped: section -> what was left out, and why. as_asked: whether sizes are the goals'."""

    machine: dict[str, str]
    settings: dict[str, Any]
    as_asked: bool
    sections: dict[str, dict[str, Measure]] = field(default_factory=dict)
    skipped: dict[str, list[str]] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """For JSON."""
        sections = {
            name: {key: measure.record() for key, measure in measures.items()}
            for name, measures in self.sections.items()
        }
        goals = [dict(zip(HEAD, row, strict=True)) for row in judge(self)]
        return {
            "machine": self.machine,
            "settings": self.settings,
            "goals": goals,
            "skipped": self.skipped,
            "sections": sections,
        }


def judge(report: Report) -> list[tuple[str, str, str, str]]:
    """A row for each goal: what, what is asked, what came, and whether it is reached."""
    return [(goal.what, goal.asked, *_outcome(goal, report)) for goal in GOALS]


def _outcome(goal: Goal, report: Report) -> tuple[str, str]:
    measures = report.sections.get(goal.section, {})
    found = [(name, measures[name]) for name in goal.measures if name in measures]
    if not found:
        return "not measured", "-"
    named = [f"{name}: {measure}" if len(goal.measures) > 1 else str(measure) for name, measure in found]
    units = {measure.unit for _, measure in found} - {"times"}
    reached = goal.reached(found[0][1]) if report.as_asked else None
    return " ".join(["; ".join(named), *units]), "-" if reached is None else "yes" if reached else "no"


def as_markdown(rows: Sequence[Sequence[str]]) -> str:
    """The goals as a table."""
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (HEAD, ("---",) * len(HEAD), *rows)) + "\n"


def as_text(rows: Sequence[Sequence[str]]) -> str:
    """The goals for a terminal."""
    widths = [max(len(row[column]) for row in (HEAD, *rows)) for column in range(len(HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (HEAD, *rows)]
    return "\n".join(line.rstrip() for line in lines)


def details(section: Mapping[str, Measure]) -> str:
    """All measures of a section, ratios first, one a line."""
    ordered = sorted(section.items(), key=lambda item: item[1].unit != "times")
    width = max((len(name) for name in section), default=0)
    return "\n".join(f"  {name:<{width}}  {measure} {measure.unit}" for name, measure in ordered)
