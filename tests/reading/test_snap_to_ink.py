"""Boxes tight around ink: what pictures show is followed to the pixel, what they do not show is left alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.reading.snap_to_ink import MIN_CONTRAST_GREY, MIN_REACH_PX, REACH_SHARE, snap_to_ink, whole_pixels
from detector.scoring.metrics import detection_metrics
from detector.types import Detections
from digit_scenes import Scenes

SIDE_PX = 60


def blot(box: tuple[int, int, int, int], ground: int, ink: int) -> np.ndarray:
    """A picture with ink that fills a box."""
    x0, y0, x1, y1 = box
    picture = np.full((SIDE_PX, SIDE_PX, 3), ground, np.uint8)
    picture[y0:y1, x0:x1] = ink
    return picture


def boxes(*rows: tuple[float, ...]) -> np.ndarray:
    return np.array(rows, np.float32).reshape(-1, 4)


ink_boxes = st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(6, 20), st.integers(6, 20)).map(
    lambda p: (p[0], p[1], p[0] + p[2], p[1] + p[3])
)
shifts = st.tuples(*[st.floats(-1.4, 1.4)] * 4)


@given(ink_boxes, shifts, st.sampled_from([(255, 0), (10, 240), (200, 120)]))
def test_a_box_a_pixel_off_is_put_right(
    box: tuple[int, int, int, int], shift: tuple[float, ...], colours: tuple[int, int]
) -> None:
    off = boxes(tuple(side + by for side, by in zip(box, shift, strict=True)))
    assert snap_to_ink(blot(box, *colours), off).tolist() == [list(box)]


@given(ink_boxes, st.integers(0, 2**32 - 1), st.sampled_from([0, 20, 255]))
@settings(max_examples=200)
def test_in_any_picture_boxes_stay_boxes_and_sides_near(box: tuple[int, int, int, int], seed: int, noise: int) -> None:
    rng = np.random.default_rng(seed)
    picture = np.clip(blot(box, 200, 40) + rng.integers(-noise, noise + 1, (SIDE_PX, SIDE_PX, 3)), 0, 255).astype(
        np.uint8
    )
    given = boxes(box, *(SIDE_PX / 2 * (rng.uniform(0, 1, (5, 4)) + np.array([0, 0, 1, 1]))).tolist())
    tight, rounded = snap_to_ink(picture, given), whole_pixels(given, SIDE_PX, SIDE_PX)
    assert tight.dtype == np.float32
    assert (tight == np.rint(tight)).all()
    assert (tight[:, 2:] > tight[:, :2]).all()
    assert (tight >= 0).all()
    assert (tight <= SIDE_PX).all()
    reach = np.maximum(MIN_REACH_PX, np.round(REACH_SHARE * (rounded[:, 2:] - rounded[:, :2]).max(1)))
    assert (np.abs(tight - rounded) <= reach[:, None]).all()
    alone = np.concatenate([snap_to_ink(picture, one[None]) for one in given])
    assert alone.tolist() == tight.tolist()


@pytest.mark.parametrize("ink", [200, 200 - MIN_CONTRAST_GREY + 1])
def test_what_can_hardly_be_seen_is_only_rounded(ink: int) -> None:
    picture = blot((20, 20, 32, 36), 200, ink)
    assert snap_to_ink(picture, boxes((20.6, 19.2, 33.1, 36.4))).tolist() == [[21, 19, 33, 36]]


def test_ink_that_goes_on_is_a_neighbour_and_moves_no_side() -> None:
    picture = blot((20, 20, 32, 36), 255, 0)
    picture[28, 32:] = 0  # a stroke that goes on to the right
    assert snap_to_ink(picture, boxes((21, 20, 31, 37))).tolist() == [[20, 20, 31, 36]]


def test_a_texture_moves_no_side() -> None:
    picture = np.zeros((SIDE_PX, SIDE_PX, 3), np.uint8)
    picture[:, ::2] = 255
    picture[20:36, 20:32] = 90
    assert snap_to_ink(picture, boxes((19, 19, 33, 37))).tolist() == [[19, 19, 33, 37]]


def test_ink_may_be_cut_by_the_border() -> None:
    picture = np.full((20, 20, 3), 255, np.uint8)
    picture[0:12, 0:6] = 0
    picture[8:20, 14:20] = 0
    found = snap_to_ink(picture, boxes((1, 1, 6, 12), (14, 8, 19, 19)))
    assert found.tolist() == [[0, 0, 6, 12], [14, 8, 20, 20]]


def test_a_speck_is_a_box_of_one_pixel() -> None:
    assert whole_pixels(boxes((3.1, 4.2, 3.3, 4.4), (9.8, 9.7, 10, 10)), 10, 10).tolist() == [
        [3, 4, 4, 5],
        [9, 9, 10, 10],
    ]
    assert snap_to_ink(np.zeros((1, 1, 3), np.uint8), boxes((0, 0, 1, 1))).tolist() == [[0, 0, 1, 1]]


def test_no_boxes_are_no_boxes() -> None:
    assert snap_to_ink(np.zeros((5, 7, 3), np.uint8), boxes()).shape == (0, 4)


@pytest.mark.parametrize("preset", ["strips", "clean", "paper"])
def test_on_scenes_it_is_worth_it(preset: str) -> None:
    """Of true boxes that are moved by up to a pixel, more are tight again than without."""
    rng = np.random.default_rng(0)
    scenes = [Scenes(preset, "val")[i] for i in range(4)]
    sizes = [(scene.image.shape[1], scene.image.shape[0]) for scene in scenes]
    moved = [(scene.target.boxes + rng.uniform(-1, 1, scene.target.boxes.shape)).astype(np.float32) for scene in scenes]

    def precision(found: list[np.ndarray]) -> float:
        told = [
            Detections(own, scene.target.labels, np.ones(len(own), np.float32))
            for own, scene in zip(found, scenes, strict=True)
        ]
        return detection_metrics([scene.target for scene in scenes], told, sizes)["AP"]

    tight = [snap_to_ink(scene.image, own) for scene, own in zip(scenes, moved, strict=True)]
    assert precision(tight) > precision(moved) + 0.02
