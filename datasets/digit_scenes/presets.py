"""Named, frozen recipes. A recipe never changes: a better one gets a new name or a new version.

The same (preset, version, split, seed, index) is the same picture, byte for byte, in any order, in any process.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from detector.errors import OptionError
from digit_scenes.digits import SPLITS, DigitSet, Split, load_digits
from digit_scenes.plain import STRIP, clean_scene, loose_strip_scene, short_strip_scene, strip_scene
from digit_scenes.scene import PageRecipe, Scene, page_scene


@dataclass(frozen=True)
class Preset:
    """A recipe by name. size: height and width of its pictures, pixels."""

    name: str
    version: int
    size: tuple[int, int]
    draw: Callable[[np.random.Generator, DigitSet], Scene]


def _page(name: str, version: int, recipe: PageRecipe) -> Preset:
    return Preset(name, version, recipe.size, partial(page_scene, recipe=recipe))


LINES = PageRecipe(
    size=(384, 384),
    heights=(14, 64),
    lines=(1, 4),
    lengths=(1, 10),
    most_digits=60,
    slope=8,
    perspective=0.04,
    steadiness=0.7,
    light_on_dark=0.3,
    redrawn=0.3,
    embellished=0.0,
    furnished=0.0,
    patterned=0.0,
    desks=0.0,
    lit=0.5,
    photographed=0.3,
    spilled=0.0,
    scattered=0.0,
    blank=0.0,
    clutter=0,
)
PAPER = PageRecipe(
    size=(512, 512),
    heights=(11, 130),
    lines=(1, 8),
    lengths=(1, 10),
    most_digits=60,
    slope=15,
    perspective=0.12,
    steadiness=1.0,
    light_on_dark=0.25,
    redrawn=0.75,
    embellished=0.3,
    furnished=0.5,
    patterned=0.2,
    desks=0.15,
    lit=0.6,
    photographed=0.85,
    spilled=0.12,
    scattered=0.2,
    blank=0.06,
    clutter=12,
)
AMOUNTS = PageRecipe(
    size=(96, 320),
    heights=(30, 88),
    lines=(1, 1),
    lengths=(1, 9),
    most_digits=20,
    slope=5,
    perspective=0.06,
    steadiness=1.0,
    light_on_dark=0.12,
    redrawn=0.8,
    embellished=0.4,
    furnished=0.6,
    patterned=0.55,
    desks=0.03,
    lit=0.4,
    photographed=0.8,
    spilled=0.4,
    scattered=0.0,
    blank=0.02,
    clutter=3,
)

PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset("clean", 1, (300, 300), clean_scene),
        Preset("strips", 1, STRIP, strip_scene),
        Preset("short-strips", 1, STRIP, short_strip_scene),
        Preset("loose-strips", 1, STRIP, loose_strip_scene),
        _page("lines", 1, LINES),
        _page("paper", 1, PAPER),
        _page("amounts", 1, AMOUNTS),
    )
}


def get_preset(name: str) -> Preset:
    """The preset of that name. Raises OptionError where there is none."""
    if name not in PRESETS:
        raise OptionError(f"--preset {name}: there is no such preset; expected one of {', '.join(PRESETS)}.")
    return PRESETS[name]


class Scenes:
    """The endless row of scenes of a preset: `Scenes("paper", "train")[123]`, made when asked for.

    split: whose digits are used; `train`, `val` and `test` never share one. seed: another row of the same kind.
    mnist_dir: a folder with another set of digits in IDX form. Raises OptionError and DataError.
    """

    def __init__(self, preset: str, split: Split, seed: int = 0, mnist_dir: Path | None = None) -> None:
        self._made_with = (preset, split, seed, mnist_dir)
        self.preset = get_preset(preset)
        self.digits = load_digits(split, mnist_dir)
        self._key = (zlib.crc32(preset.encode()), self.preset.version, SPLITS.index(split), seed)

    def __getitem__(self, index: int) -> Scene:
        if index < 0:
            raise IndexError(f"index: expected 0 or more, got {index}")
        return self.preset.draw(np.random.default_rng((*self._key, index)), self.digits)

    def __reduce__(self) -> tuple[type[Scenes], tuple[str, Split, int, Path | None]]:
        """To another process go the arguments alone: it loads the digits itself."""
        return Scenes, self._made_with
