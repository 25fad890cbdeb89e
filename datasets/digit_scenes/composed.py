"""rng + digits -> Scene, composed: pages of digits, signs and letters, each labelled. For kinds see `ink.composition`.

The boxes are those of the ink as drawn, as those of `scene`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np

from detector.categories import DIGIT_COUNT
from digit_scenes import stages
from digit_scenes.chance import happens, happens_no_draw_at_zero
from digit_scenes.glyphs.digits import DigitSet, Split
from digit_scenes.glyphs.ink_letters import has_letters, ink_letters
from digit_scenes.glyphs.letters import LetterSource, StrokeGlyph, letter_sources
from digit_scenes.ink import clutter, pens, writing
from digit_scenes.ink.composition.composer import Composer
from digit_scenes.ink.composition.kinds import KINDS
from digit_scenes.ink.composition.page import Composition, Mark
from digit_scenes.ink.composition.scribe import Scribe, marked, ridge_level
from digit_scenes.ink.hand import Hand
from digit_scenes.ink.perspective import Matrix, localise, transform
from digit_scenes.ink.strokes import MIN_STROKE_PX, Nib, draw_strokes
from digit_scenes.recipe import PageRecipe
from digit_scenes.scene import Scene
from digit_scenes.surface import paper
from digit_scenes.surface.copies import copy_badly
from digit_scenes.surface.paper import Colours, Picture
from digit_scenes.surface.ruled import rule
from digit_scenes.surface.sheet import Sheet
from digit_scenes.writer import Writer

MIN_POINT_PX = 1.8
"""Least thickness of points and of signs like them, pixels."""
MIN_CONTRAST_GREY = 7.0
"""Ink that differs less from its paper in the finished picture, of 255, cannot be made out: it is ignored."""
MAX_TRACE_SHARE = 0.33
"""Most of a character that is seen of what peeps in over the border."""
SMALL_DIGIT_PX, MAX_SMALL_THICKNESS = 26.0, 0.17
"""Digits lower than that are not written with thicker pens, in heights of a digit: their loops would close."""
PEN_THICKNESSES = {"hair": (1 / 60, 1 / 22), "usual": (1 / 22, 1 / 7), "felt": (1 / 7, 1 / 4)}
"""Least and most, in heights of a digit."""

MAX_DARKENING = 1.8
"""Most that the thin ink of a digit is darkened, to be as dark as the strokes beside it."""
INK_LETTERS_SHARE = 0.25
"""Share of handwritten pages in letters of real ink, where there are some."""


@dataclass(frozen=True)
class ComposedRecipe:
    """What composed pages look like."""

    page: PageRecipe
    """Paper, camera, hands and clutter; of its text the heights, the counts of lines, and how many are blank."""
    kinds: Mapping[str, float]
    """Weights of kinds, see `ink.composition.kinds`."""
    letters: Mapping[str, float] = field(default_factory=lambda: {"print": 0.15, "skeletons": 0.85})
    """Weights of sources of letters, see `glyphs.letters`."""
    own_digits: float = 0.5
    """Share of pages whose digits are of the same source as the letters, where it has digits."""
    pens: Mapping[str, float] = field(default_factory=lambda: {"hair": 0.15, "usual": 0.65, "felt": 0.2})
    """Weights of pens, see PEN_THICKNESSES."""
    hard: float = 0.0
    """Share of pens with hard edges, as in simple drawing programs."""
    flat: float = 0.0
    """Share of pages that are drawings on a screen: one clean colour on another, by no light and no camera."""
    second: Mapping[str, float] = field(default_factory=dict)
    """Weights of sources of letters of whoever writes beside the first, see `Composer.second`; none for nobody."""
    bordered: float = 0.0
    """Share of pages that are one cell, with rulings along its sides."""
    copied: float = 0.0
    """Share of pictures that are bad copies, see `surface.copies`."""
    struck: float = 0.0
    """Share of numbers that are struck out."""
    ruled: float = 0.0
    """Share of pages on ruled or squared paper whose lines the writing keeps to."""
    weight: float = 1.0
    """How often pages are of this recipe, relative to the preset's others."""


def _pick(rng: np.random.Generator, weights: Mapping[str, float]) -> str:
    shares = np.array(list(weights.values()))
    return str(rng.choice(list(weights), p=shares / shares.sum()))


def composed_scene(
    rng: np.random.Generator,
    digits: DigitSet,
    split: Split,
    recipes: Sequence[ComposedRecipe],
    inks: Path | None = None,
) -> Scene:
    """A page after one of some recipes. The same rng gives the same scene, byte for byte.

    split: whose letters are written; digits: those of the same split. inks: a folder of real ink, in whose letters a
    share of the handwritten pages is written.
    """
    weights = np.array([recipe.weight for recipe in recipes])
    composed = recipes[int(rng.choice(len(recipes), p=weights / weights.sum()))]
    recipe = composed.page
    page = stages.lay_page(rng, recipe.camera)
    height = float(np.exp(rng.uniform(*np.log(recipe.text.digit_heights))))
    sheet = Sheet(recipe.camera.size)
    writer = Writer(rng, digits, recipe, sheet, page.matrix)
    flat = happens_no_draw_at_zero(rng, composed.flat)
    colours = _clean_colours(rng, recipe.paper.light_on_dark) if flat else stages.choose_colours(rng, recipe)
    scribe = _scribe(rng, digits, split, composed, height, inks)
    beside = replace(composed, letters=composed.second) if composed.second else None
    second = _scribe(rng, digits, split, beside, height, inks) if beside else None
    composition = Composition()
    if not happens(rng, recipe.text.blank):
        rows = int(rng.integers(recipe.text.line_counts[0], recipe.text.line_counts[1] + 1))
        KINDS[_pick(rng, composed.kinds)](
            Composer(rng, scribe, page.size, height, rows, composition, second, composed.struck, composed.ruled)
        )

    if composed.ruled and composition.rulings:
        recipe = recipe.changed(paper={"furnished": 0.0})
    frames = composition.frames
    picture, page = stages.prepare_paper(
        rng, recipe, page, colours, height, bool(composition.marks), _frames(rng, frames) if frames else None
    )
    if happens_no_draw_at_zero(rng, composed.bordered):
        paper.cell_borders(rng, picture, page, colours)
    if flat:
        picture = paper.flat(sheet.size, colours.paper)
    rule(picture, page.matrix, colours, composition.fills, composition.rulings)
    _write(composition, scribe.nib, sheet, page.matrix)
    _add_clutter(rng, recipe, writer, page.size, height, bool(composition.marks))
    smallest = min((mark.height for mark in composition.marks if mark.label < DIGIT_COUNT), default=height)
    cover = stages.wear_strokes(rng, recipe, sheet, smallest)
    screened = happens_no_draw_at_zero(rng, recipe.camera.screened)
    picture = stages.ink_paper(rng, recipe, picture, sheet, cover, page, colours, screened)
    picture = stages.take_picture(rng, recipe.camera, picture, colours.paper, screened, smallest)
    if happens_no_draw_at_zero(rng, composed.copied):
        picture = copy_badly(rng, picture, smallest)
    return _scene(picture, sheet, composition)


def _clean_colours(rng: np.random.Generator, light_on_dark: float) -> Colours:
    """Black on white or white on black, as drawing programs have it; or any strong colour on either."""
    dark = happens(rng, light_on_dark)
    ground = np.full(3, 0.0 if dark else 255.0) if happens(rng, 0.8) else rng.uniform(0, 45, 3) + (0 if dark else 210)
    ink = 255.0 - np.round(ground / 255) * 255
    if happens(rng, 0.3):
        ink = rng.permutation(np.array([rng.uniform(0, 60), rng.uniform(0, 255), rng.uniform(0, 255)]))
        ink = 255 - ink * 0.5 if dark else ink * 0.6
    return Colours(ground, ink)


def letters_of_page(rng: np.random.Generator, split: Split, recipe: ComposedRecipe, inks: Path | None) -> LetterSource:
    """Whose letters a page is written in."""
    letters = letter_sources()[_pick(rng, recipe.letters)](rng, split)
    if inks and not letters.printed and has_letters(inks, split) and happens(rng, INK_LETTERS_SHARE):
        return ink_letters(rng, split, inks)
    return letters


def _scribe(
    rng: np.random.Generator,
    digits: DigitSet,
    split: Split,
    recipe: ComposedRecipe,
    height: float,
    inks: Path | None,
) -> Scribe:
    """Somebody with a pen, who writes digits about `height` pixels high."""
    letters = letters_of_page(rng, split, recipe, inks)
    fallback = letter_sources()["print" if letters.printed else "skeletons"](rng, split)
    low, high = PEN_THICKNESSES[_pick(rng, recipe.pens)]
    thickness = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    most = MAX_SMALL_THICKNESS if height < SMALL_DIGIT_PX else PEN_THICKNESSES["felt"][1]
    thickness = min(max(thickness, MIN_STROKE_PX / height), most)
    nib = Nib(letters.stroke or thickness, float(rng.uniform(0.2, 0.9)), happens_no_draw_at_zero(rng, recipe.hard))
    hand = Hand.of(rng, recipe.page.hand, recipe.page.text.number_lengths)
    return Scribe(
        rng,
        digits,
        letters,
        fallback,
        own_digits=(letters.printed or happens(rng, recipe.own_digits)) and not digits.alone,
        nib=nib,
        hand=hand,
        chosen={},
        alike=happens(rng, 0.5),
        bent=happens(rng, 0.8),
        embellished=happens(rng, recipe.page.pen.embellished),
    )


def _frames(rng: np.random.Generator, boxes: Sequence[stages.Frame]) -> Callable[[], list[stages.Frame]]:
    """Form boxes around numbers."""

    def frames() -> list[stages.Frame]:
        pad = rng.uniform(0.1, 0.4)
        return [
            (x0 - pad * (y1 - y0), y0 - pad * (y1 - y0), x1 + pad * (y1 - y0), y1 + pad * (y1 - y0))
            for x0, y0, x1, y1 in boxes
        ]

    return frames


def draw_mark(mark: Mark, page: Matrix, nib: Nib, canvas: tuple[int, int]) -> pens.Ink | None:
    """Ink of a mark on a canvas of (height, width). page: homography (3, 3) from the page to the canvas."""
    glyph = mark.glyph
    if isinstance(glyph, StrokeGlyph):
        strokes = [transform(page, stroke @ mark.matrix[:, :2].T + mark.matrix[:, 2]) for stroke in glyph.strokes]
        thickness = nib.thickness * glyph.weight * mark.height
        return draw_strokes(strokes, max(thickness, MIN_POINT_PX) if glyph.weight > 1 else thickness, nib, canvas)
    affine = marked(mark.matrix, glyph.matrix)
    middle = affine @ (glyph.field.shape[1] / 2, glyph.field.shape[0] / 2, 1.0)
    level = glyph.level if glyph.level is not None else ridge_level(nib.thickness)
    pen = pens.Pen(level, 0.1 if nib.hard else 1 + nib.softness, glyph.level is None)
    ink = pens.draw(glyph.field, localise(page, affine, *middle.tolist()), pen, canvas)
    if ink and nib.hard:
        return replace(ink, alpha=cv2.threshold(ink.alpha, 127, 255, cv2.THRESH_BINARY)[1].astype(np.uint8))
    if ink is None or not (peak := int(ink.alpha.max())):
        return ink
    # As dark as the letters and signs beside it, however thin: a paler digit would give itself away.
    return replace(ink, alpha=cv2.convertScaleAbs(ink.alpha, alpha=min(255 / peak, MAX_DARKENING)))


def _write(composition: Composition, nib: Nib, sheet: Sheet, page: Matrix) -> None:
    """The composition's ink on a sheet."""
    for mark in composition.marks:
        ink = draw_mark(mark, page, nib, sheet.size)
        if not mark.trace:
            sheet.write_digit(ink, mark.label)
        elif ink and sheet.visible(ink) < MAX_TRACE_SHARE:
            sheet.write_sign(ink)


def _add_clutter(
    rng: np.random.Generator,
    recipe: PageRecipe,
    writer: Writer,
    page: tuple[float, float],
    height: float,
    written: bool,
) -> None:
    """Things beside what is written, where there is room, as on other pages."""
    if not recipe.text.max_clutter or (written and happens(rng, 0.4)):
        return
    for _ in range(int(rng.integers(0, recipe.text.max_clutter + 1))):
        worded = happens_no_draw_at_zero(rng, recipe.text.worded)
        writer.add_clutter(
            writing.any_words(rng) if worded else clutter.any_clutter(rng),
            float(rng.uniform(0, page[1])),
            float(rng.uniform(0, page[0])),
            height * float(np.exp(rng.uniform(-0.5, 0.6))),
        )


def _scene(picture: Picture, sheet: Sheet, composition: Composition) -> Scene:
    """The scene of a finished picture. It has no text where a digit is hidden, wholly or partly."""
    target = sheet.target(sheet.contrasts(picture) < MIN_CONTRAST_GREY)
    digits = target.labels < DIGIT_COUNT
    count = sum(mark.label < DIGIT_COUNT and not mark.trace for mark in composition.marks)
    if not composition.told or target.ignore[digits].any() or np.count_nonzero(digits) != count:
        return Scene(picture, target, None)
    lines = composition.lines()
    if sum(len(number.digits) for line in lines for number in line) != count:  # a set of digits may lack some
        return Scene(picture, target, None)
    told = tuple(" ".join(number.digits for number in line) for line in lines)
    return Scene(picture, target, told, tuple(" ".join(number.written for number in line) for line in lines))
