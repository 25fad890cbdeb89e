"""tools/benchmark.py and what it measures with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor, nn

from detector.benchmark import peers
from detector.benchmark.detector_under_test import DetectorUnderTest
from detector.benchmark.goals import GOALS, HEAD, Goal, Report, as_markdown, as_text, goal_rows, section_text
from detector.benchmark.growth import save_growth
from detector.benchmark.inference import Growth, detect_functions, time_growth
from detector.benchmark.machine import describe, processor, was_busy
from detector.benchmark.measure import Measurement, time_in_turns
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
POSITIVE = st.floats(0.001, 1000)


def measurement(value: float, unit: str = "times") -> Measurement:
    return Measurement((value,), unit)


def report(**sections: dict[str, Measurement]) -> Report:
    return Report({"processor": "a fast one"}, {"repeats": 1}, True, sections)


def outcomes(found: Report) -> list[str]:
    return [row[3] for row in goal_rows(found)]


# The clock


@given(st.lists(POSITIVE, min_size=1, max_size=30))
def test_a_median_lies_between_its_quartiles(samples: list[float]) -> None:
    low, high = Measurement(tuple(samples), "ms").quartiles
    assert min(samples) <= low <= Measurement(tuple(samples), "ms").median <= high <= max(samples)


@given(st.lists(st.tuples(POSITIVE, POSITIVE, POSITIVE), min_size=1, max_size=20))
def test_what_slows_both_down_cancels_out(turns: list[tuple[float, float, float]]) -> None:
    ours, theirs = Measurement(tuple(a for a, _, _ in turns), "ms"), Measurement(tuple(b for _, b, _ in turns), "ms")
    slowed = [Measurement(tuple(t[i] * t[2] for t in turns), "ms") for i in (0, 1)]
    assert np.allclose(slowed[0].ratio_to(slowed[1]).samples, ours.ratio_to(theirs).samples)
    assert ours.ratio_to(ours) == Measurement((1.0,) * len(turns), "times")


def test_a_measure_in_words() -> None:
    assert str(Measurement((1.0, 2.0, 3.0, 4.0, 5.0), "ms")) == "3.00 (2.00 to 4.00)"
    assert str(measurement(0.123)) == "0.12"
    assert str(Measurement((12345.6, 12345.6), "ms")) == "12,346 (12,346 to 12,346)"
    assert Measurement((500.0,), "ms").per_second(16, "scenes/s") == Measurement((32.0,), "scenes/s")
    assert Measurement((1.0, 3.0), "ms").as_json() == {
        "median": 2.0,
        "quartiles": [1.5, 2.5],
        "unit": "ms",
        "samples": [1.0, 3.0],
    }


@pytest.mark.parametrize(("settle", "once"), [(True, "aaabbb"), (False, "ab")])
def test_contenders_take_turns(settle: bool, once: str) -> None:
    calls: list[tuple[str, int]] = []
    waits: list[int] = []
    times = time_in_turns(
        {"a": lambda turn: calls.append(("a", turn)), "b": lambda turn: calls.append(("b", turn))},
        2,
        lambda: waits.append(len(calls)),
        settle,
        warm_up=1,
    )
    assert "".join(name for name, _ in calls) == "ab" + 2 * once
    assert {turn for _, turn in calls[2 : 2 + len(once)]} == {0}
    assert {turn for _, turn in calls[2 + len(once) :]} == {1}
    assert len(waits) == (12 if settle else 8), "before and after each that counts, and before a rest"
    assert [len(measurement.samples) for measurement in times.values()] == [2, 2]


def test_what_takes_longer_is_seen_to() -> None:
    times = time_in_turns({"short": lambda turn: None, "long": lambda turn: time.sleep(0.01)}, 3)
    assert times["long"].ratio_to(times["short"]).median > 1
    assert min(times["long"].samples) >= 10


def test_the_machine(tmp_path: Path) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("processor : 0\nmodel name\t: Fast: 9000\n\nprocessor : 1\nmodel name : other\n")
    assert processor(info) == "Fast: 9000"
    assert processor(tmp_path / "none")
    described = describe(3)
    assert described["threads"] == "3"
    assert described["torch"] == torch.__version__.split("+")[0] or described["torch"] == torch.__version__
    assert all(isinstance(value, str) and value for value in described.values())
    assert was_busy({"load before": "1.1", "cores": "2"})
    assert not was_busy({"load before": "0.9", "cores": "2"})
    assert not was_busy({"cores": "1"})


# What is asked


def test_nothing_measured_reaches_nothing() -> None:
    rows = goal_rows(report())
    assert len(rows) == len(GOALS)
    assert {row[2:] for row in rows} == {("not measured", "-")}


@pytest.mark.parametrize(
    "goal", [goal for goal in GOALS if goal.at_most or goal.at_least], ids=lambda goal: goal.measurements[0]
)
def test_a_bound_is_reached_or_missed(goal: Goal) -> None:
    index, name, bound = GOALS.index(goal), goal.measurements[0], goal.at_most or goal.at_least
    assert bound is not None
    assert f"{bound:g}" in goal.bound
    assert ("least" in goal.bound) == (goal.at_least is not None)
    for factor, verdict in ((0.9, goal.at_most), (1, True), (1.1, goal.at_least)):
        found = report(**{goal.section: {name: measurement(bound * factor)}})
        assert outcomes(found)[index] == ("yes" if verdict else "no")
        found.full_size = False
        assert outcomes(found)[index] == "-"


def test_a_goal_without_a_bound_shows_figures() -> None:
    goal = next(goal for goal in GOALS if goal.at_most is None and goal.at_least is None)
    found = report(**{goal.section: {name: measurement(1.5) for name in goal.measurements}})
    shown, verdict = goal_rows(found)[GOALS.index(goal)][2:]
    assert all(name in shown for name in goal.measurements)
    assert verdict == "-"


def test_tables_and_json() -> None:
    found = report(read={"peak memory": measurement(1.2, "GB"), "folder / one at a time": measurement(2.5)})
    found.skipped["peers"] = ["YOLO11n: not here"]
    rows = goal_rows(found)
    table = as_markdown(rows).splitlines()
    assert len(table) == 2 + len(GOALS)
    assert all(line.startswith("| ") and line.count("|") == 1 + len(HEAD) for line in table)
    assert "1.20 GB" in as_markdown(rows)
    assert len(as_text(rows).splitlines()) == 1 + len(GOALS)
    lines = section_text(found.sections["read"]).splitlines()
    assert [line.split("  ")[1] for line in lines] == ["folder / one at a time", "peak memory"], "ratios first"
    assert section_text({}) == ""
    record = json.loads(json.dumps(found.as_json(), allow_nan=False))
    assert record["sections"]["read"]["peak memory"]["median"] == 1.2
    assert [goal["what"] for goal in record["goals"]] == [goal.what for goal in GOALS]
    assert record["skipped"] == found.skipped


# Training


def test_crops_keep_what_can_be_seen() -> None:
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


def test_the_parts_are_within_the_whole() -> None:
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


# Looking and reading


def test_growth_compares_what_counts(tmp_path: Path) -> None:
    def steady(*milliseconds: float) -> dict[int, Measurement]:
        return {key: Measurement((ms, ms), "ms") for key, ms in zip((128, 256, 512), milliseconds, strict=True)}

    growth = Growth(
        {"a": steady(1, 2, 8), "b": steady(1, 1, 1)}, {"a": {0: measurement(2), 300: measurement(3)}, "b": {}}
    )
    figures = growth.measurements("a")
    assert figures["a pixel of 512x512 / of 256x256"].median == 1.0
    assert figures["300 digits / none"].median == 1.5
    assert figures["b, 128x128"].median == 1.0
    save_growth(tmp_path / "growth.png", growth.by_side, growth.by_digits)
    with Image.open(tmp_path / "growth.png") as picture:
        assert picture.size[0] > picture.size[1] > 300
    goal = next(goal for goal in GOALS if goal.section == "infer" and goal.at_most is None)
    full = Growth({"a": {256: measurement(1), 1536: measurement(36)}}, {"a": {0: measurement(1), 300: measurement(1)}})
    assert set(goal.measurements) <= set(full.measurements("a")), "what the table shows is what full sizes give"


def test_growth_is_asked_of_all_who_look() -> None:
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
def test_the_memory_of_a_command_is_its_own() -> None:
    much = np.ones(60_000_000, np.uint8)  # of this process, which the other shall not be blamed for
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
def test_sheets_have_as_many_digits_as_asked(side: int, count: int) -> None:
    scene = sheet(side, count)
    assert scene.image.shape == (side, side, 3)
    assert len(scene.target) == count
    assert np.array_equal(scene.image, sheet(side, count).image)
    x0, y0, x1, y1 = scene.target.boxes.T.astype(int)
    assert all(scene.image[b:d, a:c].min() < 150 for a, b, c, d in zip(x0, y0, x1, y1, strict=True))
    assert (scene.target.boxes >= 0).all()
    assert (scene.target.boxes <= side).all()


# Peers


def test_missing_peers_are_skipped_with_a_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_the_classifier_alone() -> None:
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
    assert {goal["reached"] for goal in record["goals"]} == {"-"}, "a quick look judges nothing"
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
def test_absurd_options(arguments: tuple[str, ...], sentence: str, tmp_path: Path) -> None:
    result = run(*arguments, "--out", tmp_path / "out")
    assert result.returncode == 1
    assert sentence in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()
