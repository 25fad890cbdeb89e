"""rng + digits -> Scene. A page of numbers is laid out flat, put under a camera, written, lit and photographed.

The boxes are those of the ink as drawn: every digit is brought to the canvas by one map, that of its place on the page
continued by the page's perspective, and nothing moves a pixel afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.types import Target
from digit_scenes import clutter, paper, pens, textures, writing
from digit_scenes.augment import photograph
from digit_scenes.digits import INK, DigitSet
from digit_scenes.layout import Hand, Matrix, Number, Slot, localise, page_to_canvas, scatter, write_lines

FIELD_DIGIT = 46.0  # height of a digit in a field, in field pixels


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


@dataclass(frozen=True)
class PageRecipe:
    """What pages look like; probabilities are shares of scenes.

    size: height and width, pixels. heights: of digits, pixels, log-uniform over pages. lines, lengths: fewest and most
    lines a page and digits a number. slope: most degrees either way. perspective: most relative shift of a corner.
    steadiness: see Hand.random. light_on_dark, redrawn, embellished, furnished (rulings, boxes), patterned, desks, lit,
    photographed, spilled (text over the borders), scattered, blank: probabilities. clutter: most things beside digits.
    The rest only later recipes have. numbers: fewest and most a line. separated, joined, slanted: shares of hands, see
    Hand.hurried. grey: of pictures without colour. textured: of pictures of the world, around a page and without one.
    far: how much smaller than the picture the page may be. worded: share of clutter that is words.
    """

    size: tuple[int, int]
    heights: tuple[float, float]
    lines: tuple[int, int]
    lengths: tuple[int, int]
    most_digits: int
    slope: float
    perspective: float
    steadiness: float
    light_on_dark: float
    redrawn: float
    embellished: float
    furnished: float
    patterned: float
    desks: float
    lit: float
    photographed: float
    spilled: float
    scattered: float
    blank: float
    clutter: int
    numbers: tuple[int, int] = (1, 4)
    separated: float = 0.0
    joined: float = 0.0
    slanted: float = 0.0
    grey: float = 0.0
    textured: float = 0.0
    far: float = 0.0
    worded: float = 0.0

    @property
    def hurried(self) -> bool:
        """Whether its numbers are written as amounts are."""
        return self.separated + self.joined + self.slanted > 0


class _Sheet:
    """Ink as it goes on: one layer of alpha for what is written, one for what is clutter, and whose pixel is whose."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.size = size
        self.written = np.zeros(size, np.uint8)
        self.clutter = np.zeros(size, np.uint8)
        self.owner = np.zeros(size, np.int32)  # 0: nobody's; else the number of the digit that came last
        self.boxes: list[tuple[int, int, int, int]] = []
        self.labels: list[int] = []
        self.inked: list[int] = []  # pixels of ink of each digit, off the canvas too

    def _clip(self, ink: pens.Ink) -> tuple[slice, slice, NDArray[np.uint8]] | None:
        height, width = ink.alpha.shape
        x0, y0 = max(ink.x, 0), max(ink.y, 0)
        x1, y1 = min(ink.x + width, self.size[1]), min(ink.y + height, self.size[0])
        if x0 >= x1 or y0 >= y1:
            return None
        return slice(y0, y1), slice(x0, x1), ink.alpha[y0 - ink.y : y1 - ink.y, x0 - ink.x : x1 - ink.x]

    def write(self, ink: pens.Ink | None, label: int) -> bool:
        """Add a digit; False where none of it can be seen."""
        clipped = self._clip(ink) if ink else None
        if ink is None or clipped is None:
            return False
        rows, columns, alpha = clipped
        level = min(INK, int(ink.alpha.max()) // 2)
        mask = alpha > level  # not cv2.compare, which takes 4x1 pixels for a scalar
        x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
        if width < 1 or height < 1:
            return False
        cv2.max(self.written[rows, columns], alpha, self.written[rows, columns])
        self.boxes.append((columns.start + x, rows.start + y, columns.start + x + width, rows.start + y + height))
        self.labels.append(label)
        self.inked.append(int(np.count_nonzero(ink.alpha > level)))
        self.owner[rows, columns][mask] = len(self.boxes)
        return True

    def litter(self, ink: pens.Ink | None) -> bool:
        """Add clutter where no digit is; False where it would not fit."""
        clipped = self._clip(ink) if ink else None
        if clipped is None:
            return False
        rows, columns, alpha = clipped
        if self.owner[rows, columns].any():
            return False
        cv2.max(self.clutter[rows, columns], alpha, self.clutter[rows, columns])
        return True

    def mark(self, ink: pens.Ink | None) -> bool:
        """Add ink of the writer's pen that is no digit but may touch some; False where it would cover them."""
        clipped = self._clip(ink) if ink else None
        if clipped is None:
            return False
        rows, columns, alpha = clipped
        own = alpha > INK
        if np.count_nonzero(own & (self.owner[rows, columns] > 0)) > 0.3 * np.count_nonzero(own):
            return False
        cv2.max(self.written[rows, columns], alpha, self.written[rows, columns])
        return True

    def target(self) -> Target:
        """What was written, with the digits ignored of which less than half can be seen."""
        if not self.boxes:
            return Target.empty()
        visible = np.bincount(self.owner.ravel(), minlength=len(self.boxes) + 1)[1:]
        seen = visible > 0
        target = np.array(self.boxes, np.float32)[seen], np.array(self.labels, np.int64)[seen]
        return Target(*target, (visible < 0.5 * np.array(self.inked))[seen])


def _blend(picture: NDArray[np.uint8], alpha: NDArray[np.uint8], ink: NDArray[np.float64]) -> None:
    """Put ink of one colour over a picture (H, W, 3), in place. alpha: uint8 (H, W)."""
    x, y, width, height = cv2.boundingRect(alpha)
    if width == 0:
        return
    place = picture[y : y + height, x : x + width]
    # NumPy's arithmetic: OpenCV takes the scalar beside a picture of 4x1 pixels for another such picture.
    cover = alpha[y : y + height, x : x + width] * np.float32(1 / 255)
    place[:] = cv2.blendLinear(paper.flat((height, width), ink), place, cover, 1 - cover)


class _Writer:
    """One person with one pen on one sheet."""

    def __init__(
        self, rng: np.random.Generator, digits: DigitSet, recipe: PageRecipe, sheet: _Sheet, page: Matrix
    ) -> None:
        self.rng, self.digits, self.sheet, self.page = rng, digits, sheet, page
        self.redrawn = bool(rng.uniform() < recipe.redrawn)
        self.bent = bool(rng.uniform() < recipe.redrawn)
        self.bend = 0.5 if recipe.hurried else 1.0  # flags, hooks and crosses bear less than whole digits
        self.embellished = bool(rng.uniform() < recipe.embellished)
        thin, thick = rng.uniform(0.55, 0.86), rng.uniform(0.35, 0.6)
        mnist = rng.uniform(0.25, 0.65)
        self.level = float((thin if rng.uniform() < 0.75 else thick) if self.redrawn else mnist)
        self.softness = float(rng.uniform(1.0, 2.5))

    def pen(self, height: float) -> pens.Pen:
        """The pen for digits of that height: nobody writes digits of 12 pixels with a hair."""
        return pens.Pen(min(self.level, 0.45 + height / 80), self.softness, self.redrawn)

    def digit(self, slot: Slot) -> bool:
        label = int(self.digits.labels[slot.digit])
        warp = int(self.rng.integers(pens.BANK)) if self.bent else None
        if self.digits.printed:  # thick and thin parts are its face's own
            field = pens.digit_field(self.digits.images[slot.digit], False, None)
            return self._ink(field, slot, pens.Pen(min(self.level, 0.5), self.softness, False), label)
        field = pens.digit_field(self.digits.images[slot.digit], self.redrawn, warp, self.bend)
        if self.embellished and (label in (1, 7) or (label == 0 and self.rng.uniform() < 0.15)):
            field = pens.embellish(field, label, self.rng)
        return self._ink(field, slot, self.pen(slot.height), label)

    def _ink(self, field: pens.Field, slot: Slot, pen: pens.Pen, label: int) -> bool:
        matrix = localise(self.page, slot.matrix(self.digits.boxes[slot.digit]), slot.x, slot.y)
        return self.sheet.write(pens.draw(field, matrix, pen, self.sheet.size), label)

    def sign(self, field: pens.Field, x: float, y: float, height: float) -> None:
        """A sign beside digits `height` pixels high, its middle at (x, y) on the page."""
        scale = height / FIELD_DIGIT
        affine = np.array([[scale, 0, x - field.shape[1] / 2 * scale], [0, scale, y - clutter.HEIGHT / 2 * scale]])
        ink = pens.draw(field, localise(self.page, affine, x, y), self.pen(height), self.sheet.size)
        self.sheet.litter(ink)

    def mark(self, field: pens.Field, x: float, y: float, height: float) -> None:
        """A sign of the same pen beside digits `height` pixels high: its ink begins at x, its middle is at y."""
        scale = height / FIELD_DIGIT
        affine = np.array(
            [[scale, 0, x - clutter.extent(field)[0] * scale], [0, scale, y - clutter.HEIGHT / 2 * scale]]
        )
        self.sheet.mark(pens.draw(field, localise(self.page, affine, x, y), self.pen(height), self.sheet.size))

    def reach(self, slot: Slot) -> tuple[float, float]:
        """Half the width and half the height of a digit's ink before it is slanted, pixels."""
        x0, y0, x1, y1 = self.digits.boxes[slot.digit].tolist()
        scale = slot.height / max(y1 - y0, 15.0)
        return (x1 - x0) / 2 * scale * slot.stretch, (y1 - y0) / 2 * scale

    def tie(self, left: Slot, right: Slot) -> None:
        """Join two digits by a stroke between their tops."""
        tops = []
        for slot in (left, right):
            half = self.reach(slot)[1] * 0.96
            tops.append((slot.x + slot.slant * half, slot.y - half))
        (x0, y0), (x1, y1) = tops
        along, across = np.array([x1 - x0, y1 - y0]) / 48, left.height / FIELD_DIGIT  # see clutter.thread
        linear = np.array([[along[0], 0.0], [along[1], across]])
        affine = np.column_stack([linear, np.array([x0, y0]) - linear @ (8.0, 16.0)])
        ink = pens.draw(clutter.thread(), localise(self.page, affine, x0, y0), self.pen(left.height), self.sheet.size)
        self.sheet.mark(ink)


def _punctuate(rng: np.random.Generator, writer: _Writer, number: Number, hand: Hand) -> None:
    """Strokes between 0s; for hands that group digits, dots and commas in and signs beside a number."""
    if hand.tied:
        for left, right in pairwise(number):
            if writer.digits.labels[left.digit] == 0 == writer.digits.labels[right.digit]:
                writer.tie(left, right)
    if not hand.grouped:
        return
    kind = str(rng.choice(["dot", "comma", ""], p=[0.55, 0.3, 0.15]))
    for place in range(len(number) - 3, 0, -3):
        left, right = number[place - 1], number[place]
        gap = (left.x + writer.reach(left)[0], right.x - writer.reach(right)[0])
        if kind:
            x = sum(gap) / 2 - hand.slant * left.height * 0.45
            writer.mark(clutter.separator(rng, kind), x - left.height * 0.06, (left.y + right.y) / 2, left.height)
    first, last = number[0], number[-1]
    if rng.uniform() < 0.65:
        edge = last.x + writer.reach(last)[0] + last.height * rng.uniform(-0.04, 0.4)
        writer.mark(clutter.amount_sign(rng, True), edge, last.y + last.height * rng.uniform(-0.1, 0.1), last.height)
    if rng.uniform() < 0.25:
        sign = clutter.amount_sign(rng, False)
        wide = clutter.extent(sign)[2] * first.height / FIELD_DIGIT
        edge = first.x - writer.reach(first)[0] - wide - first.height * rng.uniform(0.05, 0.5)
        writer.mark(sign, edge, first.y, first.height)


def _separate(rng: np.random.Generator, writer: _Writer, number: Number) -> None:
    """Thousands dots, commas, dashes and the like within and beside a number."""
    first, last = number[0], number[-1]
    if len(number) > 2:
        place = int(rng.integers(1, len(number)))
        left, right = number[place - 1], number[place]
        sign = clutter.separator(rng, str(rng.choice(["dot", "comma"])))
        writer.sign(sign, (left.x + right.x) / 2, (left.y + right.y) / 2, left.height)
    if rng.uniform() < 0.6:
        sign = clutter.separator(rng, str(rng.choice(["dash", "equals", "double", "plus", "dot", "comma", "dash"])))
        writer.sign(sign, last.x + last.height * rng.uniform(0.7, 1.0), last.y, last.height)
    if rng.uniform() < 0.4:
        sign = clutter.separator(rng, str(rng.choice(["currency", "dash", "equals", "plus"])))
        writer.sign(sign, first.x - first.height * rng.uniform(0.8, 1.1), first.y, first.height)


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

    if digits.printed:  # a page is printed or written by hand
        digits = digits.by_hand_or_printed[int(happens(digits.printed / len(digits)))]
    size = recipe.size
    spill = float(rng.uniform(0.02, 0.2)) if happens(recipe.spilled) else -0.03
    if recipe.far:
        spill = -float(rng.uniform(0.0, recipe.far))
    slope = float(rng.uniform(-1, 1)) * recipe.slope * (1.0 if happens(0.6) else 0.2)
    page, matrix = page_to_canvas(rng, size, slope, float(rng.uniform(0, recipe.perspective)), spill)
    height = float(np.exp(rng.uniform(*np.log(recipe.heights))))
    sheet = _Sheet(size)
    writer = _Writer(rng, digits, recipe, sheet, matrix)
    paper_colour, ink_colour = paper.colours(rng, recipe.light_on_dark)

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
    if happens(recipe.desks):
        paper.desk(rng, picture, page, matrix, world)

    for slot in slots:
        writer.digit(slot)
    if recipe.hurried:
        for number in chain.from_iterable(lines):
            _punctuate(rng, writer, number, hand)
    if recipe.clutter:
        if lines and not recipe.hurried and happens(0.4):
            for line in lines:
                for number in line:
                    _separate(rng, writer, number)
        for _ in range(int(rng.integers(0, recipe.clutter + 1)) if happens(0.6) or not slots else 0):
            writer.sign(
                writing.any_words(rng) if recipe.worded and happens(recipe.worded) else clutter.any_clutter(rng),
                float(rng.uniform(0, page[1])),
                float(rng.uniform(0, page[0])),
                height * float(np.exp(rng.uniform(-0.5, 0.6))),
            )
    strength = float(rng.uniform(0.7, 1.0)) if happens(recipe.redrawn) else 1.0
    if happens(recipe.redrawn * 0.4):  # pressure and texture of the stroke
        texture = paper.smooth_field(rng, size, int(rng.choice([4, 10, 24] if recipe.hurried else [6, 40, 120])))
        texture = cv2.max(cv2.min(0.85 - 0.25 * texture, 1.0), 0.3)
        sheet.written = cv2.multiply(sheet.written, texture, dtype=cv2.CV_8U)
    printed = ink_colour if happens(0.5) else paper_colour + (ink_colour - paper_colour) * rng.uniform(0.4, 1.0)
    _blend(picture, sheet.clutter, printed)
    _blend(picture, cv2.convertScaleAbs(sheet.written, alpha=strength), ink_colour)
    if happens(recipe.lit):
        picture = paper.light(rng, picture, 0.35 if paper_colour.mean() > 120 else 0.6)  # white on black stays readable
    if happens(recipe.photographed):
        picture = photograph(rng, picture, min((slot.height for slot in slots), default=height))
    if recipe.grey and happens(recipe.grey):
        picture = cv2.merge([cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)] * 3)

    target = sheet.target()
    text: tuple[str, ...] | None = tuple(
        " ".join("".join(str(digits.labels[slot.digit]) for slot in number) for number in line) for line in lines
    )
    if (slots and not lines) or target.ignore.any() or len(target) != len(slots):
        text = None
    return Scene(picture, target, text)
