"""Measures how fast scenes are drawn, detectors trained and pictures read, beside other detectors and the goals.

    python tools/benchmark.py                                          # everything, about ten minutes on two cores
    python tools/benchmark.py --quick                                  # a first look at every section
    python tools/benchmark.py --sections train infer --threads 2 --markdown out/speed.md
    python tools/benchmark.py --sections scenes --presets paper --workers 1
    python tools/benchmark.py --sections windows                       # the sliding window's one pass
    python tools/benchmark.py --sections serve                         # 16 clients for a minute, malformed requests
    python tools/benchmark.py --sections infer --weights runs/NAME/best.safetensors

Run it on a machine that does nothing else. What is compared is measured in turns; figures are medians, with quartiles.
Under --out: benchmark.json with every sample, and benchmark.png, which shows how time grows.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2

from detector.benchmark.goals import Report, as_markdown, as_text, goal_rows, section_text
from detector.benchmark.machine import cores, describe, was_busy
from detector.benchmark.sections import SECTIONS, Section, Setup, run_sections
from detector.benchmark.sizes import FULL, QUICK, Sizes
from detector.commands.entry import run
from detector.errors import OptionError
from detector.files import appearing, prepare_folder, write_json
from digit_scenes import get_preset

TOOLS = Path(__file__).parent


@dataclass(frozen=True)
class Args:
    sections: tuple[Section, ...] = ("scenes", "train", "infer", "read", "peers")
    """What to measure. `windows` is the gain of the sliding window's one pass; `serve` is a server under load, which
    needs the extra of that name."""
    quick: bool = False
    """Everything small, and few repeats: shows that it works, but measures nothing."""
    out: Path = Path("out/benchmark")
    """Folder for benchmark.json and benchmark.png."""
    markdown: Path | None = None
    """File for the table of goals alone, in Markdown."""
    model: str | None = None
    """Which detector; without it, the one that the weights are of."""
    weights: Path | None = None
    """PyTorch weights; without it, those that are shipped. The more a detector finds, the longer it takes."""
    onnx: bool = True
    """Measure ONNX Runtime too, where it is there; weights that are not shipped are exported for it."""
    device: str = "cpu"
    """Where PyTorch computes: cpu, cuda, ... Readers of files and peers are measured on the CPU."""
    threads: int | None = None
    """How many CPU threads to compute with; without it, as many as there are cores."""
    repeats: int | None = None
    """How often each is measured; four times as often where it takes milliseconds. 25, or 1 when quick."""
    presets: tuple[str, ...] = ("clean", "strips", "lines", "paper", "amounts")
    """For scenes: their presets."""
    count: int | None = None
    """For scenes: how many each process draws of each preset; 300, or 3 when quick."""
    workers: int = field(default_factory=cores)
    """For scenes, and for train on a GPU: how many processes draw scenes. For train on a CPU it is one."""
    batch_size: int = 16
    """For train, infer and peers: scenes in a training step, and pictures that take turns."""
    pictures: int | None = None
    """For read: small pictures in the folder; 1000, or 8 when quick."""


def sizes_of(args: Args) -> Sizes:
    options = {"repeats": args.repeats, "count": args.count, "pictures": args.pictures}
    counts = options | {"workers": args.workers, "batch-size": args.batch_size, "threads": args.threads}
    for name, value in counts.items():
        if value is not None and value < 1:
            raise OptionError(f"--{name}: expected 1 or more, got {value}; leave it out for the usual number.")
    given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    return replace(QUICK if args.quick else FULL, **given)


def main(args: Args) -> None:
    import torch  # not above: each process that draws scenes imports this file, and needs no networks

    from detector.benchmark.detector_under_test import DetectorUnderTest

    sizes = sizes_of(args)
    if not args.sections:
        raise OptionError(f"--sections: expected some of {', '.join(SECTIONS)}, got none; leave it out for all.")
    for preset in args.presets:
        get_preset(preset)
    prepare_folder(args.out)
    threads = args.threads or cores()
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
    setup = Setup(
        sizes,
        args.presets,
        args.workers,
        args.batch_size,
        plot=args.out / "benchmark.png",
        infer_tool=TOOLS / "infer.py",
        serve_tool=TOOLS / "serve.py",
    )
    settings = {name: str(value) if isinstance(value, Path) else value for name, value in asdict(args).items()}
    full_size = args.batch_size == Args.batch_size and sizes.are_full()
    report = Report(describe(threads), settings | asdict(sizes), full_size)
    if was_busy(report.machine):
        print("warning: this machine is busy with something else; the figures will be worth little.", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        detector = DetectorUnderTest(args.weights, args.model, args.device, threads, Path(folder), args.onnx)
        for section in run_sections(args.sections, setup, detector, report):
            print(f"\n{section}\n{section_text(report.sections[section])}", flush=True)
            for what in report.skipped[section]:
                print(f"  skipped: {what}", flush=True)
    write_json(args.out / "benchmark.json", report.as_json(), indent=1)
    rows = goal_rows(report)
    if args.markdown:
        with appearing(args.markdown) as file:
            file.write(as_markdown(rows))
    machine = ", ".join(f"{name} {value}" for name, value in report.machine.items())
    print(f"\n{as_text(rows)}\n\nmeasured on: {machine}")
    if not full_size:
        print("Sizes are not those that are asked for, so nothing is called reached or not.")


if __name__ == "__main__":
    run(main, Args, __doc__)
