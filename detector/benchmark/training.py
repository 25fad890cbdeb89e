"""Training: a whole step beside its backbone alone, which is the least it can cost, and torchvision's assembly."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from detector.benchmark.measure import WARM_UP_TURNS, Measurement, time_in_turns
from detector.benchmark.parts import synchronizer, time_training_step
from detector.benchmark.peers import torchvision_assembly
from detector.categories import DIGIT_COUNT
from detector.errors import OptionError
from detector.models.base import Detector, as_tensor, as_tensors
from detector.models.faster_rcnn import FasterRCNN
from detector.training.fit import TrainingConfig, parameter_groups
from detector.training.loader import LoadedBatch, load_batches
from detector.types import Batch, BatchSource, Target

CROP_SIDE_PX = 256
MIN_VISIBLE_FRACTION = 0.5  # a digit is ignored if the crop shows less of its box
TRAINING_CONFIG = TrainingConfig()


def crop(image: np.ndarray, target: Target, side: int = CROP_SIDE_PX) -> tuple[np.ndarray, Target]:
    """The top left of a scene uint8 (H, W, 3), at most `side` pixels wide and high, with the digits it shows."""
    image = image[:side, :side]
    height, width = image.shape[:2]
    boxes = target.boxes.clip(0, [width, height, width, height]).astype(np.float32)  # (N, 4)
    visible = (boxes[:, 2:] - boxes[:, :2]).prod(1) / (target.boxes[:, 2:] - target.boxes[:, :2]).prod(1)
    kept = visible > 0
    return image, Target(boxes[kept], target.labels[kept], (target.ignore | (visible < MIN_VISIBLE_FRACTION))[kept])


@dataclass(frozen=True)
class CroppedBatches:
    """Batches of cropped scenes."""

    batches: BatchSource

    def __getitem__(self, step: int) -> Batch:
        crops = [crop(image, target) for image, target in zip(*self.batches[step], strict=True)]
        return [image for image, _ in crops], [target for _, target in crops]


def time_training(
    model: Detector, scenes: Sequence[tuple[np.ndarray, Target]], turns: int, device: torch.device
) -> tuple[dict[str, Measurement], list[str]]:
    """Time steps as in `fit`, on one batch of scenes of one size. Also returns what was skipped, with the reason.

    The model stays as it is: the steps train copies of it, at a learning rate of 0.
    """
    learner = copy.deepcopy(model).train()
    images, targets = [as_tensor(image, device) for image, _ in scenes], [target for _, target in scenes]
    contenders = {"step": training_step(learner, lambda: learner.losses(images, targets), device)}
    skipped = []
    if isinstance(learner, FasterRCNN):
        contenders["backbone"] = _backbone_step(copy.deepcopy(learner.backbone), torch.stack(images), device)
        peer = torchvision_assembly(learner, images[0].shape[1]).to(device).train()
        peer_targets = [_as_torchvision(target, device) for target in targets]
        contenders["torchvision's assembly"] = training_step(peer, lambda: peer(images, peer_targets), device)
    else:
        skipped.append("the backbone alone and torchvision's assembly: only faster-rcnn has them")

    times = time_in_turns(contenders, turns, synchronizer(device), settle=False)
    measurements = {f"{name}, ms": measurement for name, measurement in times.items()}
    measurements["scenes a second"] = times["step"].per_second(len(scenes), "scenes/s")
    if "backbone" in times:
        measurements["step / backbone"] = times["step"].ratio_to(times["backbone"])
        measurements["scenes a second / torchvision's assembly"] = times["torchvision's assembly"].ratio_to(
            times["step"]
        )
    with torch.autocast(device.type, torch.bfloat16):
        parts = time_training_step(learner, images, targets, turns)
    return measurements | {
        f"step without the optimiser, {name}": measurement for name, measurement in parts.items()
    }, skipped


def training_step(
    model: nn.Module, losses: Callable[[], Mapping[str, Tensor]], device: torch.device
) -> Callable[[int], object]:
    """A step as in `fit` without its records: losses, backward, clipping, optimiser. It takes the turn as its seed."""
    optimizer = torch.optim.AdamW(parameter_groups(model, TRAINING_CONFIG.weight_decay), lr=0.0, fused=True)

    def step(turn: int) -> None:
        torch.manual_seed(turn)
        with torch.autocast(device.type, torch.bfloat16, enabled=TRAINING_CONFIG.bfloat16):
            terms = losses()
        loss = torch.stack(list(terms.values())).sum()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), TRAINING_CONFIG.clip)
        optimizer.step()

    return step


def _backbone_step(backbone: nn.Module, batch: Tensor, device: torch.device) -> Callable[[int], object]:
    """Forward and backward alone. The loss is the sum of the means of the feature maps (B, C, H, W)."""
    batch = batch.contiguous(memory_format=torch.channels_last)

    def step(turn: int) -> None:
        backbone.zero_grad(set_to_none=True)
        with torch.autocast(device.type, torch.bfloat16, enabled=TRAINING_CONFIG.bfloat16):
            maps = backbone(batch)
        torch.stack([m.float().mean() for m in maps.values()]).sum().backward()

    return step


def time_stream(
    model: Detector, batches: BatchSource, workers: int, turns: int, device: torch.device
) -> dict[str, Measurement]:
    """Time steps on new scenes from other processes on the same cores: scenes a second, and % of the time waited.

    Raises OptionError for fewer than one process.
    """
    if workers < 1:
        raise OptionError(f"workers: expected at least one process that draws scenes, got {workers}.")
    learner = copy.deepcopy(model).train()
    warm_up = WARM_UP_TURNS + 4 * workers  # batches that were drawn ahead would flatter the rate
    batch: list[LoadedBatch] = []
    step = training_step(learner, lambda: learner.losses(as_tensors(batch[0][0], device), batch[0][1]), device)
    scenes, waited, start = 0, 0.0, time.perf_counter()
    stream = iter(load_batches(CroppedBatches(batches), range(warm_up + turns), workers))
    for turn in range(warm_up + turns):
        if turn == warm_up:
            scenes, waited, start = 0, 0.0, time.perf_counter()
        request = time.perf_counter()
        batch[:] = [next(stream)]
        waited += time.perf_counter() - request
        scenes += len(batch[0][0])
        step(turn)
        synchronizer(device)()
    seconds = time.perf_counter() - start
    return {
        "scenes a second": Measurement((scenes / seconds,), "scenes/s"),
        "waiting for scenes": Measurement((100 * waited / seconds,), "%"),
    }


def _as_torchvision(target: Target, device: torch.device) -> dict[str, Tensor]:
    """A target for torchvision's detectors of digits: label 0 is the background, and no box can be ignored."""
    learned = ~target.ignore & (target.labels < DIGIT_COUNT)
    boxes, labels = torch.from_numpy(target.boxes[learned]), torch.from_numpy(target.labels[learned]) + 1
    return {"boxes": boxes.to(device), "labels": labels.to(device)}
