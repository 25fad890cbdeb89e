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

MAX_LOG_STRETCH = math.log(1000 / 16)  # logarithm of the most that a side is multiplied by


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
    """What was detected in a batch, best first. where: N boxes. labels: int64 (N,). scores: float32 (N,)."""

    where: BatchBoxes
    labels: Tensor
    scores: Tensor

    def at(self, chosen: Tensor) -> BatchDetections:
        """Those at the indices `chosen` (M,)."""
        return BatchDetections(
            self.where.at(chosen), self.labels.index_select(0, chosen), self.scores.index_select(0, chosen)
        )


class BatchTargets(NamedTuple):
    """What is truly in a batch. where: G boxes. labels: int64 (G,). ignored: boxes, neither right nor wrong.

    untold: boxes of ink that is no digit, where it is not told what it is; None where there is none.
    """

    where: BatchBoxes
    labels: Tensor
    ignored: BatchBoxes
    untold: BatchBoxes | None = None


def batch_boxes(boxes: list[Tensor]) -> BatchBoxes:
    """The boxes (K_b, 4) of each image of a batch as one tensor."""
    counts = torch.tensor([len(own) for own in boxes], device=boxes[0].device)
    return BatchBoxes(torch.cat(boxes), torch.repeat_interleave(counts))


def concatenated(first: BatchBoxes, second: BatchBoxes) -> BatchBoxes:
    """The boxes of both, one after the other."""
    return BatchBoxes(torch.cat([first.boxes, second.boxes]), torch.cat([first.image_index, second.image_index]))


def image_limits(images: Tensor) -> Tensor:
    """Width, height, width, height of all images (B, 3, H, W): float32 (1, 4)."""
    one = torch.ones((), device=images.device)
    width, height = one * images.shape[3], one * images.shape[2]
    return torch.stack([width, height, width, height])[None]


def int_table(rows: Sequence[Sequence[int]], device: torch.device) -> Tensor:
    """A small table, int64. While a detector is exported, its values may be symbols for sizes not known yet."""
    if torch.compiler.is_exporting():
        return torch.stack([torch.full((), value) for row in rows for value in row]).view(len(rows), -1)
    return torch.tensor(rows, device=device)


def floor_divide(values: Tensor, by: Tensor | int) -> Tensor:
    """Whole values from 0 to 2^24, float32, divided and rounded down. Of int64, ONNX would make nine operations."""
    return (values / by).floor()


def encode(boxes: Tensor, anchors: Tensor) -> Tensor:
    """The deltas (..., 4) that move each anchor (..., 4) to its box (..., 4).

    They are the shifts of the centre, in sides of the anchor, and the logarithms of how much the sides grow. Girshick
    et al., "Rich feature hierarchies" (2014), appendix C.
    """
    sides = sides_of(anchors)
    shift = (boxes[..., 2:] + boxes[..., :2] - anchors[..., 2:] - anchors[..., :2]) / 2
    return torch.cat([shift / sides, (sides_of(boxes) / sides).log()], -1)


def decode(deltas: Tensor, anchors: Tensor) -> Tensor:
    """Boxes (..., 4): anchors (..., 4), moved and stretched by deltas (..., 4). The reverse of encode."""
    low, high = anchors.split(2, -1)
    return decode_around((low + high) / 2, high - low, deltas)


def decode_around(centres: Tensor, sides: Tensor, deltas: Tensor) -> Tensor:
    """As decode, of anchors with these centres and sides (..., 2)."""
    shift, growth = deltas.split(2, -1)
    centres = centres + shift * sides
    half = growth.clamp(max=MAX_LOG_STRETCH).exp() * (sides / 2)
    return torch.cat([centres - half, centres + half], -1)


def clip(found: BatchBoxes, limits: Tensor) -> BatchBoxes:
    """The boxes without what lies outside of their images.

    limits: width, height, width, height of each image (B, 4), or of all of them (1, 4).
    """
    own = limits if limits.shape[0] == 1 else limits.index_select(0, found.image_index)
    return BatchBoxes(torch.minimum(found.boxes.clamp(min=0), own), found.image_index)


def areas(boxes: Tensor) -> Tensor:
    """Areas (...) of boxes (..., 4)."""
    width, height = sides_of(boxes).unbind(-1)
    return width * height


def sides_of(boxes: Tensor) -> Tensor:
    """Widths and heights (..., 2) of boxes (..., 4)."""
    low, high = boxes.split(2, -1)
    sides: Tensor = high - low
    return sides


def shorter_sides(boxes: Tensor) -> Tensor:
    """Shorter sides (K, 1) of boxes (K, 4). Not by amin, which ONNX Runtime gets wrong where there is no box."""
    return torch.minimum(*sides_of(boxes).split(1, -1))


def longer_sides(boxes: Tensor) -> Tensor:
    """Longer sides (K, 1) of boxes (K, 4)."""
    return torch.maximum(*sides_of(boxes).split(1, -1))


def intersection(first: Tensor, second: Tensor) -> Tensor:
    """The areas (...) that boxes (..., 4) share with boxes (..., 4), elementwise and broadcast."""
    (low, high), (other_low, other_high) = first.split(2, -1), second.split(2, -1)
    sides = (torch.minimum(high, other_high) - torch.maximum(low, other_low)).clamp(min=0)  # (..., 2)
    width, height = sides.unbind(-1)
    return width * height


def paired_iou(first: Tensor, second: Tensor) -> Tensor:
    """IoU (...) of boxes (..., 4) with boxes (..., 4), elementwise and broadcast."""
    both = intersection(first, second)
    return both / (areas(first) + areas(second) - both)


def iou_matrix(found: BatchBoxes, others: BatchBoxes) -> Tensor:
    """IoU (K, M) of each box with each of the others; 0 for boxes of different images."""
    same = found.image_index[:, None] == others.image_index
    return paired_iou(found.boxes[:, None], others.boxes) * same


def mostly_on_any(found: BatchBoxes, others: BatchBoxes, share: float) -> Tensor:
    """Which boxes lie by this share of their own area or more on one of the others in their image: bool (K,)."""
    same = found.image_index[:, None] == others.image_index
    covered = intersection(found.boxes[:, None], others.boxes) >= share * areas(found.boxes)[:, None]
    return (covered & same).any(1)


def offset_by_group(found: BatchBoxes, groups: Tensor, limits: Tensor) -> Tensor:
    """Boxes (K, 4), each group (K,) moved by an offset of its own, so that boxes of different groups never overlap.

    limits: of the images (B, 4) or (1, 4); no box lies beyond them.
    """
    return found.boxes + (groups * (limits.max() + 1))[:, None]


def nms_per_row(boxes: Tensor, overlap: float) -> Tensor:
    """NMS in each row of boxes (B, K, 4), best first: which are kept, bool (B, K). overlap: an IoU.

    On a CPU it goes row by row, since the time of one call grows with the square of its boxes. On a GPU calls cost more
    than boxes, and all rows go at once.
    """
    if boxes.is_cuda:
        return nms_per_row_at_once(boxes, overlap)
    keep = boxes.new_zeros(boxes.shape[:2], dtype=torch.bool)
    order = torch.linspace(1, 0, boxes.shape[1])
    for own, row in zip(keep, boxes, strict=True):
        own[nms(row, order, overlap)] = True
    return keep


def nms_per_row_at_once(boxes: Tensor, overlap: float) -> Tensor:
    """As nms_per_row, without a loop over rows or boxes.

    Each box is dropped if one that was kept in the round before overlaps it. When no verdict changes any more, they are
    those of going through the boxes one by one.
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


def nms_per_image(found: BatchBoxes, scores: Tensor, limits: Tensor, overlap: float) -> Tensor:
    """NMS in each image, all of them at once: the indices (M,) of the boxes kept, best first. overlap: an IoU."""
    kept: Tensor = nms(offset_by_group(found, found.image_index, limits), scores, overlap)
    return kept
