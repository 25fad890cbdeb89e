"""Where a digit may be: a network on the feature maps that moves anchors.

Ren et al., "Faster R-CNN" (2015), section 3. Made cheap for many small pictures on a CPU: boxes are matched with near
anchors only, only likely anchors are decoded and only sampled ones encoded, and all pictures go through together.
Duplicates are removed across levels; anchors on ignored digits are left out of the losses.
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
    best_of_each_place,
    best_of_rows,
    clip,
    decode,
    decode_around,
    encode,
    on_any,
    paired_iou,
    quotient,
    sides_of,
    whole_numbers,
)
from detector.models.feature_table import FeatureTable, Grids, of_level, starts

SAMPLES = 256  # anchors of each picture that are learned from
POSITIVE_IOU = 0.5
NEGATIVE_IOU = 0.3
IGNORED_OVERLAP = 0.5


def choose(candidates: Tensor, count: int) -> Tensor:
    """At most `count` of the candidates (N,), at random and without repeats, by torch's global generator."""
    if len(candidates) <= count:
        return candidates
    return candidates[torch.randperm(len(candidates), device=candidates.device)[:count]]


class ProposalHead(nn.Module):
    """For each anchor, whether a digit is near and by how much to move: from one hidden layer shared by all levels.

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
        """Features (R, C) of cells -> objectness logits (R, A), float32, and what is hidden behind them (R, hidden)."""
        hidden = F.relu(of_each_cell(self.hidden, cells), inplace=True)
        return of_each_cell(self.objectness, hidden).float(), hidden

    def moves(self, hidden: Tensor, kind: Tensor) -> Tensor:
        """By how much to move one anchor of each of some cells, deltas (K, 4): of most cells nobody needs to know.

        hidden: theirs, (K, hidden). kind: which of each cell's anchors, (K,).
        """
        all_kinds = of_each_cell(self.deltas, hidden).float().view(-1, self.objectness.out_channels, 4)  # (K, A, 4)
        return all_kinds.gather(1, kind[:, None, None].expand(-1, 1, 4))[:, 0]


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
        self, batch: Tensor, limits: Tensor, features: FeatureTable, truths: BatchTargets | None = None
    ) -> tuple[BatchBoxes, dict[str, Tensor]]:
        """Proposals in pixels, and with truths the two losses. limits: see boxes.clip."""
        objectness, hidden = self.head(features.table.flatten(0, 1))  # (B * N, A), (B * N, hidden)
        objectness = objectness.view(*features.table.shape[:2], -1)
        if truths is None:
            return self.likely(objectness, hidden, features.grids, limits), {}
        anchors = self.anchors(features.grids)  # (N * A, 4), the same for each picture
        with torch.no_grad():
            proposals = self.best(objectness.flatten(1), hidden, features.grids, anchors, limits)
        return proposals, self.losses(objectness.flatten(1), hidden, anchors, features.grids, truths)

    def anchors(self, grids: Grids) -> Tensor:
        """All anchors (N * A, 4) of level grids: level by level, row by row."""
        levels = zip(self.cell_anchors, self.config.strides, grids, strict=True)
        return torch.cat([grid_anchors(own, stride, *grid) for own, stride, grid in levels])

    def anchors_at(self, cell: Tensor, kind: Tensor, grids: Grids) -> tuple[Tensor, Tensor]:
        """Middles and sides (K, 2) of some anchors, by the numbers (K,) of their cells and kinds: few are looked at."""
        first = whole_numbers([starts(grids)[1:]], cell.device)  # (1, levels - 1)
        level = (cell[:, None] >= first).sum(1)  # (K,)
        start, columns, _, stride = of_level(level, grids, self.config.strides).float().split(1, 1)  # (K, 1) each
        within = cell[:, None].float() - start
        row = quotient(within, columns)
        middles = torch.cat([within - row * columns, row], 1) * stride
        sides = sides_of(self.cell_anchors.flatten(0, 1))  # (levels * A, 2)
        return middles, sides.index_select(0, level * self.cell_anchors.shape[1] + kind)

    def likely(self, objectness: Tensor, hidden: Tensor, grids: Grids, limits: Tensor) -> BatchBoxes:
        """In use: anchors that are likely digits, moved and clipped to their picture, without duplicates.

        objectness: (B, N, A). hidden: (B * N, hidden). Of a batch, `before_nms` times the number of its pictures at
        most.
        """
        pictures, cells, kinds = objectness.shape
        # The longer axis last: that way ONNX Runtime looks through them twice as fast.
        kind, row = (objectness.flatten(0, 1) > self.min_logit).t().nonzero().unbind(1)  # (K,) each
        scores = objectness.flatten().index_select(0, row * kinds + kind)
        scores, best = scores.topk(torch.sym_min(self.config.before_nms[1] * pictures, scores.shape[0]))
        kind, row = kind.index_select(0, best), row.index_select(0, best)
        picture = quotient(row.float(), cells).long()
        middles, sides = self.anchors_at(row - picture * cells, kind, grids)
        moved = decode_around(middles, sides, self.head.moves(hidden.index_select(0, row), kind))
        found = clip(BatchBoxes(moved, picture), limits)
        return found.at(best_of_each_place(found, scores, limits, self.config.nms_thresholds[1]))

    def best(self, objectness: Tensor, hidden: Tensor, grids: Grids, anchors: Tensor, limits: Tensor) -> BatchBoxes:
        """In training: the best `before_nms` anchors of each level and picture, likely or not, likewise.

        objectness: (B, N * A). hidden: (B * N, hidden).
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
        pictures = torch.arange(len(index), device=index.device)[:, None]
        moves = self.moves((index + pictures * objectness.shape[1]).flatten(), hidden)
        boxes = decode(moves, anchors[index.flatten()]).view(*index.shape, 4)
        boxes = torch.minimum(boxes.clamp(min=0), limits[:, None])
        keep = best_of_rows(boxes, self.config.nms_thresholds[0]) & (sides_of(boxes) >= 1).all(2)
        picture, number = keep.nonzero(as_tuple=True)
        return BatchBoxes(boxes[picture, number], picture)

    def moves(self, anchor: Tensor, hidden: Tensor) -> Tensor:
        """Deltas (K, 4) of anchors by their numbers (K,) in the batch: (picture * N + cell) * A + kind."""
        kinds = self.cell_anchors.shape[1]
        cell = torch.div(anchor, kinds, rounding_mode="floor")
        return self.head.moves(hidden[cell], anchor - cell * kinds)

    def losses(
        self,
        objectness: Tensor,
        hidden: Tensor,
        anchors: Tensor,
        grids: Grids,
        truths: BatchTargets,
    ) -> dict[str, Tensor]:
        """Binary cross entropy and smooth L1 over sampled anchors; objectness (B, N * A), hidden (B * N, hidden)."""
        positive, boxes, negative = self.sample(anchors, grids, truths, len(objectness))
        scores = objectness.flatten()[torch.cat([positive, negative])]
        wanted = torch.zeros_like(scores)
        wanted[: len(positive)] = 1
        moves = self.moves(positive, hidden)  # (P, 4)
        wanted_moves = encode(boxes, anchors[positive % len(anchors)])
        count = max(1, len(scores))
        return {
            "objectness": F.binary_cross_entropy_with_logits(scores, wanted, reduction="sum") / count,
            "proposal_boxes": F.smooth_l1_loss(moves, wanted_moves, beta=1 / 9, reduction="sum") / count,
        }

    def sample(
        self, anchors: Tensor, grids: Grids, truths: BatchTargets, pictures: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Anchors to learn from, about SAMPLES a picture: positives (P,), their true boxes (P, 4), negatives (M,).

        An index counts through all anchors of the batch, picture by picture. Positive is an anchor with IoU >= 0.5, or
        the best one of a box; negative is one with IoU < 0.3 to all boxes that does not lie on an ignored one.
        """
        total = pictures * len(anchors)
        boxes, picture = truths.digits  # (G, 4), (G,)
        near, exists = self.near(boxes, grids)  # (G, K)
        iou = paired_iou(boxes[:, None], anchors[near]).where(exists, 0)
        index = near + picture[:, None] * len(anchors)
        best = iou.new_zeros(total).scatter_reduce_(0, index.flatten(), iou.flatten(), "amax")  # for each anchor
        good = (iou >= POSITIVE_IOU) | (iou == iou.amax(1, keepdim=True))
        box, slot = (good & (iou > 0) & (iou == best[index])).nonzero(as_tuple=True)
        chosen = choose(torch.arange(len(box), device=boxes.device), pictures * SAMPLES // 2)
        positive, matched = index[box[chosen], slot[chosen]], boxes[box[chosen]]
        # Without the few repeats: a permutation of all anchors would cost more than it gives.
        drawn = torch.randint(total, (pictures * SAMPLES - len(positive),), device=boxes.device).unique()
        left_out = best[drawn] >= NEGATIVE_IOU
        left_out |= torch.isin(drawn, positive)  # the best anchor of a box may have a low IoU
        where = BatchBoxes(anchors[drawn % len(anchors)], drawn // len(anchors))
        left_out |= on_any(where, truths.ignored, IGNORED_OVERLAP)
        return positive, matched, drawn[~left_out]
