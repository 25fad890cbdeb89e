"""Where the time goes when a detector reads and when it learns, by its parts: the modules it is made of."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from detector.background import against_background
from detector.base import Detector
from detector.sliding_window import STRIDE, WINDOW, SlidingWindow, cut, framed
from detector.types import Target

CROPS = 512  # windows that go through the classifier at a time when each is cut out


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


@torch.inference_mode()
def time_windows(model: SlidingWindow, image: Tensor, repeats: int) -> dict[str, float]:
    """Milliseconds for all windows of a picture (3, H, W) at one scale: in one pass, and each cut out; medians.

    `windows` is how many there are, `times faster` what one pass gains, and `largest difference` the largest between
    the two answers to any window.
    """
    model.eval()
    frame = framed(against_background(image)[None])

    def one_pass() -> Tensor:
        return model.classifier(frame)[0][0].flatten(1).T  # (windows, 11)

    def cut_out() -> Tensor:
        cuts = frame[0].unfold(1, WINDOW, STRIDE).unfold(2, WINDOW, STRIDE)  # (3, rows, columns, WINDOW, WINDOW)
        crops = cuts.permute(1, 2, 0, 3, 4).flatten(0, 1)  # (windows, 3, WINDOW, WINDOW)
        return torch.cat([model.classifier(part)[0].flatten(1) for part in crops.split(CROPS)])

    whole, single = one_pass(), cut_out()
    times: dict[str, float] = {}
    for name, run in (("one pass", one_pass), ("window by window", cut_out)):
        seconds = []
        for _ in range(repeats):
            start = _now(model)
            run()
            seconds.append(_now(model) - start)
        times[name] = 1000 * statistics.median(seconds)
    return times | {
        "windows": float(len(whole)),
        "times faster": times["window by window"] / times["one pass"],
        "largest difference": float((whole - single).abs().max()),
    }


@torch.inference_mode()
def share_of_digits_right(model: SlidingWindow, digits: Tensor, boxes: Tensor, labels: Tensor) -> float:
    """How many MNIST digits the classifier alone gets right, each in the middle of one window.

    digits: float32 (N, 28, 28) in [0, 1]. boxes: of their ink, (N, 4), pixels. labels: (N,), 0-9.
    """
    model.eval()
    right = 0
    for start in range(0, len(digits), CROPS):
        windows = []
        for pixels, box in zip(digits[start : start + CROPS], boxes[start : start + CROPS].tolist(), strict=True):
            left, top = round((box[0] + box[2] - WINDOW) / 2), round((box[1] + box[3] - WINDOW) / 2)
            windows.append(cut(against_background(pixels.expand(3, -1, -1)), left, top, WINDOW))
        answers = model.classifier(torch.stack(windows))[0][:, 1:, 0, 0]  # (n, 10)
        right += int((answers.argmax(1) == labels[start : start + CROPS]).sum())
    return right / max(1, len(digits))


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
