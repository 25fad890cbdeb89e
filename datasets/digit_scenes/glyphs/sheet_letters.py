"""Letters, digits and signs of the sheets: a page in one of 72 hands, in one of 20 prints, or in another alphabet.

A font holds one sample of each character. Four bent ones are made of it and kept; each glyph is one of these, slanted
and stretched by the page's writer and a little by itself. A hand's digits are of the same font as its letters.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from digit_scenes.chance import happens
from digit_scenes.glyphs.digits import Split
from digit_scenes.glyphs.letter_sheets import CELL_PX, Face, load_faces
from digit_scenes.glyphs.lettering import HELD_OUT_EVERY, face_indices
from digit_scenes.glyphs.letters import FieldGlyph
from digit_scenes.ink import pens

VARIANTS = 4
"""Bent samples of each character."""
FIELD_SCALE = 1.6
"""How many times larger a field is than a cell: its digits are as high as those of `pens.digit_field`."""
HAIRLINE_GAIN = 1.3
"""By which a font's own strokes are made brighter, so that the thinnest of them are not cut away."""
BORDER_PX = 5
"""Around the ink of a cell, so that a stroke may widen."""
ACCENT_ROOM_PX = 14
"""Above a cell, for accents of capitals."""
MIN_INK_GREY = 100
"""Of 255, in a cell: so bright is ink whose size and place are measured."""
HELD_OUT_PRINTS_EVERY = HELD_OUT_EVERY // 2
"""One print in so many is for validation, and one for tests: there are fewer of them."""
ACCENTS = {"\u0301": "\u00b4", "\u0300": "`", "\u0302": "^", "\u0308": "¨", "\u0303": "~", "\u030a": "°", "\u030c": "^"}
"""Unicode's combining accents, and the characters of a sheet that stand for them."""
MAX_ACCENT = 0.45
"""Greatest height of an accent, in that of an x."""
CARON, CEDILLA = "\u030c", "\u0327"
Picture = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class _Sample:
    """A bent sample of a character."""

    ink: Picture
    """Its field, uint8 (H, W)."""
    hull: NDArray[np.float64]
    """(N, 2): x, y of corners around its ink, pixels of the field."""
    x: float
    """Column of the field where the pen begins."""
    baseline: float
    """Row of the field where the baseline is."""
    advance: float
    """How far the pen goes on, pixels of the field."""
    top: float
    """Row of the field where its ink begins."""
    bottom: float
    """Row of the field where its ink ends."""


@lru_cache(maxsize=1)
def _bends() -> NDArray[np.float32]:
    """Smooth deformations, coarse: float32 (16, 4, 4, 2), x and y, in pixels of a field."""
    return np.random.default_rng(20240304).normal(0, 1.4, (16, 4, 4, 2)).astype(np.float32)


@lru_cache(maxsize=128)
def _measures(sheet: str, index: int) -> tuple[float, float]:
    """Height of a face's digits and width of its strokes, pixels of a cell."""
    face = load_faces(sheet)[index]
    known = [face.cells[c] for c in "0123456789" if c in face.cells] or list(face.cells.values())
    tops = [face.baseline - cv2.boundingRect((cell > MIN_INK_GREY).view(np.uint8))[1] for cell in known]
    inked = np.concatenate([(cell > MIN_INK_GREY) for cell in known]).astype(np.uint8)
    distance = cv2.distanceTransform(inked, cv2.DIST_L2, 3)
    return float(np.percentile(tops, 70)), 4 * float(distance.sum()) / max(cv2.countNonZero(distance), 1) - 0.7


def _parted(face: Face, character: str) -> tuple[str, str]:
    """A character of which a face has a cell, and the accents on it."""
    parts = character if character in face.cells else unicodedata.normalize("NFD", character)
    return parts[0], parts[1:]


def _composed(face: Face, character: str) -> Picture | None:
    """A character's cell with room above it, uint8 (ACCENT_ROOM_PX + CELL_PX, CELL_PX); accents put on its base."""
    base, marks = _parted(face, character)
    if base not in face.cells:
        return None
    cell: Picture = np.pad(face.cells[base], ((ACCENT_ROOM_PX, 0), (0, 0)))
    for mark in marks:
        sign = "," if mark == CEDILLA else ACCENTS.get(mark, "")
        if sign not in face.cells:
            return None
        if base == "i":  # its dot makes room
            cell[: ACCENT_ROOM_PX + round(face.baseline - face.small * 1.12)] = 0
        x, y, width, height = cv2.boundingRect((cell > MIN_INK_GREY).view(np.uint8))
        left, top, across, down = cv2.boundingRect((face.cells[sign] > MIN_INK_GREY // 2).view(np.uint8))
        accent = face.cells[sign][top : top + down, left : left + across]
        accent = accent[::-1] if mark == CARON else accent
        shrink = min(MAX_ACCENT * face.small / down, 1.0)  # a caret, say, is larger than a circumflex
        down, across = max(round(down * shrink), 2), max(round(across * shrink), 2)
        accent = cv2.resize(accent, (across, down), interpolation=cv2.INTER_AREA)
        row = y + height - 1 if mark == CEDILLA else max(y - down - 2, 0)
        column = min(max(x + (width - across) // 2, 0), CELL_PX - across)
        place = cell[row : row + down, column : column + across]
        cv2.max(place, np.ascontiguousarray(accent[: len(place)]), place)
    return cell


@lru_cache(maxsize=16384)
def _field(sheet: str, index: int, character: str, ridged: bool) -> tuple[Picture, float, float] | None:
    """A character's field before it is bent, and where in it the pen begins and the baseline is, pixels.

    ridged: whether any pen may redraw it. Then values tell how far the stroke's middle line is: as those of a digit's
    ridge, see `pens.RIDGE_LEVELS`.
    """
    face = load_faces(sheet)[index]
    cell = _composed(face, character)
    if cell is None:
        return None
    x, y, width, height = cv2.boundingRect((cell > MIN_INK_GREY // 2).view(np.uint8))
    border = BORDER_PX
    cut: Picture = np.pad(cell[y : y + height, x : x + width], border)
    size = (round(cut.shape[1] * FIELD_SCALE), round(cut.shape[0] * FIELD_SCALE))
    ink: Picture = cv2.resize(cut, size, interpolation=cv2.INTER_CUBIC)
    if ridged:
        shape = (ink > min(MIN_INK_GREY, int(ink.max()) // 2)).astype(np.uint8)
        lines = pens.thinned(shape)
        lines = lines if lines.any() else shape  # nothing is left of a point of 2x2 pixels
        away = cv2.distanceTransform(1 - lines, cv2.DIST_L2, 5)  # pixels
        digit = _measures(sheet, index)[0] * FIELD_SCALE
        widths, levels = (0.0, *pens.RIDGE_WIDTHS, 0.4), (1.0, *pens.RIDGE_LEVELS, 0.0)
        ink = (np.interp(2 * away / digit, widths, levels) * 255).clip(0, 255).astype(np.uint8)
        ink = cv2.convertScaleAbs(cv2.GaussianBlur(ink, (0, 0), 1.0), alpha=1.04)
    else:
        ink = cv2.GaussianBlur(ink, (0, 0), 1.2)
        ink = cv2.convertScaleAbs(ink, alpha=max(255 / int(ink.max()), HAIRLINE_GAIN))
    origin = (face.origin - x + border) * FIELD_SCALE
    return ink, origin, (face.baseline + ACCENT_ROOM_PX - y + border) * FIELD_SCALE


@lru_cache(maxsize=32768)
def _sample(sheet: str, index: int, character: str, ridged: bool, variant: int) -> _Sample | None:
    """A sample of a character, bent unless the variant is -1. ridged: see `_field`."""
    found = _field(sheet, index, character, ridged)
    if found is None:
        return None
    ink, origin, baseline = found
    if variant >= 0:
        height, width = ink.shape
        kind = (17 * index + 5 * ord(character) + variant) % len(_bends())
        bend = cv2.resize(_bends()[kind], (width, height), interpolation=cv2.INTER_CUBIC)  # (H, W, 2)
        bend += np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1)
        ink = cv2.remap(ink, bend, None, cv2.INTER_LINEAR)
    points = cv2.findNonZero((ink > 0.45 * float(ink.max())).view(np.uint8))
    hull = cv2.convexHull(points)[:, 0].astype(np.float64)
    face = load_faces(sheet)[index]
    advance = face.advances[_parted(face, character)[0]] * FIELD_SCALE
    return _Sample(ink, hull, origin, baseline, advance, float(hull[:, 1].min()), float(hull[:, 1].max()))


@dataclass(frozen=True)
class SheetLetters:
    """One writer or one print."""

    sheet: str
    """See `letter_sheets.load_faces`."""
    index: int
    """Of the face."""
    printed: bool
    level: float | None
    """See `FieldGlyph`; None for a writer with any pen."""
    slant: float = 0.0
    """How far a character's top leans to the right, relative to its height."""
    stretch: float = 1.0
    """Its width, in the font's own."""
    spacing: float = 1.0
    """Its advance, in the font's own."""
    unsteadiness: float = 0.0
    """Standard deviation of a glyph's size, slant and height over the line."""

    @property
    def stroke(self) -> float | None:
        """How thick its own strokes are, in heights of a digit; None where any pen writes."""
        height, stroke = _measures(self.sheet, self.index)
        return None if self.level is None else stroke / height

    def glyph(self, rng: np.random.Generator, character: str) -> FieldGlyph | None:
        """A sample of a character, None where the face lacks it. Characters with accents are put together."""
        variant = -1 if self.printed else int(rng.integers(VARIANTS))
        sample = _sample(self.sheet, self.index, character, self.level is None, variant)
        if sample is None:
            return None
        slant, size, lift = self.slant, 1.0, 0.0
        if self.unsteadiness:
            swelling, lean, lift = (rng.standard_normal(3) * self.unsteadiness).tolist()
            slant, size, lift = slant + 1.5 * lean, 1 + swelling, 0.6 * lift
        unit = size / (_measures(self.sheet, self.index)[0] * FIELD_SCALE)
        wide, leaning = unit * self.stretch, -unit * slant
        x, y = -wide * sample.x - leaning * sample.baseline, lift - unit * sample.baseline
        across = wide * sample.hull[:, 0] + leaning * sample.hull[:, 1] + x
        box = (float(across.min()), unit * sample.top + y, float(across.max()), unit * sample.bottom + y)
        matrix = np.array([[wide, leaning, x], [0.0, unit, y]])
        return FieldGlyph(sample.ink, matrix, box, sample.advance * wide * self.spacing, self.level)


@dataclass(frozen=True)
class ScriptLetters:
    """Another alphabet: each Latin letter stands for one of its letters. Digits and signs are of a Latin hand."""

    index: int
    """Of its face on the sheet `scripts`."""
    latin: SheetLetters
    """Whose digits and signs go with it."""
    key: int
    """Tells which letter stands for which."""
    own: SheetLetters = field(init=False)
    """Its letters."""

    def __post_init__(self) -> None:
        latin = self.latin
        own = SheetLetters("scripts", self.index, latin.printed, latin.level, 0.0, latin.stretch, 1.0)
        object.__setattr__(self, "own", own)

    @property
    def printed(self) -> bool:
        """Whether its characters are print."""
        return self.latin.printed

    @property
    def stroke(self) -> float | None:
        """How thick its own strokes are, in heights of a digit; None where any pen writes."""
        return self.latin.stroke

    @cached_property
    def letters(self) -> list[str]:
        """What it has."""
        return list(load_faces("scripts")[self.index].cells)

    def glyph(self, rng: np.random.Generator, character: str) -> FieldGlyph | None:
        """A sample of the letter that stands for a Latin one, or of a digit or sign."""
        if not character.isalpha():
            return self.latin.glyph(rng, character)
        return self.own.glyph(rng, self.letters[(ord(character) * 101 + self.key) % len(self.letters)])


def split_faces(sheet: str, split: Split) -> list[int]:
    """Indices of a split's faces of the sheet "letters" or "prints". No two splits share one.

    Hands go by their fonts' rows of `digits.png`, so a font is in the same split there.
    """
    faces = load_faces(sheet)
    if sheet == "letters":
        rows = set(face_indices(split))
        return [i for i, face in enumerate(faces) if face.row in rows]
    held_out = {HELD_OUT_PRINTS_EVERY // 2: "val", 0: "test"}
    return [i for i in range(len(faces)) if held_out.get(i % HELD_OUT_PRINTS_EVERY, "train") == split]


def hand_letters(rng: np.random.Generator, split: Split) -> SheetLetters:
    """A writer: a font's hand, slanted, stretched and steady as this one is, with any pen or the font's own."""
    mine = split_faces("letters", split)
    index = mine[int(rng.integers(len(mine)))]
    bold = _measures("letters", index)[1] > 4
    level = float(rng.uniform(0.35, 0.6)) if bold or happens(rng, 0.4) else None
    return SheetLetters(
        "letters",
        index,
        printed=False,
        level=level,
        slant=float(rng.normal(0.0, 0.12)),
        stretch=float(np.exp(rng.normal(0.0, 0.12))),
        spacing=float(np.exp(rng.normal(0.0, 0.04))),
        unsteadiness=float(rng.uniform(0.0, 0.05)),
    )


def sheet_print(rng: np.random.Generator, split: Split) -> SheetLetters:
    """A print: a font bolder or lighter, wider or narrower than it is, at times in italics."""
    mine = split_faces("prints", split)
    slant = float(rng.uniform(0.12, 0.25)) if happens(rng, 0.15) else 0.0
    index, level = mine[int(rng.integers(len(mine)))], float(rng.choice([0.35, 0.5, 0.5, 0.6]))
    stretch, spacing = float(np.exp(rng.uniform(-0.2, 0.2))), float(rng.choice([1.0, 1.0, 1.0, 1.08, 1.25]))
    return SheetLetters("prints", index, True, level, slant, stretch, spacing)


def script_letters(rng: np.random.Generator, split: Split) -> ScriptLetters:
    """Any other alphabet. The splits share these; digits and signs beside them are of a split's own hands."""
    index = int(rng.integers(len(load_faces("scripts"))))
    written = "written" in load_faces("scripts")[index].name or happens(rng, 0.3)
    latin = hand_letters(rng, split) if written else sheet_print(rng, split)
    return ScriptLetters(index, latin, int(rng.integers(1000)))
