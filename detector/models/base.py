"""The one interface every detector has, so that training, reading and evaluation never ask which one they hold."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from detector.categories import DIGITS
from detector.errors import OptionError
from detector.images import Picture
from detector.models.boxes import BatchDetections
from detector.types import Detections, Target


@dataclass(frozen=True)
class DetectorConfig:
    """Everything that shapes a detector: base of the dataclass that stands beside each of them.

    Weights files hold its fields by their names. A field with `before` in its metadata has that value in files that
    were written when it did not exist.
    """

    tunable: ClassVar[tuple[str, ...]] = ()
    """Fields on which no weight depends, so that they can be changed after the training."""

    def tunable_defaults(self) -> dict[str, Any]:
        """The tunable fields as they are by default."""
        default = type(self)()
        return {name: getattr(default, name) for name in self.tunable}


class Detector(nn.Module, ABC):
    """From images to digits. A detector resizes and pads by itself; its boxes are in pixels of the images it was given.

    Images are float32 (3, H, W) RGB in [0, 1], of any and of different sizes, on any device; a list may be empty.
    A detector is built of its config alone, which stays as it is: see `rebuilt`.
    """

    config: DetectorConfig
    """What it was built with."""
    categories: tuple[str, ...] = DIGITS
    """What it finds, by name, in the order of its labels: the digits, then signs and others."""
    name: str = ""
    """What the registry calls it."""
    runtime: str = "PyTorch"
    """What computes."""
    whole_picture: bool = False
    """Whether it takes a picture of any size as it is, so that a reader must neither enlarge nor tile it."""
    at_once: int = 1
    """How many calls of `find` at a time are best: one takes all threads, and a second would wait for them."""

    @abstractmethod
    def losses(self, images: Sequence[Tensor], targets: Sequence[Target]) -> dict[str, Tensor]:
        """The terms of the training loss, scalars to be summed. Training samples are chosen in here."""

    @abstractmethod
    def predict(self, images: Sequence[Tensor]) -> list[Detections]:
        """What is in each image, best first.

        It goes down to a low score, so that precision can be traded for recall.
        """

    def learn_only(self, part: str) -> None:
        """From now on only this part learns. Raises OptionError where there is no such part."""
        raise OptionError(f"--only {part}: expected a part of {self.name} that can learn alone, which has none.")

    def find(self, pictures: Sequence[Picture]) -> list[Detections]:
        """As predict, for images as they are stored: uint8 (H, W, 3) RGB."""
        return self.predict([as_tensor(picture, device_of(self)) for picture in pictures])


class BatchDetector(Detector):
    """A detector that looks at all images of a batch together."""

    exportable: bool = True
    """Whether `detect_batch` is made of tensor operations alone, as an export needs it."""

    @abstractmethod
    def detect_batch(self, images: Tensor, max_value: float = 1.0) -> BatchDetections:
        """What is in images of one size (B, 3, H, W), best first, in their own pixels.

        images: floats or bytes in [0, max_value].
        """

    def predict(self, images: Sequence[Tensor]) -> list[Detections]:
        """See Detector. Images of one size go through together: padding one would change what is found in it."""
        return self._size_by_size(images, lambda alike: self.detect_batch(torch.stack(alike)))

    def find(self, pictures: Sequence[Picture]) -> list[Detections]:
        """See Detector; it finds the same as predict."""
        device = device_of(self)

        def detect(alike: list[Picture]) -> BatchDetections:
            pixels = torch.from_numpy(np.stack(alike)).to(device)  # (B, H, W, 3)
            return self.detect_batch(pixels.permute(0, 3, 1, 2), max_value=255.0)

        return self._size_by_size(pictures, detect)

    @torch.inference_mode()
    def _size_by_size(self, images: Sequence[Any], detect: Callable[[list[Any]], BatchDetections]) -> list[Detections]:
        training = self.training
        if training:  # not unasked: going through all modules takes a twentieth of the time for a small image
            self.eval()
        found: list[Detections] = [Detections.empty()] * len(images)
        for shape in sorted({image.shape for image in images}):
            members = [i for i, image in enumerate(images) if image.shape == shape]
            own = by_image(detect([images[i] for i in members]), len(members))
            for i, one in zip(members, own, strict=True):
                found[i] = one
        if training:
            self.train()
        return found


DetectorT = TypeVar("DetectorT", bound=Detector)


def rebuilt(model: DetectorT, **changes: Any) -> DetectorT:
    """A detector like this one but for some fields of its config: on the same device, in the same mode.

    The weights are copies of the model's, and all of them learn. The global random generator stays as it was.
    Raises TypeError where the config has no such field, RuntimeError where the weights do not fit the changed design.
    """
    with torch.random.fork_rng(devices=[]):  # first weights are drawn, and replaced at once
        other = type(model)(replace(model.config, **changes))
    other.load_state_dict(model.state_dict())
    other.name = model.name
    return other.to(device_of(model)).train(model.training)


def device_of(model: nn.Module) -> torch.device:
    """Where a model's parameters are."""
    return next((p.device for p in model.parameters()), torch.device("cpu"))


def by_image(found: BatchDetections, count: int) -> list[Detections]:
    """What was found in each of `count` images."""
    parts = (*found.where, found.labels, found.scores.clamp(0, 1))
    boxes, image_index, labels, scores = (part.cpu().numpy() for part in parts)
    return [Detections(boxes[own], labels[own], scores[own]) for own in (image_index == i for i in range(count))]


def as_tensors(pictures: Sequence[Picture] | Tensor, device: torch.device) -> list[Tensor]:
    """Images uint8 (H, W, 3), or as a batch (B, H, W, 3) -> float32 (3, H, W) in [0, 1] each."""
    if isinstance(pictures, Tensor):
        return list(pictures.to(device, non_blocking=True).permute(0, 3, 1, 2).float().div_(255))
    return [as_tensor(picture, device) for picture in pictures]


def as_tensor(picture: Picture, device: torch.device) -> Tensor:
    """uint8 (H, W, 3) -> float32 (3, H, W) in [0, 1]."""
    # A copy, since from_numpy takes neither negative strides nor arrays that are read-only.
    pixels = torch.tensor(np.ascontiguousarray(picture), device=device)
    return pixels.permute(2, 0, 1).float().div_(255)


def available(device: str | torch.device) -> torch.device:
    """The device of that name. Raises OptionError where this machine has none."""
    try:
        target = torch.device(device)
        torch.empty(0, device=target)
    # Not only RuntimeError: a PyTorch built without CUDA raises an AssertionError.
    except (RuntimeError, AssertionError, NotImplementedError):
        raise OptionError(f"device: expected one this machine has, such as 'cpu' or 'cuda', got '{device}'.") from None
    return target
