"""tools/compare.py: the real command line on tiny settings."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import pytest

from detector.errors import TrainingError
from detector.ladder.climb import HARD_STRIP_INDEX
from digit_scenes import Scenes

ROOT = Path(__file__).parents[2]
TOOL = ROOT / "tools" / "compare.py"
ENVIRONMENT = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'datasets'}", "OMP_NUM_THREADS": "1"}
TINY = [
    "--quick",
    "--epochs",
    "1",
    "--samples",
    "60",
    "--digits",
    "9",
    "--strips",
    "4",
    "--count",
    "1",
    "--threads",
    "1",
]


def compare(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(TOOL), *options]
    return subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=300)


def here(*options: str) -> int:
    """In this process, for speed: the exit status."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["compare.py", *options])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(TOOL), run_name="__main__")
    assert isinstance(end.value.code, int)
    return end.value.code


def test_some_rungs_and_the_same_again(tmp_path: Path) -> None:
    first = compare(tmp_path, *TINY, "--only", "softmax", "five-softmax", "12")
    assert first.returncode == 0, first.stderr
    assert "epoch  1/1" in first.stdout
    out = tmp_path / "runs" / "ladder-quick"
    for name in ("table.png", "hard_strip.png", "softmax/curves.png", "faster-rcnn/confusion.png"):
        assert cv2.imread(str(out / name)) is not None, name
    record = json.loads((out / "table.json").read_text())
    assert record["quick"]
    softmax, five, faster = record["rungs"]
    assert set(softmax["tasks"]["T1"]) >= {"accuracy", "milliseconds"}
    assert softmax["tasks"]["T2"] == {"why_not": "it reads a picture of one digit"}
    assert "exact" in five["tasks"]["T4"]
    assert "AP50" in faster["tasks"]["T7"]
    page = (out / "table.md").read_text()
    assert page.startswith("| rung | name |")
    assert "QUICK LOOK" in page
    assert "| 12 | faster-rcnn |" in page

    weights = {path: path.read_bytes() for path in out.glob("*/weights.safetensors")}
    assert len(weights) == 2
    second = compare(tmp_path, *TINY, "--only", "7", "1")  # five-softmax-length and mlp are new
    assert second.returncode == 0, second.stderr
    assert second.stdout.count("kept from before") == 2
    assert second.stdout.count("epoch  1/1") == 2
    assert all(path.read_bytes() == before for path, before in weights.items())
    names = [entry["name"] for entry in json.loads((out / "table.json").read_text())["rungs"]]
    assert names == ["softmax", "mlp", "five-softmax", "five-softmax-length", "faster-rcnn"]

    picture = tmp_path / "digit.png"
    cv2.imwrite(str(picture), Scenes("clean", "test")[0].image)
    command = [
        sys.executable,
        str(ROOT / "tools" / "infer.py"),
        str(picture),
        "--weights",
        str(out / "mlp" / "weights.safetensors"),
    ]
    read = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=100)
    assert read.returncode == 0, read.stderr


def test_a_rung_that_fails_does_not_keep_the_others_from_their_turn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from detector.ladder import plans
    from detector.ladder.training import train

    def fails(name: str, *rest: Any) -> object:
        if name == "mlp":
            raise TrainingError("mlp: learned nothing.")
        if name == "improved-cnn":
            raise ZeroDivisionError("by nought")
        return train(name, *rest)

    monkeypatch.setattr(plans, "train", fails)
    options = [*TINY, "--out", str(tmp_path), "--only", "mlp", "improved-cnn", "softmax"]
    assert here(*options) == 1
    heard = capsys.readouterr()
    assert "error: mlp: learned nothing.\n" in heard.err
    assert "error: improved-cnn: ZeroDivisionError: by nought; see" in heard.err
    assert "ZeroDivisionError" in (tmp_path / "improved-cnn" / "error.txt").read_text()
    rungs = {entry["name"]: entry for entry in json.loads((tmp_path / "table.json").read_text())["rungs"]}
    assert "accuracy" in rungs["softmax"]["tasks"]["T1"]
    assert rungs["mlp"]["tasks"]["T1"] == {"why_not": "mlp: learned nothing."}
    monkeypatch.undo()
    assert here(*options) == 0
    assert "kept from before" in capsys.readouterr().out


def test_again_trains_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = [*TINY, "--out", str(tmp_path), "--only", "softmax"]
    assert here(*options) == 0
    assert here(*options, "--again") == 0
    assert "kept from before" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--only", "13"], "--only 13"),
        (["--only", "1", "perceptron"], "perceptron"),
        (["--epochs", "0"], "--epochs"),
        (["--minutes", "0"], "--minutes"),
        (["--count", "-1"], "--count"),
        (["--out", "file"], "file"),
    ],
)
def test_a_mistake_is_one_sentence(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    assert here(*options) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert message in error


def test_the_hard_strip_is_the_first_of_five_digits_that_touch_in_two_places() -> None:
    def is_hard(index: int) -> bool:
        boxes = Scenes("loose-strips", "test")[index].target.boxes
        return len(boxes) == 5 and int((boxes[1:, 0] < boxes[:-1, 2]).sum()) >= 2

    assert next(index for index in range(100) if is_hard(index)) == HARD_STRIP_INDEX
