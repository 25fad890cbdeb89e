"""Scores a detector: boxes by COCO's rules, digits, lines of text, and time.

    digit-reader evaluate --preset clean --count 20
    digit-reader evaluate --preset paper --count 1000 --out out/paper --coco-results out/paper/results.json
    digit-reader evaluate --data path/to/dataset                # annotations.json and images/ in it
    digit-reader evaluate --annotations path/to/any.json --images path/to/pictures
    digit-reader evaluate --lines path/to/manifest.csv          # columns file, lines: '12 345|67' is two lines
    digit-reader evaluate --preset paper --count 200 --failures out/failures    # what was read wrongly, to look at

Prints a table; --out takes metrics.json, confusion.png, where text is known risk_coverage.png and, where boxes are
known, pr_curve.png; --failures takes the pictures that were read wrongly, drawn beside the truth, worst first. A
picture that cannot be read is reported and left out, and the exit status is then 1.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from tqdm import tqdm

import detector
from detector.errors import OptionError
from detector.files import prepare_folder, write_json
from detector.scoring.evaluation import evaluate, format_confusions, format_table, save
from detector.scoring.failures import save_failures
from digit_scenes import Scenes
from digit_scenes.coco import CocoDataset, read_coco
from digit_scenes.manifest import Manifest, read_manifest


@dataclass(frozen=True)
class Args:
    preset: str | None = None
    """Score on scenes of this preset: clean, strips, short-strips, loose-strips, lines, paper, amounts, hands, pages or
    places."""
    data: Path | None = None
    """Or on a COCO dataset: a folder with annotations.json and images/."""
    annotations: Path | None = None
    """Or on any COCO file of which the categories are named 0 to 9 ..."""
    images: Path | None = None
    """... and whose pictures lie here; without it, in images/ beside the file."""
    lines: Path | None = None
    """Or on pictures of which only the text is known: a CSV file with the columns file and lines."""
    split: Literal["train", "val", "test"] = "test"
    """For a preset: whose digits are drawn from."""
    seed: int = 0
    """For a preset: another seed gives other scenes."""
    mnist_dir: Path | None = None
    """For a preset: folder with other digits in IDX form."""
    count: int | None = None
    """The first so many pictures; without it 1000 of a preset, all of a dataset."""
    model: str | None = None
    """Which detector; without it, the one that the weights are of."""
    weights: Path | None = None
    """Weights file, .safetensors or .onnx; without it, those that are shipped."""
    runtime: Literal["int8", "onnx", "torch"] | None = None
    """What computes with the shipped weights; without it, ONNX Runtime where it is installed and they can be read with
    it, else PyTorch."""
    device: str = "cpu"
    """Where to compute: cpu, cuda, ..."""
    threads: int | None = None
    """How many CPU threads to compute with; without it, as many as there are cores."""
    min_score: float | None = None
    """Working threshold for digits and text; without it, the reader's own. AP takes all scores."""
    out: Path | None = None
    """Folder for metrics.json, confusion.png, risk_coverage.png and pr_curve.png."""
    coco_results: Path | None = None
    """File for all detections in COCO's results format."""
    failures: Path | None = None
    """Folder for the pictures that were read wrongly: failures.csv, failures.png, 001_name.png, ..."""
    most_failures: int = 200
    """How many of them are drawn at most."""


def pictures(args: Args) -> Scenes | CocoDataset | Manifest:
    """What to score on."""
    chosen = [name for name in ("preset", "data", "annotations", "lines") if getattr(args, name) is not None]
    if len(chosen) != 1:
        got = " and ".join(f"--{name}" for name in chosen) or "none"
        raise OptionError(f"expected one of --preset, --data, --annotations and --lines to score on, got {got}.")
    if args.images and not args.annotations:
        raise OptionError(f"--images {args.images}: expected --annotations with it, got --{chosen[0]}.")
    if args.preset:
        return Scenes(args.preset, args.split, args.seed, args.mnist_dir)
    if args.data:
        return read_coco(args.data / "annotations.json", args.data / "images")
    if args.annotations:
        return read_coco(args.annotations, args.images or args.annotations.parent / "images")
    assert args.lines
    return read_manifest(args.lines)


def name_of(data: Scenes | CocoDataset | Manifest, index: int) -> str:
    """What a picture is called among its failures."""
    if isinstance(data, CocoDataset):
        return str(data.records[index]["file_name"])
    return data.paths[index].name if isinstance(data, Manifest) else f"scene-{index:05d}"


def main(args: Args) -> int:
    data = pictures(args)
    if args.most_failures < 1:
        raise OptionError(f"--most-failures: expected 1 or more, got {args.most_failures}.")
    if args.coco_results and isinstance(data, Manifest):
        raise OptionError(
            "--coco-results: expected a preset or a COCO dataset, got --lines, whose pictures have no ids."
        )
    for folder in (args.out, args.failures, args.coco_results and args.coco_results.parent):
        if folder:
            prepare_folder(folder)
    count = 1000 if args.count is None else args.count
    if not isinstance(data, Scenes):
        count = len(data) if args.count is None else min(args.count, len(data))
    reader = detector.load(
        args.weights,
        model=args.model,
        device=args.device,
        min_score=args.min_score,
        threads=args.threads,
        runtime=args.runtime,
    )
    evaluation = evaluate(
        reader,
        data,
        count,
        calibration=reader.calibration,
        ground_truth=data.ground_truth if isinstance(data, CocoDataset) else None,
        progress=partial(tqdm, unit="picture"),
    )
    print(format_table(evaluation.metrics))
    print(format_confusions(evaluation.confusion))
    if args.out:
        save(evaluation, args.out)
    if args.coco_results:
        write_json(args.coco_results, evaluation.results)
    if args.failures:
        failed = save_failures(args.failures, evaluation.readings, data, partial(name_of, data), args.most_failures)
        print(f"read wrongly: {failed} pictures, see {args.failures}" if failed else "read wrongly: no picture")
    for reason in evaluation.unread.values():
        print(f"error: {reason}", file=sys.stderr)
    return 1 if evaluation.unread else 0
