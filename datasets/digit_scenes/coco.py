"""COCO datasets of digits, for training and scoring: anybody's are read, `write_coco` makes them of scenes.

Categories are matched by their names, never by id: see `category_names`.
"""

from __future__ import annotations

import json
import logging
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from detector.categories import DIGIT_COUNT, DIGITS
from detector.errors import DataError
from detector.images import open_image
from detector.types import Target
from digit_scenes.category_names import category_of, in_order, relabelled
from digit_scenes.coco_writer import dataset_head, write_coco
from digit_scenes.scene import Scene

__all__ = ["CocoBatches", "CocoDataset", "dataset_head", "read_coco", "write_coco"]

logger = logging.getLogger(__name__)

Box = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class CocoDataset:
    """The pictures of a COCO dataset as scenes, in the order of its file."""

    images: Path
    """The folder that the file names of the pictures are relative to."""
    records: Sequence[Mapping[str, Any]]
    """Of each picture its id, file_name, width, height, digit_strings and written_strings."""
    targets: Sequence[Target]
    """Of each picture what is truly in it. Labels are indices into `categories`."""
    lines: Sequence[tuple[str, ...] | None]
    """Of each picture the true lines of text, None where they are not known."""
    written: Sequence[tuple[str, ...] | None]
    """Of each picture its lines as they are written, signs included, None where they are not known."""
    categories: tuple[str, ...]
    """The ten digits, then whatever else it has boxes of: known signs in the order of CATEGORIES, then its own."""
    ground_truth: Mapping[str, Any]
    """The dataset as pycocotools is to score it: values as its file has them, without what is no digit."""
    category_ids: tuple[int | None, ...]
    """The dataset's id of each of the ten digits, None for a digit that it has no category for."""

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, index: int) -> Scene:
        """Picture `index` with its truth. Raises ImageError if it cannot be read, DataError if its size is another."""
        image, record = open_image(self.path(index)), self.records[index]
        if image.shape[:2] != (record["height"], record["width"]):
            raise DataError(
                f"{self.path(index)}: expected {record['width']}x{record['height']} pixels as its annotations say, got "
                f"{image.shape[1]}x{image.shape[0]}; correct the size there, and the boxes if the picture was changed."
            )
        return Scene(image, self.targets[index], self.lines[index], self.written[index])

    def path(self, index: int) -> Path:
        """Where picture `index` lies."""
        return self.images / str(self.records[index]["file_name"])

    def labelled_by(self, categories: tuple[str, ...]) -> CocoDataset:
        """The same with labels that index a detector's categories; boxes of all others are left out."""
        targets = [relabelled(target, self.categories, categories) for target in self.targets]
        return replace(self, targets=targets, categories=categories)

    def box_counts(self) -> dict[str, int]:
        """How many boxes there are of each of its categories, ignored ones not counted."""
        counts = Counter(label for target in self.targets for label in target.labels[~target.ignore].tolist())
        return {name: counts[label] for label, name in enumerate(self.categories)}


class CocoBatches:
    """Endless training batches of a COCO dataset, by the index of their step: `batches[step] -> images, targets`.

    Every epoch shows all pictures in an order of its own. Pictures larger than `max_side` are cropped at random. The
    same arguments give the same batches. Raises DataError for a dataset without pictures.
    """

    def __init__(self, dataset: CocoDataset, batch_size: int, seed: int, max_side: int = 640) -> None:
        if not len(dataset):
            raise DataError(f"{dataset.images}: expected pictures to train on, got a dataset without any.")
        self.dataset, self.batch_size, self.seed, self.max_side = dataset, batch_size, seed, max_side

    def __getitem__(self, step: int) -> tuple[list[np.ndarray], list[Target]]:
        """Batch `step`: pictures uint8 (H, W, 3) RGB of any sizes up to `max_side`, and what is in them."""
        images, targets = [], []
        for position in range(step * self.batch_size, (step + 1) * self.batch_size):
            epoch, index = divmod(position, len(self.dataset))
            order = np.random.default_rng([self.seed, epoch]).permutation(len(self.dataset))
            scene = self.dataset[int(order[index])]
            rng = np.random.default_rng([self.seed, epoch, index])
            image, target = crop_to(scene.image, scene.target, self.max_side, rng)
            images.append(image)
            targets.append(target)
        return images, targets


def crop_to(image: np.ndarray, target: Target, max_side: int, rng: np.random.Generator) -> tuple[np.ndarray, Target]:
    """A random crop of at most `max_side` pixels a side. Boxes of which less than half remains become ignored."""
    height, width = image.shape[:2]
    if max(height, width) <= max_side:
        return image, target
    x, y = (int(rng.integers(0, max(0, side - max_side) + 1)) for side in (width, height))
    image = np.ascontiguousarray(image[y : y + max_side, x : x + max_side])
    shift = np.array([x, y, x, y], np.float32)
    shifted = target.boxes - shift  # (N, 4)
    limits = np.array([image.shape[1], image.shape[0]] * 2, np.float32)
    boxes, untold = shifted.clip(0, limits), (target.untold - shift).clip(0, limits)  # (N, 4), (M, 4)
    remains = np.prod(boxes[:, 2:] - boxes[:, :2], 1) / np.prod(shifted[:, 2:] - shifted[:, :2], 1)  # (N,)
    kept = remains > 0
    untold = untold[(untold[:, 2:] > untold[:, :2]).all(1)]
    return image, Target(boxes[kept], target.labels[kept], (target.ignore | (remains < 0.5))[kept], untold)


def read_coco(annotations: Path, images: Path) -> CocoDataset:
    """Reads a COCO file whose pictures lie in the folder `images`.

    Boxes of all categories are kept, and clipped to the picture. Annotations of an unknown category, of unknown
    pictures, and without a box of any size inside the picture are left out, and a warning counts them. The true lines
    of text come from `digit_strings` of an image record where it has one, as they are written from `written_strings`.
    Raises DataError where the file or a picture is missing, or the file is damaged.
    """
    data = _load(annotations)
    names = _category_names(annotations, data["categories"])
    records = _image_records(annotations, data["images"])
    by_id = {record["id"]: record for record in records}
    missing = [record["file_name"] for record in records if not (images / record["file_name"]).is_file()]
    if missing:
        raise DataError(
            f"{images / missing[0]}: no such picture, though {annotations} lists it ({len(missing)} of {len(records)} "
            "are missing); name the folder that the file names in it are relative to."
        )
    category_ids = tuple(next((i for i, name in names.items() if name == str(d)), None) for d in range(DIGIT_COUNT))

    left_out: Counter[str] = Counter()
    rows: dict[Any, list[tuple[Box, str, bool]]] = {record["id"]: [] for record in records}
    kept = []
    for annotation in data["annotations"]:
        record, name = by_id.get(_key(annotation, "image_id")), names.get(_key(annotation, "category_id"))
        bbox = _bbox(annotation, record) if record else None
        box = _clipped(bbox, record) if bbox and record else None
        if record is None or name is None or bbox is None or box is None:
            left_out[
                "of an unknown picture"
                if record is None
                else "of an unknown category"
                if name is None
                else "without a box"
            ] += 1
            continue
        crowd = bool(annotation.get("iscrowd"))
        rows[record["id"]].append((box, name, crowd))
        if name not in DIGITS:
            continue
        kept.append(
            {
                "id": annotation.get("id"),
                "image_id": record["id"],
                "category_id": category_ids[int(name)],
                "bbox": bbox,
                "area": _number(annotation.get("area"), bbox[2] * bbox[3]),
                "iscrowd": int(crowd),
            }
        )
    for reason, count in left_out.items():
        logger.warning("%s: left out %d of %d annotations: %s.", annotations, count, len(data["annotations"]), reason)
    ids = [annotation["id"] for annotation in kept]
    if not all(type(i) is int and i > 0 for i in ids) or len(set(ids)) < len(ids):
        for new_id, annotation in enumerate(kept, 1):  # pycocotools needs them unique, and takes 0 for "not found"
            annotation["id"] = new_id
    categories = in_order(name for own in rows.values() for _, name, _ in own)
    return CocoDataset(
        images=images,
        records=records,
        targets=[_target(rows[record["id"]], categories, record["untold"]) for record in records],
        lines=[record["digit_strings"] for record in records],
        written=[record["written_strings"] for record in records],
        categories=categories,
        ground_truth={
            "images": [{key: record[key] for key in ("id", "width", "height", "file_name")} for record in records],
            "annotations": kept,
            "categories": [{"id": i, "name": str(d)} for d, i in enumerate(category_ids) if i is not None],
        },
        category_ids=category_ids,
    )


def _load(path: Path) -> dict[str, Any]:
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; expected the annotations of a COCO dataset.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: expected the annotations of a COCO dataset as JSON, got {error}.") from None
    for key in ("images", "annotations", "categories"):
        rows = data.get(key) if isinstance(data, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise DataError(
                f"{path}: expected a COCO dataset with a list of objects '{key}', got none; is it a results file?"
            )
    return data


def _category_names(path: Path, categories: Sequence[Mapping[str, Any]]) -> dict[Any, str]:
    """From category id to the name it has here."""
    told = {_key(category, "id"): category.get("name") for category in categories}
    names = {i: category_of(str(name)) for i, name in told.items() if isinstance(name, int | str) and str(name).strip()}
    if not set(DIGITS) & set(names.values()):
        got = ", ".join(repr(str(name)) for name in list(told.values())[:5]) or "none"
        raise DataError(f'{path}: expected categories named "0" to "9", got {got}; rename those that are digits.')
    return names


def _image_records(path: Path, images: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The image records with what is used of them, checked."""
    records = []
    for index, image in enumerate(images):
        record: dict[str, Any] = {key: image.get(key) for key in ("id", "file_name", "width", "height")}
        sound = isinstance(record["id"], int | str) and isinstance(record["file_name"], str)
        if not sound or not all(isinstance(record[key], int) and record[key] > 0 for key in ("width", "height")):
            raise DataError(
                f"{path}: expected id, file_name, width and height of image record {index}, got {dict(image)!r:.200}."
            )
        for key in ("digit_strings", "written_strings"):
            record[key] = _lines(path, image, key)
        untold = image.get("untold_boxes")
        boxes = [_bbox({"bbox": bbox}, record) for bbox in (untold if isinstance(untold, list) else ())]
        record["untold"] = [box for bbox in boxes if bbox and (box := _clipped(bbox, record))]
        records.append(record)
    if len({record["id"] for record in records}) < len(records) or len({type(record["id"]) for record in records}) > 1:
        raise DataError(f"{path}: expected a different id of one kind, all numbers or all texts, on each image record.")
    return records


def _lines(path: Path, image: Mapping[str, Any], key: str) -> tuple[str, ...] | None:
    """Lines of text in an image record, None where it has none. Raises DataError for anything else."""
    lines = image.get(key)
    if lines is None:
        return None
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise DataError(f"{path}: expected {key} of {image['file_name']} as a list of texts, got {lines!r:.100}.")
    return tuple(lines)


def _key(record: Mapping[str, Any], name: str) -> int | str | None:
    value = record.get(name)
    return value if isinstance(value, int | str) else None


def _bbox(annotation: Mapping[str, Any], record: Mapping[str, Any]) -> list[float] | None:
    """x, y, width and height as they are written or, without a bbox, those of the segmentation; None without any."""
    bbox, outline = annotation.get("bbox"), annotation.get("segmentation")
    try:
        if bbox is None and isinstance(outline, dict):  # run lengths, compressed (text) or not (a list)
            if isinstance(outline["counts"], list):
                outline = coco_mask.frPyObjects(outline, record["height"], record["width"])
            bbox = coco_mask.toBbox(outline).tolist()
        elif bbox is None and outline:  # polygons, each x, y, x, y, ...
            points = np.concatenate([np.asarray(polygon, float).reshape(-1, 2) for polygon in outline])
            bbox = [*points.min(0).tolist(), *(points.max(0) - points.min(0)).tolist()]
        x, y, width, height = (_number(value, math.nan) for value in bbox or ())
    except (KeyError, TypeError, ValueError):
        return None
    return [x, y, width, height] if all(map(math.isfinite, (x, y, width, height))) and min(width, height) > 0 else None


def _clipped(bbox: Sequence[float], record: Mapping[str, Any]) -> Box | None:
    """x0, y0, x1, y1 inside the picture, in float32's precision; None if nothing remains."""
    x, y, width, height = bbox
    corners = max(x, 0), max(y, 0), min(x + width, record["width"]), min(y + height, record["height"])
    x0, y0, x1, y1 = np.array(corners, np.float32).tolist()
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def _target(rows: Sequence[tuple[Box, str, bool]], categories: Sequence[str], untold: Sequence[Box]) -> Target:
    places = {name: label for label, name in enumerate(categories)}
    return Target(
        np.array([box for box, _, _ in rows], np.float32).reshape(-1, 4),
        np.array([places[name] for _, name, _ in rows], np.int64),
        np.array([ignore for _, _, ignore in rows], np.bool_),
        np.array(untold, np.float32).reshape(-1, 4),
    )


def _number(value: object, default: float) -> float:
    """The value where it is a number, as it is: a whole one stays whole, so that what is scored is what is written."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else default
