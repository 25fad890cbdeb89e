"""Kinds of crops of one cell of a form, a logbook or a price list: what stands in it, and what peeps in."""

from __future__ import annotations

import numpy as np

from digit_scenes.chance import happens
from digit_scenes.ink.composition import values
from digit_scenes.ink.composition.composer import Composer
from digit_scenes.ink.composition.values import figures, pick, whole

NOTHING_SHARE = 0.055
"""Share of cells in which something says that there is no number."""
_NOTHING = "- - - - / ✓ ✓ ✗ nil Nil NIL N/A n/a NA -- none X ... ? yes"
NOTHING = _NOTHING.split()
"""What that is."""
_UNITS = "kg g m cm km h hr min C mm pcs x ft th nd rd a yrs mg"
UNITS = _UNITS.split()
"""What stands behind numbers."""
CODES = (*"ABCEFHKMNPRTWx", "No ", "Nr ", "Rs ", "Rs. ", "# ", "Lot ")
"""What stands before them."""
TRACE_SHARE = 0.4
"""Share of cells into which ink of their neighbours peeps."""


def amount(rng: np.random.Generator) -> str:
    """Money, with the sign of a currency or the strokes that end an amount, or neither."""
    point = pick(rng, (".", ","))
    other = "," if point == "." else "."
    number = pick(rng, (whole(rng, 4), values.grouped(rng, other), whole(rng, 3) + point + figures(rng, 2)))
    if happens(rng, 0.2):
        number = values.grouped(rng, other) + point + figures(rng, 2)
    forms = ("{}", "{}/-", "${}", "{} €", "€{}", "£{}", "{}$", "{},-", "{}.-")
    return pick(rng, forms, (5, 2, 3, 2, 1, 1, 0.5, 1, 0.5)).format(number)


def date(rng: np.random.Generator) -> str:
    """A date, with a year or without."""
    mark = pick(rng, ("/", "/", ".", "-"))
    day, month, year = int(rng.integers(1, 32)), int(rng.integers(1, 13)), int(rng.integers(1940, 2030))
    parts = [f"{day:02d}", f"{month:02d}"] if happens(rng, 0.6) else [str(day), str(month)]
    kind = rng.uniform()
    if kind < 0.8:
        parts.append(str(year) if kind < 0.5 else f"{year % 100:02d}")
    return mark.join(parts)


def entry(rng: np.random.Generator) -> str:
    """What stands in a cell: a number in most of its forms."""
    kind = rng.uniform()
    point = pick(rng, (".", ".", ","))
    if kind < 0.28:
        return whole(rng)
    if kind < 0.44:
        return whole(rng, 3) + point + figures(rng, int(rng.integers(1, 3)))
    if kind < 0.5:
        return values.grouped(rng, pick(rng, (",", ".")))
    if kind < 0.57:
        number = pick(rng, (whole(rng, 2), values.decimal(rng, point), "0" + point + figures(rng, 1)))
        return pick(rng, ("-", "-", "-", "+")) + number
    if kind < 0.67:
        return date(rng)
    if kind < 0.72:
        hour = f"{int(rng.integers(0, 24)):{pick(rng, ('d', '02d'))}}"
        return f"{hour}{pick(rng, (':', ':', '.'))}{int(rng.integers(60)):02d}"
    if kind < 0.82:
        return amount(rng)
    if kind < 0.86:
        return pick(rng, (whole(rng, 2), values.decimal(rng, point))) + pick(rng, ("%", " %"))
    if kind < 0.89:
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
    for _ in range(6):  # what would be too small here is written nowhere
        run = page.run(text)
        if run and run.width * page.height * 0.75 < page.size[1]:
            break
        text = text if run is None else whole(rng, 3)
    else:
        return
    height = page.block([[(0.0, run)]]) if run else page.height
    if happens(rng, TRACE_SHARE):
        for side in rng.permutation(4)[: int(rng.integers(1, 3))].tolist():
            _peep(page, side, height)


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
