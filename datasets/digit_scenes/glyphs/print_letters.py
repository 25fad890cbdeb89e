"""Printed characters of the open fonts that matplotlib brings along, see `fonts`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from digit_scenes.glyphs.digits import MIN_INK_GREY, Split
from digit_scenes.glyphs.fonts import font_files
from digit_scenes.glyphs.letters import FieldGlyph

PRINT_DIGIT_PX = 56
"""Height of a digit in the pictures of printed characters, pixels."""
BORDER_PX = 8
"""Around the ink of such a picture."""
TEX_CHARACTERS = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.,:;+=()/%-[]?!")
"""What Computer Modern has where Unicode has it."""
DASHES = {"-": "-\u2212\u2013"}
"""Characters that stand for others, and which ones stand for them."""


@lru_cache(maxsize=1)
def text_faces() -> list[Path]:
    """Fonts of text. Computer Modern's italics of formulas has figures of another style, and no signs."""
    return [path for path in font_files() if path.stem != "cmmi10"]


@lru_cache(maxsize=64)
def _font(path: Path) -> tuple[ImageFont.FreeTypeFont, frozenset[str]]:
    """A font whose digits are PRINT_DIGIT_PX high, and which characters it has; those of TeX's, which we know."""
    from matplotlib.ft2font import FT2Font

    trial = ImageFont.truetype(str(path), 200)
    _, top, _, bottom = trial.getbbox("0")
    font = ImageFont.truetype(str(path), round(200 * PRINT_DIGIT_PX / (bottom - top)))
    characters = frozenset(map(chr, FT2Font(str(path)).get_charmap()))
    return font, characters & TEX_CHARACTERS if path.stem.startswith("cm") else characters


@lru_cache(maxsize=4096)
def printed_glyph(path: Path, character: str, level: float = 0.5) -> FieldGlyph | None:
    """A character of a font; None where the font lacks it. level: see `FieldGlyph`."""
    font, characters = _font(path)
    if character not in characters:
        return None
    x0, y0, x1, y1 = (round(edge) for edge in font.getbbox(character, anchor="ls"))
    if x1 <= x0 or y1 <= y0:
        return None
    size = (x1 - x0 + 2 * BORDER_PX, y1 - y0 + 2 * BORDER_PX)
    picture = Image.new("L", size)
    ImageDraw.Draw(picture).text((BORDER_PX - x0, BORDER_PX - y0), character, 255, font, anchor="ls")
    field = cv2.GaussianBlur(np.array(picture), (0, 0), 1.2)
    left, top, width, height = cv2.boundingRect((field > MIN_INK_GREY).view(np.uint8))
    unit = 1 / PRINT_DIGIT_PX
    matrix = np.array([[unit, 0, (x0 - BORDER_PX + 0.5) * unit], [0, unit, (y0 - BORDER_PX + 0.5) * unit]])
    left, top = left + x0 - BORDER_PX, top + y0 - BORDER_PX
    box = (left * unit, top * unit, (left + width) * unit, (top + height) * unit)
    return FieldGlyph(field, matrix, box, font.getlength(character) * unit, level)


@dataclass(frozen=True)
class PrintLetters:
    """One face."""

    path: Path
    """Its file."""
    level: float
    """See `FieldGlyph`: lower is bolder."""
    dash: str
    """What stands for a hyphen."""
    printed: bool = True
    stroke: float | None = None

    def glyph(self, rng: np.random.Generator, character: str) -> FieldGlyph | None:
        """A character; the same each time."""
        own = printed_glyph(self.path, self.dash, self.level) if character == "-" else None
        return own or printed_glyph(self.path, character, self.level)


def print_letters(rng: np.random.Generator, split: Split) -> PrintLetters:
    """Any face. The splits share the faces, as they do for printed digits."""
    faces = text_faces()
    path = faces[int(rng.integers(len(faces)))]
    return PrintLetters(path, float(rng.choice([0.4, 0.5, 0.5, 0.6])), str(rng.choice(list(DASHES["-"]))))
