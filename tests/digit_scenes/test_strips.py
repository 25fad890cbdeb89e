"""The three kinds of strips: what they promise, and that they stay the same."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from detector.reading.reading_order import read_lines
from detector.types import Detections
from digit_scenes import Scenes
from digit_scenes.glyphs.digits import MIN_INK_GREY
from digit_scenes.plain import STRIP_DIGITS
from digit_scenes.stream import draw_strips

KINDS = ("strips", "short-strips", "loose-strips")


def test_the_first_test_strips_are_frozen() -> None:
    """Labels, sizes and gaps come from the rng alone, so this holds on any machine."""
    assert [Scenes("short-strips", "test")[i].lines for i in range(4)] == [("5",), ("1",), ("210",), ("580",)]
    loose = [Scenes("loose-strips", "test")[i] for i in range(4)]
    assert [scene.lines for scene in loose] == [("423",), ("453",), ("7121",), ("2150",)]


@pytest.mark.parametrize("kind", ["strips", "short-strips"])
def test_cells_hold_mnist_digits_as_they_are_and_the_rest_is_black(kind: str) -> None:
    pixels = {image.tobytes() for image in Scenes(kind, "val").digits.images}
    lengths = set()
    for i in range(40):
        scene = Scenes(kind, "val")[i]
        cells = [np.ascontiguousarray(scene.image[:, k : k + 28, 0]) for k in range(0, 140, 28)]
        count = len(scene.target)
        assert all(cell.tobytes() in pixels for cell in cells[:count])
        assert not any(cell.any() for cell in cells[count:])
        lengths.add(count)
    assert lengths == ({STRIP_DIGITS} if kind == "strips" else set(range(1, STRIP_DIGITS + 1)))


def test_loose_strips_vary_in_length_size_and_place_and_some_touch() -> None:
    scenes = [Scenes("loose-strips", "val")[i] for i in range(300)]
    boxes = [scene.target.boxes for scene in scenes]
    assert {len(b) for b in boxes} == set(range(1, STRIP_DIGITS + 1))
    sides = np.concatenate([(b[:, 2:] - b[:, :2]).max(1) for b in boxes])
    assert sides.min() < 12
    assert 24 < sides.max() <= 28
    gaps = np.concatenate([b[1:, 0] - b[:-1, 2] for b in boxes])
    assert 0.1 < (gaps < 0).mean() < 0.6
    assert gaps.min() >= -5
    assert gaps.max() > 20
    starts = [b[0, 0] for b in boxes]
    assert min(starts) < 3
    assert max(starts) > 100


@pytest.mark.parametrize("kind", KINDS)
def test_boxes_hold_all_ink_and_lie_in_the_order_of_the_text(kind: str) -> None:
    for i in range(60):
        scene = Scenes(kind, "test")[i]
        outside = scene.image[..., 0].copy()
        for x0, y0, x1, y1 in scene.target.boxes.astype(int):
            assert outside.shape[0] >= y1
            assert outside.shape[1] >= x1
            outside[y0:y1, x0:x1] = 0
        assert outside.max() < 2 * MIN_INK_GREY  # faint edges, twice where two are added
        found = Detections(scene.target.boxes, scene.target.labels, np.ones(len(scene.target), np.float32))
        assert "".join(line.text for line in read_lines(found)).replace(" ", "") == "".join(scene.lines or ("none",))


def test_drawn_strips_are_those_of_the_presets_in_turn() -> None:
    pictures, texts = draw_strips(KINDS, 2, 5, "val", seed=3)
    for k, (picture, text) in enumerate(zip(pictures, texts, strict=True), 2):
        scene = Scenes(KINDS[k % 3], "val", 3)[k // 3]
        assert (text,) == scene.lines
        np.testing.assert_array_equal(picture, scene.image[..., 0])
    assert pictures.dtype == np.uint8


def test_drawing_on_gives_fresh_strips_and_drawing_none_is_no_mistake() -> None:
    first, second = (draw_strips(KINDS, start, 30, "train", seed=0)[0] for start in (0, 30))
    assert not {zlib.crc32(strip.tobytes()) for strip in first} & {zlib.crc32(strip.tobytes()) for strip in second}
    pictures, texts = draw_strips(KINDS, 0, 0, "train", seed=0)
    assert pictures.shape == (0, 28, 140)
    assert texts == []
