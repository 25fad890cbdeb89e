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
from digit_scenes.composed import ComposedRecipe, composed_scene
from digit_scenes.compositions import CELLS, RECORDS, SUMS
from digit_scenes.glyphs.digits import SPLITS, DigitSet, Split, load_digits
from digit_scenes.glyphs.fonts import printed_digits
from digit_scenes.glyphs.forms.drawn import drawn_digits
from digit_scenes.glyphs.lettering import lettered_digits
from digit_scenes.glyphs.real_ink import RealInk, read_inks
from digit_scenes.letter_recipes import LABELS, WORDS, WRITING
from digit_scenes.page_recipes import (
    AMOUNTS,
    DRAFTS,
    FREEHAND,
    HAIRLINES,
    HANDS,
    INVOICES,
    LEDGERS,
    LINES,
    NOTES,
    PAGES,
    PAPER,
    PHONES,
    PLACES,
    SCRIPTS,
    SIGNS,
)
from digit_scenes.plain import STRIP_SIZE_PX, clean_scene, loose_strip_scene, short_strip_scene, strip_scene
from digit_scenes.recipe import PageRecipe
from digit_scenes.scene import Scene, page_scene
from digit_scenes.table_recipes import TABLES

MAX_DIGITS = 125_000
"""Most digits of a split, all sources together: they take seconds to draw, and 0.1 GB."""


@dataclass(frozen=True)
class Preset:
    """A kind of scenes by name, and the digits that they show: MNIST's, and shares of others."""

    name: str
    """What it is called, also in the seed of each of its scenes."""
    version: int
    """Of the preset; another version is another row of scenes."""
    size: tuple[int, int]
    """Height and width of its pictures, pixels."""
    draw: Callable[[np.random.Generator, DigitSet, Split, Path | None], Scene]
    """Makes a scene of the digits it is given, and of letters of the same split, a folder's real ink among them."""
    drawn: float = 0.0
    """Share of digits drawn after forms, see `glyphs.forms`."""
    printed: float = 0.0
    """Share of digits printed, see `glyphs.fonts`."""
    lettered: float = 0.0
    """Share of digits in open handwriting fonts, see `glyphs.lettering`."""
    edition: int = 1
    """Of the drawn digits: later editions have more forms."""
    mnist_alone: bool = False
    """Whether it shows MNIST's digits alone, even where there is real ink."""


def _plain(name: str, size: tuple[int, int], draw: Callable[[np.random.Generator, DigitSet], Scene]) -> Preset:
    """A preset of MNIST's digits alone."""
    return Preset(name, 1, size, lambda rng, digits, *_: draw(rng, digits), mnist_alone=True)


def _page(name: str, version: int, recipe: PageRecipe, **digits: Any) -> Preset:
    """The preset of a recipe. digits: its shares and the edition, see `Preset`."""
    draw = partial(page_scene, recipe=recipe)
    return Preset(name, version, recipe.camera.size, lambda rng, own, *_: draw(rng, own), **digits)


def _composed(name: str, version: int, *recipes: ComposedRecipe) -> Preset:
    """The preset of recipes whose pictures are all of one size. All have the same digits, which are drawn only once."""

    def draw(rng: np.random.Generator, own: DigitSet, split: Split, inks: Path | None) -> Scene:
        return composed_scene(rng, own, split, recipes, inks)

    return Preset(name, version, recipes[0].page.camera.size, draw, drawn=0.6, lettered=0.08, edition=6)


PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        _plain("clean", (300, 300), clean_scene),
        _plain("strips", STRIP_SIZE_PX, strip_scene),
        _plain("short-strips", STRIP_SIZE_PX, short_strip_scene),
        _plain("loose-strips", STRIP_SIZE_PX, loose_strip_scene),
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
        _composed("sums", 1, *SUMS),
        _composed("tables", 1, *TABLES),
        _composed("writing", 1, *WRITING),
        _composed("records", 1, *RECORDS),
        _composed("cells", 1, *CELLS),
        _composed("words", 1, *WORDS),
        _composed("labels", 1, *LABELS),
    )
}


def get_preset(name: str) -> Preset:
    """The preset of that name. Raises OptionError where there is none."""
    if name not in PRESETS:
        raise OptionError(f"--preset {name}: there is no such preset; expected one of {', '.join(PRESETS)}.")
    return PRESETS[name]


@lru_cache(maxsize=8)
def mixed_digits(
    split: Split,
    drawn: float = 0.0,
    printed: float = 0.0,
    lettered: float = 0.0,
    edition: int = 1,
    ink: RealInk | None = None,
) -> DigitSet:
    """MNIST's digits of a split, and as many others as the shares ask for.

    At most MAX_DIGITS in all: where the shares ask for more, only the first ones of MNIST are among them. Where they
    ask for more real ink than there is, all of it comes again.
    """
    sets = [load_digits(split)]
    real = ink.share * (1 - printed) if ink else 0.0
    if ink:
        drawn, lettered = drawn * (1 - ink.share), lettered * (1 - ink.share)
    own = 1 - drawn - printed - lettered - real
    total = len(sets[0]) / own
    if total > MAX_DIGITS:
        total, count = MAX_DIGITS, round(MAX_DIGITS * own)
        sets = [DigitSet(sets[0].images[:count], sets[0].labels[:count])]
    if drawn:
        sets.append(drawn_digits(split, round(total * drawn), edition))
    if lettered:
        sets.append(lettered_digits(split, round(total * lettered)))
    if ink:
        inked = read_inks(ink.folder, split)
        room = MAX_DIGITS - sum(map(len, sets)) - round(total * printed)
        again = np.arange(min(round(total * real), room)) % len(inked)
        sets.append(DigitSet(inked.images[again], inked.labels[again]))
    if printed:
        sets.append(printed_digits(split, round(total * printed)))
    if len(sets) == 1:
        return sets[0]
    images, labels = np.concatenate([s.images for s in sets]), np.concatenate([s.labels for s in sets])
    return DigitSet(images, labels, printed_count=len(sets[-1]) if printed else 0)


class Scenes:
    """The endless row of scenes of a preset: `Scenes("paper", "train")[123]`, made when asked for.

    split: whose digits are used; `train`, `val` and `test` never share one. seed: another seed is another row.
    mnist_dir: a folder with another set of digits in IDX form. Its digits are then the only ones: a preset's drawn and
    printed ones are Latin, and the folder's may be of another script. ink: real ink among the handwritten digits of all
    presets but those that show MNIST's alone, and its letters, if it has some, on a share of composed pages. Raises
    OptionError and DataError.
    """

    def __init__(
        self, preset: str, split: Split, seed: int = 0, mnist_dir: Path | None = None, ink: RealInk | None = None
    ) -> None:
        if mnist_dir and ink:
            raise OptionError(
                f"--mnist-dir {mnist_dir}, --ink-dir {ink.folder}: expected one of them, got both; leave one out."
            )
        self._made_with = (preset, split, seed, mnist_dir, ink)
        self.preset = own = get_preset(preset)
        self.digits = (
            replace(load_digits(split, mnist_dir), alone=True)
            if mnist_dir
            else mixed_digits(
                split, own.drawn, own.printed, own.lettered, own.edition, None if own.mnist_alone else ink
            )
        )
        self._key = (zlib.crc32(preset.encode()), own.version, SPLITS.index(split), seed)

    def __getitem__(self, index: int) -> Scene:
        """Scene `index`. Raises IndexError below 0."""
        if index < 0:
            raise IndexError(f"index: expected 0 or more, got {index}")
        _, split, _, _, ink = self._made_with
        rng = np.random.default_rng((*self._key, index))
        return self.preset.draw(rng, self.digits, split, ink.folder if ink else None)

    def __reduce__(self) -> tuple[type[Scenes], tuple[str, Split, int, Path | None, RealInk | None]]:
        """Only the arguments are pickled: another process loads the digits itself."""
        return Scenes, self._made_with
