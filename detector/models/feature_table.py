"""The feature maps of all levels as one table, a row for each cell: what proposes and what pools both look up in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from detector.models.boxes import whole_numbers

Grids = tuple[tuple[int, int], ...]  # rows and columns of each level, finest first


class FeatureTable(NamedTuple):
    """table: (B, N, C), the N cells of each image, level by level and row by row. grids: the sizes of the levels."""

    table: Tensor
    grids: Grids


def in_one_table(maps: Mapping[str, Tensor]) -> FeatureTable:
    """Feature maps (B, C, H, W), finest first; of those in memory format channels_last each is copied once."""
    rows = [m.permute(0, 2, 3, 1).flatten(1, 2) for m in maps.values()]  # (B, H * W, C) each
    return FeatureTable(torch.cat(rows, 1), tuple((m.shape[2], m.shape[3]) for m in maps.values()))


def starts(grids: Grids) -> list[int]:
    """The number of each level's first cell."""
    counts = [rows * columns for rows, columns in grids]
    return [sum(counts[:level]) for level in range(len(grids))]


def of_level(level: Tensor, grids: Grids, strides: Sequence[int]) -> Tensor:
    """Of levels (K,), int64 (K, 4) each: the number of its first cell, its columns and rows, and its stride."""
    table = [
        (start, columns, rows, stride)
        for start, (rows, columns), stride in zip(starts(grids), grids, strides, strict=True)
    ]
    return whole_numbers(table, level.device).index_select(0, level)
