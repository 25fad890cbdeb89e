"""The running average of a model's weights: steadier and, after a short training, better than the last step's."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from itertools import chain

import torch

from detector.models.base import Detector


class WeightAverage:
    """`.model` holds the average; update it after each step.

    The decay grows as (1 + n) / (10 + n) up to `decay`, so that the first, bad weights are soon forgotten. Statistics
    of batch normalisation are averaged like weights, counters are copied.
    """

    def __init__(self, model: Detector, decay: float) -> None:
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self.decay = decay
        self.updates = 0

    @torch.no_grad()
    def update(self, model: Detector) -> None:
        """Move the average towards the model's present weights."""
        rate = 1 - min(self.decay, (1 + self.updates) / (10 + self.updates))
        self.updates += 1
        pairs = list(zip(_tensors(self.model), _tensors(model), strict=True))
        weights = [pair for pair in pairs if pair[0].is_floating_point()]
        counters = [pair for pair in pairs if not pair[0].is_floating_point()]
        # One operation each: on a GPU it is their number that costs.
        torch._foreach_lerp_([own for own, _ in weights], [new for _, new in weights], rate)
        if counters:
            torch._foreach_copy_([own for own, _ in counters], [new for _, new in counters])


def _tensors(model: Detector) -> Iterator[torch.Tensor]:
    """All that a checkpoint keeps."""
    return chain(model.parameters(), model.buffers())
