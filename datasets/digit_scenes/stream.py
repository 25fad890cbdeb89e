"""Scenes straight into training: endless, never written to disk, the same for any number of workers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.categories import CATEGORIES
from detector.errors import OptionError
from detector.types import Batch, BatchSource, Target
from digit_scenes.category_names import relabelled
from digit_scenes.glyphs.digits import Split
from digit_scenes.glyphs.real_ink import RealInk
from digit_scenes.plain import STRIP_SIZE_PX
from digit_scenes.presets import PRESETS, Scenes

MAX_ENLARGED_SIDE_PX = 768
"""Side beyond which no picture is enlarged."""


class SceneBatches:
    """Batches of scenes of several presets, by the index of their step: `batches[step] -> images, targets`.

    Each batch is of one preset, hence of one size; which one is drawn by weight. Image j of step s is scene
    s * batch_size + j of its preset, so no scene comes twice. For mnist_dir and ink see `Scenes`. Labels index
    `categories`; boxes of all others are left out. Raises OptionError where the mix or the batch size makes no sense.
    """

    def __init__(
        self,
        mix: Mapping[str, float],
        batch_size: int,
        seed: int,
        split: Split = "train",
        mnist_dir: Path | None = None,
        ink: RealInk | None = None,
        categories: tuple[str, ...] = CATEGORIES,
    ) -> None:
        if not mix or not all(np.isfinite(w) and w > 0 for w in mix.values()):
            raise OptionError(f"--preset: expected names with weights above 0, got {dict(mix)}.")
        if batch_size < 1:
            raise OptionError(f"--batch-size: expected 1 or more, got {batch_size}.")
        self.batch_size, self.seed, self.categories = batch_size, seed, categories
        self.scenes = [Scenes(name, split, seed, mnist_dir, ink) for name in mix]
        weights = np.array(list(mix.values()))
        self.shares = weights / weights.sum()

    def __getitem__(self, step: int) -> Batch:
        chosen = np.random.default_rng((self.seed, step)).choice(len(self.scenes), p=self.shares)
        source = self.scenes[int(chosen)]
        scenes = [source[step * self.batch_size + j] for j in range(self.batch_size)]
        targets = [relabelled(scene.target, CATEGORIES, self.categories) for scene in scenes]
        return [scene.image for scene in scenes], targets


class Zoomed:
    """Batches that are enlarged or reduced, each by one of some factors, as a reader does before it looks.

    The factor of a step depends on its index and the seed alone. Pictures larger than MAX_ENLARGED_SIDE_PX are not
    enlarged. Raises OptionError for a factor that makes no sense.
    """

    def __init__(self, batches: BatchSource, factors: Sequence[float], seed: int) -> None:
        if not factors or not all(0.1 <= factor <= 10 for factor in factors):
            raise OptionError(f"--zoom: expected factors from 0.1 to 10, got {', '.join(map(str, factors)) or 'none'}.")
        self.batches, self.factors, self.seed = batches, tuple(factors), seed

    def __getitem__(self, step: int) -> Batch:
        images, targets = self.batches[step]
        factor = self.factors[int(np.random.default_rng((self.seed, step, 1)).integers(len(self.factors)))]
        zoomed = [zoom(image, target, factor) for image, target in zip(images, targets, strict=True)]
        return [image for image, _ in zoomed], [target for _, target in zoomed]


def zoom(image: NDArray[np.uint8], target: Target, factor: float) -> tuple[NDArray[np.uint8], Target]:
    """A picture uint8 (H, W, 3) and its target, enlarged or reduced; sides are rounded, boxes follow exactly."""
    height, width = image.shape[:2]
    factor = min(factor, max(1.0, MAX_ENLARGED_SIDE_PX / max(height, width)))
    if factor == 1:
        return image, target
    size = max(1, round(width * factor)), max(1, round(height * factor))
    pixels = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA)
    scale = np.array([size[0] / width, size[1] / height] * 2, np.float32)
    return pixels.astype(np.uint8), target.scaled(scale)


def images_of_all_presets(count: int) -> Iterator[NDArray[np.uint8]]:
    """Images uint8 (H, W, 3) of validation scenes, of every preset in turn, each enlarged or reduced at random."""
    rng = np.random.default_rng(0)
    drawn = [Scenes(preset, "val") for preset in PRESETS]
    for i in range(count):
        scene = drawn[i % len(drawn)][i // len(drawn)]
        yield zoom(scene.image, scene.target, float(2 ** rng.uniform(-1, 0.6)))[0]


def draw_strips(
    presets: Sequence[str], first: int, count: int, split: Split, seed: int, mnist_dir: Path | None = None
) -> tuple[NDArray[np.uint8], list[str]]:
    """`count` strips, of each preset in turn: grey uint8 (N, 28, 140), and what is written on each.

    first: index of the first strip; a call that begins where the last one ended gives fresh strips. Raises OptionError
    and DataError.
    """
    sources = [Scenes(preset, split, seed, mnist_dir) for preset in presets]
    pictures = np.empty((count, *STRIP_SIZE_PX), np.uint8)
    texts = []
    for k in range(count):
        index, source = divmod(first + k, len(sources))
        scene = sources[source][index]
        pictures[k] = scene.image[..., 0]
        texts.append("".join(scene.lines or ()))
    return pictures, texts
