"""A recipe never changes: drawn digits and scenes are compared with golden.json, which was written once.

A preset, edition or split that is new has to be added to the file:

    PYTHONPATH=datasets:. python -m tests.digit_scenes.test_golden

This writes it anew. Lines that were there must come out as they were: `git diff` has to show new lines alone. With
names of presets behind it, only theirs are written, which takes a minute.

The file names the versions of NumPy, OpenCV and albumentations it was written with, and the processor's instructions.
Where they are the same, every byte is compared. Elsewhere boxes may be off by BOX_TOLERANCE_PX and mean grey values by
GREY_TOLERANCE; labels and text may not differ anywhere.
"""

from __future__ import annotations

import hashlib
import json
import platform
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from digit_scenes import PRESET_NAMES, Scenes
from digit_scenes.glyphs.digits import SPLITS, Split
from digit_scenes.glyphs.forms.drawn import BLOCK_SIZE, drawn_digits
from digit_scenes.glyphs.forms.editions import EDITIONS
from digit_scenes.scene import Scene

GOLDEN = Path(__file__).with_name("golden.json")
SCENE_INDICES = range(3)  # of each preset and split
GRID = 4  # mean grey values are taken over so many parts of the height, and of the width
BOX_TOLERANCE_PX = 2.0
GREY_TOLERANCE = 4.0  # of 255
DIGITS_GREY_TOLERANCE = 0.5  # of 255, of the mean over all samples of a digit


def versions() -> dict[str, str]:
    """All that the last bit of a grey value depends on."""
    packages = ("numpy", "opencv-python-headless", "albumentations")
    return {name: metadata.version(name) for name in packages} | {
        "machine": platform.machine(),
        "instructions": cv2.getCPUFeaturesLine(),
    }


def digest(*parts: bytes) -> str:
    return hashlib.sha256(b"".join(parts)).hexdigest()[:16]


def grey_grid(image: np.ndarray) -> list[int]:
    """Mean grey values of GRID * GRID parts of a picture, row by row. image: uint8 (H, W, 3)."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    rows = np.array_split(grey, GRID, axis=0)
    return [round(float(part.mean())) for row in rows for part in np.array_split(row, GRID, axis=1)]


def scene_record(scene: Scene) -> dict[str, Any]:
    """What the golden file holds of a scene: two hashes of all its bytes, and what can be compared with tolerance."""
    target = scene.target
    return {
        "picture": digest(scene.image.tobytes()),
        "truth": digest(target.boxes.tobytes(), target.labels.tobytes(), target.ignore.tobytes()),
        "labels": "".join(map(str, target.labels.tolist())),
        "lines": None if scene.lines is None else list(scene.lines),
        "boxes": np.rint(target.boxes).astype(int).ravel().tolist(),
        "grey": grey_grid(scene.image),
    }


def digits_record(digit: int, edition: int) -> dict[str, Any]:
    """What the golden file holds of a digit in an edition: a hash of its pictures in the first block, their mean."""
    drawn = drawn_digits("val", BLOCK_SIZE, edition)
    own = drawn.images[drawn.labels == digit]
    return {"digits": digest(own.tobytes()), "count": len(own), "grey": round(float(own.mean()), 2)}


def scene_records(presets: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What the golden file holds of all scenes of some presets, as the code of today draws them."""
    scenes: dict[str, dict[str, Any]] = {}
    for preset in presets:
        for split in SPLITS:
            drawn = Scenes(preset, split)
            scenes |= {f"{preset} {split} {index}": scene_record(drawn[index]) for index in SCENE_INDICES}
    return scenes


def golden_file(presets: Sequence[str]) -> dict[str, Any]:
    """The contents of the golden file, where only some presets, or all of them if none is named, are drawn anew."""
    if not presets:
        digits = {f"{digit} of edition {e}": digits_record(digit, e) for e in EDITIONS for digit in range(10)}
        return {"versions": versions(), "digits": digits, "scenes": scene_records(PRESET_NAMES)}
    record = dict(json.loads(GOLDEN.read_text(encoding="utf-8")))
    assert record["versions"] == versions(), "lines of two versions would stand side by side"
    scenes = record["scenes"] | scene_records(presets)
    keys = (f"{preset} {split} {index}" for preset in PRESET_NAMES for split in SPLITS for index in SCENE_INDICES)
    return record | {"scenes": {key: scenes[key] for key in keys if key in scenes}}


@pytest.fixture(scope="module")
def golden() -> dict[str, Any]:
    return dict(json.loads(GOLDEN.read_text(encoding="utf-8")))


@pytest.mark.parametrize("edition", EDITIONS)
def test_drawn_digits_never_change(golden: dict[str, Any], edition: int) -> None:
    same_versions = golden["versions"] == versions()
    for digit in range(10):
        now, then = digits_record(digit, edition), golden["digits"][f"{digit} of edition {edition}"]
        assert now["count"] == then["count"]
        assert now["grey"] == pytest.approx(then["grey"], abs=DIGITS_GREY_TOLERANCE)
        if same_versions:
            assert now == then  # to the byte


@pytest.mark.parametrize("preset", PRESET_NAMES)
@pytest.mark.parametrize("split", SPLITS)  # all presets of a split in a row: they share digits that were drawn
def test_scenes_never_change(golden: dict[str, Any], preset: str, split: Split) -> None:
    same_versions = golden["versions"] == versions()
    scenes = Scenes(preset, split)
    for index in SCENE_INDICES:
        now, then = scene_record(scenes[index]), golden["scenes"][f"{preset} {split} {index}"]
        assert now["labels"] == then["labels"]
        assert now["lines"] == then["lines"]
        np.testing.assert_allclose(now["boxes"], then["boxes"], rtol=0, atol=BOX_TOLERANCE_PX)
        np.testing.assert_allclose(now["grey"], then["grey"], rtol=0, atol=GREY_TOLERANCE)
        if same_versions:
            assert now == then  # to the byte


def test_the_golden_file_holds_every_preset_split_and_edition(golden: dict[str, Any]) -> None:
    expected = {f"{preset} {split} {index}" for preset in PRESET_NAMES for split in SPLITS for index in SCENE_INDICES}
    assert set(golden["scenes"]) == expected
    assert set(golden["digits"]) == {f"{digit} of edition {e}" for e in EDITIONS for digit in range(10)}


def test_one_grey_value_more_is_noticed() -> None:
    scene = Scenes("strips", "val")[0]
    image = scene.image.copy()
    image[0, 0, 0] ^= 1
    assert scene_record(Scene(image, scene.target, scene.lines)) != scene_record(scene)


def write(path: Path, record: dict[str, Any]) -> None:
    """One digit or scene a line, so that a difference can be read."""
    blocks = [f'"versions": {json.dumps(record["versions"], indent=1)}']
    for name in ("digits", "scenes"):
        rows = ",\n".join(f"{json.dumps(key)}: {json.dumps(row)}" for key, row in record[name].items())
        blocks.append(f'"{name}": {{\n{rows}\n}}')
    path.write_text("{\n" + ",\n".join(blocks) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    write(GOLDEN, golden_file(sys.argv[1:]))
