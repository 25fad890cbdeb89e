"""Measures how fast scenes are drawn, detectors trained and pictures read, beside others, and what is asked of it.

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
from typing import TYPE_CHECKING, Any, Literal

import cv2
import numpy as np
from PIL import Image

import detector
from detector.benchmark import reading
from detector.benchmark.goals import Report, as_markdown, as_text, goal_rows, section_text
from detector.benchmark.machine import cores, describe, was_busy
from detector.benchmark.measure import Measurement
from detector.commands.entry import run
from detector.errors import OptionError
from detector.files import appearing, prepare_folder, write_json
from detector.types import Target
from digit_scenes import SceneBatches, Scenes, get_preset
from digit_scenes.glyphs.digits import load_digits
from digit_scenes.large import photographed_page, sheet
from digit_scenes.speed import scenes_per_second

if TYPE_CHECKING:  # each process that draws scenes imports this file, and needs none of the networks
    from detector.benchmark.detector_under_test import DetectorUnderTest

Section = Literal["scenes", "train", "infer", "read", "peers", "windows", "serve"]
Findings = tuple[dict[str, Measurement], list[str]]
INFER, SERVE = (Path(__file__).with_name(name) for name in ("infer.py", "serve.py"))
FED = ("clean", "paper", "signs")  # presets that steps are fed from
SHEET, FEW = 768, 5  # side of the sheets with more and more digits; digits on sheets of more and more pixels
SMALL = ("strips", "amounts")  # presets of the pictures in the folder
SHORT = 4  # times as many turns for what takes milliseconds


@dataclass(frozen=True)
class Effort:
    """How much is measured. Sizes of pictures are heights and widths in pixels."""

    repeats: int = 25
    count: int = 300
    pictures: int = 1000
    photograph: tuple[int, int] = (3000, 4000)
    huge: tuple[int, int] = (6000, 8000)
    sides: tuple[int, ...] = (128, 256, 384, 512, 768, 1024, 1536)
    digits: tuple[int, ...] = (0, 10, 30, 100, 200, 300)
    commands: int = 3
    serving: float = 60.0  # seconds
    malformed: int = 10_000  # requests


FULL = Effort()
QUICK = Effort(1, 3, 8, (300, 400), (600, 800), (128, 256), (0, 30), 1, 1.0, 40)


@dataclass(frozen=True)
class Args:
    sections: tuple[Section, ...] = ("scenes", "train", "infer", "read", "peers")
    """What to measure; windows is what the sliding window gains by one pass over all windows, serve a server
    under load, which needs the extra `serve`."""
    quick: bool = False
    """Everything small and seldom: shows that it works, and is no measurement."""
    out: Path = Path("out/benchmark")
    """Folder for benchmark.json and benchmark.png."""
    markdown: Path | None = None
    """File for the table of what is asked and what came, and nothing else."""
    model: str | None = None
    """Which detector; without it, the one that the weights are of."""
    weights: Path | None = None
    """PyTorch weights; without it, those that are shipped. What a detector finds decides what it costs."""
    onnx: bool = True
    """Measurement ONNX Runtime too, where it is there; weights that are not shipped are exported for it."""
    device: str = "cpu"
    """Where PyTorch computes: cpu, cuda, ... Readers of files and peers are measured on the CPU."""
    threads: int | None = None
    """How many CPU threads to compute with; without it, as many as there are cores."""
    repeats: int | None = None
    """How often each is measured, in turns, and four times as often what is short; 25, or 1 when quick."""
    presets: tuple[str, ...] = ("clean", "strips", "lines", "paper", "amounts")
    """For scenes: what they look like."""
    count: int | None = None
    """For scenes: how many each process draws of each preset; 300, or 3 when quick."""
    workers: int = field(default_factory=cores)
    """For scenes, and for train on a GPU: how many processes draw. On a CPU one draws beside the training."""
    batch_size: int = 16
    """For train, infer and peers: scenes in a training step, and pictures that take turns."""
    pictures: int | None = None
    """For read: small pictures in the folder; 1000, or 8 when quick."""


def crops(count: int) -> list[tuple[np.ndarray, Target]]:
    """Scenes of 256x256: what `clean` draws, cropped."""
    from detector.benchmark.training import crop

    drawn = Scenes("clean", "val")
    return [crop(scene.image, scene.target) for scene in (drawn[index] for index in range(count))]


def scenes(args: Args, effort: Effort, subject: DetectorUnderTest) -> Findings:
    rates = {name: scenes_per_second(name, effort.count, args.workers) for name in args.presets}
    unit = f"scenes/s, {args.workers} processes"
    return {name: Measurement((rate,), unit) for name, rate in rates.items()}, []


def train(args: Args, effort: Effort, subject: DetectorUnderTest) -> Findings:
    from detector.benchmark import training

    found, skipped = training.time_training(subject.model, crops(args.batch_size), effort.repeats, subject.device)
    on_gpu = subject.device.type != "cpu"  # then the cores have nothing else to do
    processes, drawn_by = (args.workers, f"{args.workers} processes") if on_gpu else (1, "one process")
    for preset in FED:
        batches = SceneBatches({preset: 1.0}, args.batch_size, 0)
        fed = training.time_stream(subject.model, batches, processes, effort.repeats, subject.device)
        found |= {f"fed with {preset} by {drawn_by}, {name}": measurement for name, measurement in fed.items()}
    return found, skipped


def infer(args: Args, effort: Effort, subject: DetectorUnderTest) -> Findings:
    from detector.benchmark import inference
    from detector.benchmark.growth import save_growth

    pictures = [image for image, _ in crops(args.batch_size)]
    found, skipped = inference.time_inference(subject.networks, subject.model, pictures, SHORT * effort.repeats)
    reader = next(iter(subject.readers.values()))
    growth = inference.time_growth(
        inference.detect_functions(subject.networks) | {f"whole reading, {reader.model.runtime}": reader.page},
        {side: sheet(side, FEW).image for side in effort.sides},
        {count: sheet(SHEET, count).image for count in effort.digits},
        effort.repeats,
    )
    save_growth(args.out / "benchmark.png", growth.by_side, growth.by_digits)
    return found | growth.measurements(reader.model.runtime), skipped


def read(args: Args, effort: Effort, subject: DetectorUnderTest) -> Findings:
    photograph, huge = subject.folder / "photograph.jpg", subject.folder / "huge.jpg"
    page = photographed_page(effort.photograph)
    Image.fromarray(page.image).save(photograph, quality=90)
    Image.fromarray(photographed_page(effort.huge).image).save(huge, quality=90)
    paths = small_pictures(subject.folder, effort.pictures)
    found = reading.time_photograph(subject.readers, photograph, page.lines or (), effort.repeats)
    found |= reading.time_folder(next(iter(subject.readers.values())), paths)
    infer: list[str | Path] = [sys.executable, INFER, *subject.infer_options]
    watched = [reading.time_and_memory([*infer, photograph]) for _ in range(effort.commands)]
    found["infer.py on the photograph, whole command"] = Measurement(tuple(seconds for seconds, _ in watched), "s")
    _, peak = reading.time_and_memory([*infer, huge])
    found["peak memory"] = Measurement((peak,), "GB")
    return found, []


def small_pictures(folder: Path, count: int) -> list[Path]:
    """Files of them, all alike from run to run."""
    rows = [Scenes(preset, "test") for preset in SMALL]
    paths = [folder / f"{number}.png" for number in range(count)]
    for number, path in enumerate(paths):
        Image.fromarray(rows[number % len(rows)][number // len(rows)].image).save(path)
    return paths


def compare(args: Args, effort: Effort, subject: DetectorUnderTest) -> Findings:
    from detector.benchmark import peers

    pictures = [image for image, _ in crops(args.batch_size)]
    return peers.time_peers(subject.networks, pictures, subject.folder, SHORT * effort.repeats, subject.threads)


def one_pass(args: Args, effort: Effort, subject: DetectorUnderTest) -> Findings:
    import torch

    from detector.benchmark import windows
    from detector.models.sliding_window import SlidingWindow

    model = detector.load(model="sliding-window", device=args.device, runtime="torch").model
    assert isinstance(model, SlidingWindow)
    picture = torch.tensor(Scenes("clean", "val")[0].image, device=subject.device).permute(2, 0, 1) / 255
    found = windows.time_windows(model, picture, effort.repeats)
    digits = load_digits("test")
    pixels = torch.tensor(digits.images, device=subject.device) / 255
    labels = torch.tensor(digits.labels, device=subject.device)
    share = windows.share_of_digits_right(model, pixels, torch.tensor(digits.boxes), labels)
    return found | {"MNIST test digits right": Measurement((100 * share,), "%")}, []


def serve(args: Args, effort: Effort, subject: DetectorUnderTest) -> Findings:
    from detector.benchmark import serving

    files = [path.read_bytes() for path in small_pictures(subject.folder, effort.pictures)]
    pairs = zip(subject.infer_options[::2], subject.infer_options[1::2], strict=True)
    options = [word for pair in pairs if pair[0] != "--device" for word in pair]
    reader = next(iter(subject.readers.values()))
    with serving.running_server(SERVE, [*options, "--timeout", "10"], subject.folder) as server:
        found = serving.time_serving(server, reader, files, effort.serving)
        return found | serving.send_malformed(server, effort.malformed), []


WAYS = {
    "scenes": scenes,
    "train": train,
    "infer": infer,
    "read": read,
    "peers": compare,
    "windows": one_pass,
    "serve": serve,
}


def effort_of(args: Args) -> Effort:
    asked = {"repeats": args.repeats, "count": args.count, "pictures": args.pictures}
    numbers = asked | {"workers": args.workers, "batch-size": args.batch_size, "threads": args.threads}
    for name, value in numbers.items():
        if value is not None and value < 1:
            raise OptionError(f"--{name}: expected 1 or more, got {value}; leave it out for the usual number.")
    given: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    return replace(QUICK if args.quick else FULL, **given)


def main(args: Args) -> None:
    import torch

    from detector.benchmark.detector_under_test import DetectorUnderTest

    effort = effort_of(args)
    if not args.sections:
        raise OptionError(f"--sections: expected some of {', '.join(WAYS)}, got none; leave it out for all.")
    for preset in args.presets:
        get_preset(preset)
    prepare_folder(args.out)
    threads = args.threads or cores()
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
    full_size = args.batch_size == Args.batch_size and effort == replace(
        FULL, repeats=effort.repeats, count=effort.count
    )
    settings = {name: str(value) if isinstance(value, Path) else value for name, value in asdict(args).items()}
    report = Report(describe(threads), settings | asdict(effort), full_size)
    if was_busy(report.machine):
        print("warning: this machine is busy with something else; the figures will be worth little.", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        subject = DetectorUnderTest(args.weights, args.model, args.device, threads, Path(folder), args.onnx)
        for section in dict.fromkeys(args.sections):
            found, skipped = WAYS[section](args, effort, subject)
            report.sections[section], report.skipped[section] = found, skipped + subject.skipped
            subject.skipped = []
            print(f"\n{section}\n{section_text(found)}", flush=True)
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
