"""The sections of the benchmark: what each of them measures, and on which pictures.

Modules that need torch are imported where they are used. Processes that draw scenes import what the main program does,
and should not wait for networks.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from PIL import Image

from detector.benchmark import reading
from detector.benchmark.goals import Report
from detector.benchmark.measure import Measurement
from detector.benchmark.sizes import Sizes
from detector.types import Target
from digit_scenes import SceneBatches, Scenes
from digit_scenes.glyphs.digits import load_digits
from digit_scenes.large import photographed_page, sheet
from digit_scenes.speed import scenes_per_second

if TYPE_CHECKING:
    from detector.benchmark.detector_under_test import DetectorUnderTest

Section = Literal["scenes", "train", "infer", "read", "peers", "windows", "serve"]
Findings = tuple[dict[str, Measurement], list[str]]
"""Measurements by name; and what was skipped, with the reason."""

STREAM_PRESETS = ("clean", "paper", "signs")  # of the scenes that training steps are fed with
SMALL_PICTURE_PRESETS = ("strips", "amounts")
SHEET_SIDE_PX = 768  # of sheets with more and more digits
DIGITS_PER_SHEET = 5  # on sheets of more and more pixels
TURNS_PER_REPEAT = 4  # for what takes milliseconds


@dataclass(frozen=True)
class Setup:
    """What all sections are measured with."""

    sizes: Sizes
    presets: tuple[str, ...]
    """Presets of the section `scenes`."""
    workers: int
    """Processes that draw scenes."""
    batch_size: int
    """Scenes in a training step, and pictures that take turns."""
    plot: Path
    """File for the figure of growth."""
    infer_tool: Path
    """`tools/infer.py`, which is measured as a whole command."""
    serve_tool: Path
    """`tools/serve.py`, which is started as a process of its own."""

    def crops(self) -> list[tuple[np.ndarray, Target]]:
        """A batch of scenes of 256x256: the preset `clean`, cropped."""
        from detector.benchmark.training import crop

        scenes = Scenes("clean", "val")
        return [crop(scene.image, scene.target) for scene in (scenes[index] for index in range(self.batch_size))]

    def images(self) -> list[np.ndarray]:
        """The images of `crops`, uint8 (256, 256, 3)."""
        return [image for image, _ in self.crops()]

    def small_pictures(self, folder: Path) -> list[Path]:
        """Write files of small pictures, the same in each run."""
        scenes = [Scenes(preset, "test") for preset in SMALL_PICTURE_PRESETS]
        paths = [folder / f"{index}.png" for index in range(self.sizes.pictures)]
        for index, path in enumerate(paths):
            Image.fromarray(scenes[index % len(scenes)][index // len(scenes)].image).save(path)
        return paths


def run_sections(
    sections: Iterable[Section], setup: Setup, detector: DetectorUnderTest, report: Report
) -> Iterator[Section]:
    """Measure the sections, each once. Yields each as soon as its findings are in the report."""
    for section in dict.fromkeys(sections):
        measurements, skipped = SECTIONS[section](setup, detector)
        report.sections[section], report.skipped[section] = measurements, skipped + detector.skipped
        detector.skipped = []
        yield section


def measure_scenes(setup: Setup, detector: DetectorUnderTest) -> Findings:
    """Scenes a second of each preset, drawn by all processes."""
    rates = {name: scenes_per_second(name, setup.sizes.count, setup.workers) for name in setup.presets}
    unit = f"scenes/s, {setup.workers} processes"
    return {name: Measurement((rate,), unit) for name, rate in rates.items()}, []


def measure_training(setup: Setup, detector: DetectorUnderTest) -> Findings:
    """Training steps on one batch, and on scenes that are drawn beside the training."""
    from detector.benchmark import training

    repeats = setup.sizes.repeats
    measurements, skipped = training.time_training(detector.model, setup.crops(), repeats, detector.device)
    on_gpu = detector.device.type != "cpu"  # then the cores have nothing else to do
    processes, drawn_by = (setup.workers, f"{setup.workers} processes") if on_gpu else (1, "one process")
    for preset in STREAM_PRESETS:
        batches = SceneBatches({preset: 1.0}, setup.batch_size, 0)
        stream = training.time_stream(detector.model, batches, processes, repeats, detector.device)
        measurements |= {f"fed with {preset} by {drawn_by}, {name}": one for name, one in stream.items()}
    return measurements, skipped


def measure_inference(setup: Setup, detector: DetectorUnderTest) -> Findings:
    """One picture at a time, and how the time grows with its area and its digits; draws the plot."""
    from detector.benchmark import inference
    from detector.benchmark.growth import save_growth

    sizes, networks = setup.sizes, detector.networks
    turns = TURNS_PER_REPEAT * sizes.repeats
    measurements, skipped = inference.time_inference(networks, detector.model, setup.images(), turns)
    reader = next(iter(detector.readers.values()))
    growth = inference.time_growth(
        inference.detect_functions(networks) | {f"whole reading, {reader.model.runtime}": reader.page},
        {side: sheet(side, DIGITS_PER_SHEET).image for side in sizes.sides},
        {count: sheet(SHEET_SIDE_PX, count).image for count in sizes.digits},
        sizes.repeats,
    )
    save_growth(setup.plot, growth.by_side, growth.by_digits)
    return measurements | growth.measurements(reader.model.runtime), skipped


def measure_reading(setup: Setup, detector: DetectorUnderTest) -> Findings:
    """A photograph from file to text, a folder of small pictures, and infer.py as a whole command."""
    sizes, folder = setup.sizes, detector.folder
    photograph, huge = folder / "photograph.jpg", folder / "huge.jpg"
    page = photographed_page(sizes.photograph)
    Image.fromarray(page.image).save(photograph, quality=90)
    Image.fromarray(photographed_page(sizes.huge).image).save(huge, quality=90)
    paths = setup.small_pictures(folder)
    measurements = reading.time_photograph(detector.readers, photograph, page.lines or (), sizes.repeats)
    measurements |= reading.time_folder(next(iter(detector.readers.values())), paths)
    infer: list[str | Path] = [sys.executable, setup.infer_tool, *detector.infer_options]
    runs = [reading.time_and_memory([*infer, photograph]) for _ in range(sizes.commands)]
    seconds = tuple(seconds for seconds, _ in runs)
    measurements["infer.py on the photograph, whole command"] = Measurement(seconds, "s")
    _, peak = reading.time_and_memory([*infer, huge])
    measurements["peak memory"] = Measurement((peak,), "GB")
    return measurements, []


def measure_peers(setup: Setup, detector: DetectorUnderTest) -> Findings:
    """One picture at a time, beside the detectors of others."""
    from detector.benchmark import peers

    turns = TURNS_PER_REPEAT * setup.sizes.repeats
    return peers.time_peers(detector.networks, setup.images(), detector.folder, turns, detector.threads)


def measure_windows(setup: Setup, detector: DetectorUnderTest) -> Findings:
    """The sliding window's pass over all windows, and the accuracy of its classifier alone."""
    import torch

    from detector.benchmark import windows
    from detector.models.sliding_window import SlidingWindow
    from detector.reading.loading import load

    device = detector.device
    model = load(model="sliding-window", device=str(device), runtime="torch").model
    assert isinstance(model, SlidingWindow)
    image = torch.tensor(Scenes("clean", "val")[0].image, device=device).permute(2, 0, 1) / 255  # (3, H, W)
    measurements = windows.time_windows(model, image, setup.sizes.repeats)
    digits = load_digits("test")
    pixels = torch.tensor(digits.images, device=device) / 255
    labels = torch.tensor(digits.labels, device=device)
    share = windows.share_of_digits_right(model, pixels, torch.tensor(digits.boxes), labels)
    return measurements | {"MNIST test digits right": Measurement((100 * share,), "%")}, []


def measure_serving(setup: Setup, detector: DetectorUnderTest) -> Findings:
    """A server under load, and after malformed requests."""
    from detector.benchmark import serving

    files = [path.read_bytes() for path in setup.small_pictures(detector.folder)]
    pairs = zip(detector.infer_options[::2], detector.infer_options[1::2], strict=True)
    options = [word for pair in pairs if pair[0] != "--device" for word in pair]
    reader = next(iter(detector.readers.values()))
    with serving.running_server(setup.serve_tool, [*options, "--timeout", "10"], detector.folder) as server:
        measurements = serving.time_serving(server, reader, files, setup.sizes.serving)
        return measurements | serving.send_malformed(server, setup.sizes.malformed), []


SECTIONS: dict[Section, Callable[[Setup, DetectorUnderTest], Findings]] = {
    "scenes": measure_scenes,
    "train": measure_training,
    "infer": measure_inference,
    "read": measure_reading,
    "peers": measure_peers,
    "windows": measure_windows,
    "serve": measure_serving,
}
