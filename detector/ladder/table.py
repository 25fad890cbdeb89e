"""The ladder as a table: each rung with its costs and scores. Below it stands the reason for each missing score."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from detector.ladder.record import RungRecord
from detector.ladder.rungs import Rung, WeightsSource
from detector.ladder.tasks import TASKS, Task

NO_VALUE = "—"
SUPERSCRIPT_DIGITS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
TIMED_TASKS = ("T2", "T1")
"""The table shows the milliseconds of the first of these tasks that a rung supports."""


@dataclass(frozen=True)
class Row:
    """One rung and its results."""

    rung: Rung
    record: RungRecord | None
    """None if the rung has no weights."""
    problem: str = ""
    """Why there is no record, or why the score of a supported task is missing."""

    def figures(self, task: Task) -> list[float]:
        """The figures of a task that the table shows, in per cent, nan for an undefined one; [] without a score."""
        result = self.record.tasks.get(task.key) if self.record else None
        values = [result.figures[name] for name in task.figures] if result else []
        return [math.nan if value is None else 100 * value for value in values]

    def missing_reason(self, task: Task) -> str:
        """Why the task has no score."""
        return (self.problem or "not asked yet") if self.rung.attempts(task.key) else self.rung.support.limitation

    @property
    def milliseconds(self) -> float | None:
        """For one picture of the first of TIMED_TASKS that has a score; None if none has."""
        times = [self.record.tasks[key].milliseconds for key in TIMED_TASKS if self.record and key in self.record.tasks]
        return times[0] if times else None


@dataclass(frozen=True)
class Table:
    """The table as text."""

    head: tuple[str, ...]
    """Names of the columns."""
    rows: tuple[tuple[str, ...], ...]
    """The cells of each rung."""
    notes: tuple[str, ...]
    """The notes to which superscripts in the cells refer, from 1."""


def tabulate(rows: Sequence[Row]) -> Table:
    """Make the table: scores in per cent, training in minutes, the time of one picture in milliseconds."""
    notes: list[str] = []

    def noted(text: str, note: str) -> str:
        if note not in notes:
            notes.append(note)
        return text + _superscript(notes.index(note) + 1)

    def score(row: Row, task: Task) -> str:
        figures, decimals = row.figures(task), 2 if task.kind == "digits" else 1
        if not figures:
            return noted(NO_VALUE, row.missing_reason(task))
        return " / ".join(NO_VALUE if math.isnan(value) else f"{value:.{decimals}f}" for value in figures)

    def minutes(row: Row) -> str:
        if not row.record:
            return noted(NO_VALUE, row.problem)
        shown = f"{row.record.minutes:.{1 if row.record.minutes >= 1 else 2}f}"
        return noted(shown, "shipped, by its model card") if row.rung.weights_source is WeightsSource.SHIPPED else shown

    lines = []
    for row in rows:
        time = row.milliseconds
        lines.append(
            (
                str(row.rung.number),
                row.rung.name,
                row.rung.what,
                f"{row.record.parameters:,}" if row.record else NO_VALUE,
                minutes(row),
                NO_VALUE if time is None else f"{time:.2f}" if time < 10 else f"{time:.0f}",
                *(score(row, task) for task in TASKS),
            )
        )
    head = ("rung", "name", "what it is", "parameters", "min", "ms", *(task.key for task in TASKS))
    return Table(head, tuple(lines), tuple(notes))


def legend(counts: dict[str, tuple[int, int]]) -> list[str]:
    """Lines that explain the columns. counts: by task, the test images of rungs 1-8 and those of detectors."""

    def count_text(small: int, detectors: int) -> str:
        return f"{small:,}" if small == detectors else f"{small:,} (rungs 9-12: {detectors:,})"

    tasks = [f"{task.key} {task.title}: {count_text(*counts[task.key])} {task.description}" for task in TASKS]
    return [
        "min: minutes of training; ms: milliseconds to read one strip of T2, or one digit of T1 by rungs 1-4; "
        "scores in per cent",
        *tasks,
    ]


def as_text(table: Table, below: Sequence[str]) -> str:
    """The table for a terminal, with lines below it and its notes."""
    columns = list(zip(table.head, *table.rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    left = {1, 2}

    def line(cells: Sequence[str]) -> str:
        padded = [c.ljust(w) if i in left else c.rjust(w) for i, (c, w) in enumerate(zip(cells, widths, strict=True))]
        return "  ".join(padded).rstrip()

    rule = "  ".join("─" * width for width in widths)
    notes = [f"{_superscript(i)} {note}" for i, note in enumerate(table.notes, 1)]
    return "\n".join([line(table.head), rule, *map(line, table.rows), rule, *below, *notes])


def as_markdown(table: Table, below: Sequence[str]) -> str:
    """The table in Markdown, with lines below it and its notes."""
    align = ["---:", "---", "---", *["---:"] * (len(table.head) - 3)]
    lines = ["| " + " | ".join(cells) + " |" for cells in (table.head, align, *table.rows)]
    notes = [f"{_superscript(i)} {note}" for i, note in enumerate(table.notes, 1)]
    return "\n".join([*lines, "", *(f"{text}  " for text in [*below, *notes])]).rstrip() + "\n"


def as_record(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The table for JSON: every figure of every rung, and the reason for each missing score."""
    return [
        {
            "rung": row.rung.number,
            "name": row.rung.name,
            "what": row.rung.what,
            "parameters": row.record.parameters if row.record else None,
            "minutes": row.record.minutes if row.record else None,
            "shipped": row.rung.weights_source is WeightsSource.SHIPPED,
            "tasks": {task.key: _task_record(row, task) for task in TASKS},
        }
        for row in rows
    ]


def _task_record(row: Row, task: Task) -> dict[str, Any]:
    result = row.record.tasks.get(task.key) if row.record else None
    if result is None:
        return {"why_not": row.missing_reason(task)}
    return {"milliseconds": result.milliseconds, **result.figures}


def _superscript(number: int) -> str:
    return "".join(SUPERSCRIPT_DIGITS[int(digit)] for digit in str(number))
