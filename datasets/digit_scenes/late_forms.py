"""Forms for drawn digits of the fourth edition: as `free_forms`, of hands that fill in one form after another.

A 5 is a root sign, a 4 a y, a 7 crossed at its foot a 4, a 1 a slash, and what should close stays open.
"""

from __future__ import annotations

from digit_scenes.forms import Maker, Strokes
from digit_scenes.forms import form as _form
from digit_scenes.high_forms import seven_strokes

FOURTH = 4  # edition


@_form(0, 0.7, (7, 13), edition=FOURTH)
def zero_raised(m: Maker) -> Strokes:
    """Small, wide or narrow, begun with a hook and ended inside, or left open at the top."""
    rx, start = m.u(0.34, 0.8), m.u(-0.4, -0.05)
    body = m.arc(rx, 0.5, rx, 0.5, start, start - m.u(0.85, 1.15), 11)
    (x, y) = body[0]
    return [m.curve((x + rx * m.u(-0.4, 0.5), y + m.u(-0.2, 0.15)), *body)]


@_form(1, 1.4, edition=FOURTH)
def one_slash(m: Maker) -> Strokes:
    """A slash that leans far to the right, straight or bowed, now and then with a short flag or a tick at its foot."""
    lean, bow = m.u(0.15, 0.62), m.u(-0.06, 0.06)
    flag, tick = m.u(-0.02, 0.16), m.u(-0.02, 0.1)
    start = (lean - flag, m.u(0.02, 0.16))
    stem = m.curve((lean, 0), (lean * 0.5 + bow, 0.5), (0, 1))
    return [m.curve(start, (lean, 0)), stem, m.curve((0, 1), (tick, 1 - tick * 0.6))]


@_form(1, 0.8, edition=FOURTH)
def one_doubled(m: Maker) -> Strokes:
    """Up and down on nearly the same way: a narrow lens, or a thick foot."""
    lean, apart, begun = m.u(0.0, 0.34), m.u(0.03, 0.12), m.u(0.3, 0.95)
    up = m.curve((lean * (1 - begun) - apart, begun), (lean * 0.6 - apart * 0.7, begun * 0.45), (lean, 0))
    return [up, m.curve((lean, 0), (lean * 0.5 + m.u(-0.02, 0.05), 0.5), (m.u(-0.02, 0.02), 1))]


@_form(2, 0.9, edition=FOURTH)
def two_like_alpha(m: Maker) -> Strokes:
    """A hook at the top and a loop at the foot that is wide, flat or pointed, its end high or far out."""
    wide, foot = m.u(0.26, 0.46), m.u(-0.16, 0.06)
    top = ((m.u(-0.1, 0.08), m.u(0.1, 0.3)), (wide * 0.45, 0), (wide, m.u(0.14, 0.3)), (wide * 0.5, 0.62))
    loop = ((foot, m.u(0.9, 0.99)), (foot - 0.1, m.u(0.84, 0.94)), (foot + 0.06, m.u(0.76, 0.86)))
    return [m.curve(*top, *loop, (wide * 0.6, m.u(0.9, 1.02)), (wide + m.u(0.0, 0.34), m.u(0.78, 1.06)))]


@_form(3, 0.6, edition=FOURTH)
def three_like_z(m: Maker) -> Strokes:
    """A flat top, a diagonal back to the left, and a belly that hangs low and ends in a hook."""
    wide, waist = m.u(0.3, 0.52), m.u(0.32, 0.48)
    left = m.u(0.0, 0.16)
    top = ((m.u(-0.05, 0.08), m.u(0.02, 0.14)), (wide, m.u(-0.02, 0.06)), (wide, m.u(-0.02, 0.06)))
    corner = (left + 0.06, waist)
    belly = ((wide * 1.05, waist + m.u(0.12, 0.24)), (wide * 0.7, m.u(0.86, 0.98)), (m.u(-0.1, 0.12), m.u(0.86, 1.0)))
    return [m.curve(*top, corner, corner, *belly)]


@_form(4, 1.6, edition=FOURTH)
def four_of_bowl(m: Maker) -> Strokes:
    """A bowl, round, flat or pointed, whose right side is the stem, which starts lower or higher and runs on below."""
    wide, low = m.u(0.24, 0.56), m.u(0.4, 0.68)
    left = m.u(-0.04, 0.16)
    bottom = (wide * m.u(0.25, 0.6), low + m.u(0.0, 0.06))
    bowl = ((left, m.u(0.0, 0.14)), (m.u(-0.05, 0.05), low * 0.6), bottom, (wide * 0.95, low - m.u(0.04, 0.2)))
    top, lean = m.u(0.0, 0.34), m.u(-0.16, 0.06)
    return [m.curve(*bowl), m.curve((wide, top), (wide + lean * 0.4, (1 + top) / 2), (wide + lean, 1))]


@_form(4, 1.2, edition=FOURTH)
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


@_form(5, 1.3, edition=FOURTH)
def five_rooted(m: Maker) -> Strokes:
    """A tick down, a long way up to the right, and a bar from there: a root sign, its bar long, short or a hook."""
    dip, top = m.u(0.1, 0.3), m.u(0.24, 0.62)
    start, bottom = (0.0, m.u(0.34, 0.66)), (dip, 1.0)
    bend = m.u(-0.04, 0.1)
    up = ((dip + (top - dip) * 0.5 + bend, 0.5), (top, m.u(0.0, 0.1)))
    bar = ((top, 0.03), (top + m.u(0.08, 0.2), m.u(-0.03, 0.06)), (top + m.u(0.2, 0.6), m.u(-0.06, 0.12)))
    return [m.curve(start, (dip * 0.55, 0.72), bottom, bottom, *up), m.curve(*bar)]


@_form(5, 0.9, edition=FOURTH)
def five_flat(m: Maker) -> Strokes:
    """One stroke like a flattened S: no corner, hardly a belly, its top bar far out or hardly there."""
    wide, waist = m.u(0.22, 0.56), m.u(0.36, 0.54)
    top = ((wide, m.u(-0.02, 0.12)), (wide * 0.4, m.u(0.0, 0.06)), (m.u(0.0, 0.1), waist * 0.6))
    belly = ((wide * 0.5, waist + 0.06), (wide * m.u(0.7, 1.05), m.u(0.66, 0.8)), (wide * 0.4, 0.98))
    return [m.curve(*top, *belly, (m.u(-0.16, 0.06), m.u(0.88, 1.0)))]


@_form(6, 0.7, edition=FOURTH)
def six_curled(m: Maker) -> Strokes:
    """A bow that begins far right, and a loop that ends within itself, before its stem or beyond it."""
    wide, high = m.u(0.3, 0.54), m.u(0.42, 0.64)
    bow = ((wide + m.u(-0.1, 0.16), m.u(0.0, 0.1)), (wide * 0.3, 0.16), (0.0, 0.62), (wide * 0.35, 0.99))
    end = (m.u(-0.1, wide * 0.6), high + m.u(0.04, 0.24))
    return [m.curve(*bow, (wide, m.u(0.74, 0.84)), (wide * 0.6, high), end)]


@_form(7, 1.1, edition=FOURTH)
def seven_crossed_low(m: Maker) -> Strokes:
    """A flag, a stem, and a cross at half the height or below, so long that it is nearly a 4, or only a dot."""
    wide, drop = m.u(0.26, 0.56), m.u(0.04, 0.26)
    flag = (m.u(-0.08, 0.04), drop), (wide * 0.3, m.u(0.0, 0.12)), (wide, m.u(-0.04, 0.04))
    foot = wide * m.u(0.0, 0.7)
    strokes = seven_strokes(m, flag, (((wide + foot) / 2 + m.u(-0.05, 0.06), 0.5), (foot, 1)), False)
    y, left, right, tilt = m.u(0.44, 0.74), m.u(0.04, 0.4), m.u(0.04, 0.4), m.u(-0.08, 0.14)
    x = wide + (foot - wide) * y
    return [*strokes, m.curve((x - left, y + tilt), (x, y + m.u(-0.03, 0.03)), (x + right, y - tilt))]


@_form(8, 0.9, edition=FOURTH)
def eight_unclosed(m: Maker) -> Strokes:
    """One stroke, begun at the top right or in the middle, whose ends miss each other or cross and run on."""
    up, low, at = m.u(0.16, 0.3), m.u(0.18, 0.34), m.u(0.42, 0.56)
    start = (up * m.u(0.5, 1.3), m.u(0.02, 0.24))
    upper = ((0, m.u(-0.02, 0.05)), (-up, at * 0.45), (0, at))
    lower = ((low, (1 + at) / 2), (0, 1), (-low, (1 + at) / 2 + 0.04))
    return [
        m.curve(start, *upper, *lower, (m.u(-0.06, 0.08), at + m.u(-0.04, 0.06)), (up * m.u(0.4, 1.5), m.u(0.1, 0.4)))
    ]


@_form(9, 1.1, edition=FOURTH)
def nine_like_g(m: Maker) -> Strokes:
    """A loop that stays open or closes beside its stem, which runs into a hook to the left or a straight foot."""
    rx, low = m.u(0.2, 0.36), m.u(0.4, 0.62)
    loop = m.arc(rx, low / 2, rx, low / 2, m.u(-0.14, 0.02), m.u(-0.98, -0.72), 9)
    x, hook = rx * m.u(1.6, 2.2), m.u(-0.1, 0.5)
    stem = ((x, m.u(0.0, 0.2)), (x + m.u(-0.08, 0.04), 0.6), (x - hook * 0.3, m.u(0.9, 1.0)))
    return [m.curve(*loop), m.curve(*stem, (x - hook, m.u(0.88, 1.0)))]
