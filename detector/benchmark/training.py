"""Training: a whole step against the least it can cost, its backbone alone, and against torchvision's own assembly."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from detector.benchmark.measure import WARM_UP, Measure, in_turns
from detector.benchmark.parts import time_training_step, waiting
from detector.benchmark.peers import torchvision_assembly
from detector.errors import OptionError
from detector.models.base import Detector, as_tensor, as_tensors
from detector.models.faster_rcnn import FasterRCNN
from detector.training.fit import Batch, Batches, Loaded, TrainingConfig, load_batches, parameter_groups
from detector.types import Target

SIDE = 256  # pixels of the pictures that all is measured with
LEAST_SEEN = 0.5  # of a digit's box: one of which a crop shows less is ignored
CONFIG = TrainingConfig()


def crop(image: np.ndarray, target: Target, side: int = SIDE) -> tuple[np.ndarray, Target]:
    """The top left of a scene uint8 (H, W, 3), at most `side` pixels either way, with the digits that can be seen."""
    image = image[:side, :side]
    height, width = image.shape[:2]
    boxes = target.boxes.clip(0, [width, height, width, height]).astype(np.float32)  # (N, 4)
    seen = (boxes[:, 2:] - boxes[:, :2]).prod(1) / (target.boxes[:, 2:] - target.boxes[:, :2]).prod(1)
    kept = seen > 0
    return image, Target(boxes[kept], target.labels[kept], (target.ignore | (seen < LEAST_SEEN))[kept])


@dataclass(frozen=True)
class Cropped:
    """Batches of cropped scenes."""

    batches: Batches

    def __getitem__(self, step: int) -> Batch:
        crops = [crop(image, target) for image, target in zip(*self.batches[step], strict=True)]
        return [image for image, _ in crops], [target for _, target in crops]


def time_training(
    model: Detector, scenes: Sequence[tuple[np.ndarray, Target]], turns: int, device: torch.device
) -> tuple[dict[str, Measure], list[str]]:
    """Steps on one batch of scenes of one size, as `fit` makes them, and what was left out and why.

    The model stays as it is: all is done on copies, at a learning rate of 0.
    """
    learner = copy.deepcopy(model).train()
    images, targets = [as_tensor(image, device) for image, _ in scenes], [target for _, target in scenes]
    contenders = {"step": training_step(learner, lambda: learner.losses(images, targets), device)}
    skipped = []
    if isinstance(learner, FasterRCNN):
        contenders["backbone"] = _backbone_step(copy.deepcopy(learner.backbone), torch.stack(images), device)
        peer = torchvision_assembly(learner, images[0].shape[1]).to(device).train()
        truths = [_as_torchvision(target, device) for target in targets]
        contenders["torchvision's assembly"] = training_step(peer, lambda: peer(images, truths), device)
    else:
        skipped.append("the backbone alone and torchvision's assembly: only faster-rcnn has them")

    times = in_turns(contenders, turns, waiting(device), settle=False)
    measures = {f"{name}, ms": measure for name, measure in times.items()}
    measures["scenes a second"] = times["step"].rate(len(scenes), "scenes/s")
    if "backbone" in times:
        measures["step / backbone"] = times["step"].over(times["backbone"])
        measures["scenes a second / torchvision's assembly"] = times["torchvision's assembly"].over(times["step"])
    with torch.autocast(device.type, torch.bfloat16):
        parts = time_training_step(learner, images, targets, turns)
    return measures | {f"step without the optimiser, {name}": measure for name, measure in parts.items()}, skipped


def training_step(
    model: nn.Module, losses: Callable[[], Mapping[str, Tensor]], device: torch.device
) -> Callable[[int], object]:
    """A step as in `fit`, less its records: losses, backward, clipping, optimiser. It is given its turn."""
    optimizer = torch.optim.AdamW(parameter_groups(model, CONFIG.weight_decay), lr=0.0, fused=True)

    def step(turn: int) -> None:
        torch.manual_seed(turn)
        with torch.autocast(device.type, torch.bfloat16, enabled=CONFIG.bfloat16):
            terms = losses()
        loss = torch.stack(list(terms.values())).sum()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), CONFIG.clip)
        optimizer.step()

    return step


def _backbone_step(backbone: nn.Module, batch: Tensor, device: torch.device) -> Callable[[int], object]:
    """Forward and backward alone, of the sum of what the mean of each map (B, C, H, W) is."""
    batch = batch.contiguous(memory_format=torch.channels_last)

    def step(turn: int) -> None:
        backbone.zero_grad(set_to_none=True)
        with torch.autocast(device.type, torch.bfloat16, enabled=CONFIG.bfloat16):
            maps = backbone(batch)
        torch.stack([m.float().mean() for m in maps.values()]).sum().backward()

    return step


def time_stream(
    model: Detector, batches: Batches, workers: int, turns: int, device: torch.device
) -> dict[str, Measure]:
    """Steps on ever new scenes, drawn by other processes on the same cores: scenes a second, and % of time waited."""
    if workers < 1:
        raise OptionError(f"workers: expected at least one process that draws scenes, got {workers}.")
    learner = copy.deepcopy(model).train()
    ready = WARM_UP + 4 * workers  # batches drawn ahead would flatter the stream
    batch: list[Loaded] = []
    step = training_step(learner, lambda: learner.losses(as_tensors(batch[0][0], device), batch[0][1]), device)
    scenes, waited, began = 0, 0.0, time.perf_counter()
    stream = iter(load_batches(Cropped(batches), range(ready + turns), workers))
    for turn in range(ready + turns):
        if turn == ready:
            scenes, waited, began = 0, 0.0, time.perf_counter()
        asked = time.perf_counter()
        batch[:] = [next(stream)]
        waited += time.perf_counter() - asked
        scenes += len(batch[0][0])
        step(turn)
        waiting(device)()
    seconds = time.perf_counter() - began
    return {
        "scenes a second": Measure((scenes / seconds,), "scenes/s"),
        "waiting for scenes": Measure((100 * waited / seconds,), "%"),
    }


def _as_torchvision(target: Target, device: torch.device) -> dict[str, Tensor]:
    """What torchvision's detectors learn from; for them 0 is the background, and nothing can be ignored."""
    learned = ~target.ignore
    boxes, labels = torch.from_numpy(target.boxes[learned]), torch.from_numpy(target.labels[learned]) + 1
    return {"boxes": boxes.to(device), "labels": labels.to(device)}
