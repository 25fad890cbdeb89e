"""Which anchors are learned from: against torchvision's matcher over all anchors, and what ignored digits do."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torchvision.models.detection._utils import Matcher
from torchvision.ops import box_iou

from detector.proposals import NEGATIVE_IOU, POSITIVE_IOU, ProposalNetwork, choose, on_ignored

GRIDS = [(24, 32), (12, 16), (6, 8)]  # of a picture of 96 x 128 pixels


@pytest.fixture(scope="module")
def network() -> ProposalNetwork:
    return ProposalNetwork(
        4, 4, (4, 8, 16), ((10, 17), (29, 49), (83, 140)), (1.4, 3.0), (50, 50), (20, 20), (0.7, 0.5), 0.0
    )


def target(boxes: Tensor, ignored: Tensor | None = None) -> dict[str, Tensor]:
    return {
        "boxes": boxes,
        "labels": torch.zeros(len(boxes), dtype=torch.int64),
        "ignored": torch.zeros(0, 4) if ignored is None else ignored,
    }


def random_boxes(seed: int, count: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    corner = torch.rand(count, 2, generator=generator) * torch.tensor([110.0, 80.0])
    return torch.cat([corner, corner + torch.exp(torch.rand(count, 2, generator=generator) * 3 + 1.7)], 1)


def sampled(network: ProposalNetwork, targets: list[dict[str, Tensor]]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    anchors = network.anchors(GRIDS, torch.device("cpu"))
    return anchors, *network.sample(anchors, GRIDS, targets)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.integers(0, 6))
def test_samples_agree_with_matching_all_anchors(network: ProposalNetwork, seed: int, count: int) -> None:
    torch.manual_seed(seed)
    boxes = random_boxes(seed, count)
    anchors, positive, truths, negative = sampled(network, [target(torch.zeros(0, 4)), target(boxes)])
    assert (positive >= len(anchors)).all(), "the first picture has no digit"
    first, second = negative[negative < len(anchors)], negative[negative >= len(anchors)] - len(anchors)
    assert len(first) > 0
    if count == 0:
        assert len(positive) == 0
        return
    iou = box_iou(boxes, anchors)  # (G, N)
    matched = Matcher(POSITIVE_IOU, NEGATIVE_IOU, allow_low_quality_matches=True)(iou)
    assert (matched[positive - len(anchors)] >= 0).all()
    torch.testing.assert_close(truths, boxes[iou[:, positive - len(anchors)].argmax(0)])
    assert (iou[:, second] < NEGATIVE_IOU).all()
    assert set((iou.amax(0) >= POSITIVE_IOU).nonzero()[:, 0].tolist()) <= set((positive - len(anchors)).tolist())


def test_every_anchor_that_can_match_is_near(network: ProposalNetwork) -> None:
    boxes = random_boxes(1, 300)
    anchors = network.anchors(GRIDS, torch.device("cpu"))
    near, exists = network.near(boxes, GRIDS)
    listed = torch.zeros(len(boxes), len(anchors), dtype=torch.bool)
    listed[torch.arange(len(boxes))[:, None].expand_as(near)[exists], near[exists]] = True
    assert listed[box_iou(boxes, anchors) >= NEGATIVE_IOU].all()
    assert (listed.sum(1) == exists.sum(1)).all(), "no anchor twice"


def test_ignored_digits_are_neither_positive_nor_negative(network: ProposalNetwork) -> None:
    torch.manual_seed(0)
    ignored = torch.tensor([[20.0, 20.0, 100.0, 90.0]])
    anchors, positive, _, negative = sampled(network, [target(torch.zeros(0, 4), ignored)])
    assert len(positive) == 0
    assert len(negative) > 0
    assert not on_ignored(anchors[negative], ignored).any()


def test_on_ignored_is_measured_by_the_box_itself() -> None:
    boxes = torch.tensor([[0.0, 0.0, 10.0, 10.0], [8.0, 8.0, 18.0, 18.0], [50.0, 50.0, 60.0, 60.0]])
    assert on_ignored(boxes, torch.tensor([[-100.0, -100.0, 11.0, 12.0]])).tolist() == [True, False, False]
    assert on_ignored(boxes, torch.zeros(0, 4)).tolist() == [False] * 3
    assert on_ignored(torch.zeros(0, 4), boxes).tolist() == []


@pytest.mark.parametrize(("count", "want", "got"), [(0, 5, 0), (4, 5, 4), (5, 5, 5), (9, 5, 5), (3, 0, 0)])
def test_choose_takes_as_many_as_there_are(count: int, want: int, got: int) -> None:
    chosen = choose(torch.arange(count), want)
    assert len(chosen) == got == len(chosen.unique())
