"""Which anchors a true box can match at all: a short list for each box instead of all anchors of the picture.

Matching each of 40 digits with each of 86,000 anchors of a 512x512 picture took longer than the backbone; an anchor far
away needs no IoU to be known as background.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn


def cell_anchors(sizes: Sequence[float], aspects: Sequence[float]) -> Tensor:
    """The anchors (A, 4) of one cell, around 0, whole pixels. sizes: square roots of areas. aspects: height / width."""
    roots = torch.tensor(aspects).sqrt()[:, None]
    heights, widths = (roots * torch.tensor(sizes)).flatten(), (torch.tensor(sizes) / roots).flatten()  # (A,)
    return (torch.stack([-widths, -heights, widths, heights], 1) / 2).round()


def grid_anchors(cells: Tensor, stride: int, rows: int, columns: int) -> Tensor:
    """The anchors (rows * columns * A, 4) of a grid, row by row, given those of one cell (A, 4)."""
    x = torch.arange(columns, device=cells.device) * stride
    y = torch.arange(rows, device=cells.device) * stride
    corners = torch.stack([x.expand(rows, -1), y[:, None].expand(-1, columns)], -1)  # (rows, columns, 2)
    return (corners.repeat(1, 1, 2)[:, :, None] + cells).view(-1, 4)


class NearAnchors(nn.Module):
    """Lists for a true box every anchor that can reach an IoU of `lowest` with it (and some that cannot).

    For two boxes of widths w and W that overlap by o along x, IoU <= o / max(w, W). So an IoU of t needs
    o >= t * max(w, W), hence W <= w / t, and centres (w + W) / 2 - o apart: at most w * (1 / t - 1) / 2, reached at
    W = w / t. Likewise along y.
    """

    table: Tensor  # int64 (5, K): level, kind, stride, x, y

    def __init__(self, cell_anchors: Tensor, strides: Sequence[int], lowest: float) -> None:
        """cell_anchors: (levels, A, 4), around 0, pixels. strides: of the levels, pixels. lowest: an IoU."""
        super().__init__()
        reach = (1 / lowest - 1) / 2
        rows = []
        for level, (cells, stride) in enumerate(zip(cell_anchors, strides, strict=True)):
            for kind, (x0, y0, x1, y1) in enumerate(cells.tolist()):
                far_x = math.ceil((x1 - x0) * reach / stride + 0.5)
                far_y = math.ceil((y1 - y0) * reach / stride + 0.5)
                rows += [
                    (level, kind, stride, x, y) for y in range(-far_y, far_y + 1) for x in range(-far_x, far_x + 1)
                ]
        self.register_buffer("table", torch.tensor(rows).T.contiguous(), persistent=False)
        self.kinds = cell_anchors.shape[1]

    def forward(self, boxes: Tensor, grids: Sequence[tuple[int, int]]) -> tuple[Tensor, Tensor]:
        """For boxes (G, 4) on level grids of (rows, columns): anchor indices (G, K), and which of them exist (G, K)."""
        device = boxes.device
        level, kind, stride, x, y = self.table  # (K,) each
        rows, columns = torch.tensor(grids, device=device).unbind(1)  # (levels,)
        counts = rows * columns * self.kinds
        starts = counts.cumsum(0) - counts
        centre = (boxes[:, :2] + boxes[:, 2:]) / 2  # (G, 2)
        column = (centre[:, :1] / stride).round().long() + x  # (G, K)
        row = (centre[:, 1:] / stride).round().long() + y
        exists = (column >= 0) & (column < columns[level]) & (row >= 0) & (row < rows[level])
        index = starts[level] + (row * columns[level] + column) * self.kinds + kind
        return index.where(exists, 0), exists
