"""Kinds of crops of one cell of a form, a logbook or a price list: what stands in it, and what peeps in."""

from __future__ import annotations

import numpy as np

from digit_scenes.chance import happens
from digit_scenes.ink.composition import notes, values
from digit_scenes.ink.composition.composer import Composer
from digit_scenes.ink.composition.values import amount, clock, date, figures, pick, whole

NOTHING_SHARE = 0.055
"""Share of cells in which something says that there is no number."""
_NOTHING = "- - - - / ✓ ✓ ✗ nil Nil NIL N/A n/a NA -- none X ... ? yes"
NOTHING = _NOTHING.split()
"""What that is."""
_UNITS = "kg m cm km h hr min C mm pcs x ft th nd rd a yrs mg"
UNITS = _UNITS.split()
"""What stands behind numbers."""
CODES = (*"ABCEFHKMNPRTWx", "No ", "Nr ", "Rs ", "Rs. ", "# ", "Lot ")
"""What stands before them."""
MIN_DIGIT_PX = 10.0
"""Lowest digits, pixels: where an entry would be lower, a shorter one is written."""
CAPTION_SHARE = 0.1
"""Share of cells with a word of the form's in small print."""
TRACE_SHARE = 0.4
"""Share of cells into which ink of their neighbours peeps."""


def entry(rng: np.random.Generator) -> str:
    """What stands in a cell: a number in most of its forms."""
    kind = rng.uniform()
    point = pick(rng, (".", ".", ","))
    if kind < 0.26:
        return whole(rng)
    if kind < 0.4:
        return whole(rng, 3) + point + figures(rng, int(rng.integers(1, 3)))
    if kind < 0.45:
        return values.grouped(rng, pick(rng, (",", ".")))
    if kind < 0.53:
        number = pick(rng, (whole(rng, 2), values.decimal(rng, point), "0" + point + figures(rng, 1)))
        return pick(rng, ("-", "-", "-", "+")) + number
    if kind < 0.62:
        return date(rng)
    if kind < 0.68:
        return clock(rng)
    if kind < 0.79:
        return amount(rng)
    if kind < 0.85:
        return pick(rng, (whole(rng, 2), values.decimal(rng, point))) + pick(rng, ("%", " %"))
    if kind < 0.88:
        return f"{int(rng.integers(1, 100))}/{int(rng.integers(2, 101))}"
    if kind < 0.93:
        return whole(rng, 4) + pick(rng, (".", ".", ",", "-", ":"))
    if kind < 0.965:
        return pick(rng, (whole(rng, 3), values.decimal(rng, point))) + pick(rng, ("", " ")) + pick(rng, UNITS)
    if kind < 0.99:
        return pick(rng, CODES) + whole(rng, 4)
    return f"({whole(rng, 3)})"


def cell(page: Composer) -> None:
    """One entry, or something that says that there is none, and ink of the cells around."""
    rng = page.rng
    text = pick(rng, NOTHING) if happens(rng, NOTHING_SHARE) else entry(rng)
    run = page.run(text)
    if run is None or run.width * MIN_DIGIT_PX > page.size[1]:
        run = page.run(whole(rng, 3))
    height = page.block([[(0.0, run)]]) if run else page.height
    if happens(rng, CAPTION_SHARE):
        _caption(page, height)
    if happens(rng, TRACE_SHARE):
        for side in rng.permutation(4)[: int(rng.integers(1, 3))].tolist():
            _peep(page, side, height)


def _caption(page: Composer, height: float) -> None:
    """What a form says in small print in a corner of its cell, where there is room."""
    rng = page.rng
    word = pick(rng, notes.WORDS)
    word = pick(rng, (word, word.capitalize(), word.upper())) + pick(rng, ("", "", ":", "."))
    run = (page.second or page.scribe).run(word)
    if run is None:
        return
    size = max(height * float(rng.uniform(0.22, 0.42)), 6.0)
    x, y = 0.03 * page.size[1], float(rng.uniform(1.1, 1.5)) * size
    if happens(rng, 0.25):
        y = page.size[0] - 0.3 * size
    if all(x1 < x or x0 > x + run.width * size or y1 < y - size or y0 > y for x0, y0, x1, y1 in page.page.frames):
        page.put(run, x, y, size)


def _peep(page: Composer, side: int, height: float) -> None:
    """The border of what stands in the cell above (0), below (1), left (2) or right (3)."""
    rng = page.rng
    run = page.run(values.any_number(rng) if happens(rng, 0.8) else "any")
    if run is None:
        return
    page_height, page_width = page.size
    x = float(rng.uniform(-0.5, 0.7)) * page_width
    y = page_height * float(rng.uniform(0.5, 0.95))
    if side == 0:
        y = float(rng.uniform(0.02, 0.28)) * height
    elif side == 1:
        y = page_height + (1 - float(rng.uniform(0.03, 0.28))) * height
    elif side == 2:
        x = float(rng.uniform(0.03, 0.18)) * height - run.width * height
    else:
        x = page_width - float(rng.uniform(0.03, 0.18)) * height
    page.trace(run, x, y, height)
