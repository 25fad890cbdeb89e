"""Forms of the 2, edition by edition. For what a form is see `form`."""

from __future__ import annotations

from digit_scenes.glyphs.forms.form import Maker, Point, Strokes, form


def _start(m: Maker, looped: bool) -> tuple[Point, ...]:
    """A 2's hook, down to the middle of its back."""
    reach = m.u(0.5, 0.66)
    back = ((reach * 0.55, 0.0), (reach, m.u(0.16, 0.26)), (reach * 0.8, m.u(0.46, 0.56)))
    if looped:
        y = m.u(0.28, 0.38)
        return ((m.u(0.22, 0.34), m.u(0.08, 0.17)), (m.u(0.1, 0.2), y), (-0.08, m.u(0.14, 0.24)), (0.1, 0.03), *back)
    return ((0.0, m.u(0.1, 0.3)), (reach * 0.18, m.u(0.02, 0.1)), *back)


def _base(m: Maker, looped: bool) -> tuple[Point, ...]:
    """A 2's base: with a loop at its left, or flat or wavy."""
    end = m.u(0.55, 0.85)
    if looped:
        high, x = m.u(0.65, 0.75), m.u(0.0, 0.08)
        loop = ((x + 0.1, 0.98), (x - 0.14, m.u(0.84, 0.92)), (x + 0.05, high), (x + 0.28, m.u(0.84, 0.9)))
        return (*loop, (end * 0.72, m.u(0.96, 1.02)), (end, m.u(0.82, 0.98)))
    return ((0.0, 0.97), (0.0, 0.97), (end * 0.4, m.u(0.88, 0.98)), (end, m.u(0.92, 1.04)))


@form(2, weight=1.2, edition=1)
def two_looped_base(m: Maker) -> Strokes:
    return [m.curve(*_start(m, False), *_base(m, True))]


@form(2, weight=0.9, edition=1)
def two_looped_top(m: Maker) -> Strokes:
    return [m.curve(*_start(m, True), *_base(m, False))]


@form(2, weight=0.9, edition=1)
def two_looped_twice(m: Maker) -> Strokes:
    return [m.curve(*_start(m, True), *_base(m, True))]


@form(2, weight=1.1, edition=1)
def two_round_top(m: Maker) -> Strokes:
    """Its hook is nearly a circle, as if it were a 9 that goes on to the right."""
    reach, low = m.u(0.5, 0.66), m.u(0.46, 0.58)
    start = (reach * m.u(0.2, 0.45), low + m.u(-0.06, 0.02))
    around = ((-0.04, low * m.u(0.5, 0.7)), (reach * 0.25, 0.02), (reach * 0.75, 0.02), (reach, low * m.u(0.5, 0.65)))
    base = _base(m, True) if m.rng.uniform() < 0.6 else _base(m, False)
    return [m.curve(start, *around, (reach * 0.72, m.u(0.55, 0.66)), *base)]


@form(2, weight=1, edition=1)
def two_plain(m: Maker) -> Strokes:
    return [m.curve(*_start(m, False), *_base(m, False))]


@form(2, weight=0.9, edition=1)
def two_angular(m: Maker) -> Strokes:
    """Like a Z."""
    top, end = (m.u(0.56, 0.68), m.u(0.0, 0.06)), (m.u(0.58, 0.78), m.u(0.92, 1.02))
    hook = m.curve((0, m.u(0.06, 0.2)), (m.u(0.15, 0.3), m.u(-0.02, 0.06)), top)
    return [hook, m.curve(top, (m.u(0.28, 0.36), 0.5), (0, 0.98)), m.curve((0, 0.98), (0.3, m.u(0.93, 1.0)), end)]


@form(2, weight=1.5, edition=2)
def two_closed_top(m: Maker) -> Strokes:
    """Its top is a whole loop: a 9 that turns to the right at its foot."""
    rx, low = m.u(0.2, 0.34), m.u(0.46, 0.68)
    loop = m.arc(rx, low / 2, rx, low / 2, m.u(0.16, 0.34), m.u(1.02, 1.1), 10)
    base = _base(m, m.rng.uniform() < 0.6)
    return [m.curve(*loop, (rx * m.u(0.9, 1.3), low + m.u(0.04, 0.12)), *base)]


@form(2, weight=0.8, edition=2)
def two_like_q(m: Maker) -> Strokes:
    """A large open loop, and hardly any base."""
    rx, low = m.u(0.26, 0.4), m.u(0.62, 0.8)
    loop = m.arc(rx, low / 2, rx, low / 2, m.u(0.36, 0.55), m.u(1.06, 1.14), 9)
    turn = (rx * m.u(0.2, 0.5), m.u(0.9, 0.97))
    return [m.curve(*loop, turn, turn, (rx * 1.2, m.u(0.88, 0.98)), (2 * rx + m.u(0.0, 0.2), m.u(0.9, 1.04)))]


@form(2, weight=1.4, edition=3)
def two_like_nine(m: Maker) -> Strokes:
    """A closed loop nearly as high as the digit, and a tick to the right at its foot."""
    rx, low = m.u(0.22, 0.36), m.u(0.5, 0.8)
    loop = m.arc(rx, low / 2, rx, low / 2, m.u(0.14, 0.4), m.u(1.0, 1.12), 10)
    x, tick = rx * m.u(0.1, 0.9), m.u(0.12, 0.5)
    turn = (x, m.u(0.94, 1.0))
    return [m.curve(*loop, (rx * m.u(1.0, 1.4), low + (1 - low) * 0.4), turn, turn, (x + tick, m.u(0.84, 1.02)))]


@form(2, weight=0.8, edition=3)
def two_flying(m: Maker) -> Strokes:
    """A flat bow, and a base that swings far to the right, over or under the line."""
    wide, turn = m.u(0.26, 0.46), m.u(0.1, 0.3)
    x, y = m.u(-0.12, 0.08), m.u(0.9, 1.0)
    top = ((0, m.u(0.12, 0.3)), (wide * 0.45, 0), (wide, turn), (wide * 0.6, m.u(0.5, 0.65)))
    wave = m.u(-0.1, 0.12)
    return [m.curve(*top, (x, y), (x, y), (x + wide * 0.8, y - wave), (wide + m.u(0.2, 0.6), m.u(0.8, 1.06)))]


@form(2, weight=0.9, edition=4)
def two_like_alpha(m: Maker) -> Strokes:
    """A hook at the top and a loop at the foot that is wide, flat or pointed, its end high or far out."""
    wide, foot = m.u(0.26, 0.46), m.u(-0.16, 0.06)
    top = ((m.u(-0.1, 0.08), m.u(0.1, 0.3)), (wide * 0.45, 0), (wide, m.u(0.14, 0.3)), (wide * 0.5, 0.62))
    loop = ((foot, m.u(0.9, 0.99)), (foot - 0.1, m.u(0.84, 0.94)), (foot + 0.06, m.u(0.76, 0.86)))
    return [m.curve(*top, *loop, (wide * 0.6, m.u(0.9, 1.02)), (wide + m.u(0.0, 0.34), m.u(0.78, 1.06)))]


@form(2, weight=1.2, edition=5)
def two_short_footed(m: Maker) -> Strokes:
    """A hook and a back that is straight or bowed; the base is a stub, level, rising or falling."""
    wide, base = m.u(0.34, 0.6), m.u(0.08, 0.4)
    corner = (m.u(-0.06, 0.12), m.u(0.93, 1.0))
    top = ((0, m.u(0.04, 0.26)), (wide * 0.4, m.u(-0.02, 0.06)), (wide, m.u(0.04, 0.26)), (wide * 0.6, m.u(0.5, 0.62)))
    return [m.curve(*top, corner, corner, (corner[0] + base, corner[1] - m.u(-0.08, 0.12)))]


@form(2, weight=1.1, edition=5)
def two_tailed_ring(m: Maker) -> Strokes:
    """Round as a 0 above, open or shut, then a loop at the foot or a corner, and a tail below the line."""
    rx, low = m.u(0.26, 0.44), m.u(0.6, 0.82)
    around = m.arc(rx, low / 2, rx, low / 2, m.u(0.3, 0.48), m.u(1.0, 1.16), 10)
    x, loop = rx * m.u(0.0, 0.8), m.u(0.02, 0.2)
    turn = ((x, m.u(0.9, 1.0)), (x - loop, m.u(0.86, 0.94)), (x, m.u(0.78, 0.86)))
    return [m.curve(*around, *turn, (rx * 1.3, m.u(0.88, 1.0)), (rx * 2 + m.u(-0.1, 0.3), m.u(0.86, 1.08)))]


@form(2, weight=0.9, edition=6)
def two_headed(m: Maker) -> Strokes:
    """A head that comes around to meet its own start like a 9's, a straight back, and a short base."""
    rx, low = m.u(0.16, 0.3), m.u(0.34, 0.52)
    head = m.arc(rx, low / 2, rx, low / 2, m.u(0.3, 0.52), m.u(1.0, 1.12), 8)
    foot = (m.u(-0.06, 0.16), m.u(0.93, 1.0))
    return [m.curve(*head, (rx * 1.2, 0.68), foot, foot, (foot[0] + m.u(0.12, 0.5), foot[1] - m.u(-0.05, 0.1)))]
