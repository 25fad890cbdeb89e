"""What tools/benchmark.py measures, and the command itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from detector.benchmark import peers
from detector.benchmark.detector_under_test import DetectorUnderTest
from detector.benchmark.goals import GOALS
from detector.benchmark.growth import save_growth
from detector.benchmark.inference import Growth, detect_functions, time_growth
from detector.benchmark.measure import Measurement
from detector.benchmark.parts import time_prediction, time_training_step
from detector.benchmark.peers import PeerMissing, torchvision_assembly
from detector.benchmark.reading import time_and_memory, time_folder, time_photograph
from detector.benchmark.training import CroppedBatches, crop, time_stream, time_training
from detector.benchmark.windows import share_of_digits_right, time_windows
from detector.errors import DataError, ImageError, OptionError
from detector.models import checkpoint
from detector.models.sliding_window import SlidingWindow
from detector.reading.reader import Reader
from detector.types import Target
from digit_scenes.large import DRAWN_SIZE_PX, photographed_page, sheet
from digit_scenes.speed import scenes_per_second
from tests.fakes import FakeDetector, blank, draw_blobs
from tests.tiny import bars, tiny_detector, tiny_model

ROOT = Path(__file__).parents[2]
CPU = torch.device("cpu")


def ms(value: float) -> Measurement:
    return Measurement((value,), "ms")


# Training


def test_a_crop_keeps_the_digits_it_shows() -> None:
    image = np.zeros((100, 90, 3), np.uint8)
    boxes = np.array([[0, 0, 20, 20], [55, 10, 75, 30], [40, 50, 60, 66], [70, 70, 90, 100]], np.float32)
    target = Target(boxes, np.array([1, 2, 3, 4]), np.array([True, False, False, False]))
    cropped, seen = crop(image, target, 60)
    assert cropped.shape == (60, 60, 3)
    assert seen.boxes.tolist() == [[0, 0, 20, 20], [55, 10, 60, 30], [40, 50, 60, 60]]
    assert seen.labels.tolist() == [1, 2, 3]
    assert seen.ignore.tolist() == [True, True, False], "a quarter of the 2 is left, and most of the 3"
    small, none = crop(image[:30, :40], Target.empty(), 60)
    assert small.shape == (30, 40, 3)
    assert len(none) == 0


class Bars:
    """Batches of bars."""

    def __getitem__(self, step: int) -> tuple[list[np.ndarray], list[Target]]:
        scenes = [bars(2 * step + i) for i in range(2)]
        return [image for image, _ in scenes], [target for _, target in scenes]


def test_cropped_batches() -> None:
    images, targets = CroppedBatches(Bars())[3]
    assert np.array_equal(images[0], bars(6)[0])
    assert np.array_equal(targets[1].boxes, bars(7)[1].boxes)


def test_training_is_timed_and_leaves_the_model_as_it_is() -> None:
    model = tiny_model()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    scenes = [bars(0, 64, 64), (np.zeros((64, 64, 3), np.uint8), Target.empty())]
    found, skipped = time_training(model, scenes, 1, CPU)
    assert skipped == []
    assert {"step / backbone", "scenes a second / torchvision's assembly", "scenes a second"} <= set(found)
    assert all(min(measurement.samples) >= 0 for measurement in found.values())
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_a_detector_without_a_backbone_is_timed_alone() -> None:
    found, skipped = time_training(tiny_detector("sliding-window"), [bars(0)], 1, CPU)
    assert "step, ms" in found
    assert "step / backbone" not in found
    assert len(skipped) == 1


def test_torchvisions_assembly_is_of_the_same_layers() -> None:
    model = tiny_model()
    peer = torchvision_assembly(model, 64)
    shared = {id(parameter) for parameter in model.parameters()}
    fresh = {name for name, parameter in peer.named_parameters() if id(parameter) not in shared}
    assert {name.split(".")[:2][-1] for name in fresh} == {"box_predictor"}
    assert len(list(peer.parameters())) == sum(
        not name.startswith("close_look.") for name, _ in model.named_parameters()
    )
    image = torch.rand(3, 64, 64)
    transformed = peer.transform([image])[0].tensors
    assert torch.equal(transformed[0, :, :64, :64], image), "neither scaled nor normalised"


def test_steps_fed_by_a_process() -> None:
    found = time_stream(tiny_model(), Bars(), 1, 1, CPU)
    assert found["scenes a second"].median > 0
    assert 0 <= found["waiting for scenes"].median <= 100
    with pytest.raises(OptionError, match="workers: expected at least one"):
        time_stream(tiny_model(), Bars(), 0, 1, CPU)


def test_parts_add_up_to_no_more_than_the_total() -> None:
    model = tiny_model()
    pixels, target = bars(0)
    image = torch.from_numpy(pixels).permute(2, 0, 1) / 255
    before = [parameter.clone() for parameter in model.parameters()]
    reading = {name: measurement.median for name, measurement in time_prediction(model, [image], 1).items()}
    step = {
        name: measurement.median
        for name, measurement in time_training_step(model, [image] * 2, [target] * 2, 1).items()
    }
    for times in (reading, step):
        parts = {name: value for name, value in times.items() if name != "total"}
        assert {"backbone", "proposals"} <= set(parts)
        assert all(value > 0 for value in parts.values())
        assert sum(parts.values()) <= times["total"] * 1.001
    assert "backward" in step
    assert "backward" not in reading
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    assert not model.backbone._forward_hooks


# Inference and reading


def test_growth_compares_the_named_detector(tmp_path: Path) -> None:
    def steady(*milliseconds: float) -> dict[int, Measurement]:
        return {key: Measurement((ms, ms), "ms") for key, ms in zip((128, 256, 512), milliseconds, strict=True)}

    growth = Growth(
        {"a": steady(1, 2, 8), "b": steady(1, 1, 1)},
        {"a": {0: ms(2), 300: ms(3)}, "b": {}},
    )
    figures = growth.measurements("a")
    assert figures["a pixel of 512x512 / of 256x256"].median == 1.0
    assert figures["300 digits / none"].median == 1.5
    assert figures["b, 128x128"].median == 1.0
    save_growth(tmp_path / "growth.png", growth.by_side, growth.by_digits)
    with Image.open(tmp_path / "growth.png") as picture:
        assert picture.size[0] > picture.size[1] > 300
    goal = next(goal for goal in GOALS if goal.section == "infer" and goal.at_most is None)
    full = Growth(
        {"a": {256: ms(1), 1536: ms(36)}},
        {"a": {0: ms(1), 300: ms(1)}},
    )
    assert set(goal.measurements) <= set(full.measurements("a")), "what the table shows is what full sizes give"


def test_growth_is_measured_for_all_detectors() -> None:
    fake = FakeDetector()
    pictures = {40: blank(40, 40), 80: blank(80, 80)}
    growth = time_growth(
        detect_functions({"fake": fake}) | {"none": lambda picture: None}, pictures, {0: pictures[40]}, 1
    )
    assert set(growth.by_side) == set(growth.by_digits) == {"fake", "none"}
    assert set(growth.by_side["none"]) == {40, 80}
    assert set(fake.calls) == {(40, 40), (80, 80)}


def test_a_photograph_and_a_folder(tmp_path: Path) -> None:
    paths = [tmp_path / f"{i}.png" for i in range(5)]
    for i, path in enumerate(paths):
        Image.fromarray(draw_blobs(blank(100, 100), [(40, 30, 60, 70)], [i])).save(path)
    reader = Reader(FakeDetector())
    found = time_photograph({"fake": reader, "other": reader}, paths[3], ["3", "4"], 1)
    assert found["photograph"] == found["photograph, fake"]
    assert found["lines of the photograph read exactly"].median == 50
    rates = time_folder(reader, paths)
    assert set(rates) == {"folder / one at a time", "folder", "one at a time"}
    assert len(rates["folder"].samples) == 4
    assert time_folder(reader, paths[:1])["folder"].median > 0
    with pytest.raises(ImageError, match=r"none\.png"):
        time_folder(reader, [tmp_path / "none.png"])


@pytest.mark.skipif(sys.platform == "win32", reason="counts memory otherwise")
def test_peak_memory_is_that_of_the_command_alone() -> None:
    much = np.ones(60_000_000, np.uint8)  # in this process; the command's figure must not include it
    _, small = time_and_memory([sys.executable, "-c", "pass"])
    seconds, large = time_and_memory([sys.executable, "-c", "x = b'1' * 90_000_000; import time; time.sleep(0.1)"])
    assert small * 1e9 < len(much)
    assert 0.08 <= large - small <= 0.1
    assert seconds > 0.1
    with pytest.raises(DataError, match="got status 3"):
        time_and_memory([sys.executable, "-c", "raise SystemExit(3)"])


def test_large_pictures() -> None:
    for size in ((10, 10), (3000, 3000), (100, 133)):
        with pytest.raises(OptionError, match="size: expected one like"):
            photographed_page(size)
    with pytest.raises(OptionError, match="expected 0 to 6 digits"):
        sheet(128, 7)
    page = photographed_page((300, 400))
    assert page.image.shape == (300, 400, 3)
    assert page.lines
    assert len(page.target) == sum(character.isdigit() for line in page.lines for character in line)
    heights = (page.target.boxes[:, 3] - page.target.boxes[:, 1]) * DRAWN_SIZE_PX[1] / 400
    assert heights.min() >= 55
    assert heights.max() <= 160


@pytest.mark.parametrize(("side", "count"), [(768, 300), (128, 5), (768, 0), (30, 0)])
def test_sheets_have_the_given_count_of_digits(side: int, count: int) -> None:
    scene = sheet(side, count)
    assert scene.image.shape == (side, side, 3)
    assert len(scene.target) == count
    assert np.array_equal(scene.image, sheet(side, count).image)
    x0, y0, x1, y1 = scene.target.boxes.T.astype(int)
    assert all(scene.image[b:d, a:c].min() < 150 for a, b, c, d in zip(x0, y0, x1, y1, strict=True))
    assert (scene.target.boxes >= 0).all()
    assert (scene.target.boxes <= side).all()


# Peers


def test_missing_peers_are_skipped_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "find_spec", lambda name: None)
    monkeypatch.setattr(peers.detection, "fasterrcnn_mobilenet_v3_large_320_fpn", lambda **options: nn.Identity())
    found, skipped = peers.time_peers({"fake": FakeDetector()}, [blank(40, 40)], tmp_path, 1, 1)
    assert [line.split(":")[0] for line in skipped] == list(peers.YOLO_MODELS)
    assert all("ultralytics is not installed" in line and "pip install" in line for line in skipped)
    assert "mobilenet / fake" in found


def test_a_failed_export_is_a_missing_peer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "find_spec", lambda name: True)
    monkeypatch.setattr(peers, "EXPORT_SCRIPT", "import sys; sys.exit('no such model: ' + sys.argv[1])")
    with pytest.raises(PeerMissing, match=r"its export failed \(no such model: none\.yaml\)"):
        peers._exported("none", tmp_path, 256)


# The sliding window


def test_one_pass_is_faster_and_the_same() -> None:
    torch.manual_seed(0)
    figures = {
        name: measurement.median
        for name, measurement in time_windows(SlidingWindow(), torch.rand(3, 60, 90), 2).items()
    }
    assert figures["windows"] == 16 * 24  # middles from edge to edge, 4 pixels apart
    assert figures["largest difference"] < 1e-4
    assert figures["window by window / one pass"] > 1


def test_accuracy_of_the_classifier_alone() -> None:
    class Corner(nn.Module):
        """Calls a window 1 whose digit is lit in its first corner, else 7."""

        def forward(self, windows: Tensor) -> tuple[Tensor, Tensor]:
            lit = windows[:, :1, 6:7, 6:7] > 0  # where the first corner of a box of 20 pixels comes to lie
            answers = torch.zeros(len(windows), 11, 1, 1)
            answers[:, 2:3], answers[:, 8:9] = lit, ~lit
            return answers, answers

    model = SlidingWindow()
    model.classifier = Corner()  # type: ignore[assignment]
    digits = torch.zeros(4, 28, 28)
    digits[:2, 3, 2] = 1
    boxes = torch.tensor([[2.0, 3.0, 22.0, 23.0]]).expand(4, 4)
    assert share_of_digits_right(model, digits, boxes, torch.tensor([1, 7, 7, 7])) == 0.75
    assert share_of_digits_right(model, digits[:0], boxes[:0], torch.zeros(0)) == 0


# The command


def test_an_unknown_preset_is_refused() -> None:
    with pytest.raises(OptionError, match="--preset none"):
        scenes_per_second("none", 1, 1)


def test_onnx_weights_cannot_be_trained(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"x\.onnx: expected PyTorch weights"):
        DetectorUnderTest(Path("x.onnx"), None, "cpu", 1, tmp_path)


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "datasets")]),
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, str(ROOT / "tools" / "benchmark.py"), *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)


def test_the_command(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "tiny.safetensors", "faster-rcnn", tiny_model(), {})
    sections = ("scenes", "train", "infer", "read")
    files = ["--weights", tmp_path / "tiny.safetensors", "--out", tmp_path, "--markdown", tmp_path / "table.md"]
    small = ["--quick", "--presets", "strips", "--workers", 1, "--threads", 1, "--batch-size", 2, "--no-onnx"]
    result = run("--sections", *sections, *files, *small)
    assert result.returncode == 0, result.stderr
    record = json.loads((tmp_path / "benchmark.json").read_text())
    assert tuple(record["sections"]) == sections
    assert {"processor", "cores", "threads", "torch"} <= set(record["machine"])
    for section in sections:
        for name, figures in record["sections"][section].items():
            assert name in result.stdout
            assert set(figures) == {"median", "quartiles", "unit", "samples"}
    assert {goal["reached"] for goal in record["goals"]} == {"-"}, "a quick run judges no goal"
    assert {goal["measured: median (quartiles)"] for goal in record["goals"]} > {"not measured"}
    assert record["settings"]["quick"] is True
    assert (tmp_path / "table.md").read_text().startswith("| what | asked |")
    with Image.open(tmp_path / "benchmark.png") as picture:
        assert picture.format == "PNG"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--repeats", "0"), "error: --repeats: expected 1 or more, got 0"),
        (("--threads", "-1"), "error: --threads: expected 1 or more, got -1"),
    ],
)
def test_options_out_of_range_are_refused(arguments: tuple[str, ...], sentence: str, tmp_path: Path) -> None:
    result = run(*arguments, "--out", tmp_path / "out")
    assert result.returncode == 1
    assert sentence in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()
