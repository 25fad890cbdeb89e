"""How both detectors see an image: as what differs from its background."""

from __future__ import annotations

import torch
from torch import Tensor

CONTRAST_UNIT = 0.25  # about the standard deviation of images in [0, 1]
GRID_SIZE = 32  # rows and columns of the grid on which the background is looked up; a power of two


def against_background(image: Tensor, max_value: float = 1.0) -> Tensor:
    """Images (..., 3, H, W) as what differs from their own median colour, float32, in units of CONTRAST_UNIT.

    image: floats in [0, 1], or bytes as they are stored with a max_value of 255.

    Paper and blackboard then look alike to the first layer, and padding with zeros pads with the image's own
    background. Black padding around white paper has edges in which a network sees digits.
    """
    # Exact, since GRID_SIZE is a power of two. In ONNX, a division of whole numbers would be nine operations.
    grid = torch.arange(GRID_SIZE, device=image.device) / GRID_SIZE
    rows, columns = ((grid * side).long() for side in image.shape[-2:])
    samples = image.index_select(-2, rows).index_select(-1, columns).flatten(-2)  # (..., 3, GRID_SIZE ** 2)
    unit = CONTRAST_UNIT * max_value
    # torch.median is the same and faster, but ONNX has no such operation.
    middle = GRID_SIZE * GRID_SIZE // 2 + 1
    median = (samples.float() / unit).topk(middle, dim=-1, sorted=False).values.amin(-1)  # (..., 3)
    return image.float() / unit - median[..., None, None]
