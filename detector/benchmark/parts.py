"""The time of each direct submodule of a detector, when it predicts and when it learns."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from detector.benchmark.measure import Measurement
from detector.models.base import Detector
from detector.types import Target


def synchronizer(device: torch.device) -> Callable[[], object]:
    """A function that returns when the device has done all its work."""
    return torch.cuda.synchronize if device.type == "cuda" else lambda: None


def time_prediction(model: Detector, images: Sequence[Tensor], repeats: int) -> dict[str, Measurement]:
    """Milliseconds a picture, `total` and by submodule. images: (3, H, W) each, one at a time, all `repeats` times."""

    def predict(image: Tensor) -> Callable[[], object]:
        return lambda: model.predict([image])

    model.eval()
    return _times(model, [predict(image) for image in images] * repeats)


def time_training_step(
    model: Detector, images: Sequence[Tensor], targets: Sequence[Target], repeats: int
) -> dict[str, Measurement]:
    """Milliseconds a step on the batch without the optimiser: `total`, the forward of each submodule, `backward`.

    The weights stay as they are; the gradients are not cleared.
    """
    backward: list[float] = []

    def step() -> None:
        model.zero_grad(set_to_none=True)
        loss = torch.stack(list(model.losses(images, targets).values())).sum()
        start = _now(model)
        loss.backward()
        backward.append(1000 * (_now(model) - start))

    model.train()
    times = _times(model, [step] * repeats)
    return times | {"backward": Measurement(tuple(backward[1:]), "ms")}


def _times(model: Detector, runs: Sequence[Callable[[], object]]) -> dict[str, Measurement]:
    runs[0]()  # the first run allocates and compiles
    times: dict[str, list[float]] = defaultdict(list)
    for run in runs:
        with _clock(model) as parts:
            start = _now(model)
            run()
            parts["total"] += _now(model) - start
        for name, seconds in parts.items():
            times[name].append(1000 * seconds)
    return {name: Measurement(tuple(values), "ms") for name, values in times.items()}


@contextmanager
def _clock(model: Detector) -> Iterator[dict[str, float]]:
    """A dict that collects the seconds spent in each direct submodule while the context is open."""
    parts = {"total": 0.0}
    started: dict[str, float] = {}
    hooks = []
    for name, module in model.named_children():

        def before(*_: object, name: str = name) -> None:
            started[name] = _now(model)

        def after(*_: object, name: str = name) -> None:
            parts[name] = parts.get(name, 0.0) + _now(model) - started[name]

        hooks += [module.register_forward_pre_hook(before), module.register_forward_hook(after)]
    try:
        yield parts
    finally:
        for hook in hooks:
            hook.remove()


def _now(model: Detector) -> float:
    """The time once the model's device has done all its work."""
    synchronizer(next(model.parameters()).device)()
    return time.perf_counter()
