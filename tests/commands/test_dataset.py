"""The command `dataset`: what it writes, what it refuses, and what it leaves when it is interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pycocotools.coco import COCO

from detector.categories import CATEGORIES, DIGITS, WRITING
from detector.errors import DataError, OptionError
from detector.types import Target
from digit_scenes import Scene, Scenes
from digit_scenes.coco import dataset_head, read_coco, write_coco
from digit_scenes.preview import contact_sheet

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "datasets")]), "OMP_NUM_THREADS": "1"}


class Plain:
    """Scenes of any number of digits, none in scene 0, and one that cannot be drawn."""

    def __init__(self, bad: int = -1) -> None:
        self.bad = bad

    def __getitem__(self, index: int) -> Scene:
        if index == self.bad:
            raise OSError("no space left on device")
        boxes = np.array([[4 * i + 0.25, 1, 4 * i + 3, 9.1] for i in range(index)], np.float32).reshape(-1, 4)
        labels = np.arange(index) % 10
        image = np.full((12, 4 * index + 8, 3), (255, 128, index), np.uint8)
        return Scene(image, Target(boxes, labels, labels == 1), None if index == 2 else ("1 2",) * index)


class Amount:
    """A scene of "1.2" and a stroke of which nothing is told."""

    def __getitem__(self, index: int) -> Scene:
        boxes = np.array([[0, 1, 4, 9], [5, 7, 6, 9], [7, 1, 11, 9], [12, 1, 15, 9]], np.float32)
        labels = np.array([1, CATEGORIES.index("."), 2, CATEGORIES.index(WRITING)])
        untold = np.array([[1, 10, 9, 11]], np.float32)
        image = np.full((12, 16, 3), 200, np.uint8)
        return Scene(image, Target(boxes, labels, labels == 2, untold), ("12",), ("1.2",))


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "tools" / "make_dataset.py"), *map(str, arguments)]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=120)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def load(folder: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((folder / "annotations.json").read_text())
    return data


def test_what_is_written_is_what_was_drawn(tmp_path: Path) -> None:
    write_coco(tmp_path / "d", Plain(), 4, {"info": {"about": "plain"}})
    data = load(tmp_path / "d")
    assert data["info"] == {"about": "plain"}
    assert [(c["id"], c["name"]) for c in data["categories"]] == [(i + 1, str(i)) for i in range(10)]
    assert set(data["images"][0]) == {"id", "file_name", "width", "height", "digit_strings"}
    assert [annotation["id"] for annotation in data["annotations"]] == list(range(1, 7))
    assert data["annotations"][1] == {
        "id": 2,
        "image_id": 2,
        "category_id": 1,
        "iscrowd": 0,
        "bbox": [0.25, 1.0, 2.75, float(np.float32(9.1)) - 1],
        "area": 2.75 * (float(np.float32(9.1)) - 1),
    }
    assert data["annotations"][2]["iscrowd"] == 1
    assert [image["digit_strings"] for image in data["images"]] == [[], ["1 2"], None, ["1 2"] * 3]
    dataset = read_coco(tmp_path / "d" / "annotations.json", tmp_path / "d" / "images")
    for index in range(4):
        drawn, read = Plain()[index], dataset[index]
        np.testing.assert_array_equal(read.image, drawn.image)
        np.testing.assert_array_equal(read.target.boxes, drawn.target.boxes)
        np.testing.assert_array_equal(read.target.labels, drawn.target.labels)
        np.testing.assert_array_equal(read.target.ignore, drawn.target.ignore)
        assert read.lines == drawn.lines


def test_signs_and_writing_are_written_where_they_are_told(tmp_path: Path) -> None:
    write_coco(tmp_path / "d", Amount(), 1, {}, preview=1)
    data = load(tmp_path / "d")
    assert [(c["id"], c["name"]) for c in data["categories"]] == list(enumerate(CATEGORIES, 1))
    assert [annotation["category_id"] for annotation in data["annotations"]] == [2, 11, 3, 26]
    assert data["images"][0]["written_strings"] == ["1.2"]
    dataset, drawn = read_coco(tmp_path / "d" / "annotations.json", tmp_path / "d" / "images"), Amount()[0]
    assert dataset.categories == (*DIGITS, ".", WRITING)
    read = dataset.labelled_by(CATEGORIES)[0]
    for name in ("boxes", "labels", "ignore", "untold"):
        np.testing.assert_array_equal(getattr(read.target, name), getattr(drawn.target, name))
    assert (read.lines, read.written) == (drawn.lines, drawn.written)


def test_a_head_says_whose_digits_they_are() -> None:
    assert dataset_head("clean", "test", 3, None)["licenses"][0]["name"] == "CC BY-SA 3.0"
    own = dataset_head("clean", "test", 3, Path("some/emnist"))
    assert own["licenses"] == []
    assert "emnist" in own["info"]["attribution"]
    assert (own["info"]["preset"], own["info"]["split"], own["info"]["seed"]) == ("clean", "test", 3)


@pytest.mark.parametrize("name", ["count", "workers"])
def test_numbers_that_make_no_sense(tmp_path: Path, name: str) -> None:
    settings: dict[str, int] = {"count": 1, "workers": 1, name: 0}
    with pytest.raises(OptionError, match=f"--{name}"):
        write_coco(tmp_path / "d", Plain(), settings["count"], {}, workers=settings["workers"])
    assert not list(tmp_path.iterdir())


def test_what_is_there_is_not_written_over(tmp_path: Path) -> None:
    out = tmp_path / "d"
    out.mkdir()
    write_coco(out, Plain(), 1, {})  # empty: may go
    before = files(out)
    with pytest.raises(OptionError, match="--overwrite"):
        write_coco(out, Plain(), 2, {})
    assert files(out) == before
    write_coco(out, Plain(), 2, {}, overwrite=True)
    assert len(load(out)["images"]) == 2
    (out / "thesis.txt").write_text("years of work")
    with pytest.raises(OptionError, match=r"thesis\.txt"):
        write_coco(out, Plain(), 1, {}, overwrite=True)
    with pytest.raises(OptionError, match="got a file"):
        write_coco(out / "thesis.txt", Plain(), 1, {}, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["d"]


def test_what_cannot_be_written_leaves_nothing_under_the_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no space left"):
        write_coco(tmp_path / "d", Plain(bad=2), 4, {})
    assert not (tmp_path / "d").exists()
    write_coco(tmp_path / "d", Plain(), 2, {})  # what was left behind is replaced
    assert [path.name for path in tmp_path.iterdir()] == ["d"]
    assert set(files(tmp_path / "d")) == {"annotations.json", "images/000000.png", "images/000001.png"}


def test_an_interrupt_leaves_nothing_under_the_name(tmp_path: Path) -> None:
    def interrupted(records: Iterable[Any]) -> Iterator[Any]:
        for number, record in enumerate(records):
            if number == 2:
                raise KeyboardInterrupt
            yield record

    with pytest.raises(KeyboardInterrupt):
        write_coco(tmp_path / "d", Plain(), 4, {}, progress=interrupted)
    assert [path.name for path in tmp_path.iterdir()] == ["d.partial"]
    assert not (tmp_path / "d.partial" / "annotations.json").exists()


@pytest.mark.parametrize("count", [1, 3])
def test_a_contact_sheet_shows_every_scene(count: int) -> None:
    sheet = contact_sheet([Plain()[index] for index in range(count)])
    assert sheet.dtype == np.uint8
    blues = {index for index in range(count) if (sheet == (255, 128, index)).all(2).any()}
    assert blues == set(range(count))


def test_the_command_writes_a_dataset_that_pycocotools_loads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenes = Scenes("strips", "test", 0)
    write_coco(tmp_path / "w1", scenes, 9, dataset_head("strips", "test", 0, None), workers=1, preview=4)
    two = run("--preset", "strips", "--count", 9, "--out", tmp_path / "w2", "--workers", 2, "--preview", 4)
    assert two.returncode == 0, two.stderr
    assert two.stderr == ""  # a progress bar is for terminals
    assert files(tmp_path / "w1") == files(tmp_path / "w2")
    coco = COCO(str(tmp_path / "w1" / "annotations.json"))
    capsys.readouterr()
    assert len(coco.getImgIds()) == 9
    assert len(coco.getAnnIds()) == 45
    for record in coco.loadImgs(coco.getImgIds()):
        image = cv2.imread(str(tmp_path / "w1" / "images" / record["file_name"]))
        assert image is not None
        np.testing.assert_array_equal(image[..., ::-1], scenes[record["id"]].image)
    assert cv2.imread(str(tmp_path / "w1" / "preview.png")) is not None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--preset", "none"), "--preset none"),
        (("--mnist-dir", "nowhere"), "nowhere"),
        (("--preset", "lines", "--ink-dir", "nowhere"), "nowhere"),
        (("--ink-dir", ".", "--ink-share", "1"), "--ink-share"),
    ],
)
def test_the_command_refuses_in_one_sentence(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    result = run("--out", tmp_path / "d", "--count", 1, *arguments)
    assert result.returncode == 1
    assert result.stderr.startswith("error: ")
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "d").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_command_leaves_nothing_that_looks_complete(tmp_path: Path, blow: signal.Signals) -> None:
    out, partial = tmp_path / "d", tmp_path / "d.partial"
    command = [sys.executable, str(ROOT / "tools" / "make_dataset.py"), "--preset", "clean", "--count", "100000"]
    process = subprocess.Popen([*command, "--workers", "2", "--out", str(out)], env=ENVIRONMENT, stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 60
        while not list(partial.glob("images/*.png")) and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(blow)
        _, errors = process.communicate(timeout=60)  # ends only when the workers, too, have let go of stderr
    finally:
        process.kill()
    assert process.returncode != 0
    assert (b"error: interrupted" in errors) == (blow == signal.SIGINT)
    assert not out.exists()
    assert not (partial / "annotations.json").exists()
    assert list(partial.glob("images/*.png"))
    write_coco(out, Plain(), 2, {})
    assert not partial.exists()
    assert len(list(out.glob("images/*.png"))) == 2
