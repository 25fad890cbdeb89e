"""One rung after the other gets its weights and its scores; what is finished already is not done again."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import torch

from detector.errors import DigitReaderError
from detector.files import appearing, prepare_folder, write_json
from detector.ladder.budget import Budget
from detector.ladder.data import LadderData
from detector.ladder.evaluation import drop_outdated, load_reader, score_tasks
from detector.ladder.pictures import StripReading, draw_strip, draw_table
from detector.ladder.plans import Log, make_plan
from detector.ladder.rungs import RUNGS, Rung, WeightsSource
from detector.ladder.table import Row, as_markdown, as_record, as_text, legend, tabulate
from detector.ladder.tasks import TASKS, ProgressBar, Task

RUNGS_ON_HARD_STRIP = ("cells", "five-softmax", "sliding-window", "rcnn", "faster-rcnn")
HARD_STRIP_INDEX = 9
"""Among the test strips of T4: the first of five digits of which two pairs touch."""


def climb_rung(
    rung: Rung,
    budget: Budget,
    data: LadderData,
    folder: Path,
    again: bool,
    log: Log,
    progress: Callable[[Task], ProgressBar],
) -> Row:
    """Train one rung and score it; both only as far as the folder does not hold it already.

    An error does not stop the climb: it becomes the row's `problem`.
    again: train and score anew in any case. log: takes lines of text. progress: gives the bar of a task.
    """
    log(f"\nrung {rung.number}  {rung.name}: {rung.what}")
    record = None
    try:
        plan = make_plan(rung, budget, data, folder)
        if again:
            plan.discard()
        record = plan.stored_record()
        origin = "trained" if record is None else "kept from before, trained"
        log(f"  {plan.parameters:,} parameters")
        record = record or plan.execute(log)
        origin = "shipped, trained" if rung.weights_source is WeightsSource.SHIPPED else origin
        log(f"  {origin} in {record.minutes:.1f} minutes")
        for task in score_tasks(rung, record, budget, data, folder, progress):
            log("  " + format_score(Row(rung, record), task))
        return Row(rung, record)
    except DigitReaderError as error:
        problem = str(error)
    except Exception as error:
        prepare_folder(folder)
        (folder / "error.txt").write_text(traceback.format_exc(), encoding="utf-8")
        problem = f"{rung.name}: {type(error).__name__}: {error}; see {folder / 'error.txt'}"
    return Row(rung, record, problem)


def format_score(row: Row, task: Task) -> str:
    """The score of one task in one line, with the names of its figures and the time of an image."""
    assert row.record
    pairs = zip(task.figures, row.figures(task), strict=True)
    figures = "   ".join(f"{name.replace('_', ' ')} {value:.2f} %" for name, value in pairs)
    return f"{task.key} {task.title:<11} {figures:<34} {row.record.tasks[task.key].milliseconds:8.2f} ms"


def stored_row(rung: Rung, budget: Budget, data: LadderData, folder: Path) -> Row | None:
    """The row of a rung that was finished in an earlier run; None where it has no score."""
    try:
        record = make_plan(rung, budget, data, folder).stored_record()
    except DigitReaderError:
        return None
    if record:
        drop_outdated(rung, record, budget, data)
    return Row(rung, record, "not asked yet") if record and record.tasks else None


def write_table(rows: Sequence[Row], budget: Budget, quick: bool, out: Path) -> str:
    """Write table.md, table.json and table.png into `out`. Returns the table for a terminal."""
    table = tabulate(rows)
    below = legend({task.key: (budget.count(task, RUNGS[0]), budget.count(task, RUNGS[-1])) for task in TASKS})
    if quick:
        below.insert(0, "A QUICK LOOK: little training and few pictures; figures of the full run are higher")
    machine = f"{os.cpu_count()} CPU cores, {torch.get_num_threads()} threads, torch {torch.__version__}"
    below.append(f"measured on {machine}")
    with appearing(out / "table.md") as file:
        file.write(as_markdown(table, below))
    head = {"quick": quick, "effort": asdict(budget), "machine": machine}
    write_json(out / "table.json", head | {"rungs": as_record(rows)}, indent=1)
    draw_table(out / "table.png", rows, table, below)
    return as_text(table, below)


def draw_hard_strip(rows: Sequence[Row], data: LadderData, out: Path) -> None:
    """Write hard_strip.png into `out`: one strip as some of the rungs read it, those that have weights."""
    task = next(task for task in TASKS if task.preset == "loose-strips")
    scene = data.test_images(task)[HARD_STRIP_INDEX]
    readings = [
        StripReading(
            f"rung {row.rung.number}, {row.rung.name}", load_reader(row.rung, out / row.rung.name).page(scene.image)
        )
        for row in rows
        if row.rung.name in RUNGS_ON_HARD_STRIP and row.record
    ]
    if readings:
        draw_strip(out / "hard_strip.png", scene.image, "".join(scene.lines or ()), readings)
