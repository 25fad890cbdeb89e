"""Kinds of pages with algebra: equations, systems with a brace, fractions with a bar, roots and powers."""

from __future__ import annotations

import numpy as np

from digit_scenes.chance import happens
from digit_scenes.glyphs.signs import brace, line, root
from digit_scenes.ink.composition import values
from digit_scenes.ink.composition.arithmetic import operator_gap, term_row
from digit_scenes.ink.composition.composer import Composer, row_width
from digit_scenes.ink.composition.page import Run


def unknowns(page: Composer) -> None:
    """Equations with unknowns, one below the other, as they are solved; now and then sums among them."""
    rng = page.rng
    gap = operator_gap(rng)
    texts = [
        values.with_unknown(rng) if happens(rng, 0.8) else values.equation(rng) for _ in range(max(page.row_count, 2))
    ]
    page.block([term_row(page, text, gap) for text in texts])


def system(page: Composer) -> None:
    """Two or three equations behind a brace."""
    rng = page.rng
    gap, count = operator_gap(rng), int(rng.integers(2, 4))
    rows = [row for row in (term_row(page, values.with_unknown(rng), gap) for _ in range(count)) if row]
    if not rows:
        return
    spacing = float(rng.uniform(1.45, 1.9))
    wide = max(map(row_width, rows)) + 0.8
    height = min(page.height, page.size[1] * 0.95 / wide, page.size[0] * 0.92 / (len(rows) * spacing))
    x = float(rng.uniform(0, page.size[1] - wide * height)) + 0.8 * height
    y = float(rng.uniform(0, page.size[0] - len(rows) * spacing * height)) + 1.15 * height
    top, foot = -rng.uniform(1.1, 1.4), (len(rows) - 1) * spacing + rng.uniform(0.1, 0.4)
    strokes = brace(rng, top, foot, float(rng.uniform(0.3, 0.45)))
    page.draw([stroke * height + (x - 0.5 * height, y) for stroke in strokes], height, "{")
    for index, row in enumerate(rows):
        page.put_row(row, x, y + index * spacing * height, height)


def fractions(page: Composer) -> None:
    """Fractions with a bar and signs between them, now and then a whole number."""
    rng = page.rng
    size = float(rng.choice([0.75, 1.0, 1.0]))
    gap = float(rng.uniform(0.2, 0.6))
    count = int(rng.integers(1, 4))
    parts: list[tuple[Run, Run | None]] = []
    for index in range(count + int(happens(rng, 0.4))):
        if index:
            sign = page.run("=" if index == count else values.pick(rng, ("+", "-", "×", "=", "÷")))
            if sign:
                parts.append((sign, None))
        upper, lower = (page.run(str(values.small(rng)), size) for _ in range(2))
        if happens(rng, 0.15):
            whole = page.run(values.whole(rng, 2))
            if whole:
                parts.append((whole, None))
                page.page.told = False  # whether it is above or below is anybody's guess
        if upper and lower:
            parts.append((upper, lower))
    if not parts:
        return
    widths = [max(above.width, below.width if below else 0.0) + (0.3 if below else 0.0) for above, below in parts]
    wide = sum(widths) + gap * (len(parts) - 1)
    deep = size * float(rng.uniform(1.15, 1.45))  # from the bar to the lower baseline
    height = min(page.height, page.size[1] * 0.95 / wide, page.size[0] * 0.9 / (2.2 * deep))
    x = float(rng.uniform(0, page.size[1] - wide * height))
    bar = float(rng.uniform(deep * height, page.size[0] - 1.1 * deep * height))
    above_row, below_row = page.new_row(bar - 0.7 * height), page.new_row(bar + 0.7 * height)
    middle = page.new_row(bar)
    for (upper, lower), width in zip(parts, widths, strict=True):
        if lower is None:
            page.put(upper, x, bar + 0.5 * height, height, middle)
        else:
            lift = (deep - size) * rng.uniform(0.7, 1.1)
            page.put(upper, x + (width - upper.width) / 2 * height, bar - lift * height, height, above_row)
            page.put(lower, x + (width - lower.width) / 2 * height, bar + deep * height, height, below_row)
            tilt = rng.normal(0, 0.03) * height
            page.draw([line(rng, (x, bar + tilt), (x + width * height, bar - tilt), 0.01)], height)
        x += (width + gap) * height


def powers(page: Composer) -> None:
    """Terms with exponents, and roots. Whether a reader puts exponents on their line is not told."""
    rng = page.rng
    page.page.told = False
    rows = max(min(page.row_count, 5), 1)
    spacing = float(rng.uniform(1.9, 2.5))
    height = min(page.height, page.size[1] / 9, page.size[0] * 0.95 / (rows * spacing))
    x0 = float(rng.uniform(0, page.size[1] * 0.3))
    y = float(rng.uniform(0, page.size[0] - rows * spacing * height)) + 1.5 * height
    gap = operator_gap(rng)
    for _ in range(rows):
        x = x0
        for index in range(int(rng.integers(2, 5))):
            if index:
                x = _put(page, values.pick(rng, ("+", "-", "=", "=")), x + gap * height, y, height) + gap * height
            kind = rng.uniform()
            if kind < 0.45:
                base = values.pick(rng, values.UNKNOWNS) if happens(rng, 0.6) else str(values.small(rng))
                x = _put(page, base, x, y, height)
                raised = float(rng.uniform(0.5, 0.8)) * height
                x = _put(page, str(rng.integers(2, 13)), x + 0.08 * height, y - raised, 0.55 * height)
            elif kind < 0.65:
                run = page.run(values.pick(rng, (str(values.small(rng)), values.pick(rng, values.UNKNOWNS))))
                if run:
                    strokes = root(rng, run.width + 0.2)
                    page.draw([stroke * height + (x + 0.45 * height, y) for stroke in strokes], height)
                    page.put(run, x + 0.5 * height, y, height)
                    x += (run.width + 0.7) * height
            else:
                x = _put(page, values.pick(rng, (str(values.small(rng)), values.term(rng).split()[0])), x, y, height)
            if x > page.size[1] * 0.85:
                break
        y += spacing * height


def _put(page: Composer, text: str, x: float, y: float, height: float) -> float:
    """A run on the page, in none of its lines. Returns where it ends, pixels."""
    run = page.run(text)
    if run is None:
        return x
    page.put(run, x, y, height)
    return x + float(np.maximum(run.width, 0.1)) * height
