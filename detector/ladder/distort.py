"""Data augmentation: the same digits, written a little differently each time."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

MAX_SHIFT_PX = 2.0
MAX_ROTATION_RAD = 0.18
MAX_SHEAR = 0.2
MAX_STRETCH = 0.12  # as a fraction of the size
BEND_STD_PX = 0.6  # of the shift of each knot
KNOT_SPACING_PX = 7


def distort(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Shift, stretch, rotate, shear and bend each of the pictures (B, 1, H, W) at random. The background is 0.

    A wide picture is rotated and stretched less: its ends move no further than those of a single digit.
    After Simard et al., "Best Practices for Convolutional Neural Networks Applied to Visual Document Analysis" (2003).
    """
    batch, _, height, width = pictures.shape

    def uniform(limit: float) -> Tensor:
        return (torch.rand(batch, generator=generator) * 2 - 1) * limit

    narrowness = height / width
    rotation = uniform(MAX_ROTATION_RAD)
    from_x = torch.stack([uniform(MAX_STRETCH), rotation], 1) * narrowness  # (B, 2): how x moves x and y
    from_y = torch.stack([uniform(MAX_SHEAR) - rotation, uniform(MAX_STRETCH)], 1)  # (B, 2)
    shift = torch.stack([uniform(MAX_SHIFT_PX), uniform(MAX_SHIFT_PX)], 1)  # (B, 2)

    x = torch.arange(width) - (width - 1) / 2
    y = torch.arange(height) - (height - 1) / 2
    knots = (
        torch.randn(batch, 2, height // KNOT_SPACING_PX + 1, width // KNOT_SPACING_PX + 1, generator=generator)
        * BEND_STD_PX
    )
    field = F.interpolate(knots, (height, width), mode="bicubic", align_corners=True)  # (B, 2, H, W)
    field += shift[:, :, None, None] + from_x[:, :, None, None] * x + from_y[:, :, None, None] * y[:, None]
    field[:, 0] += x
    field[:, 1] += y[:, None]
    grid = field.permute(0, 2, 3, 1) * torch.tensor([2 / width, 2 / height])  # (B, H, W, 2) in [-1, 1]
    return F.grid_sample(pictures, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
