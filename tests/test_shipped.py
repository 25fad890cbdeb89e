"""What is shipped, as a stranger meets it: the examples, the weights, the model card, the README."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import detector
from detector.models import checkpoint
from detector.models.faster_rcnn import FasterRCNN
from detector.scoring.string_metrics import levenshtein
from digit_scenes import Scenes
from tests.tiny import TINY, tiny_model

ROOT = Path(__file__).parent.parent
WEIGHTS = ROOT / "detector" / "weights"


def tool(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ROOT / "tools" / name, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


MODELS = sorted(card.stem for card in WEIGHTS.glob("*.json"))


@pytest.fixture(scope="module")
def reader() -> detector.Reader:
    return detector.load()


def truths() -> list[dict[str, str]]:
    with (ROOT / "examples" / "truth.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", truths(), ids=lambda row: row["file"])
def test_examples_are_read(reader: detector.Reader, row: dict[str, str]) -> None:
    page = reader.read(ROOT / "examples" / row["file"])
    read, true = re.sub(r"\D", "", page.text), re.sub(r"\D", "", row["lines"])
    assert levenshtein(read, true) <= 0.15 * len(true)


@pytest.mark.parametrize("model", MODELS)
def test_strips_are_read_in_order(model: str) -> None:
    reader = detector.load(model=model)
    scenes = [Scenes("strips", "test", seed=77)[i] for i in range(40)]
    right = sum(reader.page(scene.image).text.replace(" ", "") == (scene.lines or ("",))[0] for scene in scenes)
    assert right >= 34


@pytest.mark.parametrize("model", MODELS)
def test_boxes_lie_on_the_digits(model: str) -> None:
    reader = detector.load(model=model)
    scene = Scenes("lines", "test", seed=77)[0]
    found = reader.detect(scene.image)
    for box in scene.target.boxes:
        low, high = np.maximum(found.boxes[:, :2], box[:2]), np.minimum(found.boxes[:, 2:], box[2:])
        shared = np.maximum(high - low, 0).prod(1)
        union = (found.boxes[:, 2:] - found.boxes[:, :2]).prod(1) + (box[2:] - box[:2]).prod() - shared
        assert (shared / union).max() > 0.5


@pytest.mark.parametrize("model", MODELS)
def test_plain_paper_holds_no_digit(model: str) -> None:
    reader = detector.load(model=model)
    for level in (0, 128, 255):
        assert reader.read(np.full((300, 400, 3), level, np.uint8)).text == ""


@pytest.mark.parametrize("card", sorted(WEIGHTS.glob("*.json")), ids=lambda path: path.stem)
def test_the_model_card_is_that_of_the_weights(card: Path) -> None:
    content, data = json.loads(card.read_text()), card.with_suffix(".safetensors").read_bytes()
    assert content["sha256"] == hashlib.sha256(data).hexdigest()
    assert content["bytes"] == len(data) <= 10_000_000
    model = detector.load(model=card.stem, runtime="torch").model
    assert isinstance(model, detector.Detector)
    assert content["parameters"] == sum(p.numel() for p in model.parameters())
    assert content["sha256"] in card.with_suffix(".md").read_text()
    assert content["figures"]


FORMS = [(path, "int8" if ".int8" in path.name else "onnx") for path in sorted(WEIGHTS.glob("*.onnx"))]


@pytest.mark.parametrize(("weights", "runtime"), FORMS, ids=lambda value: getattr(value, "name", value))
def test_all_forms_of_the_weights_read_alike(weights: Path, runtime: str) -> None:
    """An export that is older than the weights beside it would not."""
    assert weights.stat().st_size <= 8_000_000
    model = weights.name.partition(".")[0]
    by_onnx, by_torch = (detector.load(model=model, runtime=engine) for engine in (runtime, "torch"))
    for image in (Scenes("strips", "test", seed=78)[0].image, Scenes("lines", "test", seed=78)[0].image):
        one, other = by_onnx.page(image), by_torch.page(image)
        assert one.text == other.text != ""
        boxes = [[d.box for line in page.lines for n in line.numbers for d in n.digits] for page in (one, other)]
        np.testing.assert_allclose(*boxes, atol=0.1 if runtime == "onnx" else 3)


def test_examples_are_those_that_the_tool_draws(tmp_path: Path) -> None:
    done = tool("make_examples.py", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "truth.csv").read_text() == (ROOT / "examples" / "truth.csv").read_text()


def run_of(folder: Path, seed: int) -> tuple[Path, dict[str, torch.Tensor]]:
    """A run that drew its first weights and learned nothing, and those weights."""
    torch.manual_seed(seed)
    model = tiny_model()
    run = folder / "runs" / f"tiny{seed}"
    run.mkdir(parents=True)
    for name in ("best", "last"):
        checkpoint.save(run / f"{name}.safetensors", "faster-rcnn", model, {"scenes": 8, "seconds": 60.0})
    args = {"minutes": 1, "amp": False, "preset": ["clean"]}
    config = {"args": args, "model": {}, "torch": "2", "commit": "c", "machine": "m"}
    (run / "config.json").write_text(json.dumps(config))
    return run, model.state_dict()


def test_a_run_is_shipped_with_its_card(tmp_path: Path) -> None:
    run, _ = run_of(tmp_path, 0)
    (tmp_path / "clean").mkdir()
    (tmp_path / "clean" / "metrics.json").write_text(json.dumps({"AP": 0.51236, "AP50": None, "pictures": 3}))
    assert tool("ship_weights.py", run, "--no-int8", "--weights", tmp_path).returncode == 0
    shipped = (tmp_path / "faster-rcnn.safetensors").read_bytes()
    done = tool("ship_weights.py", run, "--weights", tmp_path, "--figures", tmp_path / "clean")
    assert (tmp_path / "faster-rcnn.safetensors").read_bytes() == shipped
    assert done.returncode == 0, done.stderr
    card = json.loads((tmp_path / "faster-rcnn.json").read_text())
    assert card["figures"] == {"clean": {"AP": 0.5124, "pictures": 3}}
    assert "--minutes 1 --no-amp --preset clean" in card["trained"]["command"]
    assert "0.5124" in (tmp_path / "faster-rcnn.md").read_text()
    assert detector.load(tmp_path / "faster-rcnn.safetensors").model is not None

    refused = tool("ship_weights.py", tmp_path / "nowhere", "--weights", tmp_path)
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: ")
    assert "Traceback" not in refused.stderr


def test_the_card_tells_of_what_a_run_began_with(tmp_path: Path) -> None:
    (first, _), (last, _) = run_of(tmp_path, 0), run_of(tmp_path, 1)
    options = ("--no-int8", "--weights", tmp_path)  # what has learned nothing sees digits everywhere, slowly
    assert tool("ship_weights.py", first, *options).returncode == 0
    done = tool("ship_weights.py", last, "--goes-on", "--note", "Begun by hand.", *options)
    assert done.returncode == 0, done.stderr
    trained = json.loads((tmp_path / "faster-rcnn.json").read_text())["trained"]
    assert (trained["scenes"], trained["minutes"]) == (16, 2.0)
    assert trained["command"].count("train_detector.py") == 2
    assert "Begun by hand." in (tmp_path / "faster-rcnn.md").read_text()
    assert not (tmp_path / "faster-rcnn.int8.onnx").exists()


def test_the_mean_of_two_runs_is_shipped_with_the_close_look_of_one(tmp_path: Path) -> None:
    (first, before), (last, after) = run_of(tmp_path, 0), run_of(tmp_path, 1)
    done = tool(
        *("ship_weights.py", last, "--no-int8", "--earlier", first, "--mean-with", first, "--close-look", first),
        *("--weights", tmp_path),
    )
    assert done.returncode == 0, done.stderr
    shipped = checkpoint.load(tmp_path / "faster-rcnn.safetensors")[1].state_dict()
    assert shipped.keys() == before.keys()
    for name, tensor in shipped.items():
        whole = name.startswith("close_look.") or not tensor.is_floating_point()
        expected = before[name] if whole else (before[name] + after[name]) / 2
        torch.testing.assert_close(tensor, expected, atol=1e-3, rtol=1e-3)
    card = " ".join((tmp_path / "faster-rcnn.md").read_text().split())
    assert f"the mean of the last one's and of that of `{first}`" in card
    assert f"The close look is that of `{first}`" in card

    other = tmp_path / "other"
    other.mkdir()
    model = FasterRCNN(replace(TINY, close_widths=()))
    checkpoint.save(other / "best.safetensors", "faster-rcnn", model, {"scenes": 8, "seconds": 60.0})
    refused = tool("ship_weights.py", last, "--mean-with", other, "--weights", tmp_path)
    assert refused.returncode == 1
    assert refused.stderr == "error: --mean-with: expected a run of the same design, got another one; leave it out.\n"
