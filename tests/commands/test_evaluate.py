"""The command `evaluate`, with readers that know the answers, or some of them."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

import detector
from detector.commands import evaluate as evaluate_command
from detector.commands.entry import parse
from detector.errors import OptionError
from detector.models import checkpoint
from detector.scoring.metrics import STANDARD_KEYS
from digit_scenes import Scenes
from digit_scenes.coco import read_coco, write_coco
from tests.fakes import KnowingReader, strip_scenes
from tests.tiny import tiny_model

ROOT = Path(__file__).parents[2]


def plain_pycocotools(annotations: Path, results: Path) -> list[float]:
    coco = COCO(str(annotations))
    scoring = COCOeval(coco, coco.loadRes(str(results)), "bbox")
    scoring.evaluate()
    scoring.accumulate()
    scoring.summarize()
    figures: list[float] = scoring.stats.tolist()
    return figures


def same(metrics: dict[str, Any], stats: list[float]) -> bool:
    return [-1 if metrics[key] is None else metrics[key] for key in STANDARD_KEYS] == stats


def scored(**options: object) -> int:
    """The exit status of `evaluate` with these options, in this process."""
    words = [word for name, value in options.items() for word in ("--" + name.replace("_", "-"), str(value))]
    return evaluate_command.main(parse(evaluate_command.Args, words))


@pytest.mark.parametrize("preset", ["strips", "paper"])
def test_pycocotools_alone_scores_the_written_files_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, preset: str
) -> None:
    out, data = tmp_path / "out", tmp_path / "data"
    scenes = Scenes(preset, "test", 0)
    write_coco(data, scenes, 8, {})
    monkeypatch.setattr(
        detector, "load", lambda *_, **__: KnowingReader([scenes[i] for i in range(8)], noise=1), raising=False
    )
    for source in ({"preset": preset, "count": 8}, {"data": data}):
        assert scored(**source, out=out, coco_results=tmp_path / "results.json") == 0
        metrics = json.loads((out / "metrics.json").read_text())
        assert same(metrics, plain_pycocotools(data / "annotations.json", tmp_path / "results.json"))
        assert 0 < metrics["AP"] < 1
    assert {path.name for path in out.iterdir()} == {
        "metrics.json",
        "pr_curve.png",
        "confusion.png",
        "risk_coverage.png",
    }


def test_a_strange_dataset_is_scored_by_its_own_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Category ids from 0 in another order, picture ids out of order, areas that are not those of the boxes."""
    scenes = Scenes("strips", "test", 1)
    write_coco(tmp_path / "data", scenes, 6, {})
    path = tmp_path / "data" / "annotations.json"
    data = json.loads(path.read_text())
    for annotation in data["annotations"]:
        annotation["category_id"] = (annotation["category_id"] * 7) % 10
        annotation["image_id"] = 50 - annotation["image_id"]
        annotation["bbox"][0] += 1 / 3
        annotation["area"] *= 3
    for category in data["categories"]:
        category["id"] = (category["id"] * 7) % 10
    for image in data["images"]:
        image["id"] = 50 - image["id"]
    path.write_text(json.dumps(data))
    dataset = read_coco(path, path.parent / "images")
    monkeypatch.setattr(
        detector, "load", lambda *_, **__: KnowingReader([dataset[i] for i in range(6)], noise=0.7), raising=False
    )
    options = {"annotations": path, "images": path.parent / "images", "out": tmp_path}
    assert scored(**options, coco_results=tmp_path / "r.json") == 0
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert same(metrics, plain_pycocotools(path, tmp_path / "r.json"))
    assert metrics["AP_medium"] is not None


def test_a_manifest_with_a_bad_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scenes = strip_scenes(3)
    with (tmp_path / "m.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["lines", "file"])
        for index, scene in enumerate(scenes):
            cv2.imwrite(str(tmp_path / f"{index}.png"), scene.image)
            table.writerow(["|".join(scene.lines or ()), f"{index}.png"])
        table.writerow(["1", "gone.png"])
    monkeypatch.setattr(detector, "load", lambda *_, **__: KnowingReader(scenes), raising=False)
    assert scored(lines=tmp_path / "m.csv", out=tmp_path / "out") == 1
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert (metrics["exact_lines"], metrics["pictures"], metrics["unread_pictures"]) == (1, 3, 1)
    assert "AP" not in metrics
    assert metrics["missed_share"] == metrics["invented_share"] == 0
    assert metrics["invented_on_blank"] is None
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "metrics.json",
        "confusion.png",
        "risk_coverage.png",
    }
    assert (metrics["numbers"], metrics["coverage_at_95"], metrics["risk_coverage_area"]) == (3, 1, 0)
    assert "digit_ece" not in metrics
    assert "gone.png" in capsys.readouterr().err
    with pytest.raises(OptionError, match="--coco-results"):
        scored(lines=tmp_path / "m.csv", coco_results=tmp_path / "r.json")


@pytest.mark.parametrize("known", ["preset", "boxes", "text"])
def test_the_failures_of_every_kind_of_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], known: str
) -> None:
    scenes = strip_scenes(3)
    write_coco(tmp_path, Scenes("strips", "test", 0), 3, {})
    files = sorted(path.name for path in (tmp_path / "images").iterdir())
    (tmp_path / "m.csv").write_text(
        "\n".join(
            ["file,lines", *(f"images/{f},{'|'.join(s.lines or ())}" for f, s in zip(files, scenes, strict=True))]
        )
    )
    source: dict[str, dict[str, Any]] = {
        "preset": {"preset": "strips", "count": 3},
        "boxes": {"data": tmp_path},
        "text": {"lines": tmp_path / "m.csv"},
    }
    monkeypatch.setattr(detector, "load", lambda *_, **__: KnowingReader(scenes[:2]), raising=False)
    out = tmp_path / "wrong"
    assert scored(**source[known], failures=out) == 0
    printed = capsys.readouterr().out
    assert f"read wrongly: 1 pictures, see {out}" in printed
    assert "missed   " in printed
    rows = (out / "failures.csv").read_text().splitlines()
    assert len(rows) == 2
    assert {path.name for path in out.iterdir()} >= {"failures.csv", "failures.png"}
    monkeypatch.setattr(detector, "load", lambda *_, **__: KnowingReader(scenes), raising=False)
    assert scored(**source[known], failures=out) == 0
    assert "read wrongly: no picture" in capsys.readouterr().out
    assert [path.name for path in out.iterdir()] == ["failures.csv"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "got none"),
        ({"preset": "clean", "data": Path("x")}, "got --preset and --data"),
        ({"preset": "clean", "images": Path("x")}, "--images x"),
        ({"preset": "clean", "most_failures": 0}, "--most-failures"),
    ],
)
def test_settings_that_contradict_each_other(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        scored(**arguments)


def test_the_command(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "tiny.safetensors", "faster-rcnn", tiny_model(), {})
    path = os.pathsep.join([str(ROOT), str(ROOT / "datasets")])
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    command = [
        sys.executable,
        str(ROOT / "tools" / "evaluate.py"),
        "--preset",
        "strips",
        "--count",
        "2",
        "--threads",
        "1",
    ]

    def run(*more: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*command, *map(str, more)], env=environment, capture_output=True, text=True, timeout=120)

    sound = run(
        *("--weights", tmp_path / "tiny.safetensors", "--out", tmp_path / "out"),
        *("--coco-results", tmp_path / "r.json", "--failures", tmp_path / "f", "--most-failures", 1),
    )
    assert sound.returncode == 0, sound.stderr
    assert "exact_lines" in sound.stdout
    assert json.loads((tmp_path / "out" / "metrics.json").read_text())["pictures"] == 2
    assert isinstance(json.loads((tmp_path / "r.json").read_text()), list)
    assert {path.name for path in (tmp_path / "f").iterdir()} >= {"failures.csv"}
    refused = run("--out", tmp_path / "r.json")
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: ")
