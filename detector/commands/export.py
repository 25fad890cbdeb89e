"""Writes a detector as an ONNX file, which reads the same without PyTorch.

    digit-reader export                                             # the shipped one, to out/faster-rcnn.onnx
    digit-reader export --model sliding-window --check 500
    digit-reader export --weights runs/NAME/best.safetensors --out digits.onnx
    digit-reader read photo.jpg --weights digits.onnx

Pixels in (uint8), boxes, labels and scores out; any number of pictures of any size at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import detector
from detector.commands.options import IfGiven
from detector.errors import OptionError
from detector.reading.loading import WEIGHTS_SUFFIXES


@dataclass(frozen=True)
class Args:
    model: IfGiven[str] = None
    """Which of the shipped detectors; with --weights, the one that they are of."""
    weights: IfGiven[Path] = None
    """Weights file; without it, those that are shipped."""
    out: IfGiven[Path] = None
    """File to write; without it, out/ and the detector's name."""
    int8: bool = False
    """Write NAME.int8.onnx, too: the network in int8, for processors with instructions for it. Its ranges are measured
    on validation scenes."""
    check: int = 20
    """On how many scenes, of all presets and many sizes, the file is compared with what it was made of; 0 for none,
    which needs neither a checkout of the project nor its extra `train`."""


def main(args: Args) -> None:
    if args.check < 0:
        raise OptionError(f"--check: expected 0 or more, got {args.check}.")
    if args.check or args.int8:
        expect_scenes()
    # Here, because they take seconds, which --help need not wait for.
    from detector.export.onnx import compare, export
    from detector.export.quantise import RANGE_IMAGE_COUNT, quantise
    from detector.models.base import Detector

    reader = detector.load(args.weights, model=args.model, runtime="torch")
    network = reader.model
    assert isinstance(network, Detector), "the runtime is PyTorch"
    path = args.out or Path("out") / f"{network.name}.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    export(network, path, reader.calibration)
    print(f"wrote {path} ({path.stat().st_size / 1e6:.1f} MB); read with it: digit-reader read --weights {path}")
    written = [path]
    if args.int8:
        written.append(path.with_suffix(WEIGHTS_SUFFIXES["int8"]))
        count = quantise(path, written[-1], scenes(RANGE_IMAGE_COUNT))
        print(f"wrote {written[-1]} ({written[-1].stat().st_size / 1e6:.1f} MB), {count} convolutions in int8")
    for file in written if args.check else []:
        found = compare(network, detector.load(file).model, scenes(args.check))
        print(
            f"{file.name}, compared on {found.pictures} scenes: {found.other_digits} with other digits; in the others, "
            f"boxes differ by {found.max_box_difference_px:.2g} pixels at most, and scores by "
            f"{found.max_score_difference:.2g}"
        )


# What makes scenes needs the extra `train`, and an export that is not compared with anything does without it.


def expect_scenes() -> None:
    """Raise OptionError, before anything is written, where scenes cannot be made."""
    from digit_scenes.glyphs.digits import MNIST_DIR

    if not MNIST_DIR.is_dir():
        raise OptionError(
            "--check, --int8: expected MNIST's digits, to make scenes of, got none, since the installed package does "
            "not carry them; work in a checkout of the project, or export with --check 0 and without --int8."
        )


def scenes(count: int) -> Iterator[NDArray[np.uint8]]:
    """Pictures of scenes, uint8 (H, W, 3), of every preset in turn."""
    from digit_scenes.stream import images_of_all_presets

    return images_of_all_presets(count)
