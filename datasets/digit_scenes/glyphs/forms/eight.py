"""Forms of the 8, edition by edition. For what a form is see `form`."""

from __future__ import annotations

from digit_scenes.glyphs.forms.form import Maker, Strokes, form


@form(8, weight=1.2, edition=1)
def eight_open(m: Maker) -> Strokes:
    """One stroke like an S, its ends apart at the top."""
    low, high = m.u(0.24, 0.32), m.u(0.2, 0.3)
    middle, x = m.u(0.42, 0.5), m.u(0.26, 0.32)
    start = (x + high * m.u(0.2, 0.8), m.u(0.04, 0.14))
    up = (x - high, middle * m.u(0.4, 0.5))
    down = ((x + low, (1 + middle) / 2), (x, 1.0), (x - low, (1 + middle) / 2 + 0.03))
    end = (x + high + m.u(0.02, 0.2), m.u(-0.06, 0.12))
    return [m.curve(start, (x, 0), up, (x, middle), *down, (x, middle + 0.02), (x + high * 0.8, middle * 0.6), end)]


@form(8, weight=0.9, edition=1)
def eight_circles(m: Maker) -> Strokes:
    """Two circles, one on the other."""
    middle, high, low = m.u(0.4, 0.52), m.u(0.17, 0.28), m.u(0.22, 0.34)
    x = low + m.u(-0.06, 0.06)
    top = m.arc(x, middle / 2, high, middle / 2, 0.2, m.u(1.12, 1.3), 9)
    return [m.curve(*top), m.curve(*m.arc(low, (1 + middle) / 2, low, (1 - middle) / 2, 0.75, m.u(-0.3, -0.2), 9))]


@form(8, weight=0.7, edition=1)
def eight_narrow(m: Maker) -> Strokes:
    """One slim crossing stroke, its lower loop often thin."""
    low, high, middle, x = m.u(0.14, 0.24), m.u(0.14, 0.24), m.u(0.42, 0.52), 0.24
    start = (x + high * 0.9, m.u(0.05, 0.12))
    left = ((x, 0), (x - high, middle * 0.45), (x, middle))
    down = ((x + low, (1 + middle) / 2), (x, 1.0), (x - low, (1 + middle) / 2))
    return [m.curve(start, *left, *down, (x, middle), (x + high, middle * 0.5), (x + high * 0.8, m.u(0.02, 0.1)))]


@form(8, weight=0.9, edition=2)
def eight_like_s(m: Maker) -> Strokes:
    """From the top right as an S, and back through its middle; the ends cross or stay apart."""
    up, low, at = m.u(0.2, 0.3), m.u(0.22, 0.34), m.u(0.4, 0.52)
    x = m.u(0.26, 0.34)
    down = ((x + up * m.u(0.6, 1.1), m.u(0.04, 0.16)), (x, 0), (x - up, at / 2), (x, at), (x + low, (1 + at) / 2))
    back = ((x, 1), (x - low, (1 + at) / 2 + 0.02), (x - 0.02, at + 0.04), (x + up * 0.85, at * m.u(0.45, 0.65)))
    return [m.curve(*down, *back, (x + up * m.u(0.3, 1.1), m.u(0.0, 0.12)))]


@form(8, weight=0.8, edition=3)
def eight_of_two(m: Maker) -> Strokes:
    """Two loops one upon the other that touch, overlap or miss each other, or do not close."""
    up, low, at = m.u(0.16, 0.28), m.u(0.2, 0.34), m.u(0.4, 0.54)
    x, apart = m.u(-0.08, 0.08), m.u(-0.05, 0.03)
    first, second = m.u(0.0, 1.0), m.u(0.6, 0.9)
    upper = m.arc(x, at / 2, up, at / 2, first, first - m.u(0.92, 1.06), 10)
    lower = m.arc(0, (1 + at) / 2, low, (1 - at) / 2 - apart, second, second - m.u(0.9, 1.06), 10)
    return [m.curve(*upper), m.curve(*lower)]


@form(8, weight=0.9, edition=4)
def eight_unclosed(m: Maker) -> Strokes:
    """One stroke, begun at the top right or in the middle, whose ends miss each other or cross and run on."""
    up, low, at = m.u(0.16, 0.3), m.u(0.18, 0.34), m.u(0.42, 0.56)
    start = (up * m.u(0.5, 1.3), m.u(0.02, 0.24))
    upper = ((0, m.u(-0.02, 0.05)), (-up, at * 0.45), (0, at))
    lower = ((low, (1 + at) / 2), (0, 1), (-low, (1 + at) / 2 + 0.04))
    return [
        m.curve(start, *upper, *lower, (m.u(-0.06, 0.08), at + m.u(-0.04, 0.06)), (up * m.u(0.4, 1.5), m.u(0.1, 0.4)))
    ]


@form(8, weight=0.9, edition=6)
def eight_slung(m: Maker) -> Strokes:
    """A slanted S whose way back is nearly straight, its head open, its belly flat or full."""
    up, low, at, lean = m.u(0.1, 0.26), m.u(0.14, 0.3), m.u(0.4, 0.54), m.u(0.0, 0.3)
    head = ((lean + up, m.u(0.08, 0.24)), (lean, 0), (lean - up, at * 0.5), (lean * 0.5, at))
    belly = ((low, (1 + at) / 2), (-0.02, 1), (-low, (1 + at) / 2 + 0.05))
    return [m.curve(*head, *belly, (lean * 0.5, at), (lean + up * m.u(0.5, 1.6), m.u(-0.02, 0.2)))]
