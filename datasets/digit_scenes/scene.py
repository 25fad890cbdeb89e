"""rng + digits -> Scene. A page of numbers is laid out flat, put under a camera, written, lit and photographed.

The boxes are those of the ink as drawn: every digit is brought to the canvas by one map, that of its place on the page
continued by the page's perspective, and nothing moves a pixel afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.types import Target
from digit_scenes.chance import happens, happens_no_draw_at_zero
from digit_scenes.glyphs.digits import DigitSet
from digit_scenes.ink import clutter, writing
from digit_scenes.ink.hand import Hand
from digit_scenes.ink.layout import NumberSlots, Slot, scatter, write_lines
from digit_scenes.ink.perspective import PaperPlacement, place_page
from digit_scenes.recipe import CameraRecipe, PageRecipe
from digit_scenes.surface import paper, screens, textures, wear
from digit_scenes.surface.augment import photograph
from digit_scenes.surface.paper import Colour, Colours, Picture
from digit_scenes.surface.sheet import Sheet, blend
from digit_scenes.writer import Writer, punctuate, separate

INNER_SPILL = -0.03
"""Spill of a page that lies within the picture: a little smaller than it, see `place_page`."""
MAX_SCATTERED_DIGITS = 25
BRIGHT_GREY = 120
"""Papers brighter than that, of 255, are light: they let the other side through, and bear deep shadows."""
WHITE_GREY = 200
"""Papers brighter than that, of 255, are white."""
MARGIN_ON_DESK, MARGIN_BEYOND_PICTURE = 0.04, 0.45
"""How far paper goes on beyond the page, relative to it: with its edges in the picture, and far outside."""
MIN_SHADE, MIN_SHADE_LIGHT_ON_DARK = 0.35, 0.6
"""The least that is left of the light; more where ink is lighter than its paper, so that it stays readable."""


@dataclass(frozen=True, eq=False)
class Scene:
    """A picture and what is truly in it."""

    image: NDArray[np.uint8]
    """uint8 (H, W, 3), RGB."""
    target: Target
    """Every digit of which anything can be seen and, on composed pages, every sign and letter."""
    lines: tuple[str, ...] | None
    """The text in reading order, numbers on a line parted by a space; () where there is no digit.

    None where there is no text to speak of: scattered digits, or lines of which a digit is hidden, partly or wholly.
    """
    written: tuple[str, ...] | None = None
    """As lines, each number with the signs that belong to it: "12.5", "-3", "110,000/-". None where it is not told."""


@dataclass(frozen=True)
class _Text:
    """What is to be written on a page."""

    slots: Sequence[Slot]
    """Every digit's place; none on a blank page."""
    lines: Sequence[Sequence[NumberSlots]] = ()
    """The same by line and number; none where digits are scattered."""
    hand: Hand | None = None
    """Whose lines they are."""


def page_scene(rng: np.random.Generator, digits: DigitSet, recipe: PageRecipe) -> Scene:
    """A page after a recipe, with digits of a set. The same rng gives the same scene, byte for byte.

    Every step draws random numbers, always in this order: a step moved or put in between would change every scene.
    """
    digits = _by_hand_or_printed(rng, digits)
    page = _place_page(rng, recipe.camera)
    height = float(np.exp(rng.uniform(*np.log(recipe.text.digit_heights))))
    sheet = Sheet(recipe.camera.size)
    writer = Writer(rng, digits, recipe, sheet, page.matrix)
    colours = _choose_colours(rng, recipe)
    text = _compose(rng, digits, recipe, page, height)

    picture, page = _prepare_paper(rng, recipe, page, colours, text, height)
    _write(rng, recipe, writer, text, page, height)
    smallest = min((slot.height for slot in text.slots), default=height)
    cover = _wear_strokes(rng, recipe, sheet, smallest)
    screened = happens_no_draw_at_zero(rng, recipe.camera.screened)
    picture = _ink_paper(rng, recipe, picture, sheet, cover, page, colours, screened)
    picture = _photograph(rng, recipe.camera, picture, colours.paper, screened, smallest)

    target = sheet.target()
    return Scene(picture, target, _lines_of_text(digits, text, target))


def _by_hand_or_printed(rng: np.random.Generator, digits: DigitSet) -> DigitSet:
    """The digits of one page, which is printed or written by hand."""
    if not digits.printed_count:
        return digits
    return digits.handwritten_and_printed[int(happens(rng, digits.printed_count / len(digits)))]


def _place_page(rng: np.random.Generator, camera: CameraRecipe) -> PaperPlacement:
    """Where the page lies in the picture."""
    spill = float(rng.uniform(0.02, 0.2)) if happens(rng, camera.spilled) else INNER_SPILL
    if camera.max_shrink:
        spill = -float(rng.uniform(0.0, camera.max_shrink))
    slope = float(rng.uniform(-1, 1)) * camera.max_slope * (1.0 if happens(rng, 0.6) else 0.2)
    return place_page(rng, camera.size, slope, float(rng.uniform(0, camera.max_perspective)), spill)


def _choose_colours(rng: np.random.Generator, recipe: PageRecipe) -> Colours:
    """A paper, and an ink that can be told from it."""
    colours = paper.colours(rng, recipe.paper.light_on_dark)
    if not happens_no_draw_at_zero(rng, recipe.pen.faint):
        return colours
    ground, ink = colours
    if ground.mean() > WHITE_GREY:  # light from the side would leave nothing of a pale ink on white paper
        ground = ground * rng.uniform(0.5, 0.85)
    return Colours(ground, paper.faded(rng, ground, ink))


def _compose(
    rng: np.random.Generator, digits: DigitSet, recipe: PageRecipe, page: PaperPlacement, height: float
) -> _Text:
    """What is to be written: nothing, scattered digits, or lines of numbers `height` pixels high."""
    text = recipe.text
    kind = rng.uniform()
    if kind < text.blank:
        return _Text([])
    if kind < text.blank + text.scattered:
        count = int(rng.integers(1, min(text.max_digits, MAX_SCATTERED_DIGITS) + 1))
        return _Text(scatter(rng, digits, page.size, count, text.digit_heights, float(rng.uniform(0.02, 0.2))))
    hand = Hand.of(rng, recipe.hand, text.number_lengths)
    lines = write_lines(rng, digits, hand, height, page.size, text.line_counts, text.max_digits, text.number_counts)
    return _Text([slot for line in lines for number in line for slot in number], lines, hand)


def _prepare_paper(
    rng: np.random.Generator,
    recipe: PageRecipe,
    page: PaperPlacement,
    colours: Colours,
    text: _Text,
    height: float,
) -> tuple[Picture, PaperPlacement]:
    """The paper before anything is written, with what lies around it, and how far it reaches beyond the page."""
    size = recipe.camera.size
    world = textures.texture(rng, size) if happens_no_draw_at_zero(rng, recipe.paper.textured) else None
    picture = paper.blank(rng, size, colours.paper) if text.slots or world is None else world
    if happens(rng, recipe.paper.patterned):
        paper.security_pattern(rng, picture, colours)
    if happens(rng, recipe.paper.furnished):
        if not text.lines or happens(rng, 0.6):
            paper.rulings(rng, picture, page, colours, height)
        else:
            paper.form_boxes(rng, picture, _frames(rng, text.lines), page, colours)
    on_desk = happens(rng, recipe.paper.on_desk)
    if on_desk:
        paper.desk(rng, picture, page, world)
    return picture, replace(page, margin=MARGIN_ON_DESK if on_desk else MARGIN_BEYOND_PICTURE)


def _frames(
    rng: np.random.Generator, lines: Sequence[Sequence[NumberSlots]]
) -> list[tuple[float, float, float, float]]:
    """Form boxes around numbers, on the page: x0, y0, x1, y1, in pixels."""
    pad = rng.uniform(0.15, 0.5)
    frames = []
    for line in lines:
        for number in line:
            h = max(slot.height for slot in number)
            y = sum(slot.y for slot in number) / len(number)
            reach = h * (0.35 + pad)
            frames.append((number[0].x - reach, y - h * (0.5 + pad), number[-1].x + reach, y + h * (0.5 + pad)))
    return frames


def _write(
    rng: np.random.Generator,
    recipe: PageRecipe,
    writer: Writer,
    text: _Text,
    page: PaperPlacement,
    height: float,
) -> None:
    """Ink on the writer's sheet: the digits, the signs in and beside numbers, and clutter where no digit is."""
    for slot in text.slots:
        writer.write_digit(slot)
    numbers = [number for line in text.lines for number in line]
    if recipe.hand.hurried and text.hand:
        for number in numbers:
            punctuate(rng, writer, number, text.hand)
    if not recipe.text.max_clutter:
        return
    if numbers and not recipe.hand.hurried and happens(rng, 0.4):
        for number in numbers:
            separate(rng, writer, number)
    cluttered = happens(rng, 0.6) or not text.slots
    for _ in range(int(rng.integers(0, recipe.text.max_clutter + 1)) if cluttered else 0):
        worded = happens_no_draw_at_zero(rng, recipe.text.worded)
        writer.add_clutter(
            writing.any_words(rng) if worded else clutter.any_clutter(rng),
            float(rng.uniform(0, page.size[1])),
            float(rng.uniform(0, page.size[0])),
            height * float(np.exp(rng.uniform(-0.5, 0.6))),
        )


def _wear_strokes(rng: np.random.Generator, recipe: PageRecipe, sheet: Sheet, smallest: float) -> float:
    """Press harder here than there, break strokes, in place. Returns how much the ink covers, up to 1.

    smallest: height of the smallest digit, pixels.
    """
    cover = float(rng.uniform(0.7, 1.0)) if happens(rng, recipe.pen.redrawn) else 1.0
    if happens(rng, recipe.pen.redrawn * 0.4):
        cells = int(rng.choice([4, 10, 24] if recipe.hand.hurried else [6, 40, 120]))
        pressure = cv2.max(cv2.min(0.85 - 0.25 * paper.smooth_field(rng, sheet.size, cells), 1.0), 0.3)
        sheet.written = cv2.multiply(sheet.written, pressure, dtype=cv2.CV_8U)
    if happens_no_draw_at_zero(rng, recipe.pen.broken):
        sheet.written = wear.break_strokes(rng, sheet.written, smallest)
    return cover


def _ink_paper(
    rng: np.random.Generator,
    recipe: PageRecipe,
    picture: Picture,
    sheet: Sheet,
    cover: float,
    page: PaperPlacement,
    colours: Colours,
    screened: bool,
) -> Picture:
    """Put the sheet's ink on the paper, and let the paper age: the other side shows through, folds run over the ink.

    cover: how much the ink covers, up to 1. screened: this is a display, which has neither.
    """
    written = cv2.convertScaleAbs(sheet.written, alpha=cover)
    aging = not screened
    if aging and colours.paper.mean() > BRIGHT_GREY and happens_no_draw_at_zero(rng, recipe.paper.shown_through):
        behind = cv2.convertScaleAbs(cv2.max(sheet.written, sheet.clutter), alpha=cover)
        wear.show_through(rng, picture, behind, colours.ink, page)
    ground, ink = colours
    clutter_ink = ink if happens(rng, 0.5) else ground + (ink - ground) * rng.uniform(0.4, 1.0)
    blend(picture, sheet.clutter, clutter_ink)
    blend(picture, written, ink)
    if aging and happens_no_draw_at_zero(rng, recipe.paper.creased):
        picture = wear.crease(rng, picture, page)
    return picture


def _photograph(
    rng: np.random.Generator, camera: CameraRecipe, picture: Picture, ground: Colour, screened: bool, smallest: float
) -> Picture:
    """What light, a display and a camera make of a page.

    ground: the paper's colour. smallest: height of the smallest digit, pixels, by which the loss is bounded.
    """
    if happens(rng, camera.lit):
        picture = paper.light(rng, picture, MIN_SHADE if ground.mean() > BRIGHT_GREY else MIN_SHADE_LIGHT_ON_DARK)
    if screened:
        picture = screens.screen(rng, picture)
    if happens(rng, camera.photographed):
        picture = photograph(rng, picture, smallest)
    if happens_no_draw_at_zero(rng, camera.grey):
        picture = cv2.merge([cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)] * 3)
    return picture


def _lines_of_text(digits: DigitSet, text: _Text, target: Target) -> tuple[str, ...] | None:
    """What a reader is to find, see `Scene.lines`."""
    if (text.slots and not text.lines) or target.ignore.any() or len(target) != len(text.slots):
        return None
    return tuple(
        " ".join("".join(str(digits.labels[slot.digit]) for slot in number) for number in line) for line in text.lines
    )
