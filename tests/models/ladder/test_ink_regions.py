"""Regions from ink: hostile pictures, independent references, and how many true digits they cover."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.ops import box_iou

from detector.models.boxes import image_limits
from detector.models.feature_table import FeatureTable
from detector.models.ladder import ink_regions as regions
from detector.models.ladder.ink_regions import InkRegions, as_grey, cuts, ink_regions, pieces
from digit_scenes import Scenes

MOST = 300


def picture(seed: int, height: int, width: int) -> np.ndarray:
    """Noise, in which anything may look like ink."""
    return np.random.default_rng(seed).integers(0, 256, (height, width)).astype(np.uint8)


def naive_pieces(mask: np.ndarray) -> set[tuple[int, ...]]:
    """Boxes of 8-connected pieces of bool (H, W), by flooding one after the other."""
    left = {(int(y), int(x)) for y, x in np.argwhere(mask)}
    found: set[tuple[int, ...]] = set()
    while left:
        front, piece = [left.pop()], []
        while front:
            y, x = front.pop()
            piece.append((y, x))
            near = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & left
            left -= near
            front += near
        ys, xs = [y for y, _ in piece], [x for _, x in piece]
        found.add((min(xs), min(ys), max(xs) + 1, max(ys) + 1))
    return found


def as_set(boxes: np.ndarray) -> set[tuple[int, ...]]:
    return {tuple(box) for box in boxes.astype(int).tolist()}


@pytest.mark.parametrize("level", [0, 128, 255])
@pytest.mark.parametrize("size", [(1, 1), (1, 300), (2, 2), (3, 3), (28, 28), (200, 100)])
def test_a_picture_of_one_colour_has_no_region(level: int, size: tuple[int, int]) -> None:
    found = ink_regions(np.full(size, level, np.uint8), MOST)
    assert found.shape == (0, 4)
    assert found.dtype == np.float32


@settings(max_examples=20)
@given(st.integers(0, 999), st.integers(1, 40), st.integers(1, 40), st.integers(0, 40))
def test_regions_of_noise_obey_the_limits(seed: int, height: int, width: int, most: int) -> None:
    found = ink_regions(picture(seed, height, width), most)
    assert found.shape == (len(found), 4)
    assert len(found) <= most
    assert (found >= 0).all()
    assert (found <= [width, height, width, height]).all()
    sides = found[:, 2:] - found[:, :2]
    assert (sides >= regions.MIN_SIZE_PX).all()
    assert (sides[:, 0] <= regions.MAX_WIDTH_PER_HEIGHT * sides[:, 1]).all()
    assert (sides[:, 1] <= regions.MAX_HEIGHT_PER_WIDTH * sides[:, 0]).all()
    overlap = box_iou(*[torch.from_numpy(found)] * 2).fill_diagonal_(0)
    assert (overlap <= regions.NMS_IOU).all()


@given(st.integers(0, 999), st.integers(1, 14), st.integers(1, 14))
def test_pieces_are_those_of_flooding(seed: int, height: int, width: int) -> None:
    mask = picture(seed, height, width) > 160
    assert as_set(pieces(mask.astype(np.uint8) * 255, 0)) == naive_pieces(mask)


@pytest.mark.parametrize("erosion", [2, 3])
def test_an_eroded_bar_keeps_its_box_and_loses_its_bridge(erosion: int) -> None:
    mask = np.zeros((40, 60), np.uint8)
    mask[5:30, 10:20] = mask[8:35, 30:45] = 255
    mask[20, 20:30] = 255  # one pixel thick
    assert as_set(pieces(mask, 0)) == {(10, 5, 45, 35)}
    assert as_set(pieces(mask, erosion)) == {(10, 5, 20, 30), (30, 8, 45, 35)}


def test_two_blocks_are_cut_at_their_bridge() -> None:
    ink = np.zeros((20, 41), bool)
    ink[:, :18] = ink[4:16, 22:] = True
    ink[10:12, 18:22] = True
    found = {box[:4]: box[4] for box in cuts(ink, 100, 50, 1)}
    assert found[100, 50, 118, 70] == pytest.approx(2 / 20)
    assert (118, 54, 141, 66) in found
    assert len(found) == 2, "from top to bottom every cut goes through too much ink"


def test_a_full_block_is_not_cut() -> None:
    assert list(cuts(np.ones((30, 30), bool), 0, 0, 2)) == []


@pytest.mark.parametrize("dark", [False, True])
def test_light_and_dark_ink_are_found_alike(dark: bool) -> None:
    grey = np.full((60, 90), 60, np.uint8)
    grey[10:40, 20:24] = grey[36:40, 20:40] = 200
    found = ink_regions(255 - grey if dark else grey, MOST)
    truth = torch.tensor([[20.0, 10, 40, 40]])
    assert box_iou(truth, torch.from_numpy(found)).max() > 0.9


def test_the_most_visible_come_first() -> None:
    grey = np.full((80, 120), 100, np.uint8)
    grey[10:60, 10:14] = 255
    grey[10:60, 80:84] = 120
    first = ink_regions(grey, 1)[0]
    assert first[2] < 40, "the faint bar is less worth"


def test_a_batch_is_answered_picture_by_picture_without_its_padding() -> None:
    batch = torch.zeros(3, 3, 64, 112)
    batch[0, :, 20:40, 30:35] = 2.5
    batch[1, :, 30:64, 100:112] = -1.0  # outside of the second picture
    limits = torch.tensor([[112.0, 64, 112, 64], [100, 30, 100, 30], [100, 64, 100, 64]])
    found, losses = InkRegions(MOST)(batch, limits, {})
    assert losses == {}
    assert set(found.image_index.tolist()) == {0}
    assert found.boxes.dtype == torch.float32
    assert len(found.boxes) == len(found.image_index) > 0


@given(st.integers(0, 99), st.floats(-3, 3), st.floats(0.01, 9))
def test_grey_is_the_same_whatever_the_scale(seed: int, shift: float, scale: float) -> None:
    values = picture(seed, 9, 7).astype(np.float32)
    wanted = np.round((values - values.min()) / np.ptp(values) * 255)
    assert np.abs(as_grey(values * np.float32(scale) + np.float32(shift)).astype(int) - wanted).max() <= 1
    assert not as_grey(np.full((3, 4), shift, np.float32)).any()


@pytest.mark.parametrize(("preset", "floor"), [("clean", 0.85), ("strips", 0.97), ("lines", 0.85), ("paper", 0.7)])
def test_most_true_digits_have_a_region(preset: str, floor: float) -> None:
    """Floors are well under what 50 scenes gave."""
    covered = []
    for i in range(5):
        scene = Scenes(preset, "val", seed=11)[i]
        image = torch.from_numpy(scene.image).permute(2, 0, 1)[None].float()
        truth = torch.from_numpy(scene.target.boxes[~scene.target.ignore])
        found = InkRegions(MOST)(image, image_limits(image), FeatureTable(torch.zeros(1, 0, 1), ()))[0].boxes
        assert len(found) <= MOST
        if len(truth):
            covered += (box_iou(truth, found).amax(1) >= 0.5).tolist()
    assert np.mean(covered) >= floor
