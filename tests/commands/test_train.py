"""The command `train` on tiny settings: a run killed and resumed, fine-tuning on a COCO dataset, mistakes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from detector.categories import CATEGORIES, DIGITS
from detector.commands.train import (
    Args,
    PictureOptions,
    StartOptions,
    args_of,
    begun_with,
    grouped,
    training_batches,
    what_is_learned,
)
from detector.models import checkpoint
from digit_scenes.coco import read_coco
from tests.tiny import bars, tiny_detector, tiny_model

ROOT = Path(__file__).parents[2]
TOOL = [sys.executable, str(ROOT / "tools" / "train_detector.py")]
ENVIRONMENT = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'datasets'}", "OMP_NUM_THREADS": "1"}
QUICK = ["--batch-size", "2", "--preset", "strips", "--val-count", "2", "--workers", "1", "--threads", "1"]


def train(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*TOOL, *options], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=300)


def small_weights(folder: Path) -> str:
    """Weights of a tiny model, so that a run is quick."""
    path = folder / "tiny.safetensors"
    checkpoint.save(path, "faster-rcnn", tiny_model(), {})
    return str(path)


def dataset(folder: Path) -> Path:
    """A COCO dataset of four pictures of bars, with a point and a unit in the first."""
    (folder / "images").mkdir(parents=True)
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for i in range(4):
        image, target = bars(i)
        cv2.imwrite(str(folder / "images" / f"{i}.png"), image[..., ::-1])
        images.append({"id": i, "file_name": f"{i}.png", "width": image.shape[1], "height": image.shape[0]})
        for box, label in zip(target.boxes.tolist(), target.labels.tolist(), strict=True):
            x0, y0, x1, y1 = box
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": i,
                    "category_id": label + 1,
                    "iscrowd": 0,
                    "bbox": [x0, y0, x1 - x0, y1 - y0],
                    "area": (x1 - x0) * (y1 - y0),
                }
            )
    names = [*map(str, range(10)), "point", "kWh"]
    categories = [{"id": i, "name": name} for i, name in enumerate(names, 1)]
    for category_id, x in ((11, 70), (12, 78)):
        known = len(annotations)
        annotations.append({"id": known + 1, "image_id": 0, "category_id": category_id, "bbox": [x, 50, 6, 6]})
    record = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "annotations.json").write_text(json.dumps(record))
    return folder


def test_a_killed_run_resumes_to_the_same_weights_bit_for_bit(tmp_path: Path) -> None:
    options = [*QUICK, "--scenes", "24", "--val-every", "8", "--init", small_weights(tmp_path)]
    whole = train(tmp_path, *options, "--name", "whole")
    assert whole.returncode == 0, whole.stderr
    run = tmp_path / "runs" / "parts"
    with subprocess.Popen(
        [*TOOL, *options, "--name", "parts", "--save-every", "0"],
        cwd=tmp_path,
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        deadline = time.monotonic() + 200
        while not (run / "last.state").exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
    assert torch.load(run / "last.state", weights_only=True)["progress"]["step"] < 12, (
        "killed too late to show anything"
    )
    with (run / "log.jsonl").open("a") as log:
        log.write('{"step": 99, "lo')  # as a kill in the middle of a line leaves it
    resumed = train(tmp_path, "--resume", "runs/parts")
    assert resumed.returncode == 0, resumed.stderr
    for name in ("last.safetensors", "best.safetensors"):
        first, second = (checkpoint.load(tmp_path / "runs" / r / name)[1].state_dict() for r in ("whole", "parts"))
        assert all(torch.equal(first[key], second[key]) for key in first)
    logs = [
        [{k: v for k, v in json.loads(line).items() if k != "seconds"} for line in path.read_text().splitlines()]
        for path in (tmp_path / "runs" / r / "log.jsonl" for r in ("whole", "parts"))
    ]
    assert logs[0] == logs[1]
    assert sum("AP" in record for record in logs[0]) == 3


def test_ctrl_c_saves_and_leaves_cleanly(tmp_path: Path) -> None:
    options = [*QUICK, "--minutes", "9", "--init", small_weights(tmp_path), "--name", "stopped"]
    with subprocess.Popen(
        [*TOOL, *options], cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        log = tmp_path / "runs" / "stopped" / "log.jsonl"
        deadline = time.monotonic() + 200
        while not (log.exists() and log.stat().st_size) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=100)
    assert process.returncode == 0, err
    assert "--resume runs/stopped" in out
    assert "Traceback" not in err
    assert (tmp_path / "runs" / "stopped" / "last.safetensors").exists()


def test_fine_tuning_on_a_coco_dataset(tmp_path: Path) -> None:
    data = dataset(tmp_path / "bars")
    options = ["--batch-size", "2", "--workers", "0", "--threads", "1", "--no-amp", "--val-count", "3"]
    result = train(
        tmp_path, *options, "--data", str(data), "--scenes", "4", "--init", small_weights(tmp_path), "--name", "fine"
    )
    assert result.returncode == 0, result.stderr
    config = json.loads((tmp_path / "runs" / "fine" / "config.json").read_text())
    assert config["args"]["data"] == str(data)
    assert config["model"]["roi_size"] == 4
    assert config["model"]["categories"] == [*CATEGORIES, "kWh"]
    assert (
        'it learns 27 categories, by boxes: 4 of "1", 4 of "7", 1 of ".", 1 of "kWh"; no box of 0 2 3' in result.stdout
    )
    curves = cv2.imread(str(tmp_path / "runs" / "fine" / "curves.png"))
    assert isinstance(curves, np.ndarray)


def test_what_is_learned_beside_digits(tmp_path: Path) -> None:
    """A fresh detector learns what the dataset has boxes of; one that has learned something keeps that, too."""
    first = small_weights(tmp_path)
    data = read_coco(dataset(tmp_path / "bars") / "annotations.json", tmp_path / "bars" / "images")
    own = (*DIGITS, ".", "kWh")
    for start, names, expected in (
        (StartOptions(), data.categories, own),
        (StartOptions(), DIGITS, DIGITS),
        (StartOptions(), None, CATEGORIES),
        (StartOptions(adopt=Path(first)), data.categories, (*CATEGORIES, "kWh")),
        (StartOptions(init=Path(first)), None, CATEGORIES),
        (StartOptions(init=Path(first)), data.categories, (*CATEGORIES, "kWh")),
        (StartOptions(model="sliding-window"), data.categories, DIGITS),
    ):
        assert begun_with(Args(start=start), names).categories == expected
    batches = training_batches(Args(pictures=PictureOptions(data=tmp_path, zoom=(1.0,))), data, (*DIGITS, "kWh", "."))
    labels = [label for step in range(2) for target in batches[step][1] for label in target.labels.tolist()]
    assert {*labels} == {1, 7, 10, 11}
    said = what_is_learned(tiny_detector("sliding-window"), data)
    assert said.endswith('sliding-window knows digits alone, and learns of no other: 1 of ".", 1 of "kWh"')
    assert what_is_learned(tiny_model(), None).startswith("it learns 26 categories of endless scenes: 0 1 2")


def test_the_close_look_learns_alone(tmp_path: Path) -> None:
    first = small_weights(tmp_path)
    result = train(
        tmp_path, *QUICK, "--scenes", "8", "--init", first, "--only", "close-look", "--lr", "0.01", "--name", "close"
    )
    assert result.returncode == 0, result.stderr
    _, before, _ = checkpoint.load(first)
    _, after, _ = checkpoint.load(tmp_path / "runs" / "close" / "last.safetensors")
    changed = {
        name.split(".")[0] for name, t in after.state_dict().items() if not torch.equal(t, before.state_dict()[name])
    }
    assert changed == {"close_look"}


def test_batches_are_echoed_and_the_close_look_sees_more(tmp_path: Path) -> None:
    first = small_weights(tmp_path)
    options = ["--scenes", "8", "--init", first, "--echo", "2", "--close-samples", "5", "--name", "echoed"]
    result = train(tmp_path, *QUICK, *options)
    assert result.returncode == 0, result.stderr
    config = json.loads((tmp_path / "runs" / "echoed" / "config.json").read_text())
    assert config["training"]["echo"] == 2
    assert config["model"]["close_samples"] == 5
    resumed = train(tmp_path, "--resume", "runs/echoed")
    assert resumed.returncode == 0, resumed.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--close-samples", "0"], "--close-samples 0: expected 1 or more"),
        (["--close-samples", "4", "--model", "sliding-window"], "got sliding-window"),
        (["--echo", "0"], "echo: expected more than 0"),
        (["--only", "everything"], "--only everything: expected close-look"),
        (["--only", "close-look", "--model", "sliding-window"], "--only close-look"),
        (["--minutes", "1", "--scenes", "5"], "minutes"),
        (["--preset", "papyrus"], "--preset papyrus: expected one of"),
        (["--preset", "paper=much"], "'much'"),
        (["--preset", "paper=0"], "above 0"),
        (["--model", "oracle"], "'oracle'"),
        (["--init", "nowhere.safetensors"], "nowhere.safetensors"),
        (["--resume", "nowhere"], "--resume nowhere"),
        (["--data", "nowhere"], "nowhere"),
        (["--batch-size", "0"], "batch"),
    ],
)
def test_a_mistake_is_one_sentence(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    message: str,
) -> None:
    """In this process, for speed; the exit status and the missing traceback are shown by the next test."""
    import runpy

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["train_detector.py", *options])
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(TOOL[1], run_name="__main__")
    error = capsys.readouterr().err
    assert caught.value.code == 1
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert message in error


def test_a_run_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "runs" / "mine").mkdir(parents=True)
    (tmp_path / "runs" / "mine" / "config.json").write_text("{}")
    result = train(tmp_path, "--name", "mine")
    assert result.returncode == 1
    assert result.stderr.startswith("error: --name mine:")
    assert "Traceback" not in result.stderr


def test_a_resumed_run_has_the_ink_it_was_started_with(tmp_path: Path) -> None:
    pictures = {"ink_dir": tmp_path / "inks", "ink_share": 0.4, "preset": ("lines=2",), "zoom": (1.0,)}
    (tmp_path / "config.json").write_text(json.dumps({"args": pictures}, default=str))
    args = args_of(tmp_path)
    assert args == grouped(pictures)
    assert args.pictures.ink_dir == tmp_path / "inks"
