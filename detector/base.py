"""The one interface every detector has, so that training, reading and evaluation never ask which one they hold."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from torch import Tensor, nn

from detector.types import Detections, Target


class Detector(nn.Module, ABC):
    """From pictures to digits. A detector owns its resizing and padding and answers in input pixels.

    Images are float32 (3, H, W) RGB in [0, 1], of any and of different sizes, on any device; a list may be empty.
    """

    whole_picture: bool = False
    """Whether it takes a picture at once as it is, so that a reader must neither enlarge nor tile it."""

    @abstractmethod
    def losses(self, images: Sequence[Tensor], targets: Sequence[Target]) -> dict[str, Tensor]:
        """The terms of the training loss, scalars to be summed. Choosing training samples happens in here."""

    @abstractmethod
    def predict(self, images: Sequence[Tensor]) -> list[Detections]:
        """What is in each picture, best first, down to a low score, so that precision can be traded for recall."""
