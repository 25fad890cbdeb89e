"""The exponential moving average of a model's weights, which is steadier than the weights of the last step."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from itertools import chain

import torch

from detector.models.base import Detector


class WeightAverage:
    """`model` holds the average; call `update` after each step.

    The decay grows as (1 + n) / (10 + n) with the number n of updates, up to `decay`, so that the first weights, which
    are bad, are soon forgotten. Running statistics of batch normalisation are averaged like weights. Its counters of
    batches are copied.
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
        # One operation for all of them: on a GPU each operation costs, however small its tensor is.
        torch._foreach_lerp_([own for own, _ in weights], [new for _, new in weights], rate)
        if counters:
            torch._foreach_copy_([own for own, _ in counters], [new for _, new in counters])


def _tensors(model: Detector) -> Iterator[torch.Tensor]:
    """All tensors of a model, in an order that is the same for its copies."""
    return chain(model.parameters(), model.buffers())
