"""Data echoing: several steps learn from one batch, for when scenes are slower to draw than to learn from.

Each echo of a batch has another size, another light and other noise. Choi et al., "Faster Neural Network Training with
Data Echoing" (2019).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from detector.types import Target

MAX_LOG_SCALE = 0.3
"""Sides are multiplied by exp(-0.3) = 0.74 to exp(0.3) = 1.35."""
LOG_CONTRAST_DEVIATION = 0.2
"""Standard deviation of the logarithm of the factor by which contrast changes."""
BRIGHTNESS_DEVIATION = 0.06
"""Standard deviation of what is added to values in [0, 1]."""
MAX_NOISE_DEVIATION = 0.04
"""Standard deviation of the noise of the noisiest image, of values in [0, 1]."""


def echoed(images: Sequence[Tensor], targets: Sequence[Target]) -> tuple[list[Tensor], list[Target]]:
    """Images float (3, H, W) in [0, 1], all resized by one factor, each in another light and with other noise.

    The targets' boxes follow. All randomness is drawn from PyTorch's global generators.
    """
    factor = float(torch.empty(()).uniform_(-MAX_LOG_SCALE, MAX_LOG_SCALE).exp())
    one_size = len({image.shape for image in images}) == 1
    batches = [torch.stack(list(images))] if one_size else [image[None] for image in images]  # each (B, 3, H, W)
    changed = [image for batch in batches for image in _changed(batch, factor)]
    moved = []
    for image, echo, target in zip(images, changed, targets, strict=True):
        y, x = echo.shape[1] / image.shape[1], echo.shape[2] / image.shape[2]
        moved.append(target.scaled(np.array([x, y, x, y], np.float32)))
    return changed, moved


def _changed(batch: Tensor, factor: float) -> Tensor:
    """Images (B, 3, H, W) resized by a factor, in another light and with other noise."""
    size = [max(1, round(side * factor)) for side in batch.shape[2:]]
    batch = F.interpolate(batch, size, mode="bilinear", align_corners=False, antialias=True)
    contrast, brightness, noise = batch.new_empty(3, len(batch), 1, 1, 1).normal_()  # each (B, 1, 1, 1)
    mean = batch.mean((1, 2, 3), keepdim=True)  # (B, 1, 1, 1)
    batch = (batch - mean) * (LOG_CONTRAST_DEVIATION * contrast).exp() + mean + BRIGHTNESS_DEVIATION * brightness
    strength = MAX_NOISE_DEVIATION * noise.abs().clamp(max=2) / 2
    noisy: Tensor = batch + strength * torch.randn_like(batch)
    return noisy.clamp_(0, 1)
