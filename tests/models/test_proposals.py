"""Which anchors are learned from: against torchvision's matcher over all anchors, and what ignored digits do."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torchvision.models.detection._utils import Matcher
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.ops import box_iou

from detector.models.boxes import BatchTargets, batch_boxes, mostly_on_any, paired_iou
from detector.models.feature_table import in_one_table
from detector.models.proposals import (
    IGNORED_OVERLAP,
    NEGATIVE_IOU,
    POSITIVE_IOU,
    ProposalConfig,
    ProposalNetwork,
    sample_at_most,
)

GRIDS = ((24, 32), (12, 16), (6, 8))  # of a picture of 96 x 128 pixels


@pytest.fixture(scope="module")
def network() -> ProposalNetwork:
    return ProposalNetwork(
        ProposalConfig(
            channels=4,
            hidden=4,
            strides=(4, 8, 16),
            anchor_sizes=((10, 17), (29, 49), (83, 140)),
            anchor_aspects=(1.4, 3.0),
            before_nms=(50, 50),
            nms_thresholds=(0.7, 0.5),
            threshold=0.0,
        )
    )


NOTHING = torch.zeros(0, 4)


def truths(boxes: list[Tensor], ignored: list[Tensor] | None = None) -> BatchTargets:
    digits = batch_boxes(boxes)
    return BatchTargets(digits, torch.zeros_like(digits.image_index), batch_boxes(ignored or [NOTHING] * len(boxes)))


def random_boxes(seed: int, count: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    corner = torch.rand(count, 2, generator=generator) * torch.tensor([110.0, 80.0])
    return torch.cat([corner, corner + torch.exp(torch.rand(count, 2, generator=generator) * 3 + 1.7)], 1)


def sampled(network: ProposalNetwork, truths: BatchTargets, pictures: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    anchors = network.anchors(GRIDS)
    return anchors, *network.sample(anchors, GRIDS, truths, pictures)


def test_anchors_are_torchvision_s(network: ProposalNetwork) -> None:
    generator = AnchorGenerator(((10, 17), (29, 49), (83, 140)), ((1.4, 3.0),) * 3)
    generator.set_cell_anchors(torch.float32, torch.device("cpu"))
    theirs = torch.cat(generator.grid_anchors(GRIDS, [[stride, stride] for stride in network.config.strides]))
    ours = network.anchors(GRIDS)
    assert torch.equal(ours, theirs)
    some = torch.randperm(len(ours))
    middles, sides = network.anchors_at(some // 4, some % 4, GRIDS)
    assert torch.equal(torch.cat([middles - sides / 2, middles + sides / 2], 1), ours[some])
    assert network.anchors_at(some[:0], some[:0], GRIDS)[0].shape == (0, 2)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.integers(0, 6))
def test_samples_agree_with_matching_all_anchors(network: ProposalNetwork, seed: int, count: int) -> None:
    torch.manual_seed(seed)
    boxes = random_boxes(seed, count)
    anchors, positive, matches, negative = sampled(network, truths([NOTHING, boxes]), 2)
    assert (positive >= len(anchors)).all(), "the first picture has no digit"
    first, second = negative[negative < len(anchors)], negative[negative >= len(anchors)] - len(anchors)
    assert len(first) > 0
    if count == 0:
        assert len(positive) == 0
        return
    iou = box_iou(boxes, anchors)  # (G, N)
    matched = Matcher(POSITIVE_IOU, NEGATIVE_IOU, allow_low_quality_matches=True)(iou)
    assert (matched[positive - len(anchors)] >= 0).all()
    # By IoU, not by number: two boxes may be equally good.
    matched_iou = paired_iou(matches, anchors[positive - len(anchors)])
    torch.testing.assert_close(matched_iou, iou[:, positive - len(anchors)].amax(0))
    assert (iou[:, second] < NEGATIVE_IOU).all()
    assert set((iou.amax(0) >= POSITIVE_IOU).nonzero()[:, 0].tolist()) <= set((positive - len(anchors)).tolist())


def test_every_anchor_that_can_match_is_near(network: ProposalNetwork) -> None:
    boxes = random_boxes(1, 300)
    anchors = network.anchors(GRIDS)
    near, exists = network.near(boxes, GRIDS)
    listed = torch.zeros(len(boxes), len(anchors), dtype=torch.bool)
    listed[torch.arange(len(boxes))[:, None].expand_as(near)[exists], near[exists]] = True
    assert listed[box_iou(boxes, anchors) >= NEGATIVE_IOU].all()
    assert (listed.sum(1) == exists.sum(1)).all(), "no anchor twice"


def test_ignored_digits_are_neither_positive_nor_negative(network: ProposalNetwork) -> None:
    torch.manual_seed(0)
    ignored = torch.tensor([[20.0, 20.0, 100.0, 90.0]])
    anchors, positive, _, negative = sampled(network, truths([NOTHING], [ignored]), 1)
    assert len(positive) == 0
    assert len(negative) > 0
    assert not mostly_on_any(batch_boxes([anchors[negative]]), batch_boxes([ignored]), IGNORED_OVERLAP).any()


def test_what_is_likely_is_proposed_once_and_inside_its_picture(network: ProposalNetwork) -> None:
    """Likely are two anchors of one cell in the first image, one at the corner in the second, none in the third."""
    anchors = network.anchors(GRIDS)
    objectness = torch.full((3, len(anchors)), -99.0)
    hidden = torch.zeros(3 * len(anchors) // 4, 4)  # by which no anchor is moved
    middle = 4 * (10 * 32 + 14) + 1  # row 10, column 14 of the finest level, the second of its anchors: 14 x 20 pixels
    objectness[0, [middle, middle + 4]] = torch.tensor([2.0, 3.0])
    objectness[1, 0] = 1.0
    limits = torch.tensor([[128.0, 96, 128, 96]] * 3)
    objectness = objectness.view(3, -1, 4)
    found = network.propose(objectness, hidden, GRIDS, limits)
    assert found.image_index.tolist() == [0, 1]
    assert torch.equal(found.boxes[0], anchors[middle + 4]), "the likelier of the two"
    assert torch.equal(found.boxes[1], anchors[0].clamp(min=0))
    alone = network.propose(objectness[:1], hidden[: len(anchors) // 4], GRIDS, limits[:1])
    assert torch.equal(alone.boxes, found.boxes[:1])
    nothing = network.propose(objectness[2:], hidden[: len(anchors) // 4], GRIDS, limits[:1])
    assert nothing.boxes.shape == (0, 4)


def test_moves_are_those_of_a_convolution(network: ProposalNetwork) -> None:
    """Against the paper: convolutions of 1x1 over each map, of which we compute only the deltas that are needed."""
    torch.manual_seed(0)
    maps = {str(stride): torch.randn(2, 4, *grid) for stride, grid in zip(network.config.strides, GRIDS, strict=True)}
    head = network.head
    hidden = [head.hidden(m).relu() for m in maps.values()]
    scores, moves = [], []
    for m in hidden:
        scores.append(head.objectness(m).permute(0, 2, 3, 1).flatten(1))
        moves.append(head.deltas(m).permute(0, 2, 3, 1).reshape(2, -1, 4))
    ours, within = head(in_one_table(maps).table.flatten(0, 1))
    torch.testing.assert_close(ours.view(2, -1), torch.cat(scores, 1))
    some = torch.randperm(ours.numel())[:50]
    torch.testing.assert_close(network.deltas_of(some, within), torch.cat(moves, 1).flatten(0, 1)[some])
    assert network.deltas_of(some[:0], within).shape == (0, 4)


def test_the_best_of_each_level_are_proposed_to_learn_from(network: ProposalNetwork) -> None:
    """With scores that rise along each level, and no deltas: the last anchors, clipped at the border."""
    anchors = network.anchors(GRIDS)
    objectness = torch.arange(float(len(anchors)))[None].repeat(2, 1)
    limits = torch.tensor([[128.0, 96, 128, 96], [100.0, 96, 100, 96]])
    found = network.propose_for_training(objectness, torch.zeros(2 * len(anchors) // 4, 4), GRIDS, anchors, limits)
    ends = torch.tensor([rows * columns * 4 for rows, columns in GRIDS]).cumsum(0)
    best = torch.cat([anchors[end - 50 : end] for end in ends])
    for picture, limit in enumerate(limits):
        cut = torch.minimum(best.clamp(min=0), limit)
        own = found.boxes[found.image_index == picture]
        assert len(own) > 5
        assert all((cut == box).all(1).any() for box in own)


@pytest.mark.parametrize(("count", "want", "got"), [(0, 5, 0), (4, 5, 4), (5, 5, 5), (9, 5, 5), (3, 0, 0)])
def test_a_sample_is_as_large_as_there_are_candidates(count: int, want: int, got: int) -> None:
    chosen = sample_at_most(torch.arange(count), want)
    assert len(chosen) == got == len(chosen.unique())


def test_anchors_move_with_the_network_but_are_no_weights(network: ProposalNetwork) -> None:
    assert {name for name, _ in network.named_buffers()} == {"cell_anchors", "near.table"}
    assert not {"cell_anchors", "near.table"} & network.state_dict().keys()
    moved = copy.deepcopy(network).to("meta")
    assert moved.anchors(GRIDS).is_meta
    assert moved.near(torch.zeros(2, 4, device="meta"), GRIDS)[0].is_meta
