"""The sliding window: the gain of one pass over all windows, and the accuracy of its classifier alone."""

from __future__ import annotations

import torch
from torch import Tensor

from detector.benchmark.measure import Measurement, time_in_turns
from detector.benchmark.parts import synchronizer
from detector.models.background import against_background
from detector.models.sliding_window import SlidingWindow
from detector.models.windows import STRIDE_PX, WINDOW_PX, cut, framed

CROPS_PER_BATCH = 512  # where each window is cut out


@torch.inference_mode()
def time_windows(model: SlidingWindow, image: Tensor, turns: int) -> dict[str, Measurement]:
    """Time all windows of a picture (3, H, W) at one scale: in one pass, and with each window cut out.

    "windows" is their count; "largest difference" is the largest between the logits of both ways.
    """
    model.eval()
    frame = framed(against_background(image)[None])

    def one_pass() -> Tensor:
        logits: Tensor = model.classifier(frame)[0][0].flatten(1).T  # (windows, 11)
        return logits

    def cut_out() -> Tensor:
        cuts = frame[0].unfold(1, WINDOW_PX, STRIDE_PX).unfold(2, WINDOW_PX, STRIDE_PX)  # (3, rows, columns, 32, 32)
        crops = cuts.permute(1, 2, 0, 3, 4).flatten(0, 1)  # (windows, 3, 32, 32)
        return torch.cat([model.classifier(part)[0].flatten(1) for part in crops.split(CROPS_PER_BATCH)])

    whole, single = one_pass(), cut_out()
    contenders = {"one pass": lambda turn: one_pass(), "window by window": lambda turn: cut_out()}
    times = time_in_turns(contenders, turns, synchronizer(image.device), warm_up=0)
    return {
        "window by window / one pass": times["window by window"].ratio_to(times["one pass"]),
        **{f"{name}, ms": measurement for name, measurement in times.items()},
        "windows": Measurement((float(len(whole)),), ""),
        "largest difference": Measurement((float((whole - single).abs().max()),), ""),
    }


@torch.inference_mode()
def share_of_digits_right(model: SlidingWindow, digits: Tensor, boxes: Tensor, labels: Tensor) -> float:
    """The share of MNIST digits that the classifier alone gets right, each in the middle of one window.

    digits: float32 (N, 28, 28) in [0, 1]. boxes: of their ink, (N, 4), pixels. labels: int64 (N,), 0-9.
    """
    model.eval()
    right = 0
    for start in range(0, len(digits), CROPS_PER_BATCH):
        windows = []
        for pixels, box in zip(
            digits[start : start + CROPS_PER_BATCH], boxes[start : start + CROPS_PER_BATCH].tolist(), strict=True
        ):
            left, top = round((box[0] + box[2] - WINDOW_PX) / 2), round((box[1] + box[3] - WINDOW_PX) / 2)
            windows.append(cut(against_background(pixels.expand(3, -1, -1)), left, top, WINDOW_PX))
        logits = model.classifier(torch.stack(windows))[0][:, 1:, 0, 0]  # (n, 10)
        right += int((logits.argmax(1) == labels[start : start + CROPS_PER_BATCH]).sum())
    return right / max(1, len(digits))
