"""Where a digit may be: a network on the feature maps that moves anchors.

Ren et al., "Faster R-CNN" (2015), section 3. It is made cheap for many small images on a CPU:

- true boxes are matched with near anchors only,
- only likely anchors are decoded, and only sampled ones encoded,
- all images go through together.

Duplicates are removed across feature maps. Anchors on ignored digits are left out of the losses.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from detector.models.anchors import NearAnchors, cell_anchors, grid_anchors
from detector.models.boxes import (
    BatchBoxes,
    BatchTargets,
    clip,
    decode,
    decode_around,
    encode,
    floor_divide,
    int_table,
    mostly_on_any,
    nms_per_image,
    nms_per_row,
    paired_iou,
    sides_of,
)
from detector.models.feature_table import FeatureTable, Grids, of_level, starts

SAMPLES_PER_IMAGE = 256  # anchors that are learned from
POSITIVE_IOU = 0.5  # from here on an anchor is that of a digit
NEGATIVE_IOU = 0.3  # below, with all digits, an anchor is background
IGNORED_OVERLAP = 0.5  # share of an anchor's area on an ignored digit from which on it is not learned from
MIN_SIDE_PX = 1  # of proposals in training


def sample_at_most(candidates: Tensor, count: int) -> Tensor:
    """At most `count` of the candidates (N,), at random and without repeats, by torch's global generator."""
    if len(candidates) <= count:
        return candidates
    return candidates[torch.randperm(len(candidates), device=candidates.device)[:count]]


class ProposalHead(nn.Module):
    """For each anchor, whether a digit is near and by how much to move: from one hidden layer, shared by all maps.

    Its convolutions of 1x1 are products of matrices, a row for each cell: convolutions take a slow path on a CPU.
    """

    def __init__(self, channels: int, hidden: int, anchors: int) -> None:
        super().__init__()
        self.hidden = nn.Conv2d(channels, hidden, 1)
        self.objectness = nn.Conv2d(hidden, anchors, 1)
        self.deltas = nn.Conv2d(hidden, anchors * 4, 1)
        for layer in (self.objectness, self.deltas):
            nn.init.normal_(layer.weight, std=0.01)
            assert layer.bias is not None
            nn.init.constant_(layer.bias, 0)

    def forward(self, cells: Tensor) -> tuple[Tensor, Tensor]:
        """Features (R, C) of cells -> objectness logits (R, A), float32, and the hidden layer (R, hidden)."""
        hidden = F.relu(of_each_cell(self.hidden, cells), inplace=True)
        return of_each_cell(self.objectness, hidden).float(), hidden

    def anchor_deltas(self, hidden: Tensor, kind: Tensor) -> Tensor:
        """By how much to move one anchor of each of some cells: deltas (K, 4). Most cells are never asked.

        hidden: the hidden layer of these cells (K, hidden). kind: the index (K,) of the anchor within its cell.
        """
        of_cell = of_each_cell(self.deltas, hidden).float().view(-1, self.objectness.out_channels, 4)  # (K, A, 4)
        return of_cell.gather(1, kind[:, None, None].expand(-1, 1, 4))[:, 0]


def of_each_cell(layer: nn.Conv2d, cells: Tensor) -> Tensor:
    """A convolution of 1x1 on (R, C)."""
    return F.linear(cells, layer.weight.flatten(1), layer.bias)


@dataclass(frozen=True)
class ProposalConfig:
    """What shapes a ProposalNetwork."""

    channels: int
    """Of the feature maps."""
    hidden: int
    """Channels of its layer."""
    strides: tuple[int, ...]
    """Of the feature maps, finest first."""
    anchor_sizes: tuple[tuple[float, ...], ...]
    """Square roots of the anchors' areas on each feature map, pixels; as many on each."""
    anchor_aspects: tuple[float, ...]
    """Height over width of the anchors."""
    before_nms: tuple[int, int]
    """Best anchors that become proposals: of each feature map in training, of an image in use."""
    nms_thresholds: tuple[float, float]
    """Of two proposals that overlap more than this (IoU), the better is kept, in training and in use."""
    threshold: float
    """In use, proposals that are digits with a lower probability are dropped."""


class ProposalNetwork(nn.Module):
    """Feature maps -> the boxes in which the heads look closer, best first."""

    cell_anchors: Tensor  # float32 (levels, A, 4)

    def __init__(self, config: ProposalConfig) -> None:
        super().__init__()
        self.config = c = config
        self.head = ProposalHead(c.channels, c.hidden, len(c.anchor_sizes[0]) * len(c.anchor_aspects))
        anchors = torch.stack([cell_anchors(sizes, c.anchor_aspects) for sizes in c.anchor_sizes])
        self.register_buffer("cell_anchors", anchors, persistent=False)
        self.near = NearAnchors(anchors, c.strides, NEGATIVE_IOU)
        self.min_logit = float(torch.tensor(c.threshold).logit(eps=1e-6))

    def forward(
        self, batch: Tensor, limits: Tensor, features: FeatureTable, targets: BatchTargets | None = None
    ) -> tuple[BatchBoxes, dict[str, Tensor]]:
        """Proposals in pixels of the batch and, with targets, the two losses. limits: see boxes.clip."""
        objectness, hidden = self.head(features.table.flatten(0, 1))  # (B * N, A), (B * N, hidden)
        objectness = objectness.view(*features.table.shape[:2], -1)  # (B, N, A)
        if targets is None:
            return self.propose(objectness, hidden, features.grids, limits), {}
        anchors = self.anchors(features.grids)  # (N * A, 4), the same for each image
        with torch.no_grad():
            proposals = self.propose_for_training(objectness.flatten(1), hidden, features.grids, anchors, limits)
        return proposals, self.losses(objectness.flatten(1), hidden, anchors, features.grids, targets)

    def anchors(self, grids: Grids) -> Tensor:
        """All anchors (N * A, 4) of feature maps of these sizes: map by map, row by row."""
        levels = zip(self.cell_anchors, self.config.strides, grids, strict=True)
        return torch.cat([grid_anchors(own, stride, *grid) for own, stride, grid in levels])

    def anchors_at(self, cell: Tensor, kind: Tensor, grids: Grids) -> tuple[Tensor, Tensor]:
        """Centres and sides (K, 2) of some anchors, without a table of all.

        cell: the index (K,) of the anchor's cell. kind: its index (K,) within the cell.
        """
        first = int_table([starts(grids)[1:]], cell.device)  # (1, levels - 1)
        level = (cell[:, None] >= first).sum(1)  # (K,)
        start, columns, _, stride = of_level(level, grids, self.config.strides).float().split(1, 1)  # (K, 1) each
        within = cell[:, None].float() - start
        row = floor_divide(within, columns)
        centres = torch.cat([within - row * columns, row], 1) * stride  # (K, 2)
        sides = sides_of(self.cell_anchors.flatten(0, 1))  # (levels * A, 2)
        return centres, sides.index_select(0, level * self.cell_anchors.shape[1] + kind)

    def propose(self, objectness: Tensor, hidden: Tensor, grids: Grids, limits: Tensor) -> BatchBoxes:
        """In use: anchors that are likely digits, moved and clipped to their image, without duplicates.

        objectness: (B, N, A). hidden: (B * N, hidden). From a batch of B images, B times `before_nms` at most.
        """
        images, cells, kinds = objectness.shape
        # The longer axis last: that way ONNX Runtime looks through them twice as fast.
        kind, row = (objectness.flatten(0, 1) > self.min_logit).t().nonzero().unbind(1)  # (K,) each
        scores = objectness.flatten().index_select(0, row * kinds + kind)
        scores, best = scores.topk(torch.sym_min(self.config.before_nms[1] * images, scores.shape[0]))
        kind, row = kind.index_select(0, best), row.index_select(0, best)
        image_index = floor_divide(row.float(), cells).long()
        centres, sides = self.anchors_at(row - image_index * cells, kind, grids)
        moved = decode_around(centres, sides, self.head.anchor_deltas(hidden.index_select(0, row), kind))
        found = clip(BatchBoxes(moved, image_index), limits)
        return found.at(nms_per_image(found, scores, limits, self.config.nms_thresholds[1]))

    def propose_for_training(
        self, objectness: Tensor, hidden: Tensor, grids: Grids, anchors: Tensor, limits: Tensor
    ) -> BatchBoxes:
        """As propose, but with the best `before_nms` anchors of each feature map and image, likely or not.

        objectness: (B, N * A). hidden: (B * N, hidden). anchors: (N * A, 4).
        """
        kinds = self.cell_anchors.shape[1]
        firsts = [kinds * start for start in starts(grids)]
        most, scores, chosen = self.config.before_nms[0], [], []
        for first, after in pairwise([*firsts, objectness.shape[1]]):
            best, index = objectness[:, first:after].topk(min(most, after - first), dim=1)  # (B, k)
            scores.append(best)
            chosen.append(index + first)
        order = torch.cat(scores, 1).argsort(dim=1, descending=True)  # (B, K)
        index = torch.cat(chosen, 1).gather(1, order)  # (B, K)
        images = torch.arange(len(index), device=index.device)[:, None]  # (B, 1)
        deltas = self.deltas_of((index + images * objectness.shape[1]).flatten(), hidden)  # (B * K, 4)
        boxes = decode(deltas, anchors[index.flatten()]).view(*index.shape, 4)  # (B, K, 4)
        boxes = torch.minimum(boxes.clamp(min=0), limits[:, None])
        keep = nms_per_row(boxes, self.config.nms_thresholds[0]) & (sides_of(boxes) >= MIN_SIDE_PX).all(2)
        image_index, rank = keep.nonzero(as_tuple=True)
        return BatchBoxes(boxes[image_index, rank], image_index)

    def deltas_of(self, anchor: Tensor, hidden: Tensor) -> Tensor:
        """Deltas (K, 4) of anchors by their indices (K,) in the batch: (image * N + cell) * A + kind."""
        kinds = self.cell_anchors.shape[1]
        cell = torch.div(anchor, kinds, rounding_mode="floor")
        return self.head.anchor_deltas(hidden[cell], anchor - cell * kinds)

    def losses(
        self, objectness: Tensor, hidden: Tensor, anchors: Tensor, grids: Grids, targets: BatchTargets
    ) -> dict[str, Tensor]:
        """Binary cross entropy and smooth L1 over sampled anchors.

        objectness: (B, N * A). hidden: (B * N, hidden). anchors: (N * A, 4).
        """
        positive, boxes, negative = self.sample(anchors, grids, targets, len(objectness))
        scores = objectness.flatten()[torch.cat([positive, negative])]  # (P + M,)
        wanted = torch.zeros_like(scores)
        wanted[: len(positive)] = 1
        deltas = self.deltas_of(positive, hidden)  # (P, 4)
        wanted_deltas = encode(boxes, anchors[positive % len(anchors)])
        count = max(1, len(scores))
        return {
            "objectness": F.binary_cross_entropy_with_logits(scores, wanted, reduction="sum") / count,
            "proposal_boxes": F.smooth_l1_loss(deltas, wanted_deltas, beta=1 / 9, reduction="sum") / count,
        }

    def sample(
        self, anchors: Tensor, grids: Grids, targets: BatchTargets, images: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Anchors to learn from, about SAMPLES_PER_IMAGE of each image.

        Returns the indices of positives (P,), their true boxes (P, 4), and the indices of negatives (M,). An index
        counts through all anchors of the batch, image by image. Positive is an anchor with an IoU of POSITIVE_IOU or
        more, or the best one of a box. Negative is one with an IoU below NEGATIVE_IOU to all boxes that does not lie on
        an ignored digit, nor on what may be a sign or not.
        """
        total = images * len(anchors)
        boxes, image_index = targets.where  # (G, 4), (G,)
        near, exists = self.near(boxes, grids)  # (G, K)
        iou = paired_iou(boxes[:, None], anchors[near]).where(exists, 0)  # (G, K)
        index = near + image_index[:, None] * len(anchors)  # (G, K)
        best = iou.new_zeros(total).scatter_reduce_(0, index.flatten(), iou.flatten(), "amax")  # for each anchor
        good = (iou >= POSITIVE_IOU) | (iou == iou.amax(1, keepdim=True))
        box, slot = (good & (iou > 0) & (iou == best[index])).nonzero(as_tuple=True)
        chosen = sample_at_most(torch.arange(len(box), device=boxes.device), images * SAMPLES_PER_IMAGE // 2)
        positive, matched = index[box[chosen], slot[chosen]], boxes[box[chosen]]
        # Drawn with repeats, which are few and left out: a permutation of all anchors would take longer.
        drawn = torch.randint(total, (images * SAMPLES_PER_IMAGE - len(positive),), device=boxes.device).unique()
        left_out = best[drawn] >= NEGATIVE_IOU
        left_out |= torch.isin(drawn, positive)  # the best anchor of a box may have a low IoU
        where = BatchBoxes(anchors[drawn % len(anchors)], drawn // len(anchors))
        for unknown in (targets.ignored, targets.untold):
            if unknown is not None:
                left_out |= mostly_on_any(where, unknown, IGNORED_OVERLAP)
        return positive, matched, drawn[~left_out]
