"""The running average of a model's weights: steadier and, after a short training, better than the last step's."""

from __future__ import annotations

import copy

import torch

from detector.base import Detector


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
        new = model.state_dict()
        average = self.model.state_dict()
        floating = [name for name, tensor in average.items() if tensor.is_floating_point()]
        torch._foreach_lerp_([average[name] for name in floating], [new[name] for name in floating], rate)
        for name in average.keys() - set(floating):
            average[name].copy_(new[name])
