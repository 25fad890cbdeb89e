"""What a detector of signs does with them: learning, telling each box twice, ink of which nothing is told."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from detector.categories import CATEGORIES, DIGIT_COUNT, DIGITS, checked
from detector.models.boxes import BatchBoxes, BatchTargets, batch_boxes
from detector.models.faster_rcnn import FasterRCNN, as_batch_targets
from detector.models.roi_heads import told_once, told_twice
from detector.types import MIN_SIGN_SIDE_PX, Target
from tests.tiny import TINY, as_input, bars, tiny_model

NOWHERE = batch_boxes([torch.zeros(0, 4)])
PLUS = CATEGORIES.index("+")


def targets_of(boxes: list[list[float]], labels: list[int], untold: list[list[float]] | None = None) -> Target:
    table = np.array(untold or [], np.float32).reshape(-1, 4)
    ignore = np.zeros(len(boxes), np.bool_)
    return Target(np.array(boxes, np.float32).reshape(-1, 4), np.array(labels, np.int64), ignore, table)


def test_the_digits_come_first_and_no_name_twice() -> None:
    assert checked(CATEGORIES) == CATEGORIES
    for wrong in (CATEGORIES[1:], (*DIGITS, "+", "+"), (*DIGITS, "")):
        with pytest.raises(ValueError, match="categories: expected 0 to 9"):
            checked(wrong)


def test_boxes_of_signs_are_large_enough_for_an_anchor_and_those_of_digits_as_they_are() -> None:
    target = targets_of([[10, 10, 12, 13], [30, 10, 33, 30], [50, 20, 70, 22]], [10, 1, 12])
    batch = as_batch_targets([target], [np.ones(4, np.float32)], len(CATEGORIES), torch.device("cpu"))
    point, one, dash = batch.where.boxes
    assert (point[2:] - point[:2]).tolist() == [MIN_SIGN_SIDE_PX] * 2
    assert point.mean() == pytest.approx(11.25)
    assert one.tolist() == [30, 10, 33, 30]
    assert (dash[2:] - dash[:2]).tolist() == [20, MIN_SIGN_SIDE_PX]


def test_a_detector_of_digits_alone_takes_all_else_for_background() -> None:
    target = targets_of([[10, 10, 20, 30], [30, 10, 50, 30]], [3, PLUS], [[60, 0, 90, 30]])
    ones = np.ones(4, np.float32)
    alone = as_batch_targets([target], [ones], DIGIT_COUNT, torch.device("cpu"))
    assert alone.labels.tolist() == [3]
    assert alone.untold is None
    both = as_batch_targets([target, Target.empty()], [ones, ones], len(CATEGORIES), torch.device("cpu"))
    assert both.labels.tolist() == [3, PLUS]
    assert both.untold is not None
    assert both.untold.image_index.tolist() == [0]


def test_a_rule_below_a_sum_is_untold() -> None:
    target = targets_of([[10, 10, 20, 30], [5, 34, 95, 37]], [3, len(CATEGORIES) - 1])
    batch = as_batch_targets([target], [np.ones(4, np.float32)], len(CATEGORIES), torch.device("cpu"))
    assert batch.labels.tolist() == [3]
    assert batch.untold is not None
    assert len(batch.untold.boxes) == 1


def test_of_untold_ink_only_digits_are_denied() -> None:
    """The loss there is that of all digits together, whatever else it may be."""
    heads = tiny_model().heads
    where = batch_boxes([torch.tensor([[0.0, 0, 20, 20], [40, 0, 60, 20]])])
    logits = torch.randn(2, 1 + len(CATEGORIES), generator=torch.Generator().manual_seed(0))
    heads.logits_and_deltas = lambda features, boxes: (logits, torch.zeros(2, 4))  # type: ignore[method-assign]
    heads.sample = lambda *given: (where, torch.zeros(2, dtype=torch.int64), where.boxes)  # type: ignore[method-assign]
    untold = batch_boxes([torch.tensor([[30.0, 0, 70, 30]])])
    truths = BatchTargets(NOWHERE, torch.zeros(0, dtype=torch.int64), NOWHERE, untold)
    loss = heads.losses(None, where, truths, 1)["classes"]  # type: ignore[arg-type]
    chances = logits.softmax(1)
    no_digit = chances[1, 0] + chances[1, 1 + DIGIT_COUNT :].sum()
    torch.testing.assert_close(loss, -(chances[0, 0].log() + no_digit.log()) / 2)
    told = heads.losses(None, where, truths._replace(untold=None), 1)["classes"]  # type: ignore[arg-type]
    torch.testing.assert_close(told, F.cross_entropy(logits, torch.zeros(2, dtype=torch.int64)))


def test_letters_leave_room_for_digits_and_for_background() -> None:
    """32 samples: up to 16 digits, then signs up to 24, then background."""
    heads = tiny_model().heads
    grid = torch.cartesian_prod(torch.arange(10.0), torch.arange(10.0)) * 30
    places = torch.cat([grid, grid + 20], 1)
    labels = torch.cat([torch.full((5,), 3), torch.full((60,), len(CATEGORIES) - 1)])
    truths = BatchTargets(batch_boxes([places[:65]]), labels, NOWHERE)
    _, classes, _ = heads.sample(batch_boxes([places]), truths, 1)
    digits = (classes > 0) & (classes <= DIGIT_COUNT)
    assert int(digits.sum()) == 10  # each is a proposal and a true box
    assert (int((classes > DIGIT_COUNT).sum()), int((classes == 0).sum())) == (14, 8)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 12), st.integers(0, 2**31), st.sampled_from([0.0, 0.05, 0.3]))
def test_a_box_is_told_as_its_likeliest_digit_and_as_its_likeliest_sign(count: int, seed: int, least: float) -> None:
    random = torch.Generator().manual_seed(seed)
    corners = torch.rand(count, 2, generator=random) * 50
    where = BatchBoxes(torch.cat([corners, corners + 5], 1), torch.zeros(count, dtype=torch.int64))
    chances = torch.rand(count, len(CATEGORIES), generator=random).softmax(1)
    chances = chances * torch.rand(count, 1, generator=random)
    found = told_twice(where, chances, least)
    assert (found.scores.diff() <= 0).all()
    assert (found.scores > least).all()
    expected = []
    for box, row in zip(where.boxes.tolist(), chances, strict=True):
        for start, part in ((0, row[:DIGIT_COUNT]), (DIGIT_COUNT, row[DIGIT_COUNT:])):
            if float(part.max()) > least:
                expected.append((box, start + int(part.argmax()), float(part.max())))
    got = zip(found.where.boxes.tolist(), found.labels.tolist(), found.scores.tolist(), strict=True)
    assert sorted(got) == sorted(expected)
    once = told_once(where, chances)
    assert len(once.labels) == count
    assert (once.scores.diff() <= 0).all()


def test_signs_and_untold_ink_are_learned_from_pixels() -> None:
    model = FasterRCNN(TINY).train()
    image, target = bars(3)
    signs = Target(target.boxes, np.array([PLUS, 7]), target.ignore, np.array([[0, 0, 40, 60]], np.float32))
    losses = model.losses([as_input(image)], [signs])
    assert all(torch.isfinite(term) for term in losses.values())
    sum(losses.values()).backward()  # type: ignore[union-attr]
    gradient = model.heads.box_predictor.classes.weight.grad
    assert gradient is not None
    assert gradient[1 + PLUS].abs().sum() > 0
