"""Who writes a composed page: whose digits and letters, with which pen, and how they are set side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.categories import CATEGORIES, DIGITS, SIGNS, WRITING
from digit_scenes.chance import happens
from digit_scenes.glyphs.digits import DigitSet
from digit_scenes.glyphs.letters import FieldGlyph, Glyph, LetterSource, StrokeGlyph
from digit_scenes.glyphs.signs import drawn_sign
from digit_scenes.ink import pens
from digit_scenes.ink.composition.numbers import numbers_in
from digit_scenes.ink.composition.page import Mark, Run
from digit_scenes.ink.hand import Hand
from digit_scenes.ink.layout import MIN_SCALED_HEIGHT_PX
from digit_scenes.ink.strokes import Nib

LABELS = {name: label for label, name in enumerate(CATEGORIES)}
"""By category."""
SIGN_LABELS = frozenset(LABELS[sign] for sign in SIGNS)
"""Labels of signs."""
SIGN_WANDER = 0.4
"""How far signs stray from where they belong, in how far digits do."""
FINE_THICKNESS = 0.066
"""Strokes thinner than that, in heights of a digit, need fine fields."""
OWN_THICKNESSES, OWN_STROKE_SHARE = (0.09, 0.17), 0.5
"""From where to where digits of the set may keep their own strokes, heights of a digit; the share of pages that do."""
BROAD_FIELD_REACH_PX = 8.0
"""As FINE_FIELD_REACH_PX, of fields for thicker pens."""
FINE_FIELD_REACH_PX = 5.0
"""A fine field falls from 1 to 0 over so many of its pixels, to both sides of its lines."""
MIN_GAP = -0.1
"""Least between two characters of a run, in heights of a digit; below 0 they overlap."""
MAX_LETTER_THICKNESS, LETTER_GROWTH = 0.09, 3.5
"""In pens thicker than that, in heights of a digit, small letters are larger: by so much for each such height more."""
MIN_POINT_GAP = 0.04
"""Least before and behind a point, a comma or a colon."""
SPACE = 0.4
"""Width of a space within a run, in heights of a digit."""
TIMES_LETTER_SHARE = 0.3
"""Share of printed times signs that are the letter x."""
POINTS = ".,:"
"""Of most hands, points and commas are strokes of the pen whatever the letters are, so that they can be seen."""
MIDDLES = {"-": (-0.66, -0.26), "+": (-0.66, -0.28), "=": (-0.66, -0.28), "×": (-0.66, -0.2), "÷": (-0.66, -0.28)}
"""Where the middle of a sign has to lie, in heights of a digit, y down; some fonts have it elsewhere."""
SAME_AS = {"\u2212": "-", "\u2013": "-"}
"""Characters by what they are labelled as."""


def label_of(character: str) -> int:
    """The label of a character, an index into CATEGORIES."""
    return LABELS.get(SAME_AS.get(character, character), LABELS[WRITING])


def ridge_level(thickness: float) -> float:
    """Where to cut the ridge of a digit for a stroke so thick, in heights of the digit."""
    return float(np.interp(thickness, pens.RIDGE_WIDTHS, pens.RIDGE_LEVELS))


@dataclass(frozen=True, eq=False)
class Scribe:
    """One person with one pen, or one printer."""

    rng: np.random.Generator
    """What samples of a character differ by."""
    digits: DigitSet
    """Where digits come from that are not of `letters`."""
    letters: LetterSource
    """Where letters, and signs that it has, come from."""
    fallback: LetterSource
    """Where letters come from that `letters` lacks."""
    own_digits: bool
    """Whether digits come from `letters`, too."""
    nib: Nib
    """The pen."""
    hand: Hand
    """How characters are set."""
    chosen: dict[int, int]
    """Of hands whose equal digits are all alike: which digit each is, by its label. Filled as digits come."""
    alike: bool
    """Whether it is such a hand."""
    bent: bool
    """Whether digits are bent, each in its own way."""
    embellished: bool
    """Whether 7s are crossed, 1s flagged."""

    @property
    def printed(self) -> bool:
        """Whether it is print."""
        return self.letters.printed

    def glyph(self, character: str) -> Glyph | None:
        """A sample of a character; None where nobody has it."""
        if character in DIGITS and not self.own_digits:  # None where a folder's digits lack it
            return self._digit(int(character))
        if character in POINTS and not self.printed and self.chosen.setdefault(-2, int(happens(self.rng, 0.6))):
            return drawn_sign(self.rng, character)
        if self.printed and character == "×" and self.chosen.setdefault(-1, int(happens(self.rng, TIMES_LETTER_SHARE))):
            character = "x"
        makers: tuple[Callable[[], Glyph | None], ...] = (
            lambda: self._lettered(character),
            lambda: self._digit(int(character)) if character in DIGITS else None,
            lambda: drawn_sign(self.rng, character),
            lambda: self.fallback.glyph(self.rng, character),
        )
        return next((glyph for glyph in (make() for make in makers) if glyph), None)

    def _lettered(self, character: str) -> Glyph | None:
        """A character of `letters`; None also for signs of a hand that stand where no hand has them."""
        glyph = self.letters.glyph(self.rng, character)
        if glyph and not self.printed and character in MIDDLES:
            low, high = MIDDLES[character]
            return glyph if low < (glyph.box[1] + glyph.box[3]) / 2 < high else None
        return glyph

    def _digit(self, label: int) -> FieldGlyph | None:
        """A digit of the set, written with the pen; None where the set has none."""
        of_label = self.digits.by_label[label]
        if not len(of_label):
            return None
        index = int(self.rng.choice(of_label))
        if self.alike:
            index = self.chosen.setdefault(label, index)
        warp = int(self.rng.integers(pens.WARP_COUNT)) if self.bent else None
        field = pens.digit_field(self.digits.images[index], False, warp, 0.6)
        if self.embellished and label in (1, 7):
            field = pens.embellish(field, label, self.rng)
        x0, y0, x1, y1 = self.digits.boxes[index].astype(float).tolist()
        unit = 1 / max(y1 - y0, MIN_SCALED_HEIGHT_PX)  # from pixels of the digit
        scale, larger, thickness = unit / pens.FIELD_SCALE, 1, self.nib.thickness
        low, high = OWN_THICKNESSES
        if low < thickness < high and self.chosen.setdefault(-3, int(happens(self.rng, OWN_STROKE_SHARE))):
            level = float(np.interp(thickness, pens.PLAIN_WIDTHS, pens.PLAIN_LEVELS))
        else:  # along the middle line of its stroke; a ridge would cost one digit in ten a loop, or give it one
            reach = BROAD_FIELD_REACH_PX
            if thickness < FINE_THICKNESS:
                larger, reach = pens.FINE_FIELD_SCALE, FINE_FIELD_REACH_PX
                field = pens.fine_field(field)
            else:
                field = pens.line_field(field, reach)
            level = max(1 - thickness * larger / scale / (2 * reach), 0.2)
        scale = scale / larger
        matrix = np.array([[scale, 0, 0.5 * scale - x0 * unit], [0, scale, 0.5 * scale - y1 * unit]])
        return FieldGlyph(field, matrix, (0.0, (y0 - y1) * unit, (x1 - x0) * unit, 0.0), level=level)

    def run(self, text: str, size: float = 1.0) -> Run | None:
        """A stretch of text, set; None where one of its characters cannot be written. size: of digits, in heights."""
        marks: list[Mark] = []
        edges: list[tuple[float, float, float, float]] = []
        x = 0.0
        for character in text:
            if character == " ":
                x += SPACE * size
                continue
            glyph = self.glyph(character)
            if glyph is None:
                return None
            mark, box, x = self._place(glyph, character, x, size)
            marks.append(mark)
            edges.append(box)
        if not marks:
            return None
        low, high = np.array(edges).min(0), np.array(edges).max(0)
        box = (float(low[0]), float(low[1]), float(high[2]), float(high[3]))
        return Run(text, tuple(marks), box, tuple(numbers_in(text)))

    def _place(
        self, glyph: Glyph, character: str, x: float, size: float
    ) -> tuple[Mark, tuple[float, float, float, float], float]:
        """A character from x on: its mark, the box of its ink, and where the next one begins."""
        hand, rng = self.hand, self.rng
        x0, y0, x1, y1 = glyph.box
        label = label_of(character)
        if self.printed and glyph.advance is not None:
            matrix = np.array([[size * hand.stretch, 0, x], [0, size, 0.0]])
            wide = size * hand.stretch
            box = (x + x0 * wide, y0 * size, x + x1 * wide, y1 * size)
            return Mark(glyph, label, matrix, size), box, x + glyph.advance * wide
        own = size * (1 + hand.uneven * float(rng.uniform(-0.7, 0.7)))
        if character.islower():  # a thick pen leaves nothing of small letters
            own *= 1 + LETTER_GROWTH * max(self.nib.thickness - MAX_LETTER_THICKNESS, 0.0)
        wide = own * hand.stretch
        steady = SIGN_WANDER if label in SIGN_LABELS else 1.0
        rise = hand.wander * min(max(float(rng.normal()), -1.8), 1.8) * size * steady
        slant = hand.slant + float(rng.normal(0, 0.03))
        turn = float(rng.normal(0, 0.03))
        begin = x if glyph.advance is not None else x - x0 * wide
        matrix = np.array([[wide, -slant * own + turn * own, begin], [-turn * wide, own, rise]])
        middle = (y0 + y1) / 2
        matrix[0, 2] += slant * own * -0.5  # of upright characters: a run stays where it is, whatever its slant
        matrix[0, 2] -= turn * own * middle
        half = self.nib.thickness / 2 * size if isinstance(glyph, StrokeGlyph) else 0.0
        gap = max(hand.gap + hand.gap_spread * float(rng.normal()), MIN_POINT_GAP if character in POINTS else MIN_GAP)
        if character in POINTS:
            x += max(MIN_POINT_GAP - hand.gap, 0.0) * size
        ink_end = x + (x1 - x0) * wide + 2 * half + gap * size
        end = ink_end if glyph.advance is None else x + glyph.advance * wide
        matrix[0, 2] += half
        begin = begin + x0 * wide
        box = (begin, y0 * own + rise - half, begin + (x1 - x0) * wide + 2 * half, y1 * own + rise + half)
        return Mark(glyph, label, matrix, own), box, end


def marked(mark: NDArray[np.float64], inner: NDArray[np.float64]) -> NDArray[np.float64]:
    """Two affine maps (2, 3) one after the other: `inner` first."""
    both: NDArray[np.float64] = mark[:, :2] @ inner
    both[:, 2] += mark[:, 2]
    return both
