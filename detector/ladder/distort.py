"""The same digits written a little differently each time: what turns 55,000 samples into as many as are asked for."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

SHIFT = 2.0  # pixels, most either way
TURN = 0.18  # radians
SLANT = 0.2
STRETCH = 0.12
BEND = 0.6  # pixels, standard deviation at the knots
KNOT = 7  # pixels between knots


def distort(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Pictures (B, 1, H, W) shifted, stretched, turned, slanted and bent at random, each differently; paper is 0.

    A wide picture is turned and stretched less, so that its ends move as far as those of a single digit.
    After Simard et al., "Best Practices for Convolutional Neural Networks Applied to Visual Document Analysis" (2003).
    """
    batch, _, height, width = pictures.shape

    def uniform(most: float) -> Tensor:
        return (torch.rand(batch, generator=generator) * 2 - 1) * most

    calm = height / width
    turn = uniform(TURN)
    from_x = torch.stack([uniform(STRETCH), turn], 1) * calm  # (B, 2): how x moves x and y
    from_y = torch.stack([uniform(SLANT) - turn, uniform(STRETCH)], 1)  # (B, 2)
    move = torch.stack([uniform(SHIFT), uniform(SHIFT)], 1)  # (B, 2)

    x = torch.arange(width) - (width - 1) / 2
    y = torch.arange(height) - (height - 1) / 2
    knots = torch.randn(batch, 2, height // KNOT + 1, width // KNOT + 1, generator=generator) * BEND
    field = F.interpolate(knots, (height, width), mode="bicubic", align_corners=True)  # (B, 2, H, W)
    field += move[:, :, None, None] + from_x[:, :, None, None] * x + from_y[:, :, None, None] * y[:, None]
    field[:, 0] += x
    field[:, 1] += y[:, None]
    grid = field.permute(0, 2, 3, 1) * torch.tensor([2 / width, 2 / height])  # (B, H, W, 2) in [-1, 1]
    return F.grid_sample(pictures, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
