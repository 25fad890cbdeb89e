"""A recipe never changes: drawn digits and scenes are what they were, as the golden file beside this test has them.

    python -m tests.digit_scenes.test_golden  # writes the golden file anew: only for a new preset, edition or split

Where NumPy, OpenCV, albumentations and the processor's instructions are those that the file names, every byte is
compared. Under others, boxes may differ by two pixels and mean grey values by four of 255, and labels and text not.
"""

from __future__ import annotations

import hashlib
import json
import platform
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
SCENES = range(3)
GRID = 4  # mean grey values are compared in so many parts of the height and of the width
BOX_TOLERANCE_PX = 2.0
GREY_TOLERANCE = 4.0


def versions() -> dict[str, str]:
    """All that decides about the last bit of a grey value."""
    packages = ("numpy", "opencv-python-headless", "albumentations")
    return {name: metadata.version(name) for name in packages} | {
        "machine": platform.machine(),
        "instructions": cv2.getCPUFeaturesLine(),
    }


def digest(*parts: bytes) -> str:
    return hashlib.sha256(b"".join(parts)).hexdigest()[:16]


def grey_grid(image: np.ndarray) -> list[int]:
    """Mean grey values uint8 (GRID * GRID,) of the parts of a picture uint8 (H, W, 3)."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    rows = np.array_split(grey, GRID, axis=0)
    return [round(float(part.mean())) for row in rows for part in np.array_split(row, GRID, axis=1)]


def scene_record(scene: Scene) -> dict[str, Any]:
    """What the golden file holds of a scene."""
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
    """What the golden file holds of the first block of drawn digits of an edition, one digit of it."""
    drawn = drawn_digits("val", BLOCK_SIZE, edition)
    own = drawn.images[drawn.labels == digit]
    return {"digits": digest(own.tobytes()), "count": len(own), "grey": round(float(own.mean()), 2)}


def golden_file() -> dict[str, Any]:
    """All of the golden file, drawn now."""
    digits = {f"{digit} of edition {e}": digits_record(digit, e) for e in EDITIONS for digit in range(10)}
    scenes = {}
    for preset in PRESET_NAMES:
        for split in SPLITS:
            drawn = Scenes(preset, split)
            scenes |= {f"{preset} {split} {index}": scene_record(drawn[index]) for index in SCENES}
    return {"versions": versions(), "digits": digits, "scenes": scenes}


@pytest.fixture(scope="module")
def golden() -> dict[str, Any]:
    return dict(json.loads(GOLDEN.read_text(encoding="utf-8")))


@pytest.mark.parametrize("edition", EDITIONS)
def test_drawn_digits_never_change(golden: dict[str, Any], edition: int) -> None:
    to_the_byte = golden["versions"] == versions()
    for digit in range(10):
        now, then = digits_record(digit, edition), golden["digits"][f"{digit} of edition {edition}"]
        assert now["count"] == then["count"]
        assert now["grey"] == pytest.approx(then["grey"], abs=0.5)
        assert now == then or not to_the_byte


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("preset", PRESET_NAMES)
def test_scenes_never_change(golden: dict[str, Any], preset: str, split: Split) -> None:
    to_the_byte = golden["versions"] == versions()
    scenes = Scenes(preset, split)
    for index in SCENES:
        now, then = scene_record(scenes[index]), golden["scenes"][f"{preset} {split} {index}"]
        assert now["labels"] == then["labels"]
        assert now["lines"] == then["lines"]
        np.testing.assert_allclose(now["boxes"], then["boxes"], rtol=0, atol=BOX_TOLERANCE_PX)
        np.testing.assert_allclose(now["grey"], then["grey"], rtol=0, atol=GREY_TOLERANCE)
        assert now == then or not to_the_byte


def test_the_golden_file_holds_every_preset_split_and_edition(golden: dict[str, Any]) -> None:
    expected = {f"{preset} {split} {index}" for preset in PRESET_NAMES for split in SPLITS for index in SCENES}
    assert set(golden["scenes"]) == expected
    assert set(golden["digits"]) == {f"{digit} of edition {e}" for e in EDITIONS for digit in range(10)}


def test_one_grey_value_more_is_noticed() -> None:
    scene = Scenes("strips", "val")[0]
    image = scene.image.copy()
    image[0, 0, 0] ^= 1
    assert scene_record(Scene(image, scene.target, scene.lines)) != scene_record(scene)


def write(path: Path, record: dict[str, Any]) -> None:
    """One scene a line, so that a difference can be read."""
    blocks = [f'"versions": {json.dumps(record["versions"], indent=1)}']
    for name in ("digits", "scenes"):
        rows = ",\n".join(f"{json.dumps(key)}: {json.dumps(row)}" for key, row in record[name].items())
        blocks.append(f'"{name}": {{\n{rows}\n}}')
    path.write_text("{\n" + ",\n".join(blocks) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    write(GOLDEN, golden_file())
