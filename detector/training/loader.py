"""Batches for the steps of a training, made ahead by other processes."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from itertools import chain, islice, repeat
from typing import Any, TypeAlias

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from detector.types import BatchSource, Target

LoadedBatch: TypeAlias = "tuple[list[np.ndarray] | torch.Tensor, list[Target]]"
"""A batch whose images are one tensor uint8 (B, H, W, 3) where all are of one size, and a list where not."""

BATCHES_AHEAD = 4
"""How many batches each process makes ahead."""


def steps(batches: BatchSource, first: int, end: int, echo: int, workers: int) -> Iterator[LoadedBatch]:
    """What steps `first` to `end` - 1 learn from: each batch `echo` times in a row."""
    indices = range(first // echo, -(-end // echo))
    echoes = chain.from_iterable(repeat(batch, echo) for batch in load_batches(batches, indices, workers))
    return islice(echoes, first % echo, end - indices.start * echo)


def load_batches(batches: BatchSource, indices: range, workers: int) -> DataLoader[LoadedBatch]:
    """The batches of these indices, in order, made by so many other processes; 0 makes them in this one."""
    return DataLoader(
        _Stacked(batches),
        batch_size=None,  # because each item is a batch already
        sampler=indices,
        num_workers=workers,
        prefetch_factor=BATCHES_AHEAD if workers else None,
        collate_fn=_as_it_is,
        worker_init_fn=_prepare_worker,
    )


class _Stacked(Dataset[LoadedBatch]):
    """Batches with the images of one size as one tensor, which goes from process to process through shared memory."""

    def __init__(self, batches: BatchSource) -> None:
        self._batches = batches

    def __getitem__(self, index: int) -> LoadedBatch:
        images, targets = batch = self._batches[index]
        if len({image.shape for image in images}) != 1 or images[0].dtype != np.uint8:
            return batch
        return torch.from_numpy(np.stack(images)), targets  # (B, H, W, 3)


def _as_it_is(batch: Any) -> Any:
    """In place of PyTorch's own, which would make tensors of all arrays."""
    return batch


def _prepare_worker(worker: int) -> None:
    """One thread for each process; interrupts are left to the process that trains."""
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
