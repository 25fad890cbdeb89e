"""Forms of the 4, edition by edition. For what a form is see `form`."""

from __future__ import annotations

from digit_scenes.glyphs.forms.form import Maker, Strokes, form


@form(4, weight=1.4, edition=1)
def four_open(m: Maker) -> Strokes:
    """Open at the top like a U with a long right stem."""
    wide, low = m.u(0.42, 0.6), m.u(0.46, 0.62)
    cup = m.curve((m.u(-0.04, 0.14), m.u(0.0, 0.12)), (0, low * 0.62), (wide * m.u(0.2, 0.45), low), (wide, low - 0.06))
    return [cup, m.curve((wide + m.u(-0.03, 0.08), m.u(-0.08, 0.12)), (wide, 0.5), (wide - m.u(0.0, 0.12), 1))]


@form(4, weight=1.4, edition=1)
def four_angled(m: Maker) -> Strokes:
    """Open at the top: an L, and a stem through its bar."""
    low, wide, at = m.u(0.48, 0.7), m.u(0.54, 0.78), m.u(0.62, 0.82)
    x, bar = wide * at, m.u(-0.06, 0.06)
    top = m.u(0.05, 0.32)
    ell = m.curve((m.u(0.04, 0.18), 0), (m.u(0.0, 0.06), low * 0.6), (0, low), (0, low), (wide, low - bar))
    return [ell, m.curve((x + m.u(0.0, 0.08), top), (x, low), (x - m.u(-0.02, 0.12), 1))]


@form(4, weight=0.9, edition=1)
def four_slanted(m: Maker) -> Strokes:
    """Open, with a stem that leans and hangs far below the bar."""
    low, wide = m.u(0.42, 0.54), m.u(0.5, 0.7)
    x = wide * m.u(0.7, 0.9)
    ell = m.curve((m.u(0.1, 0.28), 0), (0.02, low * 0.75), (m.u(0.05, 0.12), low), (wide, low - m.u(-0.03, 0.08)))
    return [ell, m.curve((x + m.u(0.06, 0.16), m.u(-0.05, 0.15)), (x, low), (x - m.u(0.1, 0.3), 1))]


@form(4, weight=1.3, edition=1)
def four_like_h(m: Maker) -> Strokes:
    """Its left stem is the taller one, and leans; the right one is short and hangs below."""
    lean, low, wide = m.u(0.05, 0.5), m.u(0.52, 0.72), m.u(0.36, 0.56)
    turn = (lean * 0.1, low)
    left = m.curve(
        (lean, 0), (lean * 0.55, low * 0.5), turn, turn, (wide * 0.6, low - m.u(0.02, 0.14)), (wide, low - 0.1)
    )
    top = low - m.u(0.1, 0.3)
    return [left, m.curve((wide + m.u(0.0, 0.1), top), (wide, low), (wide - m.u(0.0, 0.25), 1))]


@form(4, weight=0.8, edition=1)
def four_closed(m: Maker) -> Strokes:
    low, x = m.u(0.58, 0.72), m.u(0.42, 0.55)
    return [
        m.curve((x, 0), (0, low), (0, low), (x + m.u(0.08, 0.25), low + m.u(-0.05, 0.03))),
        m.curve((x + m.u(-0.02, 0.06), m.u(-0.02, 0.06)), (x, 0.5), (x + m.u(-0.08, 0.03), 1)),
    ]


@form(4, weight=1.2, edition=2)
def four_like_y(m: Maker) -> Strokes:
    """A bowl, and a stem that hangs from its right end."""
    wide, low = m.u(0.3, 0.56), m.u(0.42, 0.66)
    bowl = m.curve(
        (m.u(-0.05, 0.14), m.u(0.0, 0.14)),
        (m.u(-0.02, 0.04), low * 0.6),
        (wide * 0.3, low),
        (wide * 0.75, low - 0.04),
        (wide, low - m.u(0.1, 0.3)),
    )
    return [bowl, m.curve((wide + m.u(0.0, 0.06), m.u(-0.05, 0.3)), (wide - 0.02, 0.55), (wide - m.u(0.0, 0.25), 1))]


@form(4, weight=1.2, edition=2)
def four_like_chair(m: Maker) -> Strokes:
    """A chair: the left stem leans far, the seat is a wave, the right leg is short and begins at the seat."""
    lean, low, wide = m.u(0.05, 0.45), m.u(0.52, 0.76), m.u(0.4, 0.66)
    turn = (m.u(-0.06, 0.06), low)
    seat = (wide * 0.45, low - m.u(0.0, 0.16))
    left = m.curve((lean, 0), (lean * 0.5, low * 0.52), turn, turn, seat, (wide, low - m.u(-0.03, 0.1)))
    leg = wide * m.u(0.72, 1.0)
    return [left, m.curve((leg + m.u(0.0, 0.08), low - m.u(0.02, 0.26)), (leg, low), (leg - m.u(0.0, 0.22), 1))]


@form(4, weight=0.8, edition=2)
def four_in_one(m: Maker) -> Strokes:
    """Closed, in one stroke: down the left, along the bar, up and down the stem."""
    low, x = m.u(0.48, 0.7), m.u(0.4, 0.56)
    corner, end = (m.u(-0.04, 0.04), low), (x + m.u(0.06, 0.24), low + m.u(-0.08, 0.02))
    top = (x + m.u(-0.1, 0.08), m.u(0.0, 0.12))
    return [m.curve(top, (x * 0.45, low * 0.55), corner, corner, end), m.curve(top, (x, 0.5), (x - m.u(0.0, 0.2), 1))]


@form(4, weight=1.3, edition=3)
def four_like_b(m: Maker) -> Strokes:
    """One stroke: down, around a round corner, up over a hump, and down again, the second leg short."""
    lean, low, wide = m.u(0.0, 0.4), m.u(0.6, 0.85), m.u(0.26, 0.5)
    start = lean + m.u(-0.05, 0.05)
    bend = ((start * 0.45, low * 0.5), (m.u(-0.03, 0.04), low * 0.95), (wide * 0.35, low * m.u(0.82, 0.96)))
    hump = ((wide * 0.75, low - m.u(0.16, 0.34)), (wide, low - m.u(0.04, 0.2)))
    return [m.curve((start, 0), *bend, *hump, (wide - m.u(-0.04, 0.16), 1))]


@form(4, weight=1, edition=3)
def four_crossing(m: Maker) -> Strokes:
    """A bent stroke that ends far right, and a stem that crosses its end, high or low, long or short."""
    lean, low, wide = m.u(0.0, 0.34), m.u(0.46, 0.74), m.u(0.4, 0.75)
    corner = (m.u(-0.06, 0.06), low)
    end = (wide, low + m.u(-0.14, 0.1))
    bent = m.curve((lean, m.u(0.0, 0.12)), (lean * 0.5, low * 0.5), corner, corner, (wide * 0.5, low + 0.02), end)
    at, tilt = wide * m.u(0.5, 0.9), m.u(-0.05, 0.16)
    return [bent, m.curve((at + tilt, low - m.u(0.14, 0.6)), (at, low + 0.05), (at - tilt * m.u(0.2, 1.2), 1))]


@form(4, weight=0.6, edition=3)
def four_like_nine(m: Maker) -> Strokes:
    """A round head closed at its top, pointed below at the left; the stem is its right side."""
    wide, low = m.u(0.28, 0.5), m.u(0.46, 0.66)
    top = (wide + m.u(-0.06, 0.04), m.u(0.0, 0.1))
    corner = (m.u(-0.05, 0.03), low - m.u(0.0, 0.06))
    head = ((wide * 0.5, low * m.u(0.08, 0.4)), corner, (wide * 0.3, low + m.u(0.0, 0.05)))
    return [m.curve(top, *head, (wide, low - m.u(0.0, 0.16))), m.curve(top, (wide, 0.5), (wide - m.u(-0.08, 0.26), 1))]


@form(4, weight=1.6, edition=4)
def four_of_bowl(m: Maker) -> Strokes:
    """A bowl, round, flat or pointed. Its right side is the stem, which starts at any height and runs on below."""
    wide, low = m.u(0.24, 0.56), m.u(0.4, 0.68)
    left = m.u(-0.04, 0.16)
    bottom = (wide * m.u(0.25, 0.6), low + m.u(0.0, 0.06))
    bowl = ((left, m.u(0.0, 0.14)), (m.u(-0.05, 0.05), low * 0.6), bottom, (wide * 0.95, low - m.u(0.04, 0.2)))
    top, lean = m.u(0.0, 0.34), m.u(-0.16, 0.06)
    return [m.curve(*bowl), m.curve((wide, top), (wide + lean * 0.4, (1 + top) / 2), (wide + lean, 1))]


@form(4, weight=1.2, edition=4)
def four_of_l(m: Maker) -> Strokes:
    """An L, upright or leaning, its foot straight, rising or wavy; a short stem stands on it or hangs from it."""
    lean, low = m.u(0.0, 0.4), m.u(0.55, 0.86)
    end, rise = m.u(0.36, 0.8), m.u(-0.14, 0.16)
    corner = (m.u(-0.04, 0.04), low)
    foot = (corner, corner, (end * 0.5, low - rise * 0.5 + m.u(-0.04, 0.04)), (end, low - rise))
    stem, tilt = end * m.u(0.35, 0.95), m.u(-0.12, 0.16)
    above, below = m.u(0.05, 0.4), m.u(0.05, 0.45)
    y = low - rise * 0.6
    down = m.curve((stem + tilt, y - above), (stem, y + 0.02), (stem - tilt * 0.8, y + below))
    return [m.curve((lean, 0), (lean * 0.4, low * 0.55), *foot), down]


@form(4, weight=1.6, edition=5)
def four_shut(m: Maker) -> Strokes:
    """All but closed: a bow from the top to a corner at the left, a bar back to the stem, which begins at the bow."""
    wide, low, reach = m.u(0.26, 0.52), m.u(0.42, 0.68), m.u(-0.02, 0.2)
    corner, begun = (m.u(-0.04, 0.06), low), m.u(0.55, 1.0)
    bow = ((wide * begun, m.u(0.0, 0.12)), (wide * 0.3, low * m.u(0.3, 0.5)), corner, corner)
    bar = m.curve(*bow, (wide * 0.5, low + m.u(-0.02, 0.06)), (wide + reach, low - m.u(-0.02, 0.16)))
    lean = m.u(-0.02, 0.2)
    return [bar, m.curve((wide, m.u(-0.02, 0.16)), (wide - lean * 0.4, low), (wide - lean, 1))]


@form(4, weight=0.9, edition=5)
def four_arched(m: Maker) -> Strokes:
    """An h: a stem, then an arch or a step from its middle or its foot, whose right side hangs below."""
    lean, low, wide = m.u(0.02, 0.3), m.u(0.56, 0.8), m.u(0.28, 0.5)
    high = low - m.u(0.08, 0.34)
    stem = ((lean, 0), (lean * 0.5, low * 0.5), (m.u(-0.02, 0.04), low))
    arch = ((wide * 0.5, high + m.u(-0.04, 0.04)), (wide, high + m.u(0.0, 0.1)))
    return [m.curve(*stem, stem[2], *arch, (wide - m.u(-0.04, 0.1), (1 + high) / 2), (wide - m.u(-0.02, 0.24), 1))]


@form(4, weight=1.3, edition=6)
def four_cornered_nine(m: Maker) -> Strokes:
    """A cup with a corner or a round one, open, narrow or just shut at the top. Its right side is the stem."""
    wide, low, gap = m.u(0.24, 0.46), m.u(0.36, 0.58), m.u(-0.04, 0.3)
    left = wide * gap
    cup = ((left, m.u(0.0, 0.1)), (m.u(-0.04, 0.06), low * 0.75), (m.u(0.02, 0.1), low))
    right = ((wide * 0.6, low - m.u(-0.03, 0.08)), (wide, m.u(0.04, 0.24)))
    lean = m.u(-0.04, 0.26)
    return [m.curve(*cup, cup[-1], *right, (wide - lean * 0.3, 0.5), (wide - lean, 1))]
