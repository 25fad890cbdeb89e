"""One picture through the network: against its backbone alone, and as pictures and their numbers of digits grow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch

from detector.benchmark.measure import Measure, in_turns
from detector.benchmark.parts import time_prediction, waiting
from detector.images import Picture
from detector.models.base import Detector, as_tensor
from detector.models.faster_rcnn import RegionCNN
from detector.reading.reader import Network

Finder = Callable[[Picture], object]


def finders(networks: Mapping[str, Network]) -> dict[str, Finder]:
    """What finds the digits of one picture, by the name of its runtime."""

    def finder(network: Network) -> Finder:
        return lambda picture: network.find([picture])

    return {name: finder(network) for name, network in networks.items()}


def time_looks(
    networks: Mapping[str, Network], model: Detector, pictures: Sequence[Picture], turns: int
) -> tuple[dict[str, Measure], list[str]]:
    """One picture of one size (H, W, 3) at a time, pixels in and digits out, and what was left out and why.

    networks: by the names of their runtimes, `model` among them as PyTorch, of which the backbone is timed alone.
    """
    device = next(model.parameters()).device
    images = [as_tensor(picture, device) for picture in pictures]
    contenders = {name: _in_order(find, pictures) for name, find in finders(networks).items()}
    skipped = []
    if isinstance(model, RegionCNN):
        backbone = torch.inference_mode()(model.eval().backbone.forward)
        batches = [image[None].contiguous(memory_format=torch.channels_last) for image in images]
        contenders["backbone alone"] = lambda turn: backbone(batches[turn % len(batches)])
    else:
        skipped.append("the backbone alone: this detector has none")
    times = in_turns(contenders, turns, waiting(device))
    measures = {f"{name}, ms": measure for name, measure in times.items()}
    if "backbone alone" in times:
        measures["picture / backbone"] = times["PyTorch"].over(times["backbone alone"])
    measures |= {f"PyTorch / {name}": times["PyTorch"].over(times[name]) for name in networks if name != "PyTorch"}
    parts = time_prediction(model, images, max(1, turns // len(images)))
    return measures | {f"PyTorch, {name}": measure for name, measure in parts.items()}, skipped


@dataclass(frozen=True)
class Growth:
    """Milliseconds of one picture: who -> its side in pixels, or the number of its digits -> measure."""

    by_side: dict[str, dict[int, Measure]]
    by_digits: dict[str, dict[int, Measure]]

    def measures(self, who: str) -> dict[str, Measure]:
        """How the time of one of those who look, the one who counts, grows; and all that was measured."""
        sides, digits = self.by_side[who], self.by_digits[who]
        small, large = SIDE_OF_COMPARISON if SIDE_OF_COMPARISON in sides else min(sides), max(sides)
        grown = sides[large].over(sides[small])
        most, least = max(digits), min(digits)
        figures = {
            f"{most} digits / {least or 'none'}": digits[most].over(digits[least]),
            f"a pixel of {large}x{large} / of {small}x{small}": Measure(
                tuple(times * (small / large) ** 2 for times in grown.samples), "times"
            ),
        }
        for name, own in self.by_side.items():
            figures |= {f"{name}, {side}x{side}": measure for side, measure in own.items()}
        for name, own in self.by_digits.items():
            figures |= {f"{name}, {count} digits": measure for count, measure in own.items()}
        return figures


SIDE_OF_COMPARISON = 256


def time_growth(
    looks: Mapping[str, Finder], by_side: Mapping[int, Picture], by_digits: Mapping[int, Picture], turns: int
) -> Growth:
    """Each of those who look, at pictures by their side in pixels, and at pictures by the number of their digits."""

    def grown(pictures: Mapping[int, Picture]) -> dict[str, dict[int, Measure]]:
        contenders = {
            f"{name} {key}": _in_order(find, [picture])
            for name, find in looks.items()
            for key, picture in pictures.items()
        }
        times = in_turns(contenders, turns)
        return {name: {key: times[f"{name} {key}"] for key in pictures} for name in looks}

    return Growth(grown(by_side), grown(by_digits))


def _in_order(find: Finder, pictures: Sequence[Picture]) -> Callable[[int], object]:
    return lambda turn: find(pictures[turn % len(pictures)])
