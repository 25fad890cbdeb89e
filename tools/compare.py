"""Climbs the ladder from one digit to Faster R-CNN: trains every rung on the same digits, scores them, and compares.

    python tools/compare.py --quick                        # a first look, in minutes
    python tools/compare.py                                # everything: about an hour and a half on two cores
    python tools/compare.py --only 3 5 space-displacement  # some rungs, by number or name
    python tools/compare.py --only rcnn fast-rcnn --minutes 60
    python tools/infer.py digit.png --weights runs/ladder/modern-cnn/weights.safetensors

Under --out: table.md, table.json, table.png, hard_strip.png, and a folder for each rung with weights.safetensors,
curves.png, confusion.png, confusion.json and result.json. What is finished there with the same settings is taken, not
done again, so that a run may be stopped at any time and started once more. The rungs in the table are those asked for,
and others that are finished; all of them are timed at the end, one after the other.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from detector.commands.entry import run
from detector.files import prepare_folder
from detector.ladder.budget import FULL, QUICK, Budget
from detector.ladder.climb import climb_rung, draw_hard_strip, stored_row, write_table
from detector.ladder.data import SceneData
from detector.ladder.evaluation import time_tasks
from detector.ladder.rungs import RUNGS, choose
from detector.ladder.tasks import Task
from detector.progress import with_bar

log = partial(print, flush=True)  # at once, as a long run is often followed through a file


@dataclass(frozen=True)
class Args:
    only: tuple[str, ...] = ()
    """Which rungs, by number or name; without it, all."""
    quick: bool = False
    """A first look in minutes: less training, fewer pictures."""
    out: Path | None = None
    """Folder for all results; without it, runs/ladder, or runs/ladder-quick."""
    minutes: float | None = None
    """Training of rungs 10 and 11; 12, or 1 when quick."""
    epochs: int | None = None
    """Training of rungs 1-8; without it, what each rung's recipe says, or 2 when quick."""
    samples: int | None = None
    """Digits or strips in each of these epochs, at most; 10,000 when quick."""
    digits: int | None = None
    """Test digits of T1; 10,000, or 1,000 when quick. Rungs 9-12, which search each image, get a tenth of them."""
    strips: int | None = None
    """Test strips of each of T2-T4; 1,000, or 200 when quick."""
    count: int | None = None
    """Test scenes of each of T5-T7; 300, or 40 when quick."""
    seed: int = 0
    """Another seed gives other first weights and another order of samples; the test pictures stay the same."""
    again: bool = False
    """Train and score these rungs anew even where they are finished."""
    threads: int | None = None
    """How many CPU threads to compute with; without it, as many as there are cores."""
    mnist_dir: Path | None = None
    """Folder with other digits in IDX form."""


def budget_of(args: Args) -> Budget:
    options = {
        "epochs": args.epochs,
        "samples": args.samples,
        "minutes": args.minutes,
        "digits": args.digits,
        "strips": args.strips,
        "scenes": args.count,
    }
    given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    return replace(QUICK if args.quick else FULL, seed=args.seed, **given)


def bar(task: Task) -> Callable[[Iterable[int]], Iterable[int]]:
    """A progress bar for a task, which disappears when it is done."""
    return partial(with_bar, unit="picture", title=f"  {task.key} {task.title}", keep=False)


def main(args: Args) -> int:
    chosen, budget = choose(args.only), budget_of(args)
    out = args.out or Path("runs/ladder-quick" if args.quick else "runs/ladder")
    prepare_folder(out)
    if args.threads is not None:
        torch.set_num_threads(args.threads)
    data, rows, table = SceneData(args.mnist_dir), {}, ""
    for rung in RUNGS:
        if rung not in chosen and (row := stored_row(rung, budget, data, out / rung.name)):
            rows[rung.name] = row
    for rung in chosen:
        row = rows[rung.name] = climb_rung(rung, budget, data, out / rung.name, args.again, log, bar)
        if row.problem:
            print(f"error: {row.problem}", file=sys.stderr)
        ordered = [rows[each.name] for each in RUNGS if each.name in rows]
        write_table(ordered, budget, args.quick, out)
    for row in ordered:
        if row.record:
            time_tasks(row.rung, row.record, data, out / row.rung.name)
    table = write_table(ordered, budget, args.quick, out)
    draw_hard_strip(ordered, data, out)
    print(f"\n{table}\n\nwrote {out / 'table.md'}, table.json, table.png, hard_strip.png, and a folder for each rung")
    return 1 if any(rows[rung.name].problem for rung in chosen) else 0


if __name__ == "__main__":
    run(main, Args, __doc__, interrupted="stopped; what is finished is kept: the same command goes on from there.")
