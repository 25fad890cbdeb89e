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

import os
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch

from detector.commands.entry import run
from detector.errors import DigitReaderError
from detector.files import appearing, prepare_folder, write_json
from detector.ladder.climb import Effort, clock, forget_others, plan, reader_of, score
from detector.ladder.pictures import StripReading, draw_strip, draw_table
from detector.ladder.rungs import RUNGS, Making, Rung, choose
from detector.ladder.table import Row, as_markdown, as_record, as_text, legend, tabulate
from detector.ladder.tasks import TASKS, Task
from detector.ladder.training import Samples, as_labels
from detector.progress import with_bar
from detector.scoring.validation import ValidationSet
from digit_scenes import SceneBatches, Scenes, get_preset
from digit_scenes.glyphs.digits import Split, load_digits
from digit_scenes.plain import STRIP_DIGITS
from digit_scenes.stream import draw_strips

FULL, QUICK = Effort(), Effort(epochs=2, samples=10_000, minutes=1.0, digits=1000, strips=200, scenes=40)
STRIPS = ("strips", "short-strips", "loose-strips")
MIX = {"clean": 2.0, "strips": 1.0, "short-strips": 1.0, "loose-strips": 1.0, "lines": 2.0, "paper": 2.0}
"""Scenes that rungs 10 and 11 are trained on, by weight."""
VALIDATED = {"strips": 1500, "scenes": 60}
"""Pictures that are looked at between epochs, and a few times while detectors are trained."""
ALL = 10**9
say = partial(print, flush=True)  # a long run is often watched through a file
ON_ONE_STRIP = ("cells", "five-softmax", "sliding-window", "rcnn", "faster-rcnn")
HARD_STRIP = 9
"""Number of the test strip of T4 that they are shown to read: the first of five digits that touch in two places."""


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
    """Test digits asked in T1; 10,000, or 1,000 when quick. Of rungs 9-12, which search for them, a tenth."""
    strips: int | None = None
    """Test strips asked in each of T2-T4; 1,000, or 200 when quick."""
    count: int | None = None
    """Test scenes asked in each of T5-T7; 300, or 40 when quick."""
    seed: int = 0
    """Another seed gives other first weights and another order of samples; the test pictures stay the same."""
    again: bool = False
    """Train and score these rungs anew even where they are finished."""
    threads: int | None = None
    """How many CPU threads to compute with; without it, as many as there are cores."""
    mnist_dir: Path | None = None
    """Folder with other digits in IDX form."""


def effort_of(args: Args) -> Effort:
    asked = {
        "epochs": args.epochs,
        "samples": args.samples,
        "minutes": args.minutes,
        "digits": args.digits,
        "strips": args.strips,
        "scenes": args.count,
    }
    given: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    return replace(QUICK if args.quick else FULL, seed=args.seed, **given)


class Lessons:
    """What the rungs learn from and are asked, all of it from the same digits."""

    mix: Mapping[str, float] = MIX

    def __init__(self, mnist_dir: Path | None) -> None:
        self.mnist_dir = mnist_dir

    def digits(self, count: int, split: Split = "test") -> Samples:
        digits = load_digits(split, self.mnist_dir)
        return Samples(digits.images[:count], digits.labels[:count, None])

    def asked(self, task: Task) -> dict[str, Any]:
        digits = {"split": "test", "mnist_dir": self.mnist_dir and str(self.mnist_dir)}
        return digits | ({"preset": task.preset, "version": get_preset(task.preset).version} if task.preset else {})

    def pictures(self, task: Task) -> Scenes:
        return Scenes(task.preset, "test", 0, self.mnist_dir)

    def samples(
        self, lesson: Literal["digits", "strips"], count: int | None, seed: int
    ) -> tuple[Callable[[int], Samples], Samples]:
        if lesson == "digits":
            digits = self.digits(count or ALL, "train")
            return lambda epoch: digits, self.digits(count or ALL, "val")
        assert count is not None, "strips are endless"
        fresh = partial(self.strips, split="train", count=count, seed=seed)
        return lambda epoch: fresh(first=epoch * count), self.strips("val", min(count, VALIDATED["strips"]), seed)

    def strips(self, split: Split, count: int, seed: int, first: int = 0) -> Samples:
        """Strips of all kinds in equal parts."""
        pictures, texts = draw_strips(STRIPS, first, count, split, seed, self.mnist_dir)
        return Samples(pictures, as_labels(texts, STRIP_DIGITS))

    def scenes(self, batch_size: int, seed: int) -> tuple[SceneBatches, dict[str, ValidationSet]]:
        batches = SceneBatches(self.mix, batch_size, seed, "train", self.mnist_dir)
        each = range(VALIDATED["scenes"] // len(self.mix))
        scenes = {name: [Scenes(name, "val", 0, self.mnist_dir)[i] for i in each] for name in self.mix}
        return batches, {name: [(scene.image, scene.target) for scene in group] for name, group in scenes.items()}


def climb(rung: Rung, effort: Effort, lessons: Lessons, folder: Path, again: bool) -> Row:
    """One rung: weights, scores, a line for each. Whatever goes wrong with it, the others are to have their turn."""
    say(f"\nrung {rung.number}  {rung.name}: {rung.what}")
    record = None
    try:
        way = plan(rung, effort, lessons, folder)
        if again:
            way.forget()
        record = way.kept()
        news = "trained" if record is None else "kept from before, trained"
        say(f"  {way.parameters:,} parameters")
        record = record or way.carry_out(say)
        say(f"  {'shipped, trained' if rung.making is Making.SHIPPED else news} in {record.minutes:.1f} minutes")
        for task in score(rung, record, effort, lessons, folder, bar):
            say("  " + outcome(Row(rung, record), task))
        return Row(rung, record)
    except DigitReaderError as error:
        trouble = str(error)
    except Exception as error:
        prepare_folder(folder)
        (folder / "error.txt").write_text(traceback.format_exc(), encoding="utf-8")
        trouble = f"{rung.name}: {type(error).__name__}: {error}; see {folder / 'error.txt'}"
    print(f"error: {trouble}", file=sys.stderr)
    return Row(rung, record, trouble)


def bar(task: Task) -> Callable[[Iterable[int]], Iterable[int]]:
    """Progress, gone when done."""
    return partial(with_bar, unit="picture", title=f"  {task.key} {task.title}", keep=False)


def outcome(row: Row, task: Task) -> str:
    """One task in one line: its first figure in full words, and the time."""
    assert row.record
    pairs = zip(task.figures, row.figures(task), strict=True)
    figures = "   ".join(f"{name.replace('_', ' ')} {value:.2f} %" for name, value in pairs)
    return f"{task.key} {task.title:<11} {figures:<34} {row.record.tasks[task.key].milliseconds:8.2f} ms"


def earlier(rung: Rung, effort: Effort, lessons: Lessons, folder: Path) -> Row | None:
    """A rung that was not asked for, as far as it is finished."""
    try:
        record = plan(rung, effort, lessons, folder).kept()
    except DigitReaderError:
        return None
    if record:
        forget_others(rung, record, effort, lessons)
    return Row(rung, record, "not asked yet") if record and record.tasks else None


def write_table(rows: Sequence[Row], effort: Effort, quick: bool, out: Path) -> str:
    """table.md, table.json and table.png; returns the table for the terminal."""
    table = tabulate(rows)
    below = legend({task.key: (effort.count(task, RUNGS[0]), effort.count(task, RUNGS[-1])) for task in TASKS})
    if quick:
        below.insert(0, "A QUICK LOOK: little training and few pictures; figures of the full run are higher")
    machine = f"{os.cpu_count()} CPU cores, {torch.get_num_threads()} threads, torch {torch.__version__}"
    below.append(f"measured on {machine}")
    with appearing(out / "table.md") as file:
        file.write(as_markdown(table, below))
    head = {"quick": quick, "effort": asdict(effort), "machine": machine}
    write_json(out / "table.json", head | {"rungs": as_record(rows)}, indent=1)
    draw_table(out / "table.png", rows, table, below)
    return as_text(table, below)


def read_one_strip(rows: Sequence[Row], lessons: Lessons, out: Path) -> None:
    """hard_strip.png."""
    task = next(task for task in TASKS if task.preset == "loose-strips")
    scene = lessons.pictures(task)[HARD_STRIP]
    readings = [
        StripReading(
            f"rung {row.rung.number}, {row.rung.name}", reader_of(row.rung, out / row.rung.name).page(scene.image)
        )
        for row in rows
        if row.rung.name in ON_ONE_STRIP and row.record
    ]
    if readings:
        draw_strip(out / "hard_strip.png", scene.image, "".join(scene.lines or ()), readings)


def main(args: Args) -> int:
    rungs, effort = choose(args.only), effort_of(args)
    out = args.out or Path("runs/ladder-quick" if args.quick else "runs/ladder")
    prepare_folder(out)
    if args.threads is not None:
        torch.set_num_threads(args.threads)
    lessons, rows, shown = Lessons(args.mnist_dir), {}, ""
    for rung in RUNGS:
        if rung not in rungs and (row := earlier(rung, effort, lessons, out / rung.name)):
            rows[rung.name] = row
    for rung in rungs:
        rows[rung.name] = climb(rung, effort, lessons, out / rung.name, args.again)
        ordered = [rows[each.name] for each in RUNGS if each.name in rows]
        shown = write_table(ordered, effort, args.quick, out)
    for row in ordered:
        if row.record:
            clock(row.rung, row.record, lessons, out / row.rung.name)
    shown = write_table(ordered, effort, args.quick, out)
    read_one_strip(ordered, lessons, out)
    print(f"\n{shown}\n\nwrote {out / 'table.md'}, table.json, table.png, hard_strip.png, and a folder for each rung")
    return 1 if any(rows[rung.name].trouble for rung in rungs) else 0


if __name__ == "__main__":
    run(main, Args, __doc__, interrupted="stopped; what is finished is kept: the same command goes on from there.")
