"""Where a digit may be: a network on the feature maps that moves anchors.

Ren et al., "Faster R-CNN" (2015), section 3. Made cheap for many small pictures on a CPU: boxes are matched with near
anchors only, only likely anchors are decoded and only sampled ones encoded, and all pictures go through together.
Duplicates are removed across levels; anchors on ignored digits are left out of the losses.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from detector.anchors import NearAnchors, cell_anchors, grid_anchors
from detector.boxes import (
    Regions,
    Truths,
    best_of_each_place,
    best_of_rows,
    clip,
    decode,
    encode,
    on_any,
    paired_iou,
    quotient,
    whole_numbers,
)

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
    """For each anchor, whether a digit is near and by how much to move: from one hidden layer shared by all levels."""

    def __init__(self, channels: int, hidden: int, anchors: int) -> None:
        super().__init__()
        self.hidden = nn.Conv2d(channels, hidden, 1)
        self.objectness = nn.Conv2d(hidden, anchors, 1)
        self.deltas = nn.Conv2d(hidden, anchors * 4, 1)
        for layer in (self.objectness, self.deltas):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.constant_(layer.bias, 0)  # type: ignore[arg-type]

    def forward(self, features: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """(B, C, H, W) per level -> per level objectness logits (B, H * W * A) and deltas (B, H * W * A, 4)."""
        objectness, deltas = [], []
        for feature in features:
            hidden = F.relu(of_each_cell(self.hidden, feature.permute(0, 2, 3, 1)))  # (B, H, W, hidden)
            objectness.append(of_each_cell(self.objectness, hidden).flatten(1).float())
            deltas.append(of_each_cell(self.deltas, hidden).reshape(feature.shape[0], -1, 4).float())
        return objectness, deltas


def of_each_cell(layer: nn.Conv2d, cells: Tensor) -> Tensor:
    """A convolution of 1x1 on (B, H, W, C): one product of matrices, where PyTorch's own takes a slow path on a CPU."""
    return F.linear(cells, layer.weight.flatten(1), layer.bias)


class ProposalNetwork(nn.Module):
    """Feature maps -> the boxes in which the heads look closer, best first."""

    def __init__(
        self,
        channels: int,
        hidden: int,
        strides: tuple[int, ...],
        sizes: tuple[tuple[float, ...], ...],
        aspects: tuple[float, ...],
        before_nms: tuple[int, int],
        nms_thresholds: tuple[float, float],
        threshold: float,
    ) -> None:
        """hidden: channels of its layer. sizes: square roots of the anchors' areas per level, pixels. aspects: height /
        width. before_nms, nms_thresholds (IoU): in training and in use, see propose.

        threshold: in use, proposals that are digits with a lower probability are dropped.
        """
        super().__init__()
        self.head = ProposalHead(channels, hidden, len(sizes[0]) * len(aspects))
        self.strides = strides
        self.cells = [cell_anchors(own, aspects) for own in sizes]
        self.near = NearAnchors(self.cells, strides, NEGATIVE_IOU)
        self.before_nms, self.nms_thresholds = before_nms, nms_thresholds
        self.least = float(torch.tensor(threshold).logit(eps=1e-6))

    def forward(
        self, batch: Tensor, limits: Tensor, features: dict[str, Tensor], truths: Truths | None = None
    ) -> tuple[Regions, dict[str, Tensor]]:
        """Proposals in pixels, and with truths the two losses. limits: (B, 4), see boxes.clip."""
        maps = list(features.values())
        objectness, deltas = self.head(maps)
        grids = tuple((m.shape[2], m.shape[3]) for m in maps)
        if truths is None:
            return self.likely(torch.cat(objectness, 1), torch.cat(deltas, 1), grids, limits), {}
        anchors = self.anchors(grids, maps[0].device)  # (N, 4), the same for each picture
        proposals = self.best([o.detach() for o in objectness], [d.detach() for d in deltas], anchors, limits)
        return proposals, self.losses(torch.cat(objectness, 1), torch.cat(deltas, 1), anchors, grids, truths)

    def anchors(self, grids: tuple[tuple[int, int], ...], device: torch.device) -> Tensor:
        """All anchors (N, 4) of level grids of (rows, columns): level by level, row by row."""
        levels = zip(self.cells, self.strides, grids, strict=True)
        return torch.cat([grid_anchors(cells.to(device), stride, *grid) for cells, stride, grid in levels])

    def anchors_at(self, index: Tensor, grids: tuple[tuple[int, int], ...]) -> Tensor:
        """Some (K, 4) of all anchors, by their numbers (K,): in use only few are looked at."""
        kinds = len(self.cells[0])
        counts = [rows * columns * kinds for rows, columns in grids]
        starts = [sum(counts[:level]) for level in range(len(grids))]
        level = torch.zeros_like(index)  # (K,)
        for start in starts[1:]:
            level = level + (index >= start).long()
        sizes = [(starts[i], columns, self.strides[i], i * kinds) for i, (_, columns) in enumerate(grids)]
        own = whole_numbers(sizes, index.device).index_select(0, level)  # (K, 4), of each anchor's level
        index = index - own[:, 0]
        cell = quotient(index, kinds)
        row = quotient(cell, own[:, 1])
        corner = torch.stack([cell - row * own[:, 1], row], 1) * own[:, 2:3]  # (K, 2)
        shapes = torch.cat(self.cells).to(index.device).index_select(0, own[:, 3] + index - cell * kinds)
        return corner.repeat(1, 2) + shapes

    def likely(self, objectness: Tensor, deltas: Tensor, grids: tuple[tuple[int, int], ...], limits: Tensor) -> Regions:
        """In use: anchors that are likely digits, moved and clipped to their picture, without duplicates.

        objectness: (B, N). deltas: (B, N, 4). Of a batch, `before_nms` times the number of its pictures at most.
        """
        flat = (objectness.flatten() > self.least).nonzero()[:, 0]  # (K,)
        scores = objectness.flatten().index_select(0, flat)
        best = scores.argsort(descending=True)[: self.before_nms[1] * objectness.shape[0]]
        flat, scores = flat.index_select(0, best), scores.index_select(0, best)
        picture = quotient(flat, objectness.shape[1])
        index = flat - picture * objectness.shape[1]
        moved = decode(deltas.flatten(0, 1).index_select(0, flat), self.anchors_at(index, grids))
        found = clip(Regions(moved, picture), limits)
        return found.at(best_of_each_place(found, scores, limits, self.nms_thresholds[1]))

    def best(self, objectness: list[Tensor], deltas: list[Tensor], anchors: Tensor, limits: Tensor) -> Regions:
        """In training: the best `before_nms` anchors of each level and picture, likely or not, likewise."""
        moved, scores, start = [], [], 0
        for level_scores, level_deltas in zip(objectness, deltas, strict=True):
            count = level_scores.shape[1]
            best, index = level_scores.topk(min(self.before_nms[0], count), dim=1)  # (B, k)
            moves = level_deltas.gather(1, index[:, :, None].expand(-1, -1, 4))  # (B, k, 4)
            moved.append(decode(moves, anchors[start : start + count][index]))
            scores.append(best)
            start += count
        order = torch.cat(scores, 1).argsort(dim=1, descending=True)  # (B, K)
        boxes = torch.cat(moved, 1).gather(1, order[:, :, None].expand(-1, -1, 4))  # (B, K, 4)
        boxes = torch.minimum(boxes.clamp(min=0), limits[:, None])
        sides = boxes[..., 2:] - boxes[..., :2]
        keep = best_of_rows(boxes, self.nms_thresholds[0]) & (sides >= 1).all(2)
        picture, number = keep.nonzero(as_tuple=True)
        return Regions(boxes[picture, number], picture)

    def losses(
        self,
        objectness: Tensor,
        deltas: Tensor,
        anchors: Tensor,
        grids: tuple[tuple[int, int], ...],
        truths: Truths,
    ) -> dict[str, Tensor]:
        """Binary cross entropy and smooth L1 over sampled anchors; objectness (B, N), deltas (B, N, 4)."""
        positive, boxes, negative = self.sample(anchors, grids, truths, len(objectness))
        scores = objectness.flatten()[torch.cat([positive, negative])]
        wanted = torch.zeros_like(scores)
        wanted[: len(positive)] = 1
        moves = deltas.flatten(0, 1)[positive]  # (P, 4)
        wanted_moves = encode(boxes, anchors[positive % len(anchors)])
        count = max(1, len(scores))
        return {
            "objectness": F.binary_cross_entropy_with_logits(scores, wanted, reduction="sum") / count,
            "proposal_boxes": F.smooth_l1_loss(moves, wanted_moves, beta=1 / 9, reduction="sum") / count,
        }

    def sample(
        self, anchors: Tensor, grids: tuple[tuple[int, int], ...], truths: Truths, pictures: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Anchors to learn from, about SAMPLES a picture: positives (P,), their true boxes (P, 4), negatives (M,).

        An index counts through all anchors of the batch: picture * N + anchor. Positive is an anchor with IoU >= 0.5,
        or the best one of a box; negative is one with IoU < 0.3 to all boxes that does not lie on an ignored one.
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
        where = Regions(anchors[drawn % len(anchors)], drawn // len(anchors))
        left_out |= on_any(where, truths.ignored, IGNORED_OVERLAP)
        return positive, matched, drawn[~left_out]
