"""Which anchors a true box can match at all: a short list for each box instead of all anchors of the image.

Matching each of 40 digits with each of 86,000 anchors of a 512x512 image took longer than the backbone. An anchor far
away is background without its IoU being computed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn


def cell_anchors(sizes: Sequence[float], aspects: Sequence[float]) -> Tensor:
    """The anchors (A, 4) of one cell, centred on 0, in whole pixels.

    sizes: square roots of their areas, pixels. aspects: heights over widths.
    """
    roots = torch.tensor(aspects).sqrt()[:, None]
    heights, widths = (roots * torch.tensor(sizes)).flatten(), (torch.tensor(sizes) / roots).flatten()  # (A,)
    return (torch.stack([-widths, -heights, widths, heights], 1) / 2).round()


def grid_anchors(cell_anchors: Tensor, stride: int, rows: int, columns: int) -> Tensor:
    """The anchors (rows * columns * A, 4) of a feature map, row by row, given those of one cell (A, 4)."""
    x = torch.arange(columns, device=cell_anchors.device) * stride
    y = torch.arange(rows, device=cell_anchors.device) * stride
    corners = torch.stack([x.expand(rows, -1), y[:, None].expand(-1, columns)], -1)  # (rows, columns, 2)
    return (corners.repeat(1, 1, 2)[:, :, None] + cell_anchors).view(-1, 4)


class NearAnchors(nn.Module):
    """True boxes -> every anchor that can reach an IoU of `lowest` with each, and some that cannot.

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
        """For boxes (G, 4): the indices (G, K) of near anchors, and which of them exist (G, K), bool.

        grids: rows and columns of each feature map.
        """
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
