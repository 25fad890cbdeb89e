"""The sliding window: one pass is every window, what windows learn, and their votes. See also test_detectors."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from detector.models.boxes import BatchBoxes, batch_boxes
from detector.models.sliding_window import SlidingWindow, SlidingWindowConfig
from detector.models.windows import (
    DIGIT_PX,
    PATCH_PX,
    STRIDE_PX,
    WINDOW_PX,
    PatchTarget,
    assign,
    cut,
    decode,
    encode,
    framed,
    patch_start,
    window_centres,
)
from tests.tiny import TINY_DETECTORS, as_input, bars, trained_detector


def tiny_window(**changes: Any) -> SlidingWindow:
    config = TINY_DETECTORS["sliding-window"]
    assert isinstance(config, SlidingWindowConfig)
    return SlidingWindow(replace(config, **changes))


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (61, 90)])
def test_one_pass_gives_each_window_its_own_answer(size: tuple[int, int]) -> None:
    model = SlidingWindow().eval()
    torch.manual_seed(3)
    for module in model.modules():  # statistics as if it had been trained
        if isinstance(module, nn.BatchNorm2d):
            module.get_buffer("running_mean").normal_(0, 0.3)
            module.get_buffer("running_var").uniform_(0.5, 2)
    picture = torch.randn(1, 3, *size)
    with torch.inference_mode():
        classes, boxes = model.classifier(picture)
        rows, columns = (size[0] - WINDOW_PX) // STRIDE_PX + 1, (size[1] - WINDOW_PX) // STRIDE_PX + 1
        assert classes.shape == (1, 11, rows, columns)
        assert boxes.shape == (1, 4, rows, columns)
        for row in range(rows):
            for column in range(columns):
                y, x = row * STRIDE_PX, column * STRIDE_PX
                alone = model.classifier(picture[:, :, y : y + WINDOW_PX, x : x + WINDOW_PX])
                torch.testing.assert_close(alone[0][0, :, 0, 0], classes[0, :, row, column], atol=1e-4, rtol=0)
                torch.testing.assert_close(alone[1][0, :, 0, 0], boxes[0, :, row, column], atol=1e-4, rtol=0)


@pytest.mark.parametrize("size", [(1, 1), (5, 90), (32, 32), (63, 64)])
def test_windows_reach_every_edge_of_a_picture(size: tuple[int, int]) -> None:
    frame = framed(torch.zeros(1, 3, *size))
    rows, columns = ((side - WINDOW_PX) // STRIDE_PX + 1 for side in frame.shape[2:])
    middles = window_centres(rows, columns, frame.device) - WINDOW_PX / 2
    assert middles.min() == 0
    assert size[1] <= middles[:, 0].max() < size[1] + STRIDE_PX
    assert size[0] <= middles[:, 1].max() < size[0] + STRIDE_PX


def test_twice_the_size_is_found_on_another_scale() -> None:
    image, target = bars(9000)
    large = torch.nn.functional.interpolate(as_input(image)[None], scale_factor=2, mode="nearest")[0]
    found = trained_detector("sliding-window").predict([large])[0]
    for box, label in zip(target.boxes, target.labels, strict=True):
        best = int((found.labels == label).argmax())  # the best comes first
        assert found.scores[best] > 0.5
        np.testing.assert_allclose(found.boxes[best], 2 * box, atol=10)


def test_what_a_window_learns() -> None:
    """A digit that fits, one off the centre, one of half the size, one in between, and one to be ignored."""
    middles = torch.tensor([[50.0, 50.0], [52.0, 48.0], [60.0, 50.0], [54.0, 50.0], [150.0, 50.0], [250.0, 50.0]])
    target = PatchTarget(
        boxes=torch.tensor([[44.0, 40.0, 56.0, 60.0], [146.0, 45.0, 154.0, 55.0]]),
        labels=torch.tensor([7, 3]),
        ignored=torch.tensor([[245.0, 45.0, 255.0, 55.0]]),
    )
    labels, boxes = assign(target, middles)
    assert labels.tolist() == [8, 8, 0, -1, 0, -1]
    assert boxes[:2].tolist() == [target.boxes[0].tolist()] * 2


def test_every_digit_of_the_right_size_has_a_window_wherever_it_is() -> None:
    middles = window_centres(20, 20, torch.device("cpu"))
    for x in np.arange(40, 44, 0.25):
        box = torch.tensor([[x, 41.0, x + 6, 41 + DIGIT_PX]], dtype=torch.float32)
        target = PatchTarget(box, torch.tensor([1]), torch.zeros(0, 4))
        assert (assign(target, middles)[0] == 2).any()


@given(st.integers(-300, 300), st.integers(8, 300), st.integers(1, 400))
def test_patches_waste_little_on_what_is_outside(start: int, side: int, length: int) -> None:
    """A law: a patch shows all of the picture, or it sticks out by no more than its margin."""
    margin = side * WINDOW_PX // (2 * PATCH_PX)
    chosen = patch_start(start, side, length)
    all_of_it = chosen <= 0 and chosen + side >= length
    assert all_of_it or (chosen >= -margin and chosen + side <= length + margin)


@given(st.integers(-40, 40), st.integers(-40, 40), st.integers(1, 60))
def test_a_cut_is_the_padded_picture_s(left: int, top: int, side: int) -> None:
    picture = torch.arange(3 * 20 * 30, dtype=torch.float32).view(3, 20, 30) + 1
    padded = torch.nn.functional.pad(picture, (100, 100, 100, 100))
    expected = padded[:, top + 100 : top + 100 + side, left + 100 : left + 100 + side]
    torch.testing.assert_close(cut(picture, left, top, side), expected)


def test_boxes_survive_being_described() -> None:
    torch.manual_seed(0)
    corners = torch.rand(50, 2) * 100
    boxes = torch.cat([corners, corners + 2 + 60 * torch.rand(50, 2)], 1)
    middles = torch.rand(50, 2) * 100
    torch.testing.assert_close(decode(encode(boxes, middles), middles), boxes, atol=1e-3, rtol=1e-4)


def test_windows_that_see_the_same_digit_agree_on_one() -> None:
    boxes = torch.tensor([[10.0, 10, 20, 30], [11, 10, 21, 30], [10, 11, 20, 31], [60, 10, 70, 30], [0, 0, 0.5, 40]])
    scores = torch.zeros(5, 10)
    scores[0, 7], scores[1, 1], scores[2, 7], scores[3, 2], scores[4, 1] = 0.9, 0.6, 0.8, 0.95, 0.99
    found = tiny_window().vote(batch_boxes([boxes]), scores, torch.full((1, 4), 100.0))
    seven, two = found.labels.tolist().index(7), found.labels.tolist().index(2)
    assert len(found.labels) == 2  # the sliver is no digit
    assert 10 < found.where.boxes[seven, 0] < 11
    assert found.scores[seven] < 0.9  # the doubt of the second window counts
    torch.testing.assert_close(found.where.boxes[two], boxes[3])
    assert found.scores[two] < 0.95  # nobody supports it


def test_windows_of_other_pictures_have_no_say() -> None:
    """The same place in two pictures, a 7 in one and a 2 in the other; the third shows nothing."""
    boxes = torch.tensor([[10.0, 10, 20, 30], [10, 10, 20, 30]])
    scores = torch.zeros(2, 10)
    scores[0, 7], scores[1, 2] = 0.9, 0.8
    limits = torch.full((3, 4), 100.0)
    found = tiny_window().vote(BatchBoxes(boxes, torch.tensor([0, 1])), scores, limits)
    assert found.labels.tolist() == [7, 2]
    assert found.where.image_index.tolist() == [0, 1]
    assert (
        len(tiny_window().vote(BatchBoxes(boxes[:0], torch.zeros(0, dtype=torch.int64)), scores[:0], limits).labels)
        == 0
    )


def test_scales_follow_the_picture() -> None:
    model = tiny_window(sizes=(10.0, 160.0), scales_per_octave=1)
    assert model.sizes(10, 1000) == [10, 20, 40, 80, 160]
    assert model.sizes(30, 20) == [10, 20, 40]
    assert model.sizes(1, 1) == [10]
