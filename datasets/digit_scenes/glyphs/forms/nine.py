"""Forms of the 9, edition by edition. For what a form is see `form`."""

from __future__ import annotations

from typing import Any

from digit_scenes.glyphs.forms.form import Floats, Maker, Point, Strokes, form


def _loop(m: Maker, rx: Floats, low: Floats, opened: Any) -> tuple[Point, ...]:
    """A 9's loop from its top right, anticlockwise, until it is closed."""
    return m.arc(rx, low / 2, rx, low / 2, -0.06 - opened, -1.05, 10)


@form(9, weight=1, edition=1)
def nine_straight(m: Maker) -> Strokes:
    rx, low = m.u(0.2, 0.32), m.u(0.4, 0.56)
    x = 2 * rx
    tail = m.curve((x + m.u(-0.01, 0.04), m.u(0.0, 0.12)), (x + m.u(-0.02, 0.02), 0.5), (x - m.u(-0.02, 0.12), 1))
    return [m.curve(*_loop(m, rx, low, m.u(0.0, 0.08))), tail]


@form(9, weight=1, edition=1)
def nine_hooked(m: Maker) -> Strokes:
    rx, low = m.u(0.2, 0.32), m.u(0.4, 0.54)
    x, bottom = 2 * rx, m.u(0.92, 0.99)
    tail = m.curve(
        (x, low * m.u(0.1, 0.4)),
        (x, 0.68),
        (x * m.u(0.72, 0.85), bottom),
        (x * m.u(0.35, 0.5), 1.0),
        (m.u(-0.04, 0.1), m.u(0.86, 0.95)),
    )
    return [m.curve(*_loop(m, rx, low, m.u(0.0, 0.08))), tail]


@form(9, weight=1.2, edition=1)
def nine_long(m: Maker) -> Strokes:
    """A small loop and a long leaning tail."""
    rx, low = m.u(0.17, 0.28), m.u(0.34, 0.46)
    x = 2 * rx
    tail = m.curve((x, low * m.u(0.1, 0.4)), (x * 0.97, low * 0.9), (x * m.u(0.65, 0.85), 0.7), (x * m.u(0.0, 0.6), 1))
    return [m.curve(*_loop(m, rx, low, m.u(0.0, 0.06))), tail]


@form(9, weight=0.8, edition=1)
def nine_open(m: Maker) -> Strokes:
    """The loop's start stays short of the stem."""
    rx, low = m.u(0.2, 0.3), m.u(0.4, 0.52)
    x = 2 * rx + m.u(0.01, 0.04)
    loop = m.curve(*m.arc(rx, low / 2, rx, low / 2, -m.u(0.11, 0.15), -0.9, 9), (x, low * m.u(0.5, 0.7)))
    return [loop, m.curve((x + m.u(0, 0.03), m.u(0.0, 0.1)), (x, 0.5), (x - m.u(0.0, 0.2), 1))]


@form(9, weight=0.9, edition=1)
def nine_like_p(m: Maker) -> Strokes:
    """The tail hangs from the middle or the left of its loop."""
    rx, low = m.u(0.2, 0.3), m.u(0.4, 0.52)
    at, foot = rx * m.u(0.1, 0.9), m.u(-0.15, 0.1)
    loop = m.arc(rx, low / 2, rx, low / 2, 0.32 + m.u(-0.04, 0.06), 1.3 + m.u(-0.06, 0.08), 10)
    return [m.curve(*loop), m.curve((at, low * m.u(0.2, 0.9)), (at + foot * 0.3, 0.65), (at + foot, 1))]


@form(9, weight=1.8, edition=2)
def nine_like_e(m: Maker) -> Strokes:
    """In one stroke: it begins inside, goes around anticlockwise, and its left side becomes the tail."""
    rx, low, foot = m.u(0.18, 0.34), m.u(0.42, 0.66), m.u(-0.3, 0.4)
    inside = ((rx * m.u(-0.2, 0.7), low * m.u(0.6, 1.0)), (rx * m.u(1.0, 1.5), low * m.u(0.7, 0.95)))
    around = m.arc(rx, low / 2, rx, low / 2, 0.06, -0.54, 8)
    return [m.curve(*inside, *around, (m.u(-0.02, 0.12), low + (1 - low) * 0.45), (foot, 1))]


@form(9, weight=1, edition=2)
def nine_hung_left(m: Maker) -> Strokes:
    """A P: a stem, and a loop at the right of its top."""
    rx, low = m.u(0.16, 0.32), m.u(0.4, 0.62)
    foot, hook = m.u(-0.2, 0.12), m.u(-0.2, 0.3)
    stem = m.curve((m.u(-0.04, 0.06), m.u(0.02, 0.2)), (m.u(-0.05, 0.05), 0.5), (foot, 0.94), (foot + hook * 0.4, 1))
    return [stem, m.curve(*m.arc(rx, low / 2, rx, low / 2, m.u(0.44, 0.6), m.u(1.28, 1.48), 9))]


@form(9, weight=0.8, edition=2)
def nine_curled(m: Maker) -> Strokes:
    """Like a g: its tail turns up at the left."""
    rx, low = m.u(0.2, 0.32), m.u(0.42, 0.58)
    loop = m.arc(rx, low / 2, rx, low / 2, -0.1, -1.02, 9)
    x = 2 * rx
    return [m.curve(*loop, (x + m.u(-0.04, 0.04), 0.7), (x * 0.6, 1.0), (m.u(-0.2, 0.1), m.u(0.76, 0.92)))]


@form(9, weight=1.4, edition=3)
def nine_like_ribbon(m: Maker) -> Strokes:
    """A loop whose ends cross below it: one ends there or runs on, the other is the tail."""
    rx, low = m.u(0.16, 0.3), m.u(0.4, 0.62)
    end, foot = m.u(0.0, 0.34), m.u(-0.25, 0.3)
    y = low + end
    start = (rx * m.u(1.2, 2.2), y)
    around = m.arc(rx, low / 2, rx, low / 2, 0.48, 1.06, 8)
    return [m.curve(start, (rx * m.u(0.5, 0.9), low * m.u(0.86, 1.0)), *around, (rx * 1.2, low), (foot + rx, 1))]


@form(9, weight=1, edition=3)
def nine_like_r(m: Maker) -> Strokes:
    """A loop at the top from which the tail goes down to the right, or straight, or bowed."""
    rx, low = m.u(0.18, 0.34), m.u(0.42, 0.66)
    start = m.u(0.0, 0.4)
    loop = m.arc(rx, low / 2, rx, low / 2, start, start + m.u(0.95, 1.1), 10)
    x, foot = rx * m.u(0.7, 1.9), m.u(-0.1, 0.4)
    return [m.curve(*loop), m.curve((x, low * m.u(0.7, 1.0)), (x + foot * 0.4, 0.7), (x + foot, 1))]


@form(9, weight=1.1, edition=4)
def nine_like_g(m: Maker) -> Strokes:
    """A loop that stays open or closes beside its stem, which runs into a hook to the left or a straight foot."""
    rx, low = m.u(0.2, 0.36), m.u(0.4, 0.62)
    loop = m.arc(rx, low / 2, rx, low / 2, m.u(-0.14, 0.02), m.u(-0.98, -0.72), 9)
    x, hook = rx * m.u(1.6, 2.2), m.u(-0.1, 0.5)
    stem = ((x, m.u(0.0, 0.2)), (x + m.u(-0.08, 0.04), 0.6), (x - hook * 0.3, m.u(0.9, 1.0)))
    return [m.curve(*loop), m.curve(*stem, (x - hook, m.u(0.88, 1.0)))]


@form(9, weight=2.2, edition=5)
def nine_shut_below(m: Maker) -> Strokes:
    """A loop, a stem, and a hook that comes back to the stem or near it: an 8 with a narrow foot."""
    rx, low = m.u(0.18, 0.32), m.u(0.4, 0.56)
    loop = m.arc(rx, low / 2, rx, low / 2, m.u(-0.12, 0.0), m.u(-1.0, -0.86), 9)
    x, wide = rx * m.u(1.3, 2.0), m.u(0.08, 0.26)
    y, back = m.u(0.78, 0.92), m.u(-0.1, 0.9)
    hook = ((x - wide * 0.4, 1), (x - wide, y), (x - wide * (1 - back), y - m.u(0.04, 0.2)))
    return [m.curve(*loop, (x, m.u(0.08, 0.24)), (x + m.u(-0.04, 0.04), 0.62), (x - m.u(0.0, 0.06), 0.93), *hook)]


@form(9, weight=0.9, edition=5)
def nine_bowed(m: Maker) -> Strokes:
    """Begun within its own loop or left open, its back bowed far to the right, its foot far to the left."""
    rx, low = m.u(0.2, 0.36), m.u(0.4, 0.6)
    loop = m.arc(rx, low / 2, rx, low / 2, m.u(-0.3, 0.02), m.u(-1.06, -0.8), 9)
    x = rx * m.u(1.6, 2.1)
    back = ((x + m.u(0.0, 0.12), m.u(0.3, 0.5)), (x - m.u(0.02, 0.16), 0.8))
    return [m.curve(*loop, (x, m.u(0.06, 0.2)), *back, (x - m.u(0.15, 0.5), m.u(0.94, 1.0)))]


@form(9, weight=1.0, edition=6)
def nine_upright(m: Maker) -> Strokes:
    """A small loop that may stay open, and a straight stem longer than it, upright or leaning, without a hook."""
    rx, low, lean = m.u(0.14, 0.3), m.u(0.3, 0.5), m.u(-0.08, 0.24)
    loop = m.arc(rx, low / 2, rx, low / 2, m.u(-0.14, 0.02), m.u(-1.02, -0.76), 9)
    x = rx * m.u(1.7, 2.1)
    return [m.curve(*loop), m.curve((x, m.u(-0.04, 0.16)), (x - lean * 0.4, 0.5), (x - lean, 1))]
