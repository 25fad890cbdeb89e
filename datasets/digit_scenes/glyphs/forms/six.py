"""Forms of the 6, edition by edition. For what a form is see `form`."""

from __future__ import annotations

from digit_scenes.glyphs.forms.form import Maker, Strokes, form


@form(6, weight=1.2, edition=1)
def six_tall(m: Maker) -> Strokes:
    """A straight ascender and a small loop."""
    lean, high, rx = m.u(0.05, 0.5), m.u(0.55, 0.68), m.u(0.18, 0.27)
    y = (1 + high) / 2
    loop = m.arc(rx, y, rx, 1 - y, 0.5, -0.5 - m.u(-0.08, 0.05), 9)
    return [m.curve((lean, 0), (lean * 0.5, 0.36), *loop)]


@form(6, weight=0.8, edition=1)
def six_curved(m: Maker) -> Strokes:
    lean, high, rx = m.u(0.35, 0.6), m.u(0.42, 0.56), m.u(0.22, 0.32)
    y = (1 + high) / 2
    loop = m.arc(rx, y, rx, 1 - y, 0.48, -0.5 - m.u(-0.05, 0.12), 9)
    return [m.curve((lean, m.u(0, 0.06)), (lean * 0.5, m.u(0.08, 0.14)), (0.06, m.u(0.38, 0.46)), *loop)]


@form(6, weight=1, edition=2)
def six_wide_loop(m: Maker) -> Strokes:
    """Nearly a 0: the loop reaches far up."""
    high, rx, lean = m.u(0.25, 0.45), m.u(0.24, 0.38), m.u(0.2, 0.7)
    y = (1 + high) / 2
    loop = m.arc(rx, y, rx, 1 - y, 0.5, -0.5 - m.u(-0.1, 0.06), 9)
    return [m.curve((rx + lean * 0.5, 0), (rx * m.u(0.3, 0.7), high * 0.55), *loop)]


@form(6, weight=0.7, edition=3)
def six_like_b(m: Maker) -> Strokes:
    """A straight stem, and a loop that is small, or not closed, or pointed."""
    lean, high, wide = m.u(0.1, 0.5), m.u(0.45, 0.68), m.u(0.26, 0.46)
    loop = ((wide * 0.5, 1), (wide, (1 + high) / 2 + 0.05), (wide * 0.6, high), (m.u(0.0, 0.2), high + m.u(0.08, 0.26)))
    return [m.curve((lean, 0), (lean * 0.4, 0.4), (m.u(-0.02, 0.05), 0.84), *loop)]


@form(6, weight=0.7, edition=4)
def six_curled(m: Maker) -> Strokes:
    """A bow that begins far right, and a loop that ends within itself, before its stem or beyond it."""
    wide, high = m.u(0.3, 0.54), m.u(0.42, 0.64)
    bow = ((wide + m.u(-0.1, 0.16), m.u(0.0, 0.1)), (wide * 0.3, 0.16), (0.0, 0.62), (wide * 0.35, 0.99))
    end = (m.u(-0.1, wide * 0.6), high + m.u(0.04, 0.24))
    return [m.curve(*bow, (wide, m.u(0.74, 0.84)), (wide * 0.6, high), end)]
