"""Writes a detector as an ONNX file, which reads the same without PyTorch.

    python tools/export.py                                             # the shipped one, to out/faster-rcnn.onnx
    python tools/export.py --model sliding-window
    python tools/export.py --weights runs/NAME/best.safetensors --out digits.onnx
    python tools/infer.py photo.jpg --weights digits.onnx

Pixels in (uint8), boxes, labels and scores out; any number of pictures of any size at a time.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import tyro

import detector
from detector.errors import DigitReaderError


@dataclass(frozen=True)
class Args:
    model: str | None = None
    """Which of the shipped detectors; with --weights, the one that they are of."""
    weights: Path | None = None
    """Weights file; without it, those that are shipped."""
    out: Path | None = None
    """File to write; without it, out/ and the detector's name."""


def main(args: Args) -> None:
    from detector.export import export  # here, because it takes seconds, which --help need not wait for

    network = detector.load(args.weights, model=args.model, runtime="torch").model
    path = args.out or Path("out") / f"{network.name}.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    export(network, path)
    print(f"wrote {path} ({path.stat().st_size / 1e6:.1f} MB); read with it: python tools/infer.py --weights {path}")


if __name__ == "__main__":
    try:
        main(tyro.cli(Args, description=__doc__))
    except DigitReaderError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
