"""Characters of all kinds as one writer or one printer makes them: what a source of letters is, and which there are.

To add a source, write a class with the two members of `LetterSource`, and a function that makes one for a page. Name it
in `LETTER_SOURCES`. A recipe then asks for it by its name. A source may lack characters: signs that it lacks are drawn
by `signs`, and words with letters that it lacks are not written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from digit_scenes.glyphs.digits import Split

Points = NDArray[np.float64]
"""(N, 2): x, y of points along a stroke."""
Box = tuple[float, float, float, float]
"""x0, y0, x1, y1."""


@dataclass(frozen=True, eq=False)
class StrokeGlyph:
    """A character as lines that a pen follows; any pen may draw them.

    Units are heights of a digit of the same hand: x to the right from where the character begins, y *down* from the
    baseline, so a digit reaches from y = -1 to y = 0.
    """

    strokes: tuple[Points, ...]
    """At least one. A point is a stroke of one point."""
    advance: float | None = None
    """How far to the right the next character begins; None for one that begins a gap behind the ink."""
    weight: float = 1.0
    """Thickness of its stroke, in that of the page's pen: above 1 for points that are pressed."""

    @cached_property
    def box(self) -> Box:
        """Of its middle lines, in the glyph's units."""
        points = np.concatenate(self.strokes)
        x0, y0 = points.min(0).tolist()
        x1, y1 = points.max(0).tolist()
        return x0, y0, x1, y1


@dataclass(frozen=True, eq=False)
class FieldGlyph:
    """A character as a picture, for what has no lines: print, and pictures of handwriting.

    Units as of `StrokeGlyph`.
    """

    field: NDArray[np.uint8]
    """uint8 (H, W), ink on 0, with edges that fall off over about five pixels, see `ink.pens`."""
    matrix: NDArray[np.float64]
    """(2, 3), affine, from pixels of the field, whose middles are whole numbers, to the glyph's units."""
    box: Box
    """Of its ink, in the glyph's units."""
    advance: float | None = None
    """How far to the right the next character begins; None for one that begins a gap behind the ink."""
    level: float | None = None
    """Where to cut the field, in (0, 1), for a stroke of its own thickness. None where the field is a `pens.ridge`,
    which is cut as thick as the page's pen is."""


Glyph = StrokeGlyph | FieldGlyph


class LetterSource(Protocol):
    """One writer, or one face of a printer: what a page's characters come from."""

    @property
    def printed(self) -> bool:
        """Whether its characters are print: they stand exactly on the baseline, by their advances."""
        ...

    @property
    def stroke(self) -> float | None:
        """How thick its own strokes are, in heights of a digit; None where they are as thick as the pen asked for.

        Signs that it lacks are drawn so thick.
        """
        ...

    def glyph(self, rng: np.random.Generator, character: str) -> Glyph | None:
        """A sample of a character, also of a digit or a sign; None where the source lacks it.

        A writer's samples differ from each other; printed ones do not.
        """
        ...


SourceMaker = Callable[[np.random.Generator, Split], LetterSource]
"""Makes the source of one page, of the writers or faces of a split."""


def letter_sources() -> dict[str, SourceMaker]:
    """By name, all sources of letters."""
    from digit_scenes.glyphs.print_letters import print_letters
    from digit_scenes.glyphs.sheet_letters import hand_letters, script_letters, sheet_print
    from digit_scenes.glyphs.skeletons import skeleton_letters

    return {
        "print": print_letters,
        "skeletons": skeleton_letters,
        "hands": hand_letters,
        "sheet-print": sheet_print,
        "scripts": script_letters,
    }
