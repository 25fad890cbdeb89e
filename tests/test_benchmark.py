"""tools/benchmark.py and what it measures with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tiny import bars, tiny_model
from torch import Tensor, nn

from detector import checkpoint
from detector.errors import OptionError
from detector.sliding_window import SlidingWindow
from detector.speed import share_of_digits_right, time_prediction, time_training_step, time_windows
from digit_scenes.speed import scenes_per_second

ROOT = Path(__file__).parents[1]


def test_an_unknown_preset_is_refused() -> None:
    with pytest.raises(OptionError, match="--preset none"):
        scenes_per_second("none", 1, 1)


def test_the_parts_are_within_the_whole() -> None:
    model = tiny_model()
    pixels, target = bars(0)
    image = torch.from_numpy(pixels).permute(2, 0, 1) / 255
    before = [parameter.clone() for parameter in model.parameters()]
    for times, own in (
        (time_prediction(model, [image], repeats=1), 0.0),
        (time_training_step(model, [image] * 2, [target] * 2, repeats=1), None),
    ):
        parts = {name: value for name, value in times.items() if name != "total"}
        assert {"backbone", "proposals", "heads"} <= set(parts)
        assert all(value > 0 for value in parts.values())
        assert ("backward" in parts) == (own is None)
        assert sum(parts.values()) <= times["total"] * 1.001
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    assert not model.backbone._forward_hooks


def test_one_pass_is_faster_and_the_same() -> None:
    torch.manual_seed(0)
    figures = time_windows(SlidingWindow(), torch.rand(3, 60, 90), repeats=2)
    assert figures["windows"] == 16 * 24  # middles from edge to edge, 4 pixels apart
    assert figures["largest difference"] < 1e-4
    assert figures["times faster"] > 1


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


def test_the_command(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "tiny.safetensors", "faster-rcnn", tiny_model(), {})
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "datasets")]),
        "OMP_NUM_THREADS": "1",
    }
    arguments = [
        "--no-windows",
        "--presets",
        "strips",
        "--count",
        "3",
        "--workers",
        "1",
        "--batch-size",
        "1",
        "--repeats",
        "1",
        "--threads",
        "1",
    ]
    files = ["--weights", str(tmp_path / "tiny.safetensors"), "--out", str(tmp_path / "b.json")]
    command = [sys.executable, str(ROOT / "tools" / "benchmark.py"), *arguments, *files]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    figures = json.loads((tmp_path / "b.json").read_text())
    assert all(value > 0 for value in figures.values())
    assert {"strips: scenes/s, 1 processes", "strips: read a picture, heads, ms"} <= set(figures)
    assert all(name in result.stdout for name in figures)
