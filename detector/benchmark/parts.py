"""Where the time goes when a detector reads and when it learns, by its parts: the modules it is made of."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from detector.benchmark.measure import Measure
from detector.models.base import Detector
from detector.types import Target


def waiting(device: torch.device) -> Callable[[], object]:
    """What returns when all that was asked of the device is done."""
    return torch.cuda.synchronize if device.type == "cuda" else lambda: None


def time_prediction(model: Detector, images: Sequence[Tensor], repeats: int) -> dict[str, Measure]:
    """Milliseconds a picture (3, H, W), one at a time: `total`, and of that each part; all are read `repeats` times."""

    def predict(image: Tensor) -> Callable[[], object]:
        return lambda: model.predict([image])

    model.eval()
    return _times(model, [predict(image) for image in images] * repeats)


def time_training_step(
    model: Detector, images: Sequence[Tensor], targets: Sequence[Target], repeats: int
) -> dict[str, Measure]:
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
    times = _times(model, [step] * repeats)
    return times | {"backward": Measure(tuple(backward[1:]), "ms")}


def _times(model: Detector, runs: Sequence[Callable[[], object]]) -> dict[str, Measure]:
    runs[0]()  # the first run allocates and compiles
    times: dict[str, list[float]] = defaultdict(list)
    for run in runs:
        with _clock(model) as parts:
            start = _now(model)
            run()
            parts["total"] += _now(model) - start
        for name, seconds in parts.items():
            times[name].append(1000 * seconds)
    return {name: Measure(tuple(values), "ms") for name, values in times.items()}


@contextmanager
def _clock(model: Detector) -> Iterator[dict[str, float]]:
    """Seconds spent in each direct submodule that is called while the context is open."""
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
    """The time when all that was asked of the model's device is done."""
    waiting(next(model.parameters()).device)()
    return time.perf_counter()
