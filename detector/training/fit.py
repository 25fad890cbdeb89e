"""fit(): one visible loop that trains any detector on any endless row of batches.

Everything a step draws at random follows from (seed, step), and a batch from its number, so a run that was stopped
anywhere goes on from its last saved state as if nothing had happened.
"""

from __future__ import annotations

import math
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import chain, islice, repeat
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader

from detector.errors import OptionError, TrainingError
from detector.models import checkpoint
from detector.models.base import Detector, as_tensors
from detector.training.curves import draw_curves
from detector.training.data_echo import echoed
from detector.training.ema import WeightAverage
from detector.training.runs import Bar, Learner, Log, RunProgress, cut_log, load_state, save_state, stop_on_signal
from detector.types import BatchSource, Target

Loaded = tuple["list[np.ndarray] | torch.Tensor", list[Target]]  # uint8 (B, H, W, 3) where all are of one size
WITHOUT_LIMIT = 2**40


@dataclass(frozen=True)
class TrainingConfig:
    """How to train. One of minutes and scenes is the budget that the learning rate follows; the other is None."""

    minutes: float | None = 60.0
    scenes: int | None = None
    batch_size: int = 8
    """Scenes of a batch, as the batches have them: for counting."""
    rate: float = 3e-3
    """Highest learning rate."""
    warm_up: float = 0.03
    """Part of the budget in which the learning rate climbs to it."""
    weight_decay: float = 0.02
    clip: float = 5.0
    """Gradients are scaled down to this norm."""
    average: float = 0.998
    """Decay of the running average of weights, which is what is validated and kept."""
    freeze_norms: float = 0.4
    """Part of the budget after which batch normalisation uses, as it will in use, what it has gathered."""
    bfloat16: bool = True
    """Whether the forward pass runs in bfloat16 where that is safe."""
    device: str = "cpu"
    workers: int = 1
    """Processes that make batches; 0 makes them in this one."""
    echo: int = 1
    """Steps on each batch, from the second on at another size, in another light: where batches are slow to come."""
    seed: int = 0
    validate_every: int = 4000
    """Scenes between validations; there is one more at the end."""
    save_every: float = 120.0
    """Seconds between saved states from which a run can be resumed."""
    tensorboard: bool = False

    def __post_init__(self) -> None:
        if (self.minutes is None) == (self.scenes is None):
            raise OptionError("Expected a budget either in minutes or in scenes; give one of --minutes and --scenes.")
        for name in ("minutes", "scenes", "batch_size", "rate", "clip", "echo", "validate_every"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise OptionError(f"{name}: expected more than 0, got {value}; give a positive number.")
        if not 0 <= self.average < 1:
            raise OptionError(f"average: expected a decay from 0 to below 1, got {self.average}; 0.998 is usual.")
        if not 0 <= self.freeze_norms <= 1:
            raise OptionError(f"freeze_norms: expected a part of the budget from 0 to 1, got {self.freeze_norms}.")


def fit(
    model_name: str,
    model: Detector,
    batches: BatchSource,
    validate: Callable[[Detector], Mapping[str, float]],
    config: TrainingConfig,
    run: Path,
    resume: bool = False,
) -> RunProgress:
    """Train a detector into the folder `run`: best and last weights, log.jsonl, curves.png, last.state to go on from.

    validate: given the averaged model, figures with at least "AP". An interrupt (Ctrl-C) saves and returns. Raises
    TrainingError where a loss is not finite (the files keep the last good state) or there is nothing to resume.
    """
    run.mkdir(parents=True, exist_ok=True)
    device = torch.device(config.device)
    model.to(device)
    average = WeightAverage(model, config.average)
    optimizer = torch.optim.AdamW(parameter_groups(model, config.weight_decay), lr=config.rate, fused=True)
    learner = Learner(model_name, model, average, optimizer)
    at = load_state(run, learner) if resume else RunProgress()
    cut_log(run / "log.jsonl", at.step)
    started = saved = time.monotonic() - at.seconds
    last_step = WITHOUT_LIMIT if config.scenes is None else math.ceil(config.scenes / config.batch_size)
    recent: deque[float] = deque(maxlen=10)
    frozen = False

    def check() -> None:
        figures = dict(validate(average.model))
        log.write({"step": at.step, "scenes": at.scenes, "seconds": at.seconds} | figures)
        if figures["AP"] > at.best.get("AP", -1):
            at.best = figures | {"step": at.step}
            checkpoint.save(run / "best.safetensors", model_name, average.model, asdict(at))
        at.validated = at.step
        draw_curves(run / "log.jsonl", run / "curves.png")

    with (
        Log(run, config.tensorboard) as log,
        stop_on_signal() as stopped,
        Bar(config.minutes, config.scenes, at) as bar,
    ):
        for images, targets in steps(batches, at.step, last_step, config):
            progress = at.step / last_step if config.minutes is None else at.seconds / (60 * config.minutes)
            if progress >= 1 or stopped():
                break
            torch.manual_seed(config.seed + 1_000_003 * at.step)
            model.train()
            if progress >= config.freeze_norms:
                freeze_norms(model, None if frozen else average.model)
                frozen = True
            rate = learning_rate(progress, config.rate, config.warm_up)
            for group in optimizer.param_groups:
                group["lr"] = rate

            with torch.autocast(device.type, torch.bfloat16, enabled=config.bfloat16):
                pictures = as_tensors(images, device)
                if at.step % config.echo:
                    pictures, targets = echoed(pictures, targets)
                losses = model.losses(pictures, targets)
            each = torch.stack(list(losses.values()))
            loss = each.sum()
            optimizer.zero_grad()
            loss.backward()
            gradient = nn.utils.clip_grad_norm_(model.parameters(), config.clip)
            *values, norm = torch.cat([torch.stack([loss, *each]), gradient[None]]).tolist()  # waits for a GPU once
            terms = dict(zip(("loss", *losses), values, strict=True))
            if not math.isfinite(terms["loss"] + norm):
                raise TrainingError(diverged(at.step, terms | {"gradient": norm}, rate, recent))
            optimizer.step()
            average.update(model)

            at.step += 1
            at.scenes += len(images)
            at.seconds = time.monotonic() - started
            recent.append(terms["loss"])
            log.write({"step": at.step, "scenes": at.scenes, "seconds": at.seconds, "rate": rate} | terms)
            bar.show(at, terms)
            if at.scenes // config.validate_every > (at.scenes - len(images)) // config.validate_every:
                check()
            if time.monotonic() - saved >= config.save_every:
                save_state(run, learner, at)
                saved = time.monotonic()

        save_state(run, learner, at)  # what was learned is safe before anything else is done with it
        if at.step > at.validated and not stopped():
            check()
            save_state(run, learner, at)
    return at


def learning_rate(progress: float, highest: float, warm_up: float) -> float:
    """At a part of the budget in [0, 1]: straight up from a hundredth to the highest, then down half a cosine to it."""
    if progress < warm_up:
        return highest * (0.01 + 0.99 * progress / warm_up)
    return highest * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (progress - warm_up) / (1 - warm_up))))


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Matrices and kernels decay, norms and biases do not."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    return [
        {"params": [p for p in parameters if p.dim() > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.dim() <= 1], "weight_decay": 0.0},
    ]


def freeze_norms(model: nn.Module, average: nn.Module | None) -> None:
    """Normalise by the averaged statistics from here on, as will be done in use; by the model's own without an average.

    Each batch is of one kind of scene and normalised by statistics of its own until then: on black scenes among white
    ones the gathered statistics cost 3 points of AP50.
    """
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    if average is not None:
        averaged = [module for module in average.modules() if isinstance(module, nn.BatchNorm2d)]
        for norm, other in zip(norms, averaged, strict=True):
            norm.load_state_dict(norm.state_dict() | dict(other.named_buffers()))
    for norm in norms:
        norm.eval()


def steps(batches: BatchSource, first: int, end: int, config: TrainingConfig) -> Iterator[Loaded]:
    """What steps `first` to `end` learn from: each batch `echo` times in a row."""
    numbers = range(first // config.echo, -(-end // config.echo))
    every = chain.from_iterable(repeat(batch, config.echo) for batch in load_batches(batches, numbers, config.workers))
    return islice(every, first % config.echo, end - numbers.start * config.echo)


def load_batches(batches: BatchSource, steps: range, workers: int) -> DataLoader[Loaded]:
    """The batches of these steps, in order, made ahead by other processes."""
    return DataLoader(
        batches,  # type: ignore[arg-type]
        batch_size=None,
        sampler=steps,
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        collate_fn=_together,
        worker_init_fn=_quiet_worker,
    )


def _together(batch: Any) -> Loaded:
    """Pictures of one size as one tensor, which comes from another process through shared memory."""
    images, targets = batch
    if len({image.shape for image in images}) != 1 or images[0].dtype != np.uint8:
        return batch
    return torch.from_numpy(np.stack(images)), targets


def _quiet_worker(worker: int) -> None:
    """One thread each, and interrupts left to the process that trains."""
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def diverged(step: int, terms: Mapping[str, float], rate: float, recent: Iterable[float]) -> str:
    """The message for a loss that is not finite: what came, and what led there."""
    came = ", ".join(f"{name} {value:.4g}" for name, value in terms.items())
    before = ", ".join(f"{loss:.4g}" for loss in recent) or "none"
    return (
        f"Step {step}: expected finite losses, got {came} at learning rate {rate:.3g} after losses of {before}; "
        "the last saved state is intact: try a lower --lr or --clip, or --no-amp."
    )
