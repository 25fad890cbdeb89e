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

from detector.boxes import Regions, longer_sides, whole_numbers


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


def gathered(table: Tensor, index: Tensor, weights: Tensor) -> Tensor:
    """See WeightedGather."""
    if torch.compiler.is_exporting():  # ONNX knows no bags
        return sum(table.index_select(0, index[:, j]) * weights[:, j : j + 1] for j in range(index.shape[1]))  # type: ignore[return-value]
    return WeightedGather.apply(table, index, weights)


class PyramidRoIAlign(nn.Module):
    """Crops each box out of the level on which it spans about `size` to 2 * `size` cells, as size x size features.

    One bilinear sample a bin, at its centre (sampling_ratio=1, aligned=True in torchvision's words).
    """

    def __init__(self, strides: Sequence[int], size: int = 7) -> None:
        super().__init__()
        self.strides = tuple(strides)
        self.size = size

    def levels(self, boxes: Tensor) -> Tensor:
        """The level (K,) for each box (K, 4): the finest on which its longer side is under 2 * size cells."""
        side, limits = longer_sides(boxes), [2 * self.size * stride for stride in self.strides[:-1]]
        return sum((side >= limit).long() for limit in limits)  # type: ignore[return-value]

    def forward(self, features: dict[str, Tensor], found: Regions) -> Tensor:
        """features: one (B, C, H, W) per stride. found: K boxes in pixels -> (K, C, size, size)."""
        maps = list(features.values())
        assert len(maps) == len(self.strides)
        boxes, picture = found
        table = torch.cat([m.permute(0, 2, 3, 1).reshape(-1, m.shape[1]) for m in maps])  # (R, C)
        counts = [m.shape[0] * m.shape[2] * m.shape[3] for m in maps]
        sizes = [(m.shape[3], m.shape[2], sum(counts[:i]), self.strides[i]) for i, m in enumerate(maps)]
        own = whole_numbers(sizes, boxes.device).index_select(0, self.levels(boxes))  # (K, 4), of each box's level
        sides, start, stride = own[:, :2], own[:, 2], own[:, 3:]  # width and height

        # x and y alike, in cells, where 0 is the middle of the first: (K, 2, size) or (K, 2, 1)
        low, high = (boxes / stride - 0.5).reshape(-1, 2, 2, 1).unbind(1)
        bins = (torch.arange(self.size, device=boxes.device, dtype=boxes.dtype) + 0.5) / self.size
        last = (sides - 1)[:, :, None].to(boxes.dtype)
        at = low + (high - low) * bins  # (K, 2, size)
        inside = (at >= -1) & (at <= last + 1)
        at = torch.minimum(at.clamp(min=0), last)
        first = at.floor()
        cells = torch.stack([first, torch.minimum(first + 1, last)], 3).long()  # (K, 2, size, 2)
        fraction = at - first
        weights = torch.stack([1 - fraction, fraction], 3) * inside[:, :, :, None]

        xs, ys = cells.unbind(1)  # (K, size, 2) each
        rows = (start + picture * sides.prod(1))[:, None, None] + ys * sides[:, :1, None]
        index = rows[:, :, None, :, None] + xs[:, None, :, None, :]  # (K, size, size, 2, 2)
        wx, wy = weights.unbind(1)
        weights = wy[:, :, None, :, None] * wx[:, None, :, None, :]
        out = gathered(table, index.reshape(-1, 4), weights.reshape(-1, 4).to(table.dtype))
        return out.view(-1, self.size, self.size, table.shape[1]).permute(0, 3, 1, 2)  # (K, C, size, size)
