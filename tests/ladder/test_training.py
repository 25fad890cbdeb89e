"""Training of rungs 1-8: what it writes, that it is reproducible, and that every rung can learn."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from detector.errors import OptionError, TrainingError
from detector.ladder.distort import distort
from detector.ladder.samples import Samples, as_labels
from detector.ladder.training import exact, train
from detector.models import checkpoint
from detector.models.ladder.recipe import Recipe
from detector.models.ladder.space_displacement import SpaceDisplacement, SpaceDisplacementConfig
from detector.models.ladder.whole_picture import BLANK, WholePicture
from detector.models.registry import DETECTORS
from detector.reading.reader import Reader
from digit_scenes import Scenes
from digit_scenes.glyphs.digits import load_digits

QUICK = SpaceDisplacementConfig(filters=(8, 16, 16), hidden=32, dropout=0.0)


def build(name: str, seed: int = 0) -> WholePicture:
    torch.manual_seed(seed)
    rung = DETECTORS[name].build(DETECTORS[name].config())
    assert isinstance(rung, WholePicture)
    return rung


def digits(count: int) -> Samples:
    some = load_digits("val")
    return Samples(some.images[:count], some.labels[:count, None])


def strips(count: int, preset: str = "short-strips") -> Samples:
    scenes = [Scenes(preset, "val")[i] for i in range(count)]
    texts = ["".join(scene.lines or ()) for scene in scenes]
    return Samples(np.stack([scene.image[..., 0] for scene in scenes]), as_labels(texts, 5))


def samples_for(rung: WholePicture, count: int) -> Samples:
    return digits(count) if rung.lesson == "digits" else strips(count)


@pytest.mark.parametrize(
    "wrong",
    [
        {"epochs": 0},
        {"batch_size": 0},
        {"rate": 0.0},
        {"rate": float("nan")},
        {"average": 1.0},
        {"optimizer": "newton"},
        {"schedule": "never"},
        {"strips": 0},
    ],
)
def test_a_recipe_that_cannot_be_followed_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(OptionError, match=next(iter(wrong))):
        Recipe(**{"epochs": 1} | wrong)  # type: ignore[arg-type]


def test_samples_are_checked() -> None:
    pictures, labels = np.zeros((2, 28, 28), np.uint8), np.zeros((2, 1), np.int64)
    for bad_pictures, bad_labels in (
        (pictures[:1], labels),
        (pictures.astype(np.float32), labels),
        (pictures[:, :27], labels),
        (pictures, labels[:, 0]),
        (pictures, labels + 11),
        (pictures, labels - 1),
    ):
        with pytest.raises(ValueError, match="expected"):
            Samples(bad_pictures, bad_labels)


def test_strings_become_labels() -> None:
    assert as_labels(["", "07", "12345"], 5).tolist() == [[BLANK] * 5, [0, 7, BLANK, BLANK, BLANK], [1, 2, 3, 4, 5]]
    with pytest.raises(ValueError, match="at most 5"):
        as_labels(["123456"], 5)


def test_a_string_is_right_when_all_its_digits_are() -> None:
    truth = torch.tensor([[1, 2, BLANK], [1, 2, BLANK], [1, 2, 3]])
    read = torch.tensor([[1, 2], [1, 3], [1, 2]])
    assert exact(read, truth).tolist() == [True, False, False]
    assert exact(torch.zeros(2, 0), torch.full((2, 3), BLANK)).tolist() == [True, True]


@pytest.mark.parametrize("name", [n for n, design in DETECTORS.items() if getattr(design.build, "recipe", None)])
def test_every_rung_can_overfit_a_few_pictures(name: str, tmp_path: Path) -> None:
    rung = SpaceDisplacement(QUICK) if name == "space-displacement" else build(name)
    samples = samples_for(rung, 12)
    rate = {"softmax": 0.5, "two-conv-cnn": 1.0, "cells": 1.0, "space-displacement": 1e-2}.get(name, 3e-3)
    optimizer = rung.recipe.optimizer
    epochs = 160 if name == "space-displacement" else 20  # it has to find out where the digits are, too
    recipe = Recipe(epochs=epochs, batch_size=6, optimizer=optimizer, rate=rate, bfloat16=False)
    history = train(name, rung, lambda _: samples, samples, recipe, tmp_path)
    assert history[-1].train_loss < 0.5 * history[0].train_loss
    assert history[-1].val_accuracy >= 0.6


def test_a_run_leaves_weights_history_and_curves(tmp_path: Path) -> None:
    rung, samples, told = build("softmax"), digits(300), []
    recipe = replace(rung.recipe, epochs=3)
    history = train(
        "softmax", rung, lambda _: samples, samples, recipe, tmp_path / "a" / "b", lambda n, e: told.append(n)
    )
    folder = tmp_path / "a" / "b"
    assert sorted(path.name for path in folder.iterdir()) == ["curves.png", "history.json", "weights.safetensors"]
    written = json.loads((folder / "history.json").read_text())
    assert written["recipe"]["epochs"] == len(written["epochs"]) == len(history) == 3
    assert written["epochs"][2]["val_accuracy"] == history[2].val_accuracy
    assert told == [0, 1, 2]
    name, loaded, extra = checkpoint.load(folder / "weights.safetensors")
    assert name == "softmax"
    assert extra["recipe"]["optimizer"] == "sgd"
    read = [Reader(loaded, 0.0).page(np.repeat(p[..., None], 3, 2)).text for p in samples.pictures[:100]]
    right = np.mean([text == str(label) for text, label in zip(read, samples.labels[:100, 0], strict=True)])
    assert right == pytest.approx(history[-1].val_accuracy, abs=0.15)
    assert right > 0.6


@pytest.mark.parametrize("name", ["modern-cnn", "space-displacement"])
def test_the_same_seed_gives_the_same_weights(name: str, tmp_path: Path) -> None:
    weights = []
    for seed in (0, 0, 1):
        rung = build(name)
        samples = samples_for(rung, 24)
        recipe = replace(rung.recipe, epochs=2, batch_size=8, augment=True, seed=seed)
        train(name, rung, lambda _, s=samples: s, samples, recipe, tmp_path)
        weights.append(torch.cat([p.flatten() for p in rung.parameters()]))
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_every_epoch_has_its_own_samples(tmp_path: Path) -> None:
    asked = []

    def epochs(number: int) -> Samples:
        asked.append(number)
        return digits(10 + number)

    train("softmax", build("softmax"), epochs, digits(5), Recipe(epochs=3), tmp_path)
    assert asked == [0, 1, 2]


def test_a_loss_that_is_not_finite_stops_the_training(tmp_path: Path) -> None:
    rung = build("softmax")
    with torch.no_grad():
        next(rung.parameters()).fill_(float("nan"))
    with pytest.raises(TrainingError, match="softmax, epoch 1: expected a finite loss"):
        train("softmax", rung, lambda _: digits(10), digits(5), Recipe(epochs=2), tmp_path)
    assert not (tmp_path / "weights.safetensors").exists()


def test_samples_are_distorted_a_little_each_differently() -> None:
    pictures = torch.from_numpy(digits(1).pictures).float()[:, None].expand(64, 1, 28, 28) / 255
    bent = distort(pictures, torch.Generator().manual_seed(0))
    assert bent.shape == pictures.shape
    assert bent.min() >= 0
    assert bent.max() <= 1
    assert len(bent.flatten(1).unique(dim=0)) == 64
    assert torch.allclose(bent.mean(), pictures.mean(), rtol=0.1)
    assert (bent.mean(0) - pictures[0]).abs().mean() < 0.1  # around what they were
    again = distort(pictures, torch.Generator().manual_seed(0))
    assert torch.equal(bent, again)


def test_distortion_of_zero_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MAX_SHIFT_PX", "MAX_ROTATION_RAD", "MAX_SHEAR", "MAX_STRETCH", "BEND_STD_PX"):
        monkeypatch.setattr(f"detector.ladder.distort.{name}", 0.0)
    for samples in (digits(3), strips(3)):
        pictures = torch.from_numpy(samples.pictures).float()[:, None] / 255
        assert torch.allclose(distort(pictures, torch.Generator()), pictures, atol=1e-4)


def test_the_ends_of_a_strip_move_no_further_than_those_of_a_digit() -> None:
    strip = torch.zeros(200, 1, 28, 140)
    strip[..., 4:6] = strip[..., -6:-4] = 1
    bent = distort(strip, torch.Generator().manual_seed(1))
    assert (bent[..., :28].sum((1, 2, 3)) > 20).all()
    assert (bent[..., -28:].sum((1, 2, 3)) > 20).all()
