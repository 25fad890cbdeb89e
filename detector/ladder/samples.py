"""Training samples of rungs 1-8: pictures and their strings, as arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from detector.models.ladder.view import MNIST_SIDE_PX
from detector.models.ladder.whole_picture import BLANK


@dataclass(frozen=True, eq=False)
class Samples:
    """Pictures and their labels. Raises ValueError for arrays of another shape, type or range."""

    pictures: NDArray[np.uint8]
    """(N, 28, W), light ink on a dark background."""
    labels: NDArray[np.int64]
    """(N, P), the digits of the string from the left, 0-9, then BLANK up to P, the greatest length."""

    def __post_init__(self) -> None:
        n = len(self.labels)
        if self.pictures.dtype != np.uint8 or self.pictures.ndim != 3 or self.pictures.shape[:2] != (n, MNIST_SIDE_PX):
            raise ValueError(
                f"pictures: expected uint8 ({n}, {MNIST_SIDE_PX}, W), got {self.pictures.dtype} {self.pictures.shape}"
            )
        if self.labels.dtype != np.int64 or self.labels.ndim != 2:
            raise ValueError(f"labels: expected int64 ({n}, P), got {self.labels.dtype} {self.labels.shape}")
        if ((self.labels < 0) | (self.labels > BLANK)).any():
            raise ValueError(f"labels: expected 0-9, or {BLANK} for a blank, got others")

    def __len__(self) -> int:
        return len(self.labels)


def batches(samples: Samples, size: int, shuffled: torch.Generator | None = None) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of pictures float32 (B, 1, 28, W) in [0, 1] and labels int64 (B, P). The last one may be smaller.

    shuffled: the generator of a random order; None for the order of the samples.
    """
    n = len(samples)
    order = torch.arange(n) if shuffled is None else torch.randperm(n, generator=shuffled)
    pictures, labels = torch.from_numpy(samples.pictures), torch.from_numpy(samples.labels)
    for start in range(0, n, size):
        chosen = order[start : start + size]
        yield pictures[chosen].unsqueeze(1).float() / 255, labels[chosen]


def as_labels(texts: Sequence[str], max_length: int) -> NDArray[np.int64]:
    """Strings of digits as labels int64 (N, max_length). Raises ValueError for a longer string."""
    labels = np.full((len(texts), max_length), BLANK, np.int64)
    for row, text in zip(labels, texts, strict=True):
        if len(text) > max_length:
            raise ValueError(f"texts: expected at most {max_length} digits, got {text!r}")
        row[: len(text)] = [int(digit) for digit in text]
    return labels
