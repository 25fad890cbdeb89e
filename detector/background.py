"""How both detectors see a picture: as what differs from its background."""

from __future__ import annotations

from torch import Tensor

CONTRAST = 0.25  # about the standard deviation of pictures in [0, 1]


def against_background(image: Tensor) -> Tensor:
    """A picture (3, H, W) as what differs from its own median colour, in units of CONTRAST.

    Paper and blackboard then look alike to the first layer, and padding with zeros pads with the picture's own
    background: black padding around white paper has edges in which a network sees digits.
    """
    step = max(1, min(image.shape[1:]) // 64)
    median = image[:, ::step, ::step].flatten(1).median(1).values  # (3,)
    return (image - median[:, None, None]) / CONTRAST
