"""Named, frozen recipes. A recipe never changes: a better one gets a new name or a new version.

The same (preset, version, split, seed, index) is the same picture, byte for byte, in any order, in any process.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from detector.errors import OptionError
from digit_scenes.glyphs.digits import SPLITS, DigitSet, Split, load_digits
from digit_scenes.glyphs.fonts import printed_digits
from digit_scenes.glyphs.forms.drawn import drawn_digits
from digit_scenes.glyphs.lettering import lettered_digits
from digit_scenes.plain import STRIP, clean_scene, loose_strip_scene, short_strip_scene, strip_scene
from digit_scenes.recipe import PageRecipe
from digit_scenes.scene import Scene, page_scene

MOST = 125_000  # digits of a split, drawn and all: seconds to draw, and 0.1 GB


@dataclass(frozen=True)
class Preset:
    """A recipe by name. size: height and width of its pictures, pixels.

    drawn, printed, lettered: shares of digits drawn after `forms`, printed in `fonts` and written in the open fonts of
    `lettering`; all others are MNIST's. edition: of the drawn ones.
    """

    name: str
    version: int
    size: tuple[int, int]
    draw: Callable[[np.random.Generator, DigitSet], Scene]
    drawn: float = 0.0
    printed: float = 0.0
    lettered: float = 0.0
    edition: int = 1


def _page(name: str, version: int, recipe: PageRecipe, **digits: Any) -> Preset:
    return Preset(name, version, recipe.size, partial(page_scene, recipe=recipe), **digits)


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
HANDS = PageRecipe(
    size=(72, 256),
    heights=(28, 68),
    lines=(1, 1),
    lengths=(1, 9),
    most_digits=20,
    slope=4,
    perspective=0.05,
    steadiness=1.0,
    light_on_dark=0.04,
    redrawn=0.88,
    embellished=0.0,
    furnished=0.3,
    patterned=0.65,
    desks=0.02,
    lit=0.35,
    photographed=0.8,
    spilled=0.35,
    scattered=0.0,
    blank=0.015,
    clutter=2,
    numbers=(1, 1),
    separated=0.55,
    joined=0.35,
    slanted=0.35,
    grey=0.5,
)
PAGES = replace(PAPER, embellished=0.0, blank=0.1, separated=0.5, joined=0.2, slanted=0.15, worded=0.5)
PLACES = replace(
    PAGES,
    size=(384, 384),
    heights=(10, 150),
    lines=(1, 3),
    lengths=(1, 6),
    furnished=0.2,
    patterned=0.1,
    desks=0.9,
    spilled=0.0,
    scattered=0.08,
    blank=0.45,
    clutter=14,
    textured=0.85,
    far=0.65,
)
SCRIPTS = replace(
    HANDS,
    heights=(24, 68),
    lengths=(3, 9),
    joined=0.45,
    slanted=0.4,
    lit=0.45,
    creased=0.1,
    shown_through=0.15,
    screened=0.03,
    broken=0.15,
)
NOTES = replace(PAGES, creased=0.25, shown_through=0.2, screened=0.12, broken=0.2)
SIGNS = replace(
    PLACES, size=(256, 256), heights=(36, 190), lines=(1, 2), lengths=(1, 4), desks=0.5, blank=0.2, clutter=5, far=0.35
)
HAIRLINES = replace(
    NOTES,
    size=(320, 448),
    heights=(36, 210),
    lines=(1, 3),
    lengths=(1, 7),
    most_digits=24,
    slope=8,
    perspective=0.08,
    light_on_dark=0.3,
    redrawn=1.0,
    furnished=0.2,
    patterned=0.1,
    desks=0.3,
    photographed=0.7,
    spilled=0.05,
    blank=0.03,
    clutter=4,
    grey=0.4,
    creased=0.1,
    shown_through=0.08,
    broken=0.05,
    fine=0.75,
)
FREEHAND = replace(SCRIPTS, lengths=(2, 9), slanted=0.5, light_on_dark=0.08, furnished=0.35, fine=0.15)
DRAFTS = replace(
    FREEHAND, heights=(26, 76), lengths=(2, 8), lit=0.5, patterned=0.75, spilled=0.5, broken=0.1, fine=0.05, faint=0.35
)
PHONES = replace(
    HAIRLINES,
    size=(320, 512),
    heights=(14, 60),
    lines=(1, 5),
    lengths=(4, 13),
    most_digits=70,
    light_on_dark=0.15,
    desks=0.2,
    blank=0.02,
    fine=0.65,
    faint=0.15,
)
LEDGERS = replace(
    DRAFTS, lengths=(2, 9), joined=0.6, separated=0.6, fine=0.0, faint=0.25, broken=0.08, rounded=0.5, alike=0.6
)
INVOICES = replace(
    LEDGERS,
    size=(80, 288),
    heights=(26, 72),
    lengths=(2, 7),
    joined=0.5,
    separated=0.75,
    rounded=0.35,
    alike=0.5,
    ended=0.85,
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
        _page("hands", 1, HANDS, drawn=0.4),
        _page("pages", 1, PAGES, drawn=0.25, printed=0.06),
        _page("places", 1, PLACES, drawn=0.15, printed=0.4),
        _page("scripts", 1, SCRIPTS, drawn=0.45, lettered=0.2, edition=2),
        _page("notes", 1, NOTES, drawn=0.2, printed=0.05, lettered=0.2, edition=2),
        _page("signs", 1, SIGNS, drawn=0.1, printed=0.6, lettered=0.1, edition=2),
        _page("hairlines", 1, HAIRLINES, drawn=0.25, lettered=0.2, edition=2),
        _page("freehand", 1, FREEHAND, drawn=0.65, lettered=0.15, edition=3),
        _page("drafts", 1, DRAFTS, drawn=0.6, lettered=0.1, edition=4),
        _page("phones", 1, PHONES, drawn=0.25, lettered=0.15, edition=4),
        _page("ledgers", 1, LEDGERS, drawn=0.65, lettered=0.08, edition=5),
        _page("invoices", 1, INVOICES, drawn=0.6, lettered=0.08, edition=6),
    )
}


def get_preset(name: str) -> Preset:
    """The preset of that name. Raises OptionError where there is none."""
    if name not in PRESETS:
        raise OptionError(f"--preset {name}: there is no such preset; expected one of {', '.join(PRESETS)}.")
    return PRESETS[name]


@lru_cache(maxsize=8)
def mixed_digits(
    split: Split, drawn: float = 0.0, printed: float = 0.0, lettered: float = 0.0, edition: int = 1
) -> DigitSet:
    """MNIST's digits of a split and so many others that these are the given shares of all.

    At most MOST in all: where the shares ask for more, MNIST's first ones have to do.
    """
    sets = [load_digits(split)]
    own = 1 - drawn - printed - lettered
    total = len(sets[0]) / own
    if total > MOST:
        total, few = MOST, round(MOST * own)
        sets = [DigitSet(sets[0].images[:few], sets[0].labels[:few])]
    if drawn:
        sets.append(drawn_digits(split, round(total * drawn), edition))
    if lettered:
        sets.append(lettered_digits(split, round(total * lettered)))
    if printed:
        sets.append(printed_digits(split, round(total * printed)))
    if len(sets) == 1:
        return sets[0]
    images, labels = np.concatenate([s.images for s in sets]), np.concatenate([s.labels for s in sets])
    return DigitSet(images, labels, printed_count=len(sets[-1]) if printed else 0)


class Scenes:
    """The endless row of scenes of a preset: `Scenes("paper", "train")[123]`, made when asked for.

    split: whose digits are used; `train`, `val` and `test` never share one. seed: another row of the same kind.
    mnist_dir: a folder with another set of digits in IDX form, which are then the only ones: a preset's drawn and
    printed ones are Latin as MNIST's are, and the folder's may be of another kind. Raises OptionError and DataError.
    """

    def __init__(self, preset: str, split: Split, seed: int = 0, mnist_dir: Path | None = None) -> None:
        self._made_with = (preset, split, seed, mnist_dir)
        self.preset = own = get_preset(preset)
        self.digits = (
            load_digits(split, mnist_dir)
            if mnist_dir
            else mixed_digits(split, own.drawn, own.printed, own.lettered, own.edition)
        )
        self._key = (zlib.crc32(preset.encode()), own.version, SPLITS.index(split), seed)

    def __getitem__(self, index: int) -> Scene:
        if index < 0:
            raise IndexError(f"index: expected 0 or more, got {index}")
        return self.preset.draw(np.random.default_rng((*self._key, index)), self.digits)

    def __reduce__(self) -> tuple[type[Scenes], tuple[str, Split, int, Path | None]]:
        """To another process go the arguments alone: it loads the digits itself."""
        return Scenes, self._made_with
