"""Reading COCO datasets, hostile ones first, and the batches drawn from them."""

from __future__ import annotations

import copy
import json
import logging
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.categories import DIGITS
from detector.errors import DataError, ImageError
from detector.types import Target
from digit_scenes.coco import CocoBatches, CocoDataset, crop_to, read_coco
from digit_scenes.manifest import read_manifest

SOUND: dict[str, Any] = {
    "images": [
        {"id": 7, "file_name": "a.png", "width": 40, "height": 30, "digit_strings": ["12 3", "4"]},
        {"id": 3, "file_name": "b.png", "width": 20, "height": 20},
    ],
    "annotations": [
        {"id": 5, "image_id": 7, "category_id": 0, "bbox": [1, 2, 10, 20], "area": 180, "iscrowd": 0},
        {"id": 6, "image_id": 7, "category_id": 4, "bbox": [20.25, 5.5, 8, 9.1], "iscrowd": 1},
    ],
    "categories": [{"id": 0, "name": "3"}, {"id": 4, "name": "8"}, {"id": 9, "name": " "}],
}


def write(folder: Path, data: object) -> CocoDataset:
    """Writes the dataset with its pictures and reads it."""
    (folder / "images").mkdir(exist_ok=True)
    for name, size in (("a.png", (30, 40, 3)), ("b.png", (20, 20, 3))):
        cv2.imwrite(str(folder / "images" / name), np.full(size, (0, 100, 200), np.uint8))
    text = data if isinstance(data, str) else json.dumps(data)
    (folder / "annotations.json").write_text(text, encoding="utf-8")
    return read_coco(folder / "annotations.json", folder / "images")


def with_annotation(**changes: object) -> dict[str, Any]:
    """The sound dataset with its first annotation changed."""
    data = copy.deepcopy(SOUND)
    data["annotations"][0].update(changes)
    return data


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("", "as JSON"),
        ("{" * 100_000, "as JSON"),
        ("[]", "'images'"),
        ("null", "'images'"),
        ({**SOUND, "annotations": 3}, "'annotations'"),
        ({**SOUND, "annotations": [3]}, "'annotations'"),
        ({**SOUND, "categories": [{"id": 1, "name": "cat"}, {"id": 2}]}, "'cat', 'None'"),
        ({**SOUND, "categories": []}, "got none"),
        ({**SOUND, "images": [{"id": 1}]}, "image record 0"),
        ({**SOUND, "images": [{**SOUND["images"][0], "width": 0}]}, "image record 0"),
        ({**SOUND, "images": [{**SOUND["images"][0], "height": "30"}]}, "image record 0"),
        ({**SOUND, "images": [{**SOUND["images"][0], "digit_strings": "12"}]}, "digit_strings of a.png"),
        ({**SOUND, "images": [{**SOUND["images"][0], "written_strings": [1.2]}]}, "written_strings of a.png"),
        ({**SOUND, "images": [SOUND["images"][0]] * 2}, "different id"),
        ({**SOUND, "images": [SOUND["images"][0], {**SOUND["images"][1], "id": "3"}]}, "of one kind"),
        (
            {**SOUND, "images": [{**SOUND["images"][0], "file_name": "c.png"}, SOUND["images"][1]]},
            r"c.png: no such .*1 of 2",
        ),
    ],
)
def test_a_damaged_dataset_is_one_clear_sentence(tmp_path: Path, data: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        write(tmp_path, data)


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_coco(tmp_path / "nothing.json", tmp_path)
    with pytest.raises(DataError, match="as JSON"):
        read_coco(tmp_path, tmp_path)


def test_a_sound_dataset(tmp_path: Path) -> None:
    dataset = write(tmp_path, SOUND)
    assert len(dataset) == 2
    scene = dataset[0]
    np.testing.assert_array_equal(scene.image, np.full((30, 40, 3), (200, 100, 0), np.uint8))
    np.testing.assert_array_equal(scene.target.boxes, np.array([[1, 2, 11, 22], [20.25, 5.5, 28.25, 14.6]], np.float32))
    assert (scene.target.labels.tolist(), scene.target.ignore.tolist()) == ([3, 8], [False, True])
    assert scene.lines == ("12 3", "4")
    assert len(dataset[1].target) == 0
    assert dataset[1].lines is None
    assert dataset.path(1) == tmp_path / "images" / "b.png"
    assert dataset.category_ids == (None, None, None, 0, None, None, None, None, 4, None)
    assert (dataset.categories, scene.written) == (DIGITS, None)


METER: dict[str, Any] = {
    **SOUND,
    "images": [{**SOUND["images"][0], "written_strings": ["3.8"], "untold_boxes": [[30, 20, 20, 5], [1, 2]]}],
    "annotations": [
        *({**annotation, "image_id": 7} for annotation in SOUND["annotations"]),
        {"id": 7, "image_id": 7, "category_id": 9, "bbox": [15, 20, 2, 2]},
        {"id": 8, "image_id": 7, "category_id": 2, "bbox": [30, 8, 9, 12]},
        {"id": 9, "image_id": 7, "category_id": 3, "bbox": [17, 20, 2, 2], "iscrowd": 1},
    ],
    "categories": [
        *SOUND["categories"][:2],
        {"id": 9, "name": "point"},
        {"id": 2, "name": "kWh"},
        {"id": 3, "name": "."},
        {"id": 5, "name": "comma"},
    ],
}


def test_signs_and_categories_of_ones_own_have_labels(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    dataset = write(tmp_path, METER)
    assert dataset.categories == (*DIGITS, ".", "kWh")  # what has no box is none
    assert dataset.targets[0].labels.tolist() == [3, 8, 10, 11, 10]
    assert dataset.targets[0].untold.tolist() == [[30, 20, 40, 25]]
    assert dataset[0].written == ("3.8",)
    assert {name: count for name, count in dataset.box_counts().items() if count} == {"3": 1, ".": 1, "kWh": 1}
    assert [annotation["id"] for annotation in dataset.ground_truth["annotations"]] == [5, 6]
    assert {category["name"] for category in dataset.ground_truth["categories"]} == {"3", "8"}
    assert caplog.messages == []


def test_labels_are_those_of_a_detector(tmp_path: Path) -> None:
    dataset = write(tmp_path, METER)
    other = dataset.labelled_by((*DIGITS, "kWh", "+"))
    assert (other.categories, other.targets[0].labels.tolist()) == ((*DIGITS, "kWh", "+"), [3, 8, 10])
    assert other.targets[0].ignore.tolist() == [False, True, False]
    assert dataset.labelled_by(DIGITS)[0].target.labels.tolist() == [3, 8]
    assert dataset.labelled_by((*dataset.categories, "+")).targets[0].labels.tolist() == [3, 8, 10, 11, 10]


def test_what_is_scored_is_what_the_file_says(tmp_path: Path) -> None:
    truth = write(tmp_path, SOUND).ground_truth
    assert [image["id"] for image in truth["images"]] == [7, 3]
    assert truth["annotations"][0] == SOUND["annotations"][0]
    assert truth["annotations"][1]["area"] == 8 * 9.1
    assert truth["categories"] == SOUND["categories"][:2]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"image_id": 99}, "unknown picture"),
        ({"image_id": [1]}, "unknown picture"),
        ({"category_id": 9}, "unknown category"),
        ({"category_id": None}, "unknown category"),
        ({"bbox": [1, 2, 0, 5]}, "without a box"),
        ({"bbox": [1, 2, 5, -1]}, "without a box"),
        ({"bbox": [50, 2, 5, 5]}, "without a box"),
        ({"bbox": [1, 2, float("nan"), 5]}, "without a box"),
        ({"bbox": [1, 2, 3]}, "without a box"),
        ({"bbox": "1 2 3 4"}, "without a box"),
        ({"bbox": [1, 2, 1e-12, 5]}, "without a box"),
        ({"bbox": None}, "without a box"),
        ({"bbox": None, "segmentation": [["a", 1]]}, "without a box"),
        ({"bbox": None, "segmentation": {"size": [3]}}, "without a box"),
    ],
)
def test_what_cannot_be_used_is_left_out_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, changes: dict[str, object], reason: str
) -> None:
    with caplog.at_level(logging.WARNING):
        dataset = write(tmp_path, with_annotation(**changes))
    assert dataset.targets[0].labels.tolist() == [8]
    assert [annotation["id"] for annotation in dataset.ground_truth["annotations"]] == [6]
    assert len(caplog.messages) == 1
    assert "left out 1 of 2 annotations" in caplog.messages[0]
    assert reason in caplog.messages[0]


@pytest.mark.parametrize(
    ("changes", "box"),
    [
        ({"bbox": [-5, 20, 10, 50]}, [0, 20, 5, 30]),
        ({"bbox": None, "segmentation": [[3, 4, 9, 4, 9, 12], [2, 5, 4, 5, 4, 6]]}, [2, 4, 9, 12]),
        ({"bbox": None, "segmentation": {"size": [30, 40], "counts": [30 * 2 + 4, 6, 24, 6, 1100]}}, [2, 4, 4, 10]),
    ],
)
def test_boxes_are_clipped_or_taken_from_the_outline(
    tmp_path: Path, changes: dict[str, object], box: list[float]
) -> None:
    assert write(tmp_path, with_annotation(**changes)).targets[0].boxes[0].tolist() == box


@pytest.mark.parametrize("bad_id", [0, 6, None, "x"])
def test_annotation_ids_that_pycocotools_would_trip_over_are_replaced(tmp_path: Path, bad_id: object) -> None:
    truth = write(tmp_path, with_annotation(id=bad_id)).ground_truth
    assert [annotation["id"] for annotation in truth["annotations"]] == [1, 2]


def test_a_picture_that_is_none_or_of_another_size(tmp_path: Path) -> None:
    dataset = write(tmp_path, SOUND)
    dataset.path(0).write_bytes(b"no picture")
    with pytest.raises(ImageError, match=r"a\.png"):
        dataset[0]
    cv2.imwrite(str(dataset.path(0)), np.zeros((40, 30, 3), np.uint8))
    with pytest.raises(DataError, match=r"expected 40x30 .* got 30x40"):
        dataset[0]


# Batches


def many(folder: Path, count: int) -> CocoDataset:
    """Pictures of 1x1 to count x 1 pixels: the width says which it is."""
    records = []
    for i in range(count):
        cv2.imwrite(str(folder / f"{i}.png"), np.zeros((1, i + 1, 3), np.uint8))
        records.append({"id": i, "file_name": f"{i}.png", "width": i + 1, "height": 1})
    (folder / "annotations.json").write_text(json.dumps({**SOUND, "images": records, "annotations": []}))
    return read_coco(folder / "annotations.json", folder)


def test_each_epoch_is_a_permutation_of_its_own(tmp_path: Path) -> None:
    dataset = many(tmp_path, 7)
    batches = CocoBatches(dataset, batch_size=3, seed=1)
    widths = [image.shape[1] for step in range(7) for image in batches[step][0]]
    epochs = [widths[start : start + 7] for start in (0, 7, 14)]
    assert all(sorted(epoch) == list(range(1, 8)) for epoch in epochs)
    assert epochs[0] != epochs[1]
    again = CocoBatches(dataset, batch_size=3, seed=1)
    assert [image.shape[1] for image in again[4][0]] == widths[12:15]
    other = CocoBatches(dataset, batch_size=7, seed=2)
    assert [image.shape[1] for image in other[0][0]] != epochs[0]


def test_nothing_to_train_on(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="without any"):
        CocoBatches(many(tmp_path, 0), batch_size=1, seed=0)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 70), st.integers(0, 1000))
def test_a_crop_shows_what_its_target_says(height: int, width: int, max_side: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0, 1, (5, 2)) * [width - 0.5, height - 0.5]
    ends = np.minimum(corners + rng.uniform(0.3, 25, (5, 2)), [width, height])
    boxes = np.hstack([corners, ends]).astype(np.float32)
    target = Target(boxes, np.arange(5), np.array([True, False, False, False, False]))
    image = rng.integers(0, 256, (height, width, 3), np.uint8)
    cut, seen = crop_to(image, target, max_side, np.random.default_rng(seed))

    assert cut.shape == (min(height, max_side), min(width, max_side), 3)
    places = np.lib.stride_tricks.sliding_window_view(image, cut.shape)[:, :, 0]
    shifts = [(x, y) for y, x in np.argwhere((places == cut).all((2, 3, 4)))]
    expected = []
    for x, y in shifts:
        rows = []
        for box, label in zip(boxes.astype(float), range(5), strict=True):
            x0, x1 = (min(max(value - x, 0), cut.shape[1]) for value in box[[0, 2]])
            y0, y1 = (min(max(value - y, 0), cut.shape[0]) for value in box[[1, 3]])
            share = (x1 - x0) * (y1 - y0) / ((box[2] - box[0]) * (box[3] - box[1]))
            if share > 1e-4:
                rows.append([x0, y0, x1, y1, label, label == 0 or share < 0.5])
        expected.append(rows)
    got = [
        [*box.tolist(), label, ignored]
        for box, label, ignored in zip(seen.boxes, seen.labels, seen.ignore, strict=True)
    ]
    large = [row for row in got if (row[2] - row[0]) * (row[3] - row[1]) > 0.01]
    matches = [
        len(rows) >= len(large) and all(any(np.allclose(row, other, atol=1e-3) for other in rows) for row in large)
        for rows in expected
    ]
    assert any(matches)


# Manifests


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "an empty file"),
        ("file,text\na.png,12\n", "got file, text"),
        ("file,lines\na.png\n", "row 1"),
        ("file,lines\n,12\n", "row 1"),
        ("file,lines\n\xff\xfe,\n", "got 'utf-8"),
    ],
)
def test_a_damaged_manifest_is_one_clear_sentence(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "m.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError, match=message):
        read_manifest(tmp_path / "m.csv")
    with pytest.raises(DataError, match="no such file"):
        read_manifest(tmp_path / "n.csv")


def test_a_manifest(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    cv2.imwrite(str(tmp_path / "pictures" / "a.png"), np.zeros((3, 4, 3), np.uint8))
    (tmp_path / "m.csv").write_text(
        '\ufeffid,file,lines,notes\n1,pictures/a.png,12 3| 45 |,"x, y"\n2,b.png,,\n', encoding="utf-8"
    )
    manifest = read_manifest(tmp_path / "m.csv")
    assert len(manifest) == 2
    assert (manifest[0].image.shape, manifest[0].lines, manifest[0].target) == ((3, 4, 3), ("12 3", "45"), None)
    assert manifest.lines[1] == ()
    assert manifest[0].written is None
    with pytest.raises(ImageError, match=r"b\.png"):
        manifest[1]


def test_a_manifest_of_what_is_written(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text('file,lines,written\na.png,125 3|45,"12,5 -3|45"\nb.png,12,\nc.png,7\n')
    assert read_manifest(tmp_path / "m.csv").written == [("12,5 -3", "45"), None, None]
