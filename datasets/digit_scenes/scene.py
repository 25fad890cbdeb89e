"""rng + digits -> Scene. A page of numbers is laid out flat, put under a camera, written, lit and photographed.

The boxes are those of the ink as drawn: every digit is brought to the canvas by one map, that of its place on the page
continued by the page's perspective, and nothing moves a pixel afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.types import Target
from digit_scenes.glyphs.digits import DigitSet
from digit_scenes.ink import clutter, writing
from digit_scenes.ink.layout import Hand, Number, Slot, page_to_canvas, scatter, write_lines
from digit_scenes.recipe import PageRecipe
from digit_scenes.surface import paper, screens, textures, wear
from digit_scenes.surface.augment import photograph
from digit_scenes.surface.sheet import Sheet, blend
from digit_scenes.writer import Writer, punctuate, separate


@dataclass(frozen=True, eq=False)
class Scene:
    """A picture and what is truly in it.

    image: uint8 (H, W, 3), RGB. target: every digit of which anything can be seen.
    lines: the text in reading order, numbers on a line parted by a space; () where there is no digit; None where
    there is no text to speak of: scattered digits, or lines of which a digit is too little visible to be asked for.
    """

    image: NDArray[np.uint8]
    target: Target
    lines: tuple[str, ...] | None


def _frames(lines: list[list[Number]], rng: np.random.Generator) -> list[tuple[float, float, float, float]]:
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


def page_scene(rng: np.random.Generator, digits: DigitSet, recipe: PageRecipe) -> Scene:
    """A page after a recipe, with digits of a set. The same rng gives the same scene, byte for byte."""

    def happens(probability: float) -> bool:
        return bool(rng.uniform() < probability)

    if digits.printed_count:  # a page is printed or written by hand
        digits = digits.handwritten_and_printed[int(happens(digits.printed_count / len(digits)))]
    size = recipe.size
    spill = float(rng.uniform(0.02, 0.2)) if happens(recipe.spilled) else -0.03
    if recipe.far:
        spill = -float(rng.uniform(0.0, recipe.far))
    slope = float(rng.uniform(-1, 1)) * recipe.slope * (1.0 if happens(0.6) else 0.2)
    page, matrix = page_to_canvas(rng, size, slope, float(rng.uniform(0, recipe.perspective)), spill)
    height = float(np.exp(rng.uniform(*np.log(recipe.heights))))
    sheet = Sheet(size)
    writer = Writer(rng, digits, recipe, sheet, matrix)
    paper_colour, ink_colour = paper.colours(rng, recipe.light_on_dark)
    if recipe.faint and happens(recipe.faint):
        if paper_colour.mean() > 200:  # light from the side would leave nothing of a pale ink on white paper
            paper_colour = paper_colour * rng.uniform(0.5, 0.85)
        ink_colour = paper.faded(rng, paper_colour, ink_colour)

    lines: list[list[Number]] = []
    kind = rng.uniform()
    if kind < recipe.blank:
        slots: list[Slot] = []
    elif kind < recipe.blank + recipe.scattered:
        count = int(rng.integers(1, min(recipe.most_digits, 25) + 1))
        slots = scatter(rng, digits, page, count, recipe.heights, float(rng.uniform(0.02, 0.2)))
    else:
        hand = Hand.random(rng, recipe.lengths, recipe.steadiness)
        if recipe.hurried:
            hand = hand.hurried(rng, recipe.joined, recipe.slanted, recipe.separated)
        if recipe.rounded or recipe.alike:
            hand = replace(hand, rounded=recipe.rounded, alike=happens(recipe.alike))
        if recipe.ended:
            hand = replace(hand, ended=happens(recipe.ended))
        lines = write_lines(rng, digits, hand, height, page, recipe.lines, recipe.most_digits, recipe.numbers)
        slots = [slot for line in lines for number in line for slot in number]

    world = textures.texture(rng, size) if recipe.textured and happens(recipe.textured) else None
    picture = paper.blank(rng, size, paper_colour) if slots or world is None else world
    if happens(recipe.patterned):
        paper.security_pattern(rng, picture, paper_colour, ink_colour)
    if happens(recipe.furnished):
        if not lines or happens(0.6):
            paper.rulings(rng, picture, page, matrix, paper_colour, ink_colour, height)
        else:
            paper.form_boxes(rng, picture, _frames(lines, rng), matrix, paper_colour, ink_colour)
    on_desk = happens(recipe.desks)
    if on_desk:
        paper.desk(rng, picture, page, matrix, world)

    for slot in slots:
        writer.digit(slot)
    if recipe.hurried:
        for number in chain.from_iterable(lines):
            punctuate(rng, writer, number, hand)
    if recipe.clutter:
        if lines and not recipe.hurried and happens(0.4):
            for line in lines:
                for number in line:
                    separate(rng, writer, number)
        for _ in range(int(rng.integers(0, recipe.clutter + 1)) if happens(0.6) or not slots else 0):
            writer.sign(
                writing.any_words(rng) if recipe.worded and happens(recipe.worded) else clutter.any_clutter(rng),
                float(rng.uniform(0, page[1])),
                float(rng.uniform(0, page[0])),
                height * float(np.exp(rng.uniform(-0.5, 0.6))),
            )
    smallest = min((slot.height for slot in slots), default=height)
    strength = float(rng.uniform(0.7, 1.0)) if happens(recipe.redrawn) else 1.0
    if happens(recipe.redrawn * 0.4):  # pressure and texture of the stroke
        texture = paper.smooth_field(rng, size, int(rng.choice([4, 10, 24] if recipe.hurried else [6, 40, 120])))
        texture = cv2.max(cv2.min(0.85 - 0.25 * texture, 1.0), 0.3)
        sheet.written = cv2.multiply(sheet.written, texture, dtype=cv2.CV_8U)
    if recipe.broken and happens(recipe.broken):
        sheet.written = wear.break_strokes(rng, sheet.written, smallest)
    screened = recipe.screened > 0 and happens(recipe.screened)
    sheet_of_paper = wear.Page(page, matrix, margin=0.04 if on_desk else 0.45)
    if recipe.shown_through and not screened and paper_colour.mean() > 120 and happens(recipe.shown_through):
        behind = cv2.convertScaleAbs(cv2.max(sheet.written, sheet.clutter), alpha=strength)
        wear.show_through(rng, picture, behind, ink_colour, sheet_of_paper)
    printed = ink_colour if happens(0.5) else paper_colour + (ink_colour - paper_colour) * rng.uniform(0.4, 1.0)
    blend(picture, sheet.clutter, printed)
    blend(picture, cv2.convertScaleAbs(sheet.written, alpha=strength), ink_colour)
    if recipe.creased and not screened and happens(recipe.creased):
        picture = wear.crease(rng, picture, sheet_of_paper)
    if happens(recipe.lit):
        picture = paper.light(rng, picture, 0.35 if paper_colour.mean() > 120 else 0.6)  # white on black stays readable
    if screened:
        picture = screens.screen(rng, picture)
    if happens(recipe.photographed):
        picture = photograph(rng, picture, smallest)
    if recipe.grey and happens(recipe.grey):
        picture = cv2.merge([cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)] * 3)

    target = sheet.target()
    text: tuple[str, ...] | None = tuple(
        " ".join("".join(str(digits.labels[slot.digit]) for slot in number) for number in line) for line in lines
    )
    if (slots and not lines) or target.ignore.any() or len(target) != len(slots):
        text = None
    return Scene(picture, target, text)
