"""A batch once more, each picture a little other than before: for when scenes are slower to draw than to learn from.

Choi et al., "Faster Neural Network Training with Data Echoing" (2019).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from detector.types import Target

RESIZED = 0.3  # most that the logarithm of a side changes
CONTRAST, BRIGHTNESS = 0.2, 0.06  # standard deviations, of the logarithm of the contrast and of values in [0, 1]
NOISIEST = 0.04  # standard deviation of the noise of the noisiest picture, of values in [0, 1]


def echoed(images: Sequence[Tensor], targets: Sequence[Target]) -> tuple[list[Tensor], list[Target]]:
    """Pictures (3, H, W) in [0, 1], all resized by one factor, each in another light and with other noise.

    Targets follow. What is drawn at random follows from PyTorch's generators.
    """
    factor = float(torch.empty(()).uniform_(-RESIZED, RESIZED).exp())
    one_size = len({image.shape for image in images}) == 1
    batches = [torch.stack(list(images))] if one_size else [image[None] for image in images]
    changed = [picture for batch in batches for picture in _otherwise(batch, factor)]
    moved = []
    for image, picture, target in zip(images, changed, targets, strict=True):
        y, x = picture.shape[1] / image.shape[1], picture.shape[2] / image.shape[2]
        moved.append(Target(target.boxes * np.array([x, y, x, y], np.float32), target.labels, target.ignore))
    return changed, moved


def _otherwise(batch: Tensor, factor: float) -> Tensor:
    """Pictures (B, 3, H, W) resized by a factor, in another light and with other noise."""
    size = [max(1, round(side * factor)) for side in batch.shape[2:]]
    batch = F.interpolate(batch, size, mode="bilinear", align_corners=False, antialias=True)
    contrast, brightness, noise = batch.new_empty(3, len(batch), 1, 1, 1).normal_()
    mean = batch.mean((1, 2, 3), keepdim=True)
    batch = (batch - mean) * (CONTRAST * contrast).exp() + mean + BRIGHTNESS * brightness
    strength = NOISIEST * noise.abs().clamp(max=2) / 2
    return (batch + strength * torch.randn_like(batch)).clamp_(0, 1)
