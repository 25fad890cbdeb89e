"""detector.scoring.evaluation and the command `evaluate`, with readers that know the answers, or some of them."""

from __future__ import annotations

import csv
import json
import math
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

import detector
from detector.commands import evaluate as evaluate_command
from detector.commands.entry import parse
from detector.errors import DataError, ImageError, OptionError
from detector.models import checkpoint
from detector.reading.calibration import Calibration, Chance
from detector.scoring.evaluation import BLOCK_ORDER, evaluate, format_confusions, format_table, save
from detector.scoring.metrics import STANDARD_KEYS
from detector.scoring.mistakes import Verdict, breakdown
from detector.types import Detections, Target
from digit_scenes import Scene, Scenes
from digit_scenes.coco import read_coco, write_coco
from tests.tiny import tiny_model

ROOT = Path(__file__).parents[2]


class Knows:
    """Finds what is in the pictures it was shown, or, as noise grows, something like it."""

    def __init__(self, scenes: list[Scene], noise: float = 0) -> None:
        self.min_score, self.calibration = 0.5, Calibration()
        self.answers = {scene.image.tobytes(): self.answer(scene.target, noise, i) for i, scene in enumerate(scenes)}

    @staticmethod
    def answer(target: Target, noise: float, seed: int) -> Detections:
        rng = np.random.default_rng(seed)
        boxes = target.boxes + rng.normal(0, noise, target.boxes.shape).astype(np.float32)
        boxes[:, 2:] = np.maximum(boxes[:, 2:], boxes[:, :2] + 1)
        labels = np.where(rng.uniform(size=len(target)) < 0.1 * noise, 8, target.labels)
        return Detections(boxes, labels, rng.uniform(0.55 - 0.3 * min(noise, 1), 1, len(target)).astype(np.float32))

    def detect(self, image: np.ndarray) -> Detections:
        return self.answers.get(image.tobytes(), Detections.empty())


class Broken:
    """Three scenes of which the second cannot be opened."""

    scenes = Scenes("strips", "test", 5)

    def __getitem__(self, index: int) -> Scene:
        if index == 1:
            raise ImageError("b.png: expected a picture, got nothing; get it again.")
        return self.scenes[index]


def strips(count: int, seed: int = 0) -> list[Scene]:
    scenes = Scenes("strips", "test", seed)
    return [scenes[index] for index in range(count)]


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


# The library


def test_nothing_to_evaluate_on() -> None:
    with pytest.raises(OptionError, match="at least one picture"):
        evaluate(Knows([]), [], 0)


def test_no_readable_picture_at_all() -> None:
    class Nothing:
        def __getitem__(self, index: int) -> Scene:
            raise ImageError(f"picture {index} is gone.")

    with pytest.raises(DataError, match=r"none of 3 .* picture 0 is gone"):
        evaluate(Knows([]), Nothing(), 3)


def test_pictures_without_any_digit(tmp_path: Path) -> None:
    empty = Scene(np.zeros((20, 30, 3), np.uint8), Target.empty(), ())
    evaluation = evaluate(Knows([]), [empty, empty], 2)
    assert evaluation.results == []
    assert math.isnan(evaluation.metrics["AP"])
    assert evaluation.metrics["exact_pictures"] == 1
    save(evaluation, tmp_path)
    assert json.loads((tmp_path / "metrics.json").read_text())["AP"] is None
    assert "AP                        -" in format_table(evaluation.blocks)


def test_a_reader_that_knows_all_is_perfect() -> None:
    scenes = strips(4)
    metrics = evaluate(Knows(scenes), scenes, 4).metrics
    assert [metrics[key] for key in ("AP", "AP50", "f1", "exact_lines", "exact_pictures", "cer")] == pytest.approx(
        [1] * 5 + [0]
    )
    assert (metrics["pictures"], metrics["unread_pictures"]) == (4, 0)
    assert metrics["ms_per_picture"] > 0


def test_a_reader_that_sees_nothing_scores_zero() -> None:
    metrics = evaluate(Knows([]), strips(2), 2).metrics
    assert [metrics[key] for key in ("AP", "recall", "exact_lines", "cer", "missed_share")] == [0, 0, 0, 1, 1]
    assert metrics["true_digits"] == 10


def test_only_what_passes_the_threshold_is_read_as_text() -> None:
    scenes = strips(3)
    reader = Knows(scenes)
    reader.min_score = 1.0
    metrics = evaluate(reader, scenes, 3).metrics
    assert metrics["AP"] == pytest.approx(1)
    assert (metrics["recall"], metrics["exact_lines"]) == (0, 0)


def test_one_bad_picture_does_not_stop_the_rest() -> None:
    scenes = [Broken.scenes[0], Broken.scenes[2]]
    evaluation = evaluate(Knows(scenes), Broken(), 3)
    assert list(evaluation.unread) == [1]
    assert evaluation.metrics["AP"] == pytest.approx(1)
    assert (evaluation.metrics["pictures"], evaluation.metrics["unread_pictures"]) == (2, 1)
    assert evaluation.results is not None
    assert {row["image_id"] for row in evaluation.results} == {0, 2}


def test_coverage_and_risk_are_part_of_the_report(tmp_path: Path) -> None:
    """The reader knows two strips of three; the numbers of the third are missed and none of all is read wrongly."""
    scenes = strips(3)
    evaluation = evaluate(Knows(scenes[:2]), scenes, 3)
    metrics = evaluation.metrics
    assert metrics["numbers"] == 3
    assert metrics["coverage_at_95"] == metrics["coverage_at_99"] == pytest.approx(2 / 3)
    assert metrics["risk_coverage_area"] == pytest.approx(1 / 9)
    assert 0 < metrics["digit_ece"] < 0.5
    save(evaluation, tmp_path)
    points = json.loads((tmp_path / "metrics.json").read_text())["risk_coverage"]
    assert [point[1:] for point in points] == [[0.3333, 0.0], [0.6667, 0.0]]


def test_numbers_are_scored_by_the_calibration_that_is_given() -> None:
    scenes = strips(1)
    plain, low = (
        evaluate(Knows(scenes), scenes, 1, calibration=Calibration(number=Chance(1.0, offset))).numbers.scores
        for offset in (0.0, -2.0)
    )
    assert low == pytest.approx(Chance(1.0, -2.0)(plain))


def test_the_table_shows_every_figure() -> None:
    scenes = strips(2)
    evaluation = evaluate(Knows(scenes), scenes, 2)
    table = format_table(evaluation.blocks)
    assert set(evaluation.metrics) <= set(table.split())
    assert [row.split()[0] for row in table.splitlines() if row[0] != " "] == list(BLOCK_ORDER)


def test_a_new_figure_shows_in_the_table_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def with_a_new_one(verdicts: Sequence[Verdict]) -> dict[str, float]:
        return breakdown(verdicts) | {"mirrored_share": 0.125}

    monkeypatch.setattr("detector.scoring.evaluation.breakdown", with_a_new_one)
    scenes = strips(1)
    evaluation = evaluate(Knows(scenes), scenes, 1)
    assert evaluation.metrics["mirrored_share"] == 0.125
    assert "mirrored_share        0.125" in format_table(evaluation.blocks)
    assert format_table(evaluation.blocks | {"new": {"figure": 1.0}}).splitlines()[-1].split() == ["new", "figure", "1"]


def test_the_commonest_confusions_have_a_row_each() -> None:
    scenes = strips(2)
    rows = format_confusions(evaluate(Knows([]), scenes, 2).confusion).splitlines()
    assert [row.split()[0] for row in rows] == ["confused", "missed", "invented"]
    assert rows[0].split()[1] == "none"


# The command


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
    monkeypatch.setattr(detector, "load", lambda *_, **__: Knows([scenes[i] for i in range(8)], noise=1), raising=False)
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
        detector, "load", lambda *_, **__: Knows([dataset[i] for i in range(6)], noise=0.7), raising=False
    )
    options = {"annotations": path, "images": path.parent / "images", "out": tmp_path}
    assert scored(**options, coco_results=tmp_path / "r.json") == 0
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert same(metrics, plain_pycocotools(path, tmp_path / "r.json"))
    assert metrics["AP_medium"] is not None


def test_a_manifest_with_a_bad_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scenes = strips(3)
    with (tmp_path / "m.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["lines", "file"])
        for index, scene in enumerate(scenes):
            cv2.imwrite(str(tmp_path / f"{index}.png"), scene.image)
            table.writerow(["|".join(scene.lines or ()), f"{index}.png"])
        table.writerow(["1", "gone.png"])
    monkeypatch.setattr(detector, "load", lambda *_, **__: Knows(scenes), raising=False)
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
    scenes = strips(3)
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
    monkeypatch.setattr(detector, "load", lambda *_, **__: Knows(scenes[:2]), raising=False)
    out = tmp_path / "wrong"
    assert scored(**source[known], failures=out) == 0
    printed = capsys.readouterr().out
    assert f"read wrongly: 1 pictures, see {out}" in printed
    assert "missed   " in printed
    rows = (out / "failures.csv").read_text().splitlines()
    assert len(rows) == 2
    assert {path.name for path in out.iterdir()} >= {"failures.csv", "failures.png"}
    monkeypatch.setattr(detector, "load", lambda *_, **__: Knows(scenes), raising=False)
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
