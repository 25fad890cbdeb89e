"""How both detectors see a picture: as what differs from its background."""

from __future__ import annotations

import torch
from torch import Tensor

CONTRAST = 0.25  # about the standard deviation of pictures in [0, 1]
SAMPLED = 32  # rows and columns of the grid on which the background is looked up


def against_background(image: Tensor, max_value: float = 1.0) -> Tensor:
    """Pictures (..., 3, H, W) in [0, max_value] as what differs from their own median colour, in units of CONTRAST.

    Of floats, or as they are stored, of bytes: then max_value is 255.
    Paper and blackboard then look alike to the first layer, and padding with zeros pads with the picture's own
    background: black padding around white paper has edges in which a network sees digits.
    """
    # Exact, since SAMPLED is a power of two; whole numbers divided would be nine operations of ONNX.
    grid = torch.arange(SAMPLED, device=image.device) / SAMPLED
    rows, columns = ((grid * side).long() for side in image.shape[-2:])
    samples = image.index_select(-2, rows).index_select(-1, columns).flatten(-2)
    # The middle one. torch.median is the same and faster, but ONNX has no such operation.
    unit = CONTRAST * max_value
    median = (samples.float() / unit).topk(SAMPLED * SAMPLED // 2 + 1, dim=-1, sorted=False).values.amin(-1)  # (..., 3)
    return image.float() / unit - median[..., None, None]
