"""Boxes of a whole batch in one tensor, each with the index of its image, and what is done with them.

Nothing here loops over images: sixteen of them take about as many operations as one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torchvision.ops import nms

LARGEST_CHANGE = math.log(1000 / 16)  # of a side's logarithm: no box is stretched beyond that


class BatchBoxes(NamedTuple):
    """boxes: (K, 4), pixels. image_index: int64 (K,), the index in the batch of the image that each box is in."""

    boxes: Tensor
    image_index: Tensor

    def at(self, chosen: Tensor) -> BatchBoxes:
        """Those at the indices `chosen` (M,)."""
        # ONNX has one operation for this, and several for general indices.
        return BatchBoxes(self.boxes.index_select(0, chosen), self.image_index.index_select(0, chosen))

    def to(self, device: torch.device) -> BatchBoxes:
        """On another device."""
        return BatchBoxes(self.boxes.to(device), self.image_index.to(device))


class BatchDetections(NamedTuple):
    """What was detected in a batch, best first. where: N boxes. labels: int64 (N,), 0-9. scores: float32 (N,)."""

    where: BatchBoxes
    labels: Tensor
    scores: Tensor

    def at(self, chosen: Tensor) -> BatchDetections:
        """Those at the indices `chosen` (M,)."""
        return BatchDetections(
            self.where.at(chosen), self.labels.index_select(0, chosen), self.scores.index_select(0, chosen)
        )


class BatchTargets(NamedTuple):
    """What is truly in a batch. digits: G boxes. labels: int64 (G,), 0-9. ignored: boxes, neither right nor wrong."""

    digits: BatchBoxes
    labels: Tensor
    ignored: BatchBoxes


def batch_boxes(boxes: list[Tensor]) -> BatchBoxes:
    """The boxes (K_b, 4) of each image as one."""
    counts = torch.tensor([len(own) for own in boxes], device=boxes[0].device)
    return BatchBoxes(torch.cat(boxes), torch.repeat_interleave(counts))


def concatenated(first: BatchBoxes, second: BatchBoxes) -> BatchBoxes:
    """Both, one after the other."""
    return BatchBoxes(torch.cat([first.boxes, second.boxes]), torch.cat([first.image_index, second.image_index]))


def limits_of(pictures: Tensor) -> Tensor:
    """Width, height, width, height of all pictures (B, 3, H, W): float32 (1, 4)."""
    one = torch.ones((), device=pictures.device)
    width, height = one * pictures.shape[3], one * pictures.shape[2]
    return torch.stack([width, height, width, height])[None]


def whole_numbers(rows: Sequence[Sequence[int]], device: torch.device) -> Tensor:
    """A small table, int64; also of sizes that are not known yet, while a detector is exported."""
    if torch.compiler.is_exporting():
        return torch.stack([torch.full((), number) for row in rows for number in row]).view(len(rows), -1)
    return torch.tensor(rows, device=device)


def quotient(numbers: Tensor, by: Tensor | int) -> Tensor:
    """Whole numbers as float32, from 0 to 2^24, divided and rounded down: of int64 ONNX makes nine operations."""
    return (numbers / by).floor()


def encode(boxes: Tensor, anchors: Tensor) -> Tensor:
    """What moves each anchor (..., 4) to its box (..., 4): middles in anchor sides, logarithms of sides. See decode.

    Girshick et al., "Rich feature hierarchies" (2014), appendix C.
    """
    sides = sides_of(anchors)
    middles = (boxes[..., 2:] + boxes[..., :2] - anchors[..., 2:] - anchors[..., :2]) / 2
    return torch.cat([middles / sides, (sides_of(boxes) / sides).log()], -1)


def decode(deltas: Tensor, anchors: Tensor) -> Tensor:
    """Anchors (..., 4), moved and stretched by deltas (..., 4)."""
    low, high = anchors.split(2, -1)
    return decode_around((low + high) / 2, high - low, deltas)


def decode_around(middles: Tensor, sides: Tensor, deltas: Tensor) -> Tensor:
    """Boxes (..., 4) of anchors with these middles and sides (..., 2), moved and stretched by deltas (..., 4)."""
    shift, growth = deltas.split(2, -1)
    middles = middles + shift * sides
    half = growth.clamp(max=LARGEST_CHANGE).exp() * (sides / 2)
    return torch.cat([middles - half, middles + half], -1)


def clip(found: BatchBoxes, limits: Tensor) -> BatchBoxes:
    """Without what lies outside of the pictures, of which limits are width, height, width, height.

    limits: (B, 4), or (1, 4) for all of them.
    """
    own = limits if limits.shape[0] == 1 else limits.index_select(0, found.image_index)
    return BatchBoxes(torch.minimum(found.boxes.clamp(min=0), own), found.image_index)


def areas(boxes: Tensor) -> Tensor:
    """Of boxes (..., 4): (...)."""
    width, height = sides_of(boxes).unbind(-1)
    return width * height


def sides_of(boxes: Tensor) -> Tensor:
    """Widths and heights (..., 2) of boxes (..., 4)."""
    low, high = boxes.split(2, -1)
    return high - low


def shorter_sides(boxes: Tensor) -> Tensor:
    """Of boxes (K, 4): (K, 1). Not by amin, which ONNX Runtime gets wrong where there is no box."""
    return torch.minimum(*sides_of(boxes).split(1, -1))


def longer_sides(boxes: Tensor) -> Tensor:
    """Of boxes (K, 4): (K, 1)."""
    return torch.maximum(*sides_of(boxes).split(1, -1))


def shared(first: Tensor, second: Tensor) -> Tensor:
    """The area that boxes (..., 4) share with boxes (..., 4), elementwise and broadcast: (...)."""
    (low, high), (other_low, other_high) = first.split(2, -1), second.split(2, -1)
    width, height = (torch.minimum(high, other_high) - torch.maximum(low, other_low)).clamp(min=0).unbind(-1)
    return width * height


def paired_iou(first: Tensor, second: Tensor) -> Tensor:
    """IoU of boxes (..., 4) with boxes (..., 4), elementwise and broadcast: (...)."""
    both = shared(first, second)
    return both / (areas(first) + areas(second) - both)


def iou_matrix(found: BatchBoxes, others: BatchBoxes) -> Tensor:
    """IoU of each box with each other (K, M); 0 between pictures."""
    same = found.image_index[:, None] == others.image_index
    return paired_iou(found.boxes[:, None], others.boxes) * same


def on_any(found: BatchBoxes, others: BatchBoxes, share: float) -> Tensor:
    """Which boxes lie by this share of their own area or more on one of the others of their picture: bool (K,)."""
    same = found.image_index[:, None] == others.image_index
    covered = shared(found.boxes[:, None], others.boxes) >= share * areas(found.boxes)[:, None]
    return (covered & same).any(1)


def offset_by_group(found: BatchBoxes, groups: Tensor, limits: Tensor) -> Tensor:
    """Boxes (K, 4), each group (K,) moved to a place of its own, so that none overlaps one of another group.

    limits (B, 4) or (1, 4): no box lies beyond any of them.
    """
    return found.boxes + (groups * (limits.max() + 1))[:, None]


def best_of_rows(boxes: Tensor, overlap: float) -> Tensor:
    """Non-maximum suppression in each row of boxes (B, K, 4), best first: which are kept, bool (B, K).

    On a CPU row by row, since the time of one call grows with the square of its boxes; on a GPU, where calls cost more
    than boxes, all rows at once.
    """
    if boxes.is_cuda:
        return best_of_rows_at_once(boxes, overlap)
    keep = boxes.new_zeros(boxes.shape[:2], dtype=torch.bool)
    order = torch.linspace(1, 0, boxes.shape[1])
    for own, row in zip(keep, boxes, strict=True):
        own[nms(row, order, overlap)] = True
    return keep


def best_of_rows_at_once(boxes: Tensor, overlap: float) -> Tensor:
    """As best_of_rows, without a loop over rows or boxes.

    Each box is judged by the verdicts on those before it, again and again until none changes: then they are those of
    going through the boxes one by one.
    """
    x0, y0, x1, y1 = boxes.unbind(2)  # (B, K) each
    width = (torch.minimum(x1[:, :, None], x1[:, None]) - torch.maximum(x0[:, :, None], x0[:, None])).clamp_(min=0)
    height = (torch.minimum(y1[:, :, None], y1[:, None]) - torch.maximum(y0[:, :, None], y0[:, None])).clamp_(min=0)
    both, own = width.mul_(height), areas(boxes)  # (B, K, K), (B, K)
    doubles = (both > overlap * (own[:, :, None] + own[:, None] - both)).tril_(-1).float()
    kept, before = torch.ones_like(own), torch.zeros_like(own)
    while not torch.equal(kept, before):
        kept, before = ((doubles @ kept[:, :, None])[..., 0] < 0.5).float(), kept
    return kept > 0.5


def best_of_each_place(found: BatchBoxes, scores: Tensor, limits: Tensor, overlap: float) -> Tensor:
    """Non-maximum suppression in each picture: numbers of the boxes kept, best first. All pictures go at once."""
    return nms(offset_by_group(found, found.image_index, limits), scores, overlap)
