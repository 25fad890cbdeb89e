"""Writes scenes as a COCO dataset: `images/*.png` and `annotations.json`, by several processes, whole or not at all."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from detector.categories import CATEGORIES, DIGIT_COUNT, DIGITS, SIGNS
from detector.errors import DataError, OptionError
from detector.types import Target
from digit_scenes.glyphs.real_ink import RealInk
from digit_scenes.presets import get_preset
from digit_scenes.preview import contact_sheet
from digit_scenes.scene import Scene

DATASET_FILES = {"images", "annotations.json", "preview.png"}
"""All that a dataset folder holds; a folder with anything else in it is never removed."""

PNG_ZLIB_LEVEL = 1
"""zlib's level of compression: 9 would halve the speed of the whole and save a tenth of the space."""


class ScenesLike(Protocol):
    """Scenes by index. They must be picklable where there are several workers."""

    def __getitem__(self, index: int, /) -> Scene: ...


@dataclass(frozen=True)
class _Record:
    """What a worker hands back of a scene whose picture it has written."""

    width: int
    height: int
    target: Target
    lines: tuple[str, ...] | None
    written: tuple[str, ...] | None


def write_coco(
    out: Path,
    scenes: ScenesLike,
    count: int,
    head: Mapping[str, Any],
    *,
    workers: int = 1,
    overwrite: bool = False,
    preview: int = 0,
    progress: Callable[[Iterable[_Record]], Iterable[_Record]] = iter,
) -> None:
    """Writes scenes 0 to `count` - 1 to the folder `out`, scene i as image i: the same bytes for any number of workers.

    Scenes of which signs and writing are told have them in it, too; those of digits alone have ten categories.

    All is built in `out`.partial and renamed at the end. head: what comes before the lists, see `dataset_head`.
    preview: of how many scenes a contact sheet is added, as preview.png; 0 for none. progress: wraps the iteration over
    what is written, as tqdm does. overwrite: whether a dataset in `out` may be replaced; nothing else ever is.

    Raises OptionError for settings that make no sense and for a folder that may not be replaced, DataError where the
    dataset cannot be written.
    """
    for name, value, least in (("--count", count, 1), ("--workers", workers, 1), ("--preview", preview, 0)):
        if value < least:
            raise OptionError(f"{name}: expected a number from {least} on, got {value}.")
    _check_replaceable(out, overwrite)
    partial = out.with_name(out.name + ".partial")
    _check_replaceable(partial, overwrite=True)
    try:
        shutil.rmtree(partial, ignore_errors=True)
        (partial / "images").mkdir(parents=True)
        records = progress(_write_images(scenes, count, partial / "images", workers))
        dataset = {**head, **_annotations(records)}
        if preview:
            _write_png(partial / "preview.png", contact_sheet([scenes[i] for i in range(preview)]))
        (partial / "annotations.json").write_text(json.dumps(dataset), encoding="utf-8")
        _publish(partial, out)
    except (OSError, BrokenProcessPool) as error:
        raise DataError(
            f"{out}: the dataset could not be written, {error}; see that there is space and a right to write."
        ) from None


def dataset_head(
    preset: str, split: str, seed: int, mnist_dir: Path | None, ink: RealInk | None = None
) -> dict[str, Any]:
    """`info` and `licenses` of a dataset: how to make it again, and whose digits are in it.

    No date is in it, so that equal settings write equal bytes.
    """
    packages = ("digit-reader", "numpy", "opencv-python-headless", "albumentations")
    info = {
        "description": f"Handwritten digits in synthetic scenes: preset {preset}, split {split}, seed {seed}",
        "preset": preset,
        "preset_version": get_preset(preset).version,
        "split": split,
        "seed": seed,
        "versions": {name: _version(name) for name in packages},
    }
    if mnist_dir:
        return {
            "info": info | {"attribution": f"Digits from {mnist_dir.name}, under the terms of their owner."},
            "licenses": [],
        }
    attribution = "Digits from MNIST by Yann LeCun, Corinna Cortes and Christopher J. C. Burges."
    if ink and not get_preset(preset).mnist_alone:
        attribution += f" Among them, as a share of {ink.share}, digits from {ink.folder.name}, under their own terms."
    licence = {"id": 1, "name": "CC BY-SA 3.0", "url": "https://creativecommons.org/licenses/by-sa/3.0/"}
    return {"info": info | {"attribution": attribution}, "licenses": [licence]}


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _check_replaceable(folder: Path, overwrite: bool) -> None:
    """Raises OptionError unless `folder` is absent, empty, or a dataset that may go."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise OptionError(
            f"{folder}: expected the name of a folder to write the dataset to, got a file; choose another name."
        )
    names = {path.name for path in folder.iterdir()}
    if names - DATASET_FILES:
        stranger = min(names - DATASET_FILES)
        raise OptionError(
            f"{folder}: expected an empty or new folder, got one with {stranger} in it; choose another name."
        )
    if names and not overwrite:
        raise OptionError(
            f"{folder}: expected an empty or new folder, got a dataset; choose another name or add --overwrite."
        )


def _publish(partial: Path, out: Path) -> None:
    """Puts the finished folder in its place; at no moment is there half a dataset under its name."""
    if out.exists() and any(out.iterdir()):
        old = out.with_name(out.name + ".old")
        shutil.rmtree(old, ignore_errors=True)
        os.rename(out, old)
        os.rename(partial, out)
        shutil.rmtree(old)
    else:
        if out.exists():
            out.rmdir()
        os.rename(partial, out)


def _annotations(records: Iterable[_Record]) -> dict[str, Any]:
    """The lists of a COCO dataset. Ids of annotations and categories start at 1, those of images at 0 like scenes."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    with_signs = False
    for image_id, record in enumerate(records):
        target = record.target
        image = {
            "id": image_id,
            "file_name": _file_name(image_id),
            "width": record.width,
            "height": record.height,
            "digit_strings": None if record.lines is None else list(record.lines),
        }
        if record.written is not None or (target.labels >= DIGIT_COUNT).any():
            with_signs = True
            image["written_strings"] = None if record.written is None else list(record.written)
            image["untold_boxes"] = [_bbox(box) for box in target.untold]
        images.append(image)
        for box, label, ignore in zip(target.boxes, target.labels, target.ignore, strict=True):
            bbox = _bbox(box)
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image_id,
                    "category_id": int(label) + 1,
                    "bbox": bbox,
                    "area": bbox[2] * bbox[3],
                    "iscrowd": int(ignore),
                }
            )
    kinds = dict.fromkeys(DIGITS, "digit") | dict.fromkeys(SIGNS, "sign")
    categories = [
        {"id": label + 1, "name": name, "supercategory": kinds.get(name, name)}
        for label, name in enumerate(CATEGORIES if with_signs else DIGITS)
    ]
    return {"images": images, "annotations": annotations, "categories": categories}


def _bbox(box: np.ndarray) -> list[float]:
    """x, y, width and height in pixels, of x0, y0, x1, y1 (4,)."""
    x0, y0, x1, y1 = box.tolist()
    return [x0, y0, x1 - x0, y1 - y0]


def _write_images(scenes: ScenesLike, count: int, folder: Path, workers: int) -> Iterator[_Record]:
    """Writes the pictures and yields their records in order."""
    if workers == 1:
        yield from (_write_image(scenes, folder, index) for index in range(count))
        return
    # Spawned, not forked: a fork of a process with threads (OpenCV's, PyTorch's) may hang.
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(min(workers, count), context, _start_worker, (scenes, folder))
    try:
        yield from executor.map(_work, range(count), chunksize=max(1, min(16, count // (4 * workers))))
    finally:
        executor.shutdown(cancel_futures=True)


_job: tuple[ScenesLike, Path] | None = None
"""What a worker process works on, sent to it once."""


def _start_worker(scenes: ScenesLike, folder: Path) -> None:
    global _job
    _job = scenes, folder
    cv2.setNumThreads(1)  # the processes are the threads
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the main process stops its workers
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Ends this process when the main one was killed, lest it writes on into the folder of the next run."""
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)


def _work(index: int) -> _Record:
    assert _job is not None
    return _write_image(*_job, index)


def _write_image(scenes: ScenesLike, folder: Path, index: int) -> _Record:
    scene = scenes[index]
    _write_png(folder / _file_name(index), scene.image)
    height, width = scene.image.shape[:2]
    return _Record(width, height, scene.target, scene.lines, scene.written)


def _write_png(path: Path, image: np.ndarray) -> None:
    _, data = cv2.imencode(
        ".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, PNG_ZLIB_LEVEL]
    )
    path.write_bytes(data.tobytes())  # cv2.imwrite would pass over a full disk in silence


def _file_name(index: int) -> str:
    return f"{index:06d}.png"
