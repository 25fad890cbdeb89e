"""Where the time goes when a detector reads and when it learns, by its parts: the modules it is made of."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from detector.base import Detector
from detector.types import Target


def time_prediction(model: Detector, images: Sequence[Tensor], repeats: int) -> dict[str, float]:
    """Milliseconds a picture (3, H, W), one at a time: `total`, and of that each part; medians over all runs."""

    def predict(image: Tensor) -> Callable[[], object]:
        return lambda: model.predict([image])

    model.eval()
    return _median_times(model, [predict(image) for image in images] * repeats)


def time_training_step(
    model: Detector, images: Sequence[Tensor], targets: Sequence[Target], repeats: int
) -> dict[str, float]:
    """Milliseconds a step on the batch, without the optimiser: `total`, each part's way forward, and `backward`.

    The weights stay as they are; gradients are left behind.
    """
    backward: list[float] = []

    def step() -> None:
        model.zero_grad(set_to_none=True)
        loss = torch.stack(list(model.losses(images, targets).values())).sum()
        start = _now(model)
        loss.backward()
        backward.append(1000 * (_now(model) - start))

    model.train()
    times = _median_times(model, [step] * repeats)
    return times | {"backward": statistics.median(backward[1:])}


def _median_times(model: Detector, runs: Sequence[Callable[[], object]]) -> dict[str, float]:
    runs[0]()  # the first run allocates and compiles
    times: dict[str, list[float]] = defaultdict(list)
    for run in runs:
        with _clock(model) as parts:
            start = _now(model)
            run()
            parts["total"] += _now(model) - start
        for name, seconds in parts.items():
            times[name].append(1000 * seconds)
    return {name: statistics.median(values) for name, values in times.items()}


@contextmanager
def _clock(model: Detector) -> Iterator[dict[str, float]]:
    """Seconds spent in each direct submodule while the context is open."""
    parts = dict.fromkeys(("total", *(name for name, _ in model.named_children())), 0.0)
    started: dict[str, float] = {}
    hooks = []
    for name, module in model.named_children():

        def before(*_: object, name: str = name) -> None:
            started[name] = _now(model)

        def after(*_: object, name: str = name) -> None:
            parts[name] += _now(model) - started[name]

        hooks += [module.register_forward_pre_hook(before), module.register_forward_hook(after)]
    try:
        yield parts
    finally:
        for hook in hooks:
            hook.remove()


def _now(model: Detector) -> float:
    """The time when all that was asked of the model's device is done."""
    if next(model.parameters()).is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter()
