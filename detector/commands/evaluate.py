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
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import tyro

import detector
from detector.categories import CATEGORIES
from detector.commands.options import IfGiven, NetworkOptions, one_of
from detector.errors import OptionError
from detector.files import prepare_folder, write_json
from detector.progress import with_bar
from detector.scoring.evaluation import evaluate, format_confusions, format_table, save
from detector.scoring.failures import save_failures
from digit_scenes import PRESET_NAMES, Scenes
from digit_scenes.coco import CocoDataset, read_coco
from digit_scenes.glyphs.real_ink import RealInk
from digit_scenes.manifest import Manifest, read_manifest


@dataclass(frozen=True)
class PictureOptions:
    """What to score on: --preset, --data, --annotations or --lines."""

    preset: Annotated[IfGiven[str], tyro.conf.arg(help=f"Scenes of this preset: {one_of(PRESET_NAMES)}.")] = None
    data: IfGiven[Path] = None
    """A COCO dataset: a folder with annotations.json and images/."""
    annotations: IfGiven[Path] = None
    """Any COCO file of which the categories are named 0 to 9 ..."""
    images: IfGiven[Path] = None
    """... and whose pictures lie here; without it, in images/ beside the file."""
    lines: IfGiven[Path] = None
    """Pictures of which only the text is known: a CSV file with the columns file and lines, and perhaps written."""
    count: IfGiven[int] = None
    """The first so many pictures; without it 1000 of a preset, all of a dataset."""
    split: Literal["train", "val", "test"] = "test"
    """For a preset: whose digits are drawn from."""
    seed: int = 0
    """For a preset: another seed gives other scenes."""
    mnist_dir: IfGiven[Path] = None
    """For a preset: folder with other digits in IDX form."""
    ink_dir: IfGiven[Path] = None
    """For a preset: folder with files of real ink, to be among its digits."""
    ink_share: float = 0.3
    """Which share of the handwritten digits they are."""


@dataclass(frozen=True)
class FileOptions:
    out: IfGiven[Path] = None
    """Folder for metrics.json, confusion.png, risk_coverage.png and pr_curve.png."""
    coco_results: IfGiven[Path] = None
    """File for all detections in COCO's results format."""
    failures: IfGiven[Path] = None
    """Folder for the pictures that were read wrongly: failures.csv, failures.png, 001_name.png, ..."""
    most_failures: int = 200
    """How many of them are drawn at most."""


@dataclass(frozen=True)
class Args:
    pictures: PictureOptions = field(default_factory=PictureOptions)
    network: NetworkOptions = field(default_factory=NetworkOptions)
    min_score: IfGiven[float] = None
    """Working threshold for digits and text; without it, the reader's own. AP takes all scores."""
    output: FileOptions = field(default_factory=FileOptions)


def opened(asked: PictureOptions) -> Scenes | CocoDataset | Manifest:
    """What to score on."""
    chosen = [name for name in ("preset", "data", "annotations", "lines") if getattr(asked, name) is not None]
    if len(chosen) != 1:
        got = " and ".join(f"--{name}" for name in chosen) or "none"
        raise OptionError(f"expected one of --preset, --data, --annotations and --lines to score on, got {got}.")
    if asked.images and not asked.annotations:
        raise OptionError(f"--images {asked.images}: expected --annotations with it, got --{chosen[0]}.")
    if asked.preset:
        ink = RealInk.of_options(asked.ink_dir, asked.ink_share)
        return Scenes(asked.preset, asked.split, asked.seed, asked.mnist_dir, ink)
    if asked.data:
        return read_coco(asked.data / "annotations.json", asked.data / "images")
    if asked.annotations:
        return read_coco(asked.annotations, asked.images or asked.annotations.parent / "images")
    assert asked.lines
    return read_manifest(asked.lines)


def name_of(data: Scenes | CocoDataset | Manifest, index: int) -> str:
    """What a picture is called among its failures."""
    if isinstance(data, CocoDataset):
        return str(data.records[index]["file_name"])
    return data.paths[index].name if isinstance(data, Manifest) else f"scene-{index:05d}"


def main(args: Args) -> int:
    files = args.output
    data = opened(args.pictures)
    if files.most_failures < 1:
        raise OptionError(f"--most-failures: expected 1 or more, got {files.most_failures}.")
    if files.coco_results and isinstance(data, Manifest):
        raise OptionError(
            "--coco-results: expected a preset or a COCO dataset, got --lines, whose pictures have no ids."
        )
    for folder in (files.out, files.failures, files.coco_results and files.coco_results.parent):
        if folder:
            prepare_folder(folder)
    count = 1000 if args.pictures.count is None else args.pictures.count
    if not isinstance(data, Scenes):
        count = len(data) if args.pictures.count is None else min(args.pictures.count, len(data))
    reader = detector.load(
        args.network.weights,
        model=args.network.model,
        device=args.network.device,
        min_score=args.min_score,
        threads=args.network.threads,
        runtime=args.network.runtime,
    )
    evaluation = evaluate(
        reader,
        data,
        count,
        calibration=reader.calibration,
        ground_truth=data.ground_truth if isinstance(data, CocoDataset) else None,
        categories=reader.categories,
        true_categories=data.categories if isinstance(data, CocoDataset) else CATEGORIES,
        progress=partial(with_bar, unit="picture"),
    )
    print(format_table(evaluation.blocks))
    print(format_confusions(evaluation.confusion))
    if files.out:
        save(evaluation, files.out)
    if files.coco_results:
        write_json(files.coco_results, evaluation.results)
    if files.failures:
        failed = save_failures(
            files.failures, evaluation.image_results, data, partial(name_of, data), files.most_failures
        )
        print(f"read wrongly: {failed} pictures, see {files.failures}" if failed else "read wrongly: no picture")
    for reason in evaluation.unread.values():
        print(f"error: {reason}", file=sys.stderr)
    return 1 if evaluation.unread else 0
