"""The ladder as a table: what each rung is and costs, and how it does on each task; each dash has its reason below."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from detector.ladder.record import Record
from detector.ladder.rungs import Making, Rung
from detector.ladder.tasks import TASKS, Task

DASH = "—"
RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹"
CLOCKED = ("T2", "T1")
"""The task whose milliseconds stand in the table, or where a rung cannot attempt it, the next."""


@dataclass(frozen=True)
class Row:
    """A rung and what is known of it. trouble: why there is no record, or why a task that it can attempt is missing."""

    rung: Rung
    record: Record | None
    trouble: str = ""

    def figures(self, task: Task) -> list[float]:
        """The figures shown of a task, in per cent, nan where nothing was there to measure; [] without a result."""
        result = self.record.tasks.get(task.key) if self.record else None
        values = [result.figures[name] for name in task.figures] if result else []
        return [math.nan if value is None else 100 * value for value in values]

    def why_not(self, task: Task) -> str:
        """Why there is no result."""
        return (self.trouble or "not asked yet") if self.rung.attempts(task.key) else self.rung.reach.limit

    @property
    def milliseconds(self) -> float | None:
        """Of reading one picture of the first task in CLOCKED that it attempts."""
        times = [self.record.tasks[key].milliseconds for key in CLOCKED if self.record and key in self.record.tasks]
        return times[0] if times else None


@dataclass(frozen=True)
class Table:
    """Cells as text, a row for each rung, and the notes that their raised numbers stand for."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def tabulate(rows: Sequence[Row]) -> Table:
    """Scores in per cent, time of training in minutes, time of one picture in milliseconds."""
    notes: list[str] = []

    def noted(text: str, note: str) -> str:
        if note not in notes:
            notes.append(note)
        return text + _mark(notes.index(note) + 1)

    def score(row: Row, task: Task) -> str:
        figures, places = row.figures(task), 2 if task.kind == "digits" else 1
        if not figures:
            return noted(DASH, row.why_not(task))
        return " / ".join(DASH if math.isnan(value) else f"{value:.{places}f}" for value in figures)

    def minutes(row: Row) -> str:
        if not row.record:
            return noted(DASH, row.trouble)
        shown = f"{row.record.minutes:.{1 if row.record.minutes >= 1 else 2}f}"
        return noted(shown, "shipped, by its model card") if row.rung.making is Making.SHIPPED else shown

    lines = []
    for row in rows:
        time = row.milliseconds
        lines.append(
            (
                str(row.rung.number),
                row.rung.name,
                row.rung.what,
                f"{row.record.parameters:,}" if row.record else DASH,
                minutes(row),
                DASH if time is None else f"{time:.2f}" if time < 10 else f"{time:.0f}",
                *(score(row, task) for task in TASKS),
            )
        )
    head = ("rung", "name", "what it is", "parameters", "min", "ms", *(task.key for task in TASKS))
    return Table(head, tuple(lines), tuple(notes))


def legend(counts: dict[str, tuple[int, int]]) -> list[str]:
    """What the columns are. counts: how many pictures each task asked, of rungs 1-8 and of detectors."""

    def asked(small: int, detectors: int) -> str:
        return f"{small:,}" if small == detectors else f"{small:,} (rungs 9-12: {detectors:,})"

    tasks = [f"{task.key} {task.title}: {asked(*counts[task.key])} {task.asks}" for task in TASKS]
    return [
        "min: minutes of training; ms: milliseconds to read one strip of T2, or one digit of T1 by rungs 1-4; "
        "scores in per cent",
        *tasks,
    ]


def as_text(table: Table, below: Sequence[str]) -> str:
    """For a terminal."""
    columns = list(zip(table.head, *table.rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    left = {1, 2}

    def line(cells: Sequence[str]) -> str:
        padded = [c.ljust(w) if i in left else c.rjust(w) for i, (c, w) in enumerate(zip(cells, widths, strict=True))]
        return "  ".join(padded).rstrip()

    rule = "  ".join("─" * width for width in widths)
    notes = [f"{_mark(number)} {note}" for number, note in enumerate(table.notes, 1)]
    return "\n".join([line(table.head), rule, *map(line, table.rows), rule, *below, *notes])


def as_markdown(table: Table, below: Sequence[str]) -> str:
    """For a page."""
    align = ["---:", "---", "---", *["---:"] * (len(table.head) - 3)]
    lines = ["| " + " | ".join(cells) + " |" for cells in (table.head, align, *table.rows)]
    notes = [f"{_mark(number)} {note}" for number, note in enumerate(table.notes, 1)]
    return "\n".join([*lines, "", *(f"{text}  " for text in [*below, *notes])]).rstrip() + "\n"


def as_record(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """For a program: every figure of every rung, and for a task without one the reason."""
    return [
        {
            "rung": row.rung.number,
            "name": row.rung.name,
            "what": row.rung.what,
            "parameters": row.record.parameters if row.record else None,
            "minutes": row.record.minutes if row.record else None,
            "shipped": row.rung.making is Making.SHIPPED,
            "tasks": {task.key: _task_record(row, task) for task in TASKS},
        }
        for row in rows
    ]


def _task_record(row: Row, task: Task) -> dict[str, Any]:
    result = row.record.tasks.get(task.key) if row.record else None
    if result is None:
        return {"why_not": row.why_not(task)}
    return {"milliseconds": result.milliseconds, **result.figures}


def _mark(number: int) -> str:
    return "".join(RAISED[int(digit)] for digit in str(number))
