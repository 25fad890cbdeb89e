"""Writes scenes of a preset as a COCO dataset: images/*.png and annotations.json.

    digit-reader dataset --preset clean --split test --count 20 --out out/clean --preview 20
    digit-reader dataset --preset paper --split test --count 1000 --seed 0 --out out/paper --workers 8
    digit-reader dataset --preset lines --split train --count 5000 --mnist-dir path/to/emnist --out out/emnist

The same settings write the same bytes, whatever the number of workers. Interrupted, it leaves at most a folder
*.partial.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import tyro

from detector.commands.options import IfGiven, one_of
from detector.progress import with_bar
from digit_scenes import PRESET_NAMES, Scenes
from digit_scenes.coco import dataset_head, write_coco
from digit_scenes.glyphs.real_ink import RealInk

INTERRUPTED = "error: interrupted; nothing was written under the name asked for."


@dataclass(frozen=True)
class Args:
    out: Path
    """Folder to write to; it must be new or empty."""
    preset: Annotated[str, tyro.conf.arg(help=f"What the scenes look like: {one_of(PRESET_NAMES)}.")] = "clean"
    split: Literal["train", "val", "test"] = "test"
    """Whose digits are drawn from; the splits share none."""
    count: int = 1000
    """How many scenes."""
    seed: int = 0
    """Another seed gives other scenes of the same kind."""
    workers: int = os.cpu_count() or 1
    """How many processes draw."""
    mnist_dir: IfGiven[Path] = None
    """Folder with other digits in IDX form (EMNIST, QMNIST, your own); without it, the embedded MNIST."""
    ink_dir: IfGiven[Path] = None
    """Folder with files of real ink, to be among MNIST's digits: which ones says docs/training.md."""
    ink_share: float = 0.3
    """Which share of the handwritten digits they are, in presets that show others beside MNIST's."""
    preview: int = 0
    """Also write preview.png, a contact sheet of the first so many scenes with their boxes and text."""
    overwrite: bool = False
    """Replace a dataset that is already there."""


def main(args: Args) -> None:
    ink = RealInk.of_options(args.ink_dir, args.ink_share)
    write_coco(
        args.out,
        Scenes(args.preset, args.split, args.seed, args.mnist_dir, ink),
        args.count,
        dataset_head(args.preset, args.split, args.seed, args.mnist_dir, ink),
        workers=args.workers,
        overwrite=args.overwrite,
        preview=args.preview,
        progress=partial(with_bar, total=args.count, unit="scene"),
    )
    print(f"{args.count} scenes in {args.out}")
