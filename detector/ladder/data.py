"""The images that the rungs learn from and are tested on, all made of the same digits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Literal, Protocol

from detector.ladder.record import Settings
from detector.ladder.samples import Samples, as_labels
from detector.ladder.tasks import Task
from detector.scoring.evaluation import LabelledImages
from detector.scoring.validation import ValidationSet
from detector.types import BatchSource
from digit_scenes import SceneBatches, Scenes, get_preset
from digit_scenes.glyphs.digits import Split, load_digits
from digit_scenes.plain import STRIP_DIGITS
from digit_scenes.stream import draw_strips

STRIP_PRESETS = ("strips", "short-strips", "loose-strips")
SCENE_MIX = {"clean": 2.0, "strips": 1.0, "short-strips": 1.0, "loose-strips": 1.0, "lines": 2.0, "paper": 2.0}
"""The weight of each preset among the scenes that rungs 10 and 11 are trained on."""
MAX_VALIDATION_STRIPS = 1500
VALIDATION_SCENES = 60  # of all presets together
ALL_DIGITS = 10**9


class LadderData(Protocol):
    """Images to learn from and to be tested on. The same arguments give the same images."""

    @property
    def mix(self) -> Mapping[str, float]:
        """The weight of each preset among the training scenes."""

    def digits(self, count: int) -> Samples:
        """The first `count` test digits."""

    def test_images(self, task: Task) -> LabelledImages:
        """The test strips or scenes of a task."""

    def source_settings(self, task: Task) -> Settings:
        """The settings that the test images of a task are made with."""

    def samples(
        self, kind: Literal["digits", "strips"], count: int | None, seed: int
    ) -> tuple[Callable[[int], Samples], Samples]:
        """A function that gives the training samples of an epoch, at most `count`; and the validation samples."""

    def scenes(self, batch_size: int, seed: int) -> tuple[BatchSource, Mapping[str, ValidationSet]]:
        """Batches of training scenes, and scenes to validate on: uint8 (H, W, 3) and target, by preset."""


class SceneData:
    """Data of MNIST digits, or of others in a folder of IDX files; see LadderData."""

    mix: Mapping[str, float] = SCENE_MIX

    def __init__(self, mnist_dir: Path | None) -> None:
        self.mnist_dir = mnist_dir

    def digits(self, count: int, split: Split = "test") -> Samples:
        """The first `count` digits of a split."""
        digits = load_digits(split, self.mnist_dir)
        return Samples(digits.images[:count], digits.labels[:count, None])

    def source_settings(self, task: Task) -> Settings:
        """See LadderData."""
        settings = {"split": "test", "mnist_dir": self.mnist_dir and str(self.mnist_dir)}
        return settings | ({"preset": task.preset, "version": get_preset(task.preset).version} if task.preset else {})

    def test_images(self, task: Task) -> Scenes:
        """See LadderData."""
        return Scenes(task.preset, "test", 0, self.mnist_dir)

    def samples(
        self, kind: Literal["digits", "strips"], count: int | None, seed: int
    ) -> tuple[Callable[[int], Samples], Samples]:
        """See LadderData. Digits are the same in each epoch, strips are new ones."""
        if kind == "digits":
            digits = self.digits(count or ALL_DIGITS, "train")
            return lambda epoch: digits, self.digits(count or ALL_DIGITS, "val")
        assert count is not None, "strips are endless"
        draw = partial(self.strips, split="train", count=count, seed=seed)
        return lambda epoch: draw(first=epoch * count), self.strips("val", min(count, MAX_VALIDATION_STRIPS), seed)

    def strips(self, split: Split, count: int, seed: int, first: int = 0) -> Samples:
        """Strips of all presets in equal parts."""
        images, texts = draw_strips(STRIP_PRESETS, first, count, split, seed, self.mnist_dir)
        return Samples(images, as_labels(texts, STRIP_DIGITS))

    def scenes(self, batch_size: int, seed: int) -> tuple[SceneBatches, Mapping[str, ValidationSet]]:
        """See LadderData."""
        batches = SceneBatches(self.mix, batch_size, seed, "train", self.mnist_dir)
        indices = range(VALIDATION_SCENES // len(self.mix))
        scenes = {name: [Scenes(name, "val", 0, self.mnist_dir)[i] for i in indices] for name in self.mix}
        return batches, {name: [(scene.image, scene.target) for scene in group] for name, group in scenes.items()}
