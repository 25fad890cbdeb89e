"""How each rung comes by its weights: by epochs of digits or strips, by minutes of scenes, or shipped."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

import torch

from detector.errors import TrainingError
from detector.files import appearing_at, prepare_folder, write_json
from detector.ladder.budget import Budget
from detector.ladder.data import LadderData
from detector.ladder.record import RungRecord, Settings, as_json, load_record
from detector.ladder.rungs import Rung, WeightsSource
from detector.ladder.training import Epoch, train
from detector.models.base import Detector
from detector.models.ladder.whole_picture import WholePicture
from detector.models.registry import entry
from detector.reading.loading import shipped_weights
from detector.scoring.validation import validator
from detector.training.fit import TrainingConfig, fit

WEIGHTS_FILE = "weights.safetensors"
VALIDATION_INTERVAL_STEPS = 2000

Log = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How one rung comes by its weights."""

    rung: Rung
    folder: Path
    """Folder of the rung, for its weights and its record."""
    parameters: int
    """How many numbers the model learns."""
    settings: Settings
    """The settings that the weights follow from."""
    train: Callable[[Log], float]
    """Writes the weights into the folder, and returns the minutes that took; none for shipped weights."""

    def stored_record(self) -> RungRecord | None:
        """The record in the folder, if its weights are there and follow from the same settings."""
        shipped = self.rung.weights_source is WeightsSource.SHIPPED
        return load_record(self.folder, self.settings) if shipped or (self.folder / WEIGHTS_FILE).is_file() else None

    def discard(self) -> None:
        """Delete the weights, the record and the state of a stopped training."""
        for name in ("result.json", "last.state", WEIGHTS_FILE):
            (self.folder / name).unlink(missing_ok=True)

    def execute(self, log: Log) -> RungRecord:
        """Train, and return a record without scores, which is saved. Raises TrainingError where it learns nothing."""
        prepare_folder(self.folder)
        (self.folder / "result.json").unlink(missing_ok=True)  # it belongs to weights that are now replaced
        record = RungRecord(self.settings, self.parameters, self.train(log))
        record.save(self.folder)
        return record


def make_plan(rung: Rung, budget: Budget, data: LadderData, folder: Path) -> Plan:
    """The plan of a rung that keeps everything in `folder`.

    Raises OptionError for a name that is not in the registry, WeightsError for missing shipped weights.
    """
    if rung.weights_source is WeightsSource.SHIPPED:
        return _plan_of_shipped(rung, folder)
    torch.manual_seed(budget.seed)
    design = entry(rung.name)
    model = design.build(design.config())
    if isinstance(model, WholePicture):
        settings, work = _train_by_epochs(rung, model, budget, data, folder)
    else:
        settings, work = _train_by_minutes(rung, model, budget, data, folder)
    common = {"model": asdict(model.config), "seed": budget.seed}
    return Plan(rung, folder, count_parameters(model), as_json({**settings, **common}), work)


def count_parameters(model: Detector) -> int:
    """How many numbers the model learns."""
    return sum(parameter.numel() for parameter in model.parameters())


def _plan_of_shipped(rung: Rung, folder: Path) -> Plan:
    _, weights = shipped_weights(rung.name, "cpu", "torch")
    settings = {"shipped": hashlib.sha256(weights.read_bytes()).hexdigest()}
    card: dict[str, Any] = json.loads(
        resources.files("detector.weights").joinpath(f"{rung.name}.json").read_text("utf-8")
    )
    return Plan(rung, folder, card["parameters"], settings, lambda log: float(card["trained"]["minutes"]))


def _train_by_epochs(
    rung: Rung, model: WholePicture, budget: Budget, data: LadderData, folder: Path
) -> tuple[Settings, Callable[[Log], float]]:
    """Rungs 1-8. A training that was stopped starts anew, as it takes only minutes."""
    recipe = replace(model.recipe, seed=budget.seed, epochs=budget.epochs or model.recipe.epochs)
    if model.lesson == "strips":
        recipe = replace(recipe, strips=min(budget.samples or recipe.strips, recipe.strips))
    count = recipe.strips if model.lesson == "strips" else budget.samples

    def report(log: Log, index: int, epoch: Epoch) -> None:
        log(
            f"  epoch {index + 1:>2}/{recipe.epochs}   loss {epoch.train_loss:.4f}   accuracy "
            f"{epoch.train_accuracy:7.2%}   validation {epoch.val_accuracy:7.2%}   {epoch.seconds:6.1f} s"
        )

    def work(log: Log) -> float:
        start = time.monotonic()
        samples, validation = data.samples(model.lesson, count, budget.seed)
        train(rung.name, model, samples, validation, recipe, folder, partial(report, log))
        return (time.monotonic() - start) / 60

    return {"recipe": asdict(recipe), "lesson": model.lesson, "samples": count}, work


def _train_by_minutes(
    rung: Rung, model: Detector, budget: Budget, data: LadderData, folder: Path
) -> tuple[Settings, Callable[[Log], float]]:
    """Rungs 10 and 11. A training that was stopped continues where it was."""
    config = TrainingConfig(minutes=budget.minutes, seed=budget.seed, validate_every=VALIDATION_INTERVAL_STEPS)
    settings = {"training": asdict(config), "mix": dict(data.mix)}

    def work(log: Log) -> float:
        settings_file = folder / "training.json"
        batches, validation = data.scenes(config.batch_size, budget.seed)
        resume = (folder / "last.state").is_file() and _read_json(settings_file) == as_json(settings)
        if not resume:
            for name in ("last.state", "best.safetensors"):
                (folder / name).unlink(missing_ok=True)
            write_json(settings_file, settings, indent=1)
        end = fit(rung.name, model, batches, validator(validation), config, folder, resume)
        if end.seconds < 60 * budget.minutes:
            raise KeyboardInterrupt  # `fit` took the signal, saved its state and returned
        if not (folder / "best.safetensors").is_file():
            raise TrainingError(f"{rung.name}: learned nothing in {budget.minutes} minutes; give it more --minutes.")
        with appearing_at(folder / WEIGHTS_FILE) as partial_file:
            shutil.copyfile(folder / "best.safetensors", partial_file)
        (folder / "last.state").unlink()  # nothing is left to resume
        return end.seconds / 60

    return settings, work


def _read_json(path: Path) -> Any:
    """The content of a JSON file; None where there is no such file, or it is damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
