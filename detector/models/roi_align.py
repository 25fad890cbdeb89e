"""RoIAlign over a whole feature pyramid at once, as one gather and one sum that use every core, backward too.

torchvision's kernel is the reference (the tests compare values and gradients); on a CPU its backward runs on one core
and took half of a training step. RoIAlign: He et al., "Mask R-CNN", section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from detector.models.boxes import BatchBoxes, longer_sides
from detector.models.feature_table import FeatureTable, of_level


class WeightedGather(torch.autograd.Function):
    """out[m] = sum over j of weights[m, j] * table[index[m, j]], differentiable in the table alone.

    table (R, C), index int64 (M, J), weights (M, J) -> (M, C). The backward is the transposed sum, gathered too: what
    touched each row of the table is collected by sorting, so that no two threads ever write to the same row.
    """

    @staticmethod
    def forward(ctx: Any, table: Tensor, index: Tensor, weights: Tensor) -> Tensor:
        ctx.save_for_backward(index, weights)
        ctx.rows = len(table)
        return F.embedding_bag(index, table, per_sample_weights=weights, mode="sum")

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        index, weights = ctx.saved_tensors
        grad = grads[0].contiguous()  # (M, C)
        order = index.flatten().argsort(stable=True)  # (M * J,), by row of the table
        counts = torch.bincount(index.flatten(), minlength=ctx.rows)
        starts = counts.cumsum(0) - counts  # (R,)
        source = order.div(index.shape[1], rounding_mode="floor")
        return (
            F.embedding_bag(source, grad, starts, per_sample_weights=weights.flatten()[order], mode="sum"),
            None,
            None,
        )


class PyramidRoIAlign(nn.Module):
    """Boxes -> RoI features (K, C, size, size), each from the level on which the box spans `size` to 2 * `size` cells.

    There is one bilinear sample a bin, at its centre: sampling_ratio=1, aligned=True in torchvision's words. within:
    whether all boxes lie in their images, so that no sample falls outside.
    """

    def __init__(self, strides: Sequence[int], size: int = 7, within: bool = False) -> None:
        super().__init__()
        self.strides = tuple(strides)
        self.size = size
        self.within = within

    def levels(self, boxes: Tensor) -> Tensor:
        """The level (K,) for each box (K, 4): the finest on which its longer side is below 2 * size cells."""
        limits = boxes.new_tensor([2 * self.size * stride for stride in self.strides[:-1]])
        return (longer_sides(boxes) >= limits).sum(1)

    def forward(self, features: FeatureTable, found: BatchBoxes) -> Tensor:
        """The features of all images and K boxes in pixels -> (K, C, size, size)."""
        boxes, image_index = found
        own = of_level(self.levels(boxes), features.grids, self.strides)  # (K, 4)
        start, columns, _, _ = own.split(1, 1)  # (K, 1) each
        _, sides, stride = own.to(boxes.dtype).split([1, 2, 1], 1)  # (K, 2): columns and rows

        # x and y alike, in cells; 0 is the centre of the first
        low, high = (boxes / stride - 0.5)[:, :, None].split(2, 1)  # (K, 2, 1)
        bins = (torch.arange(self.size, device=boxes.device, dtype=boxes.dtype) + 0.5) / self.size
        last = sides[:, :, None] - 1
        at = low + (high - low) * bins  # (K, 2, size)
        between = torch.minimum(at.clamp(min=0), last)
        first = between.floor()
        second, fraction = torch.minimum(first + 1, last), between - first
        weights = [1 - fraction, fraction]  # (K, 2, size), of the first and of the second
        if not self.within:
            inside = (at >= -1) & (at <= last + 1)
            weights = [weight * inside for weight in weights]
        start = start + image_index[:, None] * features.table.shape[1]
        xs, rows = across_and_down([first.long(), second.long()])
        ys = [y * columns[:, :, None] + start[:, :, None] for y in rows]
        wx, wy = across_and_down([weight.to(features.table.dtype) for weight in weights])
        return bilinear(features.table.flatten(0, 1), xs, ys, wx, wy).permute(0, 3, 1, 2)


def across_and_down(both: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
    """Of tensors (K, 2, S) of x and y: the x as rows (K, 1, S), and the y as columns (K, S, 1)."""
    pairs = [one.split(1, 1) for one in both]
    return [x for x, _ in pairs], [y.transpose(1, 2) for _, y in pairs]


def bilinear(
    table: Tensor, xs: Sequence[Tensor], ys: Sequence[Tensor], wx: Sequence[Tensor], wy: Sequence[Tensor]
) -> Tensor:
    """Weighted sums (K, S, S, C) of four rows each of a table (R, C), those with the indices y + x.

    xs, ys: int64 (K, 1, S) and (K, S, 1), two each. wx, wy: their weights.
    """
    if torch.compiler.is_exporting():  # ONNX knows no bags
        count, _, size = xs[0].shape
        sums = [
            table.index_select(0, (y + x).flatten()) * (v * w).view(-1, 1)
            for y, v in zip(ys, wy, strict=True)
            for x, w in zip(xs, wx, strict=True)
        ]
        return (sums[0] + sums[1] + sums[2] + sums[3]).view(count, size, size, table.shape[1])
    index = torch.stack(list(ys), 3)[..., None] + torch.stack(list(xs), 3)[..., None, :]  # (K, S, S, 2, 2)
    weights = torch.stack(list(wy), 3)[..., None] * torch.stack(list(wx), 3)[..., None, :]
    out: Tensor = WeightedGather.apply(table, index.view(-1, 4), weights.view(-1, 4))
    return out.view(*index.shape[:3], table.shape[1])
