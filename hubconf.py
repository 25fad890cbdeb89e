"""What torch.hub finds here: readers and networks of a checkout that need not be installed.

    import torch

    reader = torch.hub.load("path/to/checkout", "reader", source="local")
    print(reader.read("photo.jpg").text)

Neither scenes nor MNIST are needed.
Everything is imported inside: torch.hub says what is missing of `dependencies` only after it has run this file.
"""

from __future__ import annotations

import typing  # as a module, because torch.hub takes every public callable in here for an entry

if typing.TYPE_CHECKING:
    from detector.models.base import Detector
    from detector.reading.reader import Reader

dependencies = ["torch", "torchvision", "safetensors", "numpy", "cv2", "PIL"]  # ONNX Runtime is used where it is there


def reader(weights: str | None = None, network: str | None = None, **options: typing.Any) -> Reader:
    """A reader: pictures of any size in, numbers as text, and every digit's box, class and score out.

    weights: a file; without one, those that are shipped. network: "faster-rcnn" or "sliding-window", what detector.load
    calls model, as torch.hub.load calls the entry. options: detector.load's others, device, min_score, threads,
    runtime, min_number_score and turn. Raises what it raises: WeightsError, OptionError.
    """
    from detector.reading.loading import load

    return load(weights, network, **options)


def detector_model(network: str = "faster-rcnn", pretrained: bool = True, device: str = "cpu") -> Detector:
    """A detector as a torch.nn.Module in eval mode, by the name that command lines give it, on a device.

    predict(list of float (3, H, W) in 0-1) gives the digits of each picture, losses(pictures, targets) what to train
    by. pretrained: with the shipped weights, else with random ones. Scales, tiles and chances instead of raw scores are
    the reader's work. Raises OptionError for an unknown model or device, WeightsError where none are shipped for it.
    """
    from detector.models.base import available
    from detector.models.registry import entry
    from detector.reading.loading import load

    design, target = entry(network), available(device)
    if pretrained:
        return typing.cast("Detector", load(model=network, device=device, runtime="torch").model)
    return design.build(design.config()).to(target).eval()


def faster_rcnn(pretrained: bool = True, device: str = "cpu") -> Detector:
    """The Faster R-CNN that reads by default, as a torch.nn.Module: see detector_model."""
    return detector_model("faster-rcnn", pretrained, device)


def sliding_window(pretrained: bool = True, device: str = "cpu") -> Detector:
    """The sliding window, the baseline, as a torch.nn.Module: see detector_model."""
    return detector_model("sliding-window", pretrained, device)
