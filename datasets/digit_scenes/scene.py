"""rng + digits -> Scene. A page of numbers is laid out flat, put under a camera, written, lit and photographed.

The boxes are those of the ink as drawn: every digit is brought to the canvas by one map, that of its place on the page
continued by the page's perspective, and nothing moves a pixel afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from detector.types import Target
from digit_scenes import stages
from digit_scenes.chance import happens, happens_no_draw_at_zero
from digit_scenes.glyphs.digits import DigitSet
from digit_scenes.ink import clutter, writing
from digit_scenes.ink.hand import Hand
from digit_scenes.ink.layout import NumberSlots, Slot, scatter, write_lines
from digit_scenes.ink.perspective import PaperPlacement
from digit_scenes.recipe import PageRecipe
from digit_scenes.surface.sheet import Sheet
from digit_scenes.writer import Writer, punctuate, separate

MAX_SCATTERED_DIGITS = 25


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
    page = stages.lay_page(rng, recipe.camera)
    height = float(np.exp(rng.uniform(*np.log(recipe.text.digit_heights))))
    sheet = Sheet(recipe.camera.size)
    writer = Writer(rng, digits, recipe, sheet, page.matrix)
    colours = stages.choose_colours(rng, recipe)
    text = _compose(rng, digits, recipe, page, height)

    picture, page = stages.prepare_paper(
        rng,
        recipe,
        page,
        colours,
        height,
        bool(text.slots),
        partial(_frames, rng, text.lines) if text.lines else None,
    )
    _write(rng, recipe, writer, text, page, height)
    smallest = min((slot.height for slot in text.slots), default=height)
    cover = stages.wear_strokes(rng, recipe, sheet, smallest)
    screened = happens_no_draw_at_zero(rng, recipe.camera.screened)
    picture = stages.ink_paper(rng, recipe, picture, sheet, cover, page, colours, screened)
    picture = stages.take_picture(rng, recipe.camera, picture, colours.paper, screened, smallest)

    target = sheet.target()
    return Scene(picture, target, _lines_of_text(digits, text, target))


def _by_hand_or_printed(rng: np.random.Generator, digits: DigitSet) -> DigitSet:
    """The digits of one page, which is printed or written by hand."""
    if not digits.printed_count:
        return digits
    return digits.handwritten_and_printed[int(happens(rng, digits.printed_count / len(digits)))]


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


def _frames(rng: np.random.Generator, lines: Sequence[Sequence[NumberSlots]]) -> list[stages.Frame]:
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


def _lines_of_text(digits: DigitSet, text: _Text, target: Target) -> tuple[str, ...] | None:
    """What a reader is to find, see `Scene.lines`."""
    if (text.slots and not text.lines) or target.ignore.any() or len(target) != len(text.slots):
        return None
    return tuple(
        " ".join("".join(str(digits.labels[slot.digit]) for slot in number) for number in line) for line in text.lines
    )
