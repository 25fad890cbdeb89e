"""Measures how fast scenes are drawn, pictures read and training steps made, and where the time goes.

    python tools/benchmark.py --count 20 --repeats 2
    python tools/benchmark.py --presets clean paper --out out/benchmark.json
    python tools/benchmark.py --no-scenes --no-network                       # the sliding window's one pass
    python tools/benchmark.py --presets paper --no-scenes --threads 1 --weights runs/NAME/best.safetensors

Run it on a machine that does nothing else.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import tyro

import detector
from detector.errors import DigitReaderError, OptionError
from detector.evaluation import write_json
from digit_scenes import Scenes
from digit_scenes.digits import load_digits
from digit_scenes.speed import scenes_per_second


@dataclass(frozen=True)
class Args:
    presets: tuple[str, ...] = ("clean", "strips", "lines", "paper", "amounts")
    """What the scenes look like."""
    scenes: bool = True
    """Measure how fast scenes are drawn."""
    network: bool = True
    """Measure how fast pictures are read and training steps are made."""
    windows: bool = True
    """Measure what the sliding window gains by one pass over all windows, and how many digits it gets right alone."""
    count: int = 300
    """Scenes that each process draws of each preset."""
    workers: int = os.cpu_count() or 1
    """How many processes draw."""
    model: str | None = None
    """Which detector; without it, the one that the weights are of."""
    weights: Path | None = None
    """Weights file; without it, those that are shipped. What a detector finds decides what it costs."""
    device: str = "cpu"
    """Where to compute: cpu, cuda, ..."""
    threads: int | None = None
    """How many CPU threads to compute with; without it, as many as there are cores."""
    batch_size: int = 16
    """Scenes in a training step, and pictures that are read, one at a time."""
    repeats: int = 5
    """How often each is measured; the median counts."""
    out: Path | None = None
    """JSON file for the figures."""


def network_times(args: Args) -> dict[str, float]:
    """Milliseconds a picture and a training step, for each preset and part."""
    import torch

    from detector.base import as_tensor
    from detector.speed import time_prediction, time_training_step

    if args.threads is not None:
        torch.set_num_threads(args.threads)
    reader = detector.load(args.weights, model=args.model, device=args.device)
    figures = {}
    for preset in args.presets:
        scenes = Scenes(preset, "val")
        batch = [scenes[index] for index in range(args.batch_size)]
        images, targets = [as_tensor(scene.image, reader.device) for scene in batch], [scene.target for scene in batch]
        reading = time_prediction(reader.model, images, args.repeats)
        training = time_training_step(reader.model, images, targets, args.repeats)
        figures |= {f"{preset}: read a picture, {part}, ms": value for part, value in reading.items()}
        figures |= {f"{preset}: train on {args.batch_size}, {part}, ms": value for part, value in training.items()}
    return figures


def window_figures(args: Args) -> dict[str, float]:
    """The sliding window's classifier: all windows of a scene in one pass and one by one, and MNIST's test digits."""
    import torch

    from detector.base import as_tensor
    from detector.sliding_window import SlidingWindow
    from detector.speed import share_of_digits_right, time_windows

    if args.threads is not None:
        torch.set_num_threads(args.threads)
    model = detector.load(model="sliding-window", device=args.device).model
    assert isinstance(model, SlidingWindow)
    device = torch.device(args.device)
    figures = time_windows(model, as_tensor(Scenes("clean", "val")[0].image, device), args.repeats)
    digits = load_digits("test")
    pixels, labels = (
        torch.tensor(digits.images, device=device).float() / 255,
        torch.tensor(digits.labels, device=device),
    )
    share = share_of_digits_right(model, pixels, torch.tensor(digits.boxes), labels)
    figures["MNIST test digits right, %"] = 100 * share
    return {f"sliding window: {name}": value for name, value in figures.items()}


def main(args: Args) -> None:
    for name in ("count", "workers", "batch_size", "repeats"):
        if getattr(args, name) < 1:
            raise OptionError(f"--{name.replace('_', '-')}: expected 1 or more, got {getattr(args, name)}.")
    figures = {}
    if args.scenes:
        for preset in args.presets:
            rate = scenes_per_second(preset, args.count, args.workers)
            figures[f"{preset}: scenes/s, {args.workers} processes"] = rate
    if args.network:
        figures |= network_times(args)
    if args.windows:
        figures |= window_figures(args)
    for name, value in figures.items():
        print(f"{name:<44} {value:10.4g}" if value < 100 else f"{name:<44} {value:10.1f}")
    if args.out:
        write_json(args.out, figures, indent=2)


if __name__ == "__main__":
    try:
        main(tyro.cli(Args, description=__doc__))
    except DigitReaderError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
