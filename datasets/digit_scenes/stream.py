"""Scenes straight into training: endless, without touching the disk, the same for any number of workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detector.errors import OptionError
from detector.types import Target
from digit_scenes.digits import Split
from digit_scenes.plain import STRIP
from digit_scenes.presets import Scenes


class SceneBatches:
    """Batch number `step` of a mix of presets: `batches[step] -> images uint8 (H, W, 3), targets`.

    A batch is of one preset, hence of one size, drawn by weight; scene j of step s is scene s * batch_size + j of its
    preset, so that no scene comes twice. Raises OptionError where the mix or the batch size makes no sense.
    """

    def __init__(
        self,
        mix: Mapping[str, float],
        batch_size: int,
        seed: int,
        split: Split = "train",
        mnist_dir: Path | None = None,
    ) -> None:
        if not mix or not all(np.isfinite(w) and w > 0 for w in mix.values()):
            raise OptionError(f"--preset: expected names with weights above 0, got {dict(mix)}.")
        if batch_size < 1:
            raise OptionError(f"--batch-size: expected 1 or more, got {batch_size}.")
        self.batch_size, self.seed = batch_size, seed
        self.scenes = [Scenes(name, split, seed, mnist_dir) for name in mix]
        weights = np.array(list(mix.values()))
        self.shares = weights / weights.sum()

    def __getitem__(self, step: int) -> tuple[list[NDArray[np.uint8]], list[Target]]:
        chosen = np.random.default_rng((self.seed, step)).choice(len(self.scenes), p=self.shares)
        source = self.scenes[int(chosen)]
        scenes = [source[step * self.batch_size + j] for j in range(self.batch_size)]
        return [scene.image for scene in scenes], [scene.target for scene in scenes]


def draw_strips(
    presets: Sequence[str], first: int, count: int, split: Split, seed: int, mnist_dir: Path | None = None
) -> tuple[NDArray[np.uint8], list[str]]:
    """`count` strips, of each preset in turn: grey uint8 (N, 28, 140), and what is written on each.

    first: strips before it are others: calls that count on give fresh strips each time. Raises OptionError, DataError.
    """
    sources = [Scenes(preset, split, seed, mnist_dir) for preset in presets]
    pictures = np.empty((count, *STRIP), np.uint8)
    texts = []
    for k in range(count):
        number, which = divmod(first + k, len(sources))
        scene = sources[which][number]
        pictures[k] = scene.image[..., 0]
        texts.append("".join(scene.lines or ()))
    return pictures, texts
