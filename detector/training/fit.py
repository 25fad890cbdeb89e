"""fit(): one visible loop that trains any detector on any source of batches.

All that a step draws at random follows from (seed, step), and so does its batch. So a run that was stopped anywhere
goes on from its last saved state as if nothing had happened.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from detector.errors import OptionError, TrainingError
from detector.models import checkpoint
from detector.models.base import Detector, as_tensors
from detector.training.curves import draw_curves
from detector.training.data_echo import echoed
from detector.training.ema import WeightAverage
from detector.training.loader import steps
from detector.training.runs import Bar, Learner, Log, RunProgress, cut_log, load_state, save_state, stop_on_signal
from detector.types import BatchSource

NO_LAST_STEP = 2**40
"""In place of the last step where minutes are the budget: more steps than any run has."""
SEED_STRIDE = 1_000_003
"""Between the random seeds of two steps: a prime, so that runs of small seeds share none."""


@dataclass(frozen=True)
class TrainingConfig:
    """How to train. The budget, which the learning rate follows, is in minutes or in scenes; the other is None.

    Raises OptionError for settings that make no sense.
    """

    minutes: float | None = 60.0
    """Budget in minutes of this machine."""
    scenes: int | None = None
    """Budget in scenes, with which a run is the same wherever it is done."""
    batch_size: int = 8
    """Scenes in each batch of the batch source. It turns scenes into steps; the source decides."""
    rate: float = 3e-3
    """Highest learning rate."""
    warm_up: float = 0.03
    """Fraction of the budget in which the learning rate climbs to `rate`."""
    weight_decay: float = 0.02
    clip: float = 5.0
    """Largest norm of the gradients: where it is larger, they are scaled down to it."""
    average: float = 0.998
    """Decay of the moving average of weights. The averaged weights are validated and kept."""
    freeze_norms: float = 0.4
    """Fraction of the budget after which batch normalisation uses its running statistics, as in inference."""
    bfloat16: bool = True
    """Whether the forward pass runs in bfloat16, operation by operation where PyTorch holds that for safe."""
    device: str = "cpu"
    """Where to compute: cpu, cuda, ..."""
    workers: int = 1
    """Processes that make batches; with 0 this one makes them."""
    echo: int = 1
    """Steps on each batch, all but the first on a changed copy: see `training.data_echo`."""
    seed: int = 0
    """Together with the step it determines all that a step draws at random."""
    validate_every: int = 4000
    """Scenes between validations; there is one more at the end."""
    save_every: float = 120.0
    """Seconds between saved states from which a run can be resumed."""
    tensorboard: bool = False
    """Whether the log goes to TensorBoard, too."""

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
    """Train a detector, and return how far it came.

    The folder `run` gets best.safetensors and last.safetensors (averaged weights), log.jsonl, curves.png, and
    last.state, from which a later call with `resume` goes on.

    validate: is given the averaged model and returns figures, "AP" among them.

    A first interrupt (Ctrl-C) or SIGTERM saves and returns. Raises TrainingError where a loss is not finite, and the
    files keep the last saved state; or where there is no state to resume.
    """
    run.mkdir(parents=True, exist_ok=True)
    device = torch.device(config.device)
    model.to(device)
    average = WeightAverage(model, config.average)
    optimizer = torch.optim.AdamW(parameter_groups(model, config.weight_decay), lr=config.rate, fused=True)
    learner = Learner(model_name, model, average, optimizer)
    progress = load_state(run, learner) if resume else RunProgress()
    cut_log(run / "log.jsonl", progress.step)
    started = saved = time.monotonic() - progress.seconds
    last_step = NO_LAST_STEP if config.scenes is None else math.ceil(config.scenes / config.batch_size)
    recent_losses: deque[float] = deque(maxlen=10)
    frozen = False

    with (
        Log(run, config.tensorboard) as log,
        stop_on_signal() as stopped,
        Bar(config.minutes, config.scenes, progress) as bar,
    ):
        for images, targets in steps(batches, progress.step, last_step, config.echo, config.workers):
            done = progress.step / last_step if config.minutes is None else progress.seconds / (60 * config.minutes)
            if done >= 1 or stopped():
                break
            torch.manual_seed(config.seed + SEED_STRIDE * progress.step)
            model.train()
            if done >= config.freeze_norms:
                freeze_norms(model, None if frozen else average.model)
                frozen = True
            rate = learning_rate(done, config.rate, config.warm_up)
            for group in optimizer.param_groups:
                group["lr"] = rate

            with torch.autocast(device.type, torch.bfloat16, enabled=config.bfloat16):
                inputs = as_tensors(images, device)
                if progress.step % config.echo:
                    inputs, targets = echoed(inputs, targets)
                losses = model.losses(inputs, targets)
            terms = torch.stack(list(losses.values()))  # (K,)
            loss = terms.sum()
            optimizer.zero_grad()
            loss.backward()
            norm = nn.utils.clip_grad_norm_(model.parameters(), config.clip)
            *values, norm_value = torch.cat([loss[None], terms, norm[None]]).tolist()  # the one wait for a GPU
            figures = dict(zip(("loss", *losses), values, strict=True))
            if not math.isfinite(figures["loss"] + norm_value):
                raise TrainingError(diverged(progress.step, figures | {"gradient": norm_value}, rate, recent_losses))
            optimizer.step()
            average.update(model)

            progress.step += 1
            progress.scenes += len(images)
            progress.seconds = time.monotonic() - started
            recent_losses.append(figures["loss"])
            log.write(progress.counts() | {"rate": rate} | figures)
            bar.show(progress, figures)
            if progress.scenes // config.validate_every > (progress.scenes - len(images)) // config.validate_every:
                keep_if_best(run, learner, progress, validate(average.model), log)
            if time.monotonic() - saved >= config.save_every:
                save_state(run, learner, progress)
                saved = time.monotonic()

        save_state(run, learner, progress)  # what was learned is safe before anything else is done with it
        if progress.step > progress.validated and not stopped():
            keep_if_best(run, learner, progress, validate(average.model), log)
            save_state(run, learner, progress)
    return progress


def keep_if_best(run: Path, learner: Learner, progress: RunProgress, figures: Mapping[str, float], log: Log) -> None:
    """Log a validation, save the averaged weights as best.safetensors if it is the best so far, and draw curves.png."""
    log.write({**progress.counts(), **figures})
    if figures["AP"] > progress.best.get("AP", -1):
        progress.best = {**figures, "step": progress.step}
        checkpoint.save(run / "best.safetensors", learner.name, learner.average.model, asdict(progress))
    progress.validated = progress.step
    draw_curves(run / "log.jsonl", run / "curves.png")


def learning_rate(done: float, highest: float, warm_up: float) -> float:
    """The learning rate when a fraction `done` in [0, 1] of the budget is spent.

    It climbs linearly from a hundredth of the highest rate to it, then falls along half a cosine to a hundredth.
    """
    if done < warm_up:
        return highest * (0.01 + 0.99 * done / warm_up)
    return highest * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (done - warm_up) / (1 - warm_up))))


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """The groups of an optimiser: matrices and kernels decay, norms and biases do not."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    return [
        {"params": [p for p in parameters if p.dim() > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.dim() <= 1], "weight_decay": 0.0},
    ]


def freeze_norms(model: nn.Module, average: nn.Module | None) -> None:
    """Let batch normalisation use running statistics from now on, as in inference, in place of each batch's own.

    average: the averaged model, whose statistics the model takes over first; None leaves the model its own.

    Until now each batch, which is of one kind of scene, was normalised by its own statistics. A model that has learned
    with those alone loses 3 points of AP50 to running ones, on black scenes among white ones.
    """
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    if average is not None:
        averaged = [module for module in average.modules() if isinstance(module, nn.BatchNorm2d)]
        for norm, other in zip(norms, averaged, strict=True):
            norm.load_state_dict(norm.state_dict() | dict(other.named_buffers()))
    for norm in norms:
        norm.eval()


def diverged(step: int, terms: Mapping[str, float], rate: float, recent: Iterable[float]) -> str:
    """The message of the error for a loss that is not finite: the losses of this step and of those before it."""
    came = ", ".join(f"{name} {value:.4g}" for name, value in terms.items())
    before = ", ".join(f"{loss:.4g}" for loss in recent) or "none"
    return (
        f"Step {step}: expected finite losses, got {came} at learning rate {rate:.3g} after losses of {before}; "
        "the last saved state is intact: try a lower --lr or --clip, or --no-amp."
    )
