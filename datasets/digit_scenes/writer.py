"""Who writes: one person with one pen, or a printer with one set of faces, and the signs in and beside numbers."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from digit_scenes.chance import happens, happens_no_draw_at_zero
from digit_scenes.glyphs.digits import DigitSet
from digit_scenes.ink import clutter, endings, pens
from digit_scenes.ink.hand import Hand
from digit_scenes.ink.layout import MIN_SCALED_HEIGHT_PX, NumberSlots, Slot
from digit_scenes.ink.perspective import Matrix, localise
from digit_scenes.recipe import PageRecipe
from digit_scenes.surface.sheet import Sheet

DIGIT_HEIGHT_PX = 46.0
"""Height of a digit in a field, in pixels of the field."""
FINE_STROKE_HEIGHTS = (1 / 70, 1 / 22)
"""Finest and broadest stroke of fine pens, in heights of the digit."""
FINE_PEN_LEVEL = 0.86
"""Where a fine pen cuts fields of grey values; signs have no finer ones."""
MIN_STROKE_PX = 1.2
"""Thinnest stroke in a picture: what is finer cannot be seen."""


class Writer:
    """One person with one pen on one sheet."""

    def __init__(
        self, rng: np.random.Generator, digits: DigitSet, recipe: PageRecipe, sheet: Sheet, page: Matrix
    ) -> None:
        """page: homography (3, 3) from the page to the canvas. The other arguments are kept and used throughout."""
        self.rng, self.digits, self.sheet, self.page = rng, digits, sheet, page
        pen = recipe.pen
        self.redrawn = happens(rng, pen.redrawn)
        self.bent = happens(rng, pen.redrawn)
        self.bend = 0.5 if recipe.hand.hurried else 1.0  # flags, hooks and crosses bear less than whole digits
        self.embellished = happens(rng, pen.embellished)
        thin, thick = rng.uniform(0.55, 0.86), rng.uniform(0.35, 0.6)
        mnist = rng.uniform(0.25, 0.65)
        self.level = float((thin if happens(rng, 0.75) else thick) if self.redrawn else mnist)
        self.softness = float(rng.uniform(1.0, 2.5))
        self.fineness: float | None = None  # stroke of a fine pen, in heights of the digit
        if happens_no_draw_at_zero(rng, pen.fine):
            finest, broadest = FINE_STROKE_HEIGHTS
            self.fineness = float(np.exp(rng.uniform(np.log(finest), np.log(broadest))))
            self.redrawn, self.level, self.softness = True, FINE_PEN_LEVEL, float(rng.uniform(0.8, 1.6))

    def pen(self, height: float) -> pens.Pen:
        """The pen for digits of that height, pixels; no thin one for small digits, of which it would leave nothing."""
        return pens.Pen(min(self.level, 0.45 + height / 80), self.softness, self.redrawn)

    def write_digit(self, slot: Slot) -> bool:
        """Write a digit; False where none of it can be seen."""
        label = int(self.digits.labels[slot.digit])
        warp = int(self.rng.integers(pens.WARP_COUNT)) if self.bent else None
        if self.digits.printed_count:  # thick and thin parts are its face's own
            field = pens.digit_field(self.digits.images[slot.digit], False, None)
            return self._ink(field, slot, pens.Pen(min(self.level, 0.5), self.softness, False), label)
        field = pens.digit_field(self.digits.images[slot.digit], self.redrawn, warp, self.bend)
        if self.embellished and (label in (1, 7) or (label == 0 and happens(self.rng, 0.15))):
            field = pens.embellish(field, label, self.rng)
        if self.fineness is None:
            return self._ink(field, slot, self.pen(slot.height), label)
        # In pixels of the fine field, which falls from 1 to 0 over about five of them to both sides of the line.
        stroke = max(self.fineness, MIN_STROKE_PX / slot.height) * pens.FINE_FIELD_SCALE * DIGIT_HEIGHT_PX
        pen = pens.Pen(max(1 - stroke / 10, 0.3), self.softness, True)
        return self._ink(pens.fine_field(field), slot, pen, label, pens.FINE_FIELD_SCALE)

    def _ink(self, field: pens.Field, slot: Slot, pen: pens.Pen, label: int, larger: int = 1) -> bool:
        """larger: how many times larger the field is than the usual one."""
        affine = slot.matrix(self.digits.boxes[slot.digit])
        if larger > 1:  # the middles of its pixels lie elsewhere
            unit = 1 / larger
            affine = np.column_stack([affine[:, :2] * unit, affine[:, 2] + affine[:, :2].sum(1) * (unit - 1) / 2])
        matrix = localise(self.page, affine, slot.x, slot.y)
        return self.sheet.write_digit(pens.draw(field, matrix, pen, self.sheet.size), label)

    def add_clutter(self, field: pens.Field, x: float, y: float, height: float) -> None:
        """Something beside digits `height` pixels high, its middle at (x, y) on the page, unless a digit is there."""
        scale = height / DIGIT_HEIGHT_PX
        affine = np.array(
            [[scale, 0, x - field.shape[1] / 2 * scale], [0, scale, y - clutter.SIGN_HEIGHT_PX / 2 * scale]]
        )
        ink = pens.draw(field, localise(self.page, affine, x, y), self.pen(height), self.sheet.size)
        self.sheet.add_clutter(ink)

    def write_sign(self, field: pens.Field, x: float, y: float, height: float) -> None:
        """A sign of the same pen beside digits `height` pixels high: its ink begins at x, its middle is at y.

        It may touch digits, but is left out where it would cover them.
        """
        scale = height / DIGIT_HEIGHT_PX
        affine = np.array(
            [[scale, 0, x - clutter.extent(field)[0] * scale], [0, scale, y - clutter.SIGN_HEIGHT_PX / 2 * scale]]
        )
        self.sheet.write_sign(pens.draw(field, localise(self.page, affine, x, y), self.pen(height), self.sheet.size))

    def reach(self, slot: Slot) -> tuple[float, float]:
        """Half the width and half the height of a digit's ink before it is slanted, pixels."""
        x0, y0, x1, y1 = self.digits.boxes[slot.digit].tolist()
        scale = slot.height / max(y1 - y0, MIN_SCALED_HEIGHT_PX)
        return (x1 - x0) / 2 * scale * slot.stretch, (y1 - y0) / 2 * scale

    def tie(self, left: Slot, right: Slot) -> None:
        """Join two digits by a stroke between their tops."""
        tops = []
        for slot in (left, right):
            half = self.reach(slot)[1] * 0.96
            tops.append((slot.x + slot.slant * half, slot.y - half))
        (x0, y0), (x1, y1) = tops
        along, across = np.array([x1 - x0, y1 - y0]) / 48, left.height / DIGIT_HEIGHT_PX  # see clutter.thread
        linear = np.array([[along[0], 0.0], [along[1], across]])
        affine = np.column_stack([linear, np.array([x0, y0]) - linear @ (8.0, 16.0)])
        ink = pens.draw(clutter.thread(), localise(self.page, affine, x0, y0), self.pen(left.height), self.sheet.size)
        self.sheet.write_sign(ink)


def punctuate(rng: np.random.Generator, writer: Writer, number: NumberSlots, hand: Hand) -> None:
    """Strokes between 0s and, for hands that group digits, points and commas in and signs beside a number."""
    if hand.tied:
        for left, right in pairwise(number):
            if writer.digits.labels[left.digit] == 0 == writer.digits.labels[right.digit]:
                writer.tie(left, right)
    if not hand.grouped:
        return
    _group_by_threes(rng, writer, number, hand)
    if hand.ended:
        _end(rng, writer, number)
    else:
        _put_signs_beside(rng, writer, number)


def _group_by_threes(rng: np.random.Generator, writer: Writer, number: NumberSlots, hand: Hand) -> None:
    """Points or commas where the hand leaves a gap for them, or nothing there."""
    kind = str(rng.choice(["dot", "comma", ""], p=[0.55, 0.3, 0.15]))
    for index in range(len(number) - 3, 0, -3):
        left, right = number[index - 1], number[index]
        gap = (left.x + writer.reach(left)[0], right.x - writer.reach(right)[0])
        if kind:
            x = sum(gap) / 2 - hand.slant * left.height * 0.45
            sign = endings.point(rng, not writer.redrawn) if hand.ended else clutter.separator(rng, kind)
            writer.write_sign(sign, x - left.height * 0.06, (left.y + right.y) / 2, left.height)


def _end(rng: np.random.Generator, writer: Writer, number: NumberSlots) -> None:
    """Points and dashes of the digits' own stroke: behind most numbers, before some."""
    first, last = number[0], number[-1]
    for digit, share in ((last, 0.8), (first, 0.15)):
        if happens(rng, share):
            ending = endings.ending(rng, not writer.redrawn)
            width = clutter.extent(ending)[2] * digit.height / DIGIT_HEIGHT_PX
            reach, gap = writer.reach(digit)[0], digit.height * rng.uniform(-0.08, 0.45)
            x = digit.x + reach + gap if digit is last else digit.x - reach - width - abs(gap)
            writer.write_sign(ending, x, digit.y + digit.height * rng.uniform(-0.15, 0.15), digit.height)


def _put_signs_beside(rng: np.random.Generator, writer: Writer, number: NumberSlots) -> None:
    """A sign behind most numbers, before some."""
    first, last = number[0], number[-1]
    if happens(rng, 0.65):
        edge = last.x + writer.reach(last)[0] + last.height * rng.uniform(-0.04, 0.4)
        writer.write_sign(
            clutter.amount_sign(rng, True), edge, last.y + last.height * rng.uniform(-0.1, 0.1), last.height
        )
    if happens(rng, 0.25):
        sign = clutter.amount_sign(rng, False)
        width = clutter.extent(sign)[2] * first.height / DIGIT_HEIGHT_PX
        edge = first.x - writer.reach(first)[0] - width - first.height * rng.uniform(0.05, 0.5)
        writer.write_sign(sign, edge, first.y, first.height)


def separate(rng: np.random.Generator, writer: Writer, number: NumberSlots) -> None:
    """Points, commas, dashes and the like within and beside a number, wherever no digit is."""
    first, last = number[0], number[-1]
    if len(number) > 2:
        index = int(rng.integers(1, len(number)))
        left, right = number[index - 1], number[index]
        sign = clutter.separator(rng, str(rng.choice(["dot", "comma"])))
        writer.add_clutter(sign, (left.x + right.x) / 2, (left.y + right.y) / 2, left.height)
    if happens(rng, 0.6):
        sign = clutter.separator(rng, str(rng.choice(["dash", "equals", "double", "plus", "dot", "comma", "dash"])))
        writer.add_clutter(sign, last.x + last.height * rng.uniform(0.7, 1.0), last.y, last.height)
    if happens(rng, 0.4):
        sign = clutter.separator(rng, str(rng.choice(["currency", "dash", "equals", "plus"])))
        writer.add_clutter(sign, first.x - first.height * rng.uniform(0.8, 1.1), first.y, first.height)
