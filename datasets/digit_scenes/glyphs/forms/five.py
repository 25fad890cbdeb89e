"""Forms of the 5, edition by edition. For what a form is see `form`."""

from __future__ import annotations

from digit_scenes.glyphs.forms.form import Floats, Maker, Point, Strokes, form


def _belly(m: Maker, reach: Floats) -> tuple[Point, ...]:
    """A 5's lower bow, from the neck to its end at the left. reach: how far right it comes."""
    return (
        (reach * 0.75, m.u(0.4, 0.48)),
        (reach, m.u(0.64, 0.74)),
        (reach * 0.65, m.u(0.94, 0.99)),
        (0.12, 1),
        (m.u(-0.12, 0.02), m.u(0.84, 0.95)),
    )


@form(5, weight=1, edition=1)
def five_like_s(m: Maker) -> Strokes:
    reach = m.u(0.48, 0.62)
    bow = ((reach + m.u(-0.04, 0.16), m.u(-0.02, 0.1)), (0.3, 0.0), (m.u(0.06, 0.14), m.u(0.12, 0.2)))
    return [m.curve(*bow, (0.14, m.u(0.34, 0.42)), (reach * 0.75, m.u(0.48, 0.54)), *_belly(m, reach)[1:])]


@form(5, weight=1.2, edition=1)
def five_loose_bar(m: Maker) -> Strokes:
    """The bar begins away from the body."""
    top, neck = m.u(0.02, 0.1), m.u(0.34, 0.44)
    body = m.curve((0.1, top), (m.u(0.04, 0.12), neck), (0.08, neck), *_belly(m, m.u(0.45, 0.6)))
    x, y = m.u(0.2, 0.38), m.u(-0.1, 0.02)
    return [body, m.curve((x, y), (x + m.u(0.3, 0.55), y + m.u(-0.06, 0.05)))]


@form(5, weight=1, edition=1)
def five_flying_bar(m: Maker) -> Strokes:
    """The bar goes far to the right, over the next digit."""
    neck = m.u(0.34, 0.44)
    body = m.curve((0.12, 0), (m.u(0.04, 0.12), neck), (0.08, neck), *_belly(m, m.u(0.45, 0.58)))
    end = m.u(0.7, 1.05)
    return [body, m.curve((0.12 + m.u(-0.04, 0.06), 0.01), (end * 0.6, m.u(-0.04, 0.04)), (end, m.u(-0.14, 0.06)))]


@form(5, weight=1, edition=1)
def five_long(m: Maker) -> Strokes:
    """Tall and narrow like a long s, with a bar."""
    neck, x = m.u(0.3, 0.42), m.u(0.12, 0.24)
    reach = x + m.u(0.14, 0.26)
    body = m.curve(
        (x + m.u(0.04, 0.14), 0),
        (x, neck),
        (reach * 0.9, neck + m.u(0.06, 0.12)),
        (reach, m.u(0.68, 0.76)),
        (x, m.u(0.95, 1.0)),
        (m.u(-0.1, 0.02), m.u(0.86, 0.96)),
    )
    return [body, m.curve((x + 0.1, m.u(-0.02, 0.02)), (x + m.u(0.4, 0.65), m.u(-0.08, 0.06)))]


@form(5, weight=0.9, edition=1)
def five_like_root(m: Maker) -> Strokes:
    """Hardly any belly: a leaning stem with a hook at its foot and a bar that flies off."""
    x, bulge, foot = m.u(0.14, 0.34), m.u(0.0, 0.08), m.u(0.02, 0.12)
    hook = ((foot, m.u(0.94, 1.0)), (foot - m.u(0.08, 0.2), m.u(0.78, 0.92)))
    body = m.curve((x, 0.02), (x - 0.05, 0.36), (x - 0.02 + bulge, 0.62), *hook)
    end = x + m.u(0.3, 0.7)
    return [body, m.curve((x - m.u(0.0, 0.08), 0.02), ((x + end) / 2, m.u(-0.05, 0.05)), (end, m.u(-0.16, 0.06)))]


@form(5, weight=0.8, edition=1)
def five_in_one(m: Maker) -> Strokes:
    """One stroke from the bar's right end, with a corner."""
    neck, reach = m.u(0.36, 0.46), m.u(0.46, 0.6)
    corner = (m.u(0.08, 0.18), m.u(0.0, 0.06))
    bar = m.curve((m.u(0.45, 0.75), m.u(-0.06, 0.06)), corner)
    return [bar, m.curve(corner, (0.06, neck), (0.06, neck), *_belly(m, reach))]


@form(5, weight=0.9, edition=2)
def five_like_tick(m: Maker) -> Strokes:
    """A leaning stem with a small barb at its foot, and a bar."""
    x, barb = m.u(0.15, 0.5), m.u(0.08, 0.22)
    stem = m.curve((x, 0.02), (x * 0.55, 0.5), (0, 0.98), (0, 0.98), (-barb, m.u(0.62, 0.84)))
    end = x + m.u(0.25, 0.7)
    return [stem, m.curve((x - m.u(0.0, 0.1), 0.02), ((x + end) / 2, m.u(-0.05, 0.05)), (end, m.u(-0.12, 0.08)))]


@form(5, weight=0.8, edition=3)
def five_falling(m: Maker) -> Strokes:
    """A leaning stem with hardly any belly, and a bar that flies off to the right."""
    x, belly = m.u(0.1, 0.36), m.u(0.08, 0.26)
    stem = ((x, 0.04), (x * 0.7, 0.4), (x * 0.7 + belly, m.u(0.52, 0.66)), (x * 0.6 + belly * 0.6, 0.86))
    gap = m.u(-0.04, 0.1)
    bar = m.curve((x + gap, m.u(0.0, 0.08)), (x + 0.25, m.u(-0.04, 0.06)), (x + m.u(0.34, 0.8), m.u(-0.14, 0.08)))
    return [m.curve(*stem, (m.u(-0.2, 0.1), m.u(0.9, 1.0))), bar]


@form(5, weight=1.3, edition=4)
def five_rooted(m: Maker) -> Strokes:
    """A tick down, a long way up to the right, and a bar from there: a root sign, its bar long, short or a hook."""
    dip, top = m.u(0.1, 0.3), m.u(0.24, 0.62)
    start, bottom = (0.0, m.u(0.34, 0.66)), (dip, 1.0)
    bend = m.u(-0.04, 0.1)
    up = ((dip + (top - dip) * 0.5 + bend, 0.5), (top, m.u(0.0, 0.1)))
    bar = ((top, 0.03), (top + m.u(0.08, 0.2), m.u(-0.03, 0.06)), (top + m.u(0.2, 0.6), m.u(-0.06, 0.12)))
    return [m.curve(start, (dip * 0.55, 0.72), bottom, bottom, *up), m.curve(*bar)]


@form(5, weight=0.9, edition=4)
def five_flat(m: Maker) -> Strokes:
    """One stroke like a flattened S: no corner, hardly a belly, its top bar far out or hardly there."""
    wide, waist = m.u(0.22, 0.56), m.u(0.36, 0.54)
    top = ((wide, m.u(-0.02, 0.12)), (wide * 0.4, m.u(0.0, 0.06)), (m.u(0.0, 0.1), waist * 0.6))
    belly = ((wide * 0.5, waist + 0.06), (wide * m.u(0.7, 1.05), m.u(0.66, 0.8)), (wide * 0.4, 0.98))
    return [m.curve(*top, *belly, (m.u(-0.16, 0.06), m.u(0.88, 1.0)))]


@form(5, weight=0.9, edition=5)
def five_like_v(m: Maker) -> Strokes:
    """Down and up again like a tick, narrow or wide; its bar hangs at the top, away from it or right through it."""
    dip, top, low = m.u(0.08, 0.24), m.u(0.2, 0.5), m.u(0.86, 1.0)
    down = ((m.u(-0.06, 0.06), m.u(0.2, 0.5)), (dip * 0.6, 0.68), (dip, low))
    bend = m.u(0.0, 0.14)
    up = ((dip + (top - dip) * 0.6 + bend, 0.56), (top, m.u(0.1, 0.3)))
    x, y = top + m.u(-0.14, 0.08), m.u(-0.04, 0.12)
    return [m.curve(*down, (dip, low), *up), m.curve((x, y), (x + m.u(0.18, 0.5), y + m.u(-0.1, 0.06)))]


@form(5, weight=1.2, edition=6)
def five_parted(m: Maker) -> Strokes:
    """A body like a hook or a slanted S, and a bar apart from it: far to the right, above, level or rising."""
    lean, wide = m.u(0.05, 0.34), m.u(0.14, 0.36)
    body = ((lean, m.u(0.06, 0.22)), (lean * 0.5, 0.36), (lean * 0.6, 0.46), (wide + lean * 0.4, 0.66))
    end = (m.u(-0.24, 0.06), m.u(0.84, 1.0))
    x, y = lean + m.u(0.0, 0.2), m.u(-0.04, 0.14)
    return [m.curve(*body, (wide * 0.6, 0.96), end), m.curve((x, y), (x + m.u(0.16, 0.56), y - m.u(-0.1, 0.14)))]
