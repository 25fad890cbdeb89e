"""How rungs 1-8 learn: one visible loop over epochs of pictures and their strings."""

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
from detector.ladder.samples import Samples, as_labels, batches
from detector.models import checkpoint
from detector.models.ladder.recipe import Recipe
from detector.models.ladder.whole_picture import BLANK, StringPrediction, WholePicture
from detector.scoring.metrics import json_safe
from detector.scoring.plots import save_figure
from detector.training.ema import WeightAverage
from detector.training.fit import learning_rate, parameter_groups

__all__ = ["Epoch", "History", "Recipe", "Samples", "as_labels", "train"]

WARM_UP = 0.2  # part of a one-cycle schedule in which the rate climbs


@dataclass(frozen=True)
class Epoch:
    """Means over one epoch. An accuracy is the share of pictures in which every place was read rightly.

    The figures of training are taken while learning: of augmented pictures, with dropout, by weights still changing.
    seconds: what learning took, without validation.
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

    epochs: the samples of epoch 0, 1, ...: the same each time, or fresh ones. report: is told of every epoch.
    The same rung, samples, recipe and number of threads give the same weights. A training that was stopped starts
    anew. Raises TrainingError where the loss is not finite.
    """
    run.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(recipe.seed)
    generator = torch.Generator().manual_seed(recipe.seed)
    rung.to(memory_format=torch.channels_last)  # a quarter to two fifths off each step on a CPU
    optimizer = make_optimizer(rung, recipe)
    average = WeightAverage(rung, recipe.average) if recipe.average else None
    history: History = ()
    for number in range(recipe.epochs):
        started = time.monotonic()
        samples = epochs(number)
        tally = Tally()
        rung.train()
        for pictures, labels in batches(samples, recipe.batch_size, generator):
            if recipe.schedule == "one-cycle":
                rate = learning_rate((number + tally.seen / len(samples)) / recipe.epochs, recipe.rate, WARM_UP)
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
            tally.add(loss, rung.decode(scores.detach().float()), labels)
        seconds = time.monotonic() - started
        learned = cast(WholePicture, average.model) if average else rung
        checked = score(learned, validation)
        epoch = Epoch(tally.loss, tally.accuracy, checked.loss, checked.accuracy, seconds)
        if not math.isfinite(epoch.train_loss):
            raise TrainingError(
                f"{model_name}, epoch {number + 1}: expected a finite loss, got {epoch.train_loss} at a learning rate "
                f"of {recipe.rate}; try a lower one."
            )
        history += (epoch,)
        if report:
            report(number, epoch)
    rung.load_state_dict(learned.state_dict())
    checkpoint.save(run / "weights.safetensors", model_name, rung.eval(), {"recipe": asdict(recipe)})
    write_history(run / "history.json", recipe, history)
    draw_history(run / "curves.png", model_name, history)
    return history


class Tally:
    """Sums over pictures."""

    def __init__(self) -> None:
        self.seen, self._loss, self._right = 0, 0.0, 0

    def add(self, loss: Tensor, reading: StringPrediction, labels: Tensor) -> None:
        """A batch: its mean loss, what was read, and what should have been, int64 (B, P)."""
        self.seen += len(labels)
        self._loss += float(loss.detach()) * len(labels)
        self._right += int(exact(reading.digits, labels).sum())

    @property
    def loss(self) -> float:
        """Mean."""
        return self._loss / max(self.seen, 1)

    @property
    def accuracy(self) -> float:
        """Share of pictures read without a mistake."""
        return self._right / max(self.seen, 1)


def exact(read: Tensor, labels: Tensor) -> Tensor:
    """(B,): whether places read (B, P) are those of labels (B, Q); places that one of them lacks are blank there."""
    places = max(read.shape[1], labels.shape[1])
    read, labels = (F.pad(t, (0, places - t.shape[1]), value=BLANK) for t in (read, labels))
    return (read == labels).all(1)


@torch.inference_mode()
def score(rung: WholePicture, samples: Samples, batch_size: int = 500) -> Tally:
    """Loss and accuracy in use, in float32."""
    rung.eval()
    tally = Tally()
    for pictures, labels in batches(samples, batch_size):
        scores = rung(pictures)
        tally.add(rung.loss(scores, labels), rung.decode(scores), labels)
    return tally


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
    """As JSON: the recipe, and the figures of each epoch."""
    record = {"recipe": asdict(recipe), "epochs": [json_safe(asdict(epoch)) for epoch in history]}
    write_json(path, record, indent=2)


def draw_history(path: Path, title: str, history: History) -> None:
    """Loss and accuracy over the epochs, of training and of validation, as a PNG."""
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
