"""All feature maps as one table, a row for each cell: proposals and RoI features are looked up in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from detector.models.boxes import int_table

Grids = tuple[tuple[int, int], ...]
"""Rows and columns of each feature map, finest first."""


class FeatureTable(NamedTuple):
    """table: (B, N, C), the N cells of each image, map by map and row by row. grids: the sizes of the maps."""

    table: Tensor
    grids: Grids


def in_one_table(maps: Mapping[str, Tensor]) -> FeatureTable:
    """The table of feature maps (B, C, H, W), finest first. Those in memory format channels_last are copied once."""
    rows = [m.permute(0, 2, 3, 1).flatten(1, 2) for m in maps.values()]  # (B, H * W, C) each
    return FeatureTable(torch.cat(rows, 1), tuple((m.shape[2], m.shape[3]) for m in maps.values()))


def starts(grids: Grids) -> list[int]:
    """The index of each map's first cell."""
    counts = [rows * columns for rows, columns in grids]
    return [sum(counts[:level]) for level in range(len(grids))]


def of_level(level: Tensor, grids: Grids, strides: Sequence[int]) -> Tensor:
    """For levels (K,), int64 (K, 4): the index of the map's first cell, its columns, its rows, and its stride."""
    table = [
        (start, columns, rows, stride)
        for start, (rows, columns), stride in zip(starts(grids), grids, strides, strict=True)
    ]
    return int_table(table, level.device).index_select(0, level)
