"""One picture through the network: beside its backbone alone, and for growing pictures and counts of digits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch

from detector.benchmark.measure import Measurement, time_in_turns
from detector.benchmark.parts import synchronizer, time_prediction
from detector.images import Picture
from detector.models.base import Detector, as_tensor
from detector.models.faster_rcnn import RegionCNN
from detector.reading.reader import Network

DetectFunction = Callable[[Picture], object]


def detect_functions(networks: Mapping[str, Network]) -> dict[str, DetectFunction]:
    """For each network, a function that detects the digits of one picture; keys are names of runtimes."""

    def detect_function(network: Network) -> DetectFunction:
        return lambda picture: network.find([picture])

    return {name: detect_function(network) for name, network in networks.items()}


def time_inference(
    networks: Mapping[str, Network], model: Detector, pictures: Sequence[Picture], turns: int
) -> tuple[dict[str, Measurement], list[str]]:
    """Milliseconds from pixels to digits, one picture at a time; and what was skipped, with the reason.

    networks: by the names of their runtimes; "PyTorch" is `model`, whose backbone is also timed alone. pictures:
    uint8 (H, W, 3), all of one size.
    """
    device = next(model.parameters()).device
    images = [as_tensor(picture, device) for picture in pictures]
    contenders = {name: _cycling(detect, pictures) for name, detect in detect_functions(networks).items()}
    skipped = []
    if isinstance(model, RegionCNN):
        backbone = torch.inference_mode()(model.eval().backbone.forward)
        batches = [image[None].contiguous(memory_format=torch.channels_last) for image in images]
        contenders["backbone alone"] = lambda turn: backbone(batches[turn % len(batches)])
    else:
        skipped.append("the backbone alone: this detector has none")
    times = time_in_turns(contenders, turns, synchronizer(device))
    measurements = {f"{name}, ms": measurement for name, measurement in times.items()}
    if "backbone alone" in times:
        measurements["picture / backbone"] = times["PyTorch"].ratio_to(times["backbone alone"])
    measurements |= {
        f"PyTorch / {name}": times["PyTorch"].ratio_to(times[name]) for name in networks if name != "PyTorch"
    }
    parts = time_prediction(model, images, max(1, turns // len(images)))
    return measurements | {f"PyTorch, {name}": measurement for name, measurement in parts.items()}, skipped


REFERENCE_SIDE_PX = 256  # the picture that growth is counted from


@dataclass(frozen=True)
class Growth:
    """Milliseconds for one picture, by the name of each detector, as the picture grows."""

    by_side: dict[str, dict[int, Measurement]]
    """By the side of a square picture, pixels."""
    by_digits: dict[str, dict[int, Measurement]]
    """By the count of digits in a picture of one size."""

    def measurements(self, name: str) -> dict[str, Measurement]:
        """Two ratios that tell how the time of the named detector grows; and all that was measured."""
        sides, digits = self.by_side[name], self.by_digits[name]
        small, large = REFERENCE_SIDE_PX if REFERENCE_SIDE_PX in sides else min(sides), max(sides)
        growth = sides[large].ratio_to(sides[small])
        most, fewest = max(digits), min(digits)
        figures = {
            f"{most} digits / {fewest or 'none'}": digits[most].ratio_to(digits[fewest]),
            f"a pixel of {large}x{large} / of {small}x{small}": Measurement(
                tuple(ratio * (small / large) ** 2 for ratio in growth.samples), "times"
            ),
        }
        for detector, times in self.by_side.items():
            figures |= {f"{detector}, {side}x{side}": measurement for side, measurement in times.items()}
        for detector, times in self.by_digits.items():
            figures |= {f"{detector}, {count} digits": measurement for count, measurement in times.items()}
        return figures


def time_growth(
    detectors: Mapping[str, DetectFunction],
    by_side: Mapping[int, Picture],
    by_digits: Mapping[int, Picture],
    turns: int,
) -> Growth:
    """Time each detector on square pictures, by their side in pixels, and on pictures by their count of digits."""

    def times_of(pictures: Mapping[int, Picture]) -> dict[str, dict[int, Measurement]]:
        contenders = {
            f"{name} {key}": _cycling(detect, [picture])
            for name, detect in detectors.items()
            for key, picture in pictures.items()
        }
        times = time_in_turns(contenders, turns)
        return {name: {key: times[f"{name} {key}"] for key in pictures} for name in detectors}

    return Growth(times_of(by_side), times_of(by_digits))


def _cycling(detect: DetectFunction, pictures: Sequence[Picture]) -> Callable[[int], object]:
    return lambda turn: detect(pictures[turn % len(pictures)])
