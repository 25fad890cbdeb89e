"""The training of rungs 1-8: one visible loop over epochs of pictures and their strings."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from detector.errors import TrainingError
from detector.files import write_json
from detector.ladder.distort import distort
from detector.ladder.samples import Samples, batches
from detector.models import checkpoint
from detector.models.ladder.recipe import Recipe
from detector.models.ladder.whole_picture import BLANK, StringPrediction, WholePicture
from detector.scoring.metrics import json_safe
from detector.scoring.plots import save_figure
from detector.training.ema import WeightAverage
from detector.training.fit import learning_rate, parameter_groups

WARM_UP_FRACTION = 0.2  # of a one-cycle schedule, in which the rate rises


@dataclass(frozen=True)
class Epoch:
    """Means over one epoch. An accuracy is the share of pictures whose whole string is right.

    Training figures are taken in the steps themselves: with augmentation and dropout, by weights that still change.
    seconds: of training, without validation.
    """

    train_loss: float
    train_accuracy: float
    val_loss: float
    val_accuracy: float
    seconds: float


History = tuple[Epoch, ...]


def train(
    model_name: str,
    rung: WholePicture,
    epochs: Callable[[int], Samples],
    validation: Samples,
    recipe: Recipe,
    run: Path,
    report: Callable[[int, Epoch], None] | None = None,
) -> History:
    """Train a rung by a recipe. Writes weights.safetensors (the last epoch's), history.json and curves.png into `run`.

    epochs: gives the samples of an epoch, by its index from 0. report: is called after each epoch, with its index.
    The same rung, samples, recipe and number of threads give the same weights. Raises TrainingError when the loss is
    not finite.
    """
    run.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(recipe.seed)
    generator = torch.Generator().manual_seed(recipe.seed)
    rung.to(memory_format=torch.channels_last)  # on a CPU, steps take 25 to 40 % less time
    optimizer = make_optimizer(rung, recipe)
    average = WeightAverage(rung, recipe.average) if recipe.average else None
    history: History = ()
    for epoch_index in range(recipe.epochs):
        start = time.monotonic()
        samples = epochs(epoch_index)
        meter = AverageMeter()
        rung.train()
        for pictures, labels in batches(samples, recipe.batch_size, generator):
            if recipe.schedule == "one-cycle":
                rate = learning_rate(
                    (epoch_index + meter.count / len(samples)) / recipe.epochs, recipe.rate, WARM_UP_FRACTION
                )
                for group in optimizer.param_groups:
                    group["lr"] = rate
            if recipe.augment:
                pictures = distort(pictures, generator)
            with torch.autocast("cpu", torch.bfloat16, enabled=recipe.bfloat16):
                scores = rung(pictures)
            loss = rung.loss(scores.float(), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if average:
                average.update(rung)
            meter.add(loss, rung.decode(scores.detach().float()), labels)
        seconds = time.monotonic() - start
        learned = cast(WholePicture, average.model) if average else rung
        checked = score(learned, validation)
        epoch = Epoch(meter.loss, meter.accuracy, checked.loss, checked.accuracy, seconds)
        if not math.isfinite(epoch.train_loss):
            raise TrainingError(
                f"{model_name}, epoch {epoch_index + 1}: expected a finite loss, got {epoch.train_loss} at a "
                f"learning rate of {recipe.rate}; try a lower one."
            )
        history += (epoch,)
        if report:
            report(epoch_index, epoch)
    rung.load_state_dict(learned.state_dict())
    checkpoint.save(run / "weights.safetensors", model_name, rung.eval(), {"recipe": asdict(recipe)})
    write_history(run / "history.json", recipe, history)
    draw_history(run / "curves.png", model_name, history)
    return history


class AverageMeter:
    """Mean loss and accuracy over the pictures of several batches."""

    def __init__(self) -> None:
        self.count, self._loss, self._right = 0, 0.0, 0

    def add(self, loss: Tensor, prediction: StringPrediction, labels: Tensor) -> None:
        """Add a batch: its mean loss, its predictions, and its labels int64 (B, P)."""
        self.count += len(labels)
        self._loss += float(loss.detach()) * len(labels)
        self._right += int(exact(prediction.digits, labels).sum())

    @property
    def loss(self) -> float:
        """The mean over all pictures."""
        return self._loss / max(self.count, 1)

    @property
    def accuracy(self) -> float:
        """The share of pictures whose whole string is right."""
        return self._right / max(self.count, 1)


def exact(read: Tensor, labels: Tensor) -> Tensor:
    """Whether each string is right, bool (B,). read: (B, P). labels: (B, Q). The shorter one is filled with BLANK."""
    length = max(read.shape[1], labels.shape[1])
    read, labels = (F.pad(t, (0, length - t.shape[1]), value=BLANK) for t in (read, labels))
    return (read == labels).all(1)


@torch.inference_mode()
def score(rung: WholePicture, samples: Samples, batch_size: int = 500) -> AverageMeter:
    """Loss and accuracy on samples, in evaluation mode and float32."""
    rung.eval()
    meter = AverageMeter()
    for pictures, labels in batches(samples, batch_size):
        scores = rung(pictures)
        meter.add(rung.loss(scores, labels), rung.decode(scores), labels)
    return meter


def make_optimizer(rung: WholePicture, recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's optimizer, over the rung's weights."""
    groups = parameter_groups(rung, recipe.weight_decay)
    if recipe.optimizer == "adadelta":
        return torch.optim.Adadelta(groups, lr=recipe.rate, rho=0.95)
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=recipe.rate)
    kind = torch.optim.AdamW if recipe.optimizer == "adamw" else torch.optim.Adam
    return kind(groups, lr=recipe.rate, fused=True)


def write_history(path: Path, recipe: Recipe, history: History) -> None:
    """Write the recipe, and the figures of each epoch, as JSON."""
    record = {"recipe": asdict(recipe), "epochs": [json_safe(asdict(epoch)) for epoch in history]}
    write_json(path, record, indent=2)


def draw_history(path: Path, title: str, history: History) -> None:
    """Draw loss and accuracy over the epochs, of training and of validation, as a PNG."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    figure.suptitle(title)
    numbers = range(1, len(history) + 1)
    for axes, what in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        for part, label in (("train", "while training"), ("val", "validation")):
            axes.plot(numbers, [getattr(epoch, f"{part}_{what}") for epoch in history], marker=".", label=label)
        axes.set(xlabel="epoch", ylabel=what)
        axes.grid(alpha=0.3)
        axes.legend()
    save_figure(figure, path)
