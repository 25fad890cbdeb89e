"""Signs as hands draw them, with strokes: points, operators, brackets, currencies, ticks and arrows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from digit_scenes.glyphs.letters import Points, StrokeGlyph

Strokes = list[Points]
Draw = Callable[[np.random.Generator], Strokes]
CURVE_STEPS = 6
"""Points along a curve from one of its points to the next."""
POINT_WEIGHT = 1.25
"""Thickness of points and commas, in that of other strokes: a pen rests there."""


def curve(points: Sequence[Sequence[float]]) -> Points:
    """A smooth line through points (x, y): Catmull and Rom's cubic, (CURVE_STEPS * (N - 1) + 1, 2)."""
    given = np.asarray(points, np.float64)
    padded = np.concatenate([2 * given[:1] - given[1:2], given, 2 * given[-1:] - given[-2:-1]])
    around = np.stack([padded[:-3], padded[1:-2], padded[2:-1], padded[3:]])  # (4, N - 1, 2)
    t = np.arange(CURVE_STEPS)[:, None] / CURVE_STEPS
    weights = np.hstack([-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, -(t**2) + t**3]) / 2
    steps = np.einsum("sk,knd->nsd", weights, around).reshape(-1, 2)
    return np.concatenate([steps, given[-1:]])


def line(rng: np.random.Generator, start: Sequence[float], end: Sequence[float], bow: float = 0.04) -> Points:
    """A stroke by hand from one point to another, bowed by about `bow` of its length: (7, 2)."""
    a, b = np.asarray(start, np.float64), np.asarray(end, np.float64)
    t = np.linspace(0, 1, 7)[:, None]
    aside = (b - a)[::-1] * (-1, 1) * rng.normal(0, bow)
    straight: Points = a + (b - a) * t + aside * 4 * t * (1 - t)
    return straight


def ellipse(rng: np.random.Generator, x: float, y: float, rx: float, ry: float) -> Points:
    """A ring by hand, not quite closed: (17, 2)."""
    start = rng.uniform(-2.2, -0.9)
    angles = start - np.linspace(0, 2 * np.pi * rng.uniform(0.95, 1.06), 17)
    ring: Points = np.stack([x + rx * np.cos(angles), y + ry * np.sin(angles)], 1)
    return ring


def _dot(rng: np.random.Generator, y: float, x: float = 0.0) -> Points:
    """A point: a dab, or a short stroke in any direction."""
    reach = float(rng.choice([0.0, 0.0, 0.02, 0.03, rng.uniform(0.02, 0.08), rng.uniform(0.05, 0.2)]))
    turn = rng.uniform(-0.6, 2.2)
    return np.array([[x, y], [x + np.cos(turn) * reach, y + np.sin(turn) * reach * 0.8]])


def _point(rng: np.random.Generator) -> Strokes:
    return [_dot(rng, -rng.uniform(0.0, 0.09))]


def _comma(rng: np.random.Generator) -> Strokes:
    top, drop, back = -rng.uniform(0.0, 0.1), rng.uniform(0.12, 0.34), rng.uniform(0.02, 0.18)
    if rng.uniform() < 0.5:
        return [np.array([[0, top], [-back, top + drop]])]
    bulge = rng.uniform(0.0, 0.06)
    return [curve([[-0.03, top + 0.01], [bulge, top], [bulge * 0.6, top + drop * 0.5], [-back, top + drop]])]


def _minus(rng: np.random.Generator) -> Strokes:
    length, y, tilt = rng.uniform(0.3, 0.75), -rng.uniform(0.34, 0.58), rng.normal(0, 0.05)
    return [line(rng, (0, y + tilt), (length, y - tilt))]


def _plus(rng: np.random.Generator) -> Strokes:
    half, y = rng.uniform(0.2, 0.42), -rng.uniform(0.38, 0.55)
    high = half * rng.uniform(0.8, 1.25)
    x, off = rng.normal(0, 0.07) * half, rng.normal(0, 0.09) * high
    lean, tilt = rng.normal(0, 0.07), rng.normal(0, 0.05)
    down = line(rng, (x + lean * high, y - high + off), (x - lean * high, y + high + off))
    across = line(rng, (-half, y + tilt * half), (half, y - tilt * half))
    if rng.uniform() < 0.08:  # in one stroke, its corner at the top or at the side
        return [np.concatenate([down, across])]
    return [across, down]


def _times(rng: np.random.Generator) -> Strokes:
    half, y = rng.uniform(0.17, 0.36), -rng.uniform(0.3, 0.52)
    high = half * rng.uniform(0.85, 1.3)
    a, b = rng.normal(0, 0.12, 2) * half
    return [
        line(rng, (-half, y - high + a), (half, y + high - a)),
        line(rng, (half, y - high + b), (-half, y + high - b)),
    ]


def _divided(rng: np.random.Generator) -> Strokes:
    half, y, tilt = rng.uniform(0.22, 0.4), -rng.uniform(0.4, 0.55), rng.normal(0, 0.03)
    apart = rng.uniform(0.18, 0.32)
    bar = line(rng, (-half, y + tilt), (half, y - tilt))
    return [bar, _dot(rng, y - apart, rng.normal(0, 0.03)), _dot(rng, y + apart, rng.normal(0, 0.03))]


def _slash(rng: np.random.Generator) -> Strokes:
    lean, top, foot = rng.uniform(0.2, 0.7), rng.uniform(0.9, 1.3), rng.uniform(-0.02, 0.3)
    return [line(rng, (lean, -top), (0, foot))]


def _equals(rng: np.random.Generator) -> Strokes:
    length, y, apart = rng.uniform(0.38, 0.8), -rng.uniform(0.36, 0.55), rng.uniform(0.1, 0.17)
    tilt, other = rng.normal(0, 0.03), rng.normal(0, 0.02)
    upper = line(rng, (0, y - apart + tilt), (length * rng.uniform(0.85, 1.1), y - apart - tilt))
    lower = line(rng, (rng.normal(0, 0.04), y + apart + tilt + other), (length, y + apart - tilt - other))
    if rng.uniform() < 0.05:  # in one stroke, as a flat Z
        return [np.concatenate([upper, lower])]
    return [upper, lower]


def _colon(rng: np.random.Generator) -> Strokes:
    low, high = rng.uniform(0.05, 0.2), rng.uniform(0.5, 0.72)
    return [_dot(rng, -high, rng.normal(0.02, 0.02)), _dot(rng, -low)]


def _percent(rng: np.random.Generator) -> Strokes:
    lean, r = rng.uniform(0.45, 0.75), rng.uniform(0.1, 0.17)
    slash = line(rng, (lean, -1.0), (0.05, 0.02))
    upper, lower = -rng.uniform(0.76, 0.9), -rng.uniform(0.1, 0.24)
    right = lean * rng.uniform(0.85, 1.15)
    if rng.uniform() < 0.1:  # points for rings
        return [slash, _dot(rng, upper, 0.1), _dot(rng, lower, right)]
    rings = [ellipse(rng, rng.uniform(0.0, 0.16), upper, r, r * 1.15), ellipse(rng, right, lower, r, r * 1.15)]
    return [slash, *rings]


def _open(rng: np.random.Generator) -> Strokes:
    top, foot, belly = -rng.uniform(0.98, 1.25), rng.uniform(0.0, 0.28), rng.uniform(0.12, 0.3)
    end = belly * rng.uniform(0.8, 1.2)
    return [
        curve([[belly, top], [belly * 0.2, top * 0.75], [0, (top + foot) / 2], [belly * 0.25, foot * 0.6], [end, foot]])
    ]


def _close(rng: np.random.Generator) -> Strokes:
    return [stroke * (-1, 1) for stroke in _open(rng)]


def _dollar(rng: np.random.Generator) -> Strokes:
    w = rng.uniform(0.2, 0.3)
    s = curve([[w, -0.8], [0, -0.95], [-w, -0.72], [0, -0.5], [w, -0.26], [0, -0.03], [-w, -0.2]])
    lean = rng.normal(0.03, 0.05)
    if rng.uniform() < 0.25:
        bars = [line(rng, (x + lean, -1.12), (x - lean, 0.12)) for x in (-0.05, 0.06)]
    else:
        bars = [line(rng, (lean, -1.05 - rng.uniform(0, 0.15)), (-lean, rng.uniform(0.05, 0.2)))]
    if rng.uniform() < 0.12:  # only its ends
        bars = [line(rng, (lean, -1.15), (0, -0.9)), line(rng, (0, -0.05), (-lean, 0.15))]
    return [s, *bars]


def _euro(rng: np.random.Generator) -> Strokes:
    w, r = rng.uniform(0.28, 0.4), rng.uniform(0.0, 0.1)
    c = curve(
        [[w, -0.85], [w * 0.3, -1.0], [-w * 0.7, -0.75], [-w, -0.5], [-w * 0.7, -0.2], [w * 0.2, 0.0], [w, -0.15]]
    )
    tilt = rng.normal(0, 0.03)
    rows = (-0.62 - r / 2, -0.38 + r / 2)
    return [c, *(line(rng, (-w * 1.35, y + tilt), (w * rng.uniform(0.3, 0.6), y - tilt)) for y in rows)]


def _pound(rng: np.random.Generator) -> Strokes:
    w = rng.uniform(0.24, 0.34)
    stem = curve([[w, -0.8], [w * 0.5, -0.98], [-w * 0.2, -0.9], [-w * 0.2, -0.5], [-w * 0.25, -0.15], [-w, -0.02]])
    foot = curve([[-w, -0.02], [-w * 0.3, -0.1], [w * 0.4, 0.0], [w, -0.12]])
    return [np.concatenate([stem, foot]), line(rng, (-w * 0.8, -0.46), (w * 0.5, -0.48))]


def _bracket(rng: np.random.Generator) -> Strokes:
    w, top, foot = rng.uniform(0.12, 0.25), -rng.uniform(1.0, 1.2), rng.uniform(0.02, 0.2)
    return [np.array([[w, top], [0, top + rng.normal(0, 0.02)], [0, foot], [w, foot + rng.normal(0, 0.02)]])]


def brace(rng: np.random.Generator, top: float = -1.15, foot: float = 0.15, width: float = 0.25) -> Strokes:
    """A brace that opens to the right, from `top` to `foot` in heights of a digit."""
    mid = (top + foot) / 2 + rng.normal(0, 0.02) * (foot - top)
    w, high = width * rng.uniform(0.8, 1.2), foot - top
    upper = curve([[w, top], [w * 0.35, top + high * 0.08], [w * 0.4, mid - high * 0.12], [-w * 0.4, mid]])
    lower = curve([[-w * 0.4, mid], [w * 0.4, mid + high * 0.12], [w * 0.35, foot - high * 0.08], [w, foot]])
    return [np.concatenate([upper, lower])]


def _less(rng: np.random.Generator) -> Strokes:
    w, y, h = rng.uniform(0.35, 0.6), -rng.uniform(0.38, 0.5), rng.uniform(0.18, 0.34)
    return [np.array([[w, y - h], [0, y + rng.normal(0, 0.03)], [w, y + h]])]


def root(rng: np.random.Generator, width: float = 0.8) -> Strokes:
    """A square root whose bar is `width` heights of a digit long, from the sign's top on."""
    top = -rng.uniform(1.1, 1.25)
    tick = [[-0.42, -0.42], [-0.34, -0.52], [-0.18, rng.uniform(0, 0.08)], [0, top]]
    bar = line(rng, (0, top), (width, top + rng.normal(0, 0.02)), 0.01)
    return [np.concatenate([np.array(tick), bar])]


def _tick(rng: np.random.Generator) -> Strokes:
    w, h = rng.uniform(0.4, 0.9), rng.uniform(0.6, 1.2)
    low = w * rng.uniform(0.2, 0.4)
    return [curve([[0, -rng.uniform(0.25, 0.5)], [low * 0.9, -0.04], [low, 0], [w, -h]])]


def _cross(rng: np.random.Generator) -> Strokes:
    return [stroke * rng.uniform(1.3, 1.8) + (0, 0.15) for stroke in _times(rng)]


def _arrow(rng: np.random.Generator) -> Strokes:
    length, y, tip = rng.uniform(0.7, 1.6), -rng.uniform(0.35, 0.55), rng.uniform(0.12, 0.22)
    head = np.array([[length - tip * 1.2, y - tip], [length, y], [length - tip * 1.2, y + tip]])
    return [line(rng, (0, y), (length, y)), head]


def _hash(rng: np.random.Generator) -> Strokes:
    rows = [line(rng, (-0.35, y), (0.35, y + rng.normal(0, 0.03))) for y in (-0.66, -0.32)]
    return rows + [line(rng, (x + 0.08, -1.0), (x - 0.08, 0.0)) for x in (-0.13, 0.15)]


def _star(rng: np.random.Generator) -> Strokes:
    r, y, turn = rng.uniform(0.14, 0.26), -rng.uniform(0.5, 0.75), rng.uniform(0, 3)
    ways = [(np.cos(turn + k * np.pi / 3) * r, np.sin(turn + k * np.pi / 3) * r) for k in range(3)]
    return [line(rng, (-a, y - b), (a, y + b)) for a, b in ways]


def _exclamation(rng: np.random.Generator) -> Strokes:
    return [line(rng, (0.05, -1.0), (0, -0.3)), _dot(rng, -0.03)]


def _question(rng: np.random.Generator) -> Strokes:
    hook = curve([[-0.2, -0.78], [0, -1.0], [0.22, -0.8], [0.1, -0.55], [0, -0.42], [0, -0.27]])
    return [hook, _dot(rng, -0.03)]


def _quote(rng: np.random.Generator) -> Strokes:
    return [line(rng, (x + 0.03, -1.05), (x, -0.8)) for x in (0.0, 0.12)]


def _apostrophe(rng: np.random.Generator) -> Strokes:
    return [line(rng, (0.05, -1.08), (0, -0.82))]


def _underscore(rng: np.random.Generator) -> Strokes:
    return [line(rng, (0, 0.06), (rng.uniform(0.6, 1.2), 0.06))]


def _wave(rng: np.random.Generator) -> Strokes:
    y, h, w = -rng.uniform(0.38, 0.5), rng.uniform(0.06, 0.12), rng.uniform(0.5, 0.8)
    return [curve([[0, y + h], [w * 0.25, y - h], [w * 0.7, y + h], [w, y - h]])]


def _yen(rng: np.random.Generator) -> Strokes:
    strokes = [np.array([[-0.3, -1.0], [0, -0.5], [0.3, -1.0]]), line(rng, (0, -0.5), (0, 0))]
    return strokes + [line(rng, (-0.26, y), (0.26, y)) for y in (-0.42, -0.24)]


def _at(rng: np.random.Generator) -> Strokes:
    return [
        curve([[0.16, -0.55], [0, -0.66], [-0.15, -0.45], [0, -0.28], [0.14, -0.4], [0.17, -0.6], [0.2, -0.3],
               [0.36, -0.45], [0.3, -0.8], [0, -0.95], [-0.35, -0.75], [-0.38, -0.3], [-0.1, 0.0], [0.25, -0.06]])
    ]  # fmt: skip


def _ampersand(rng: np.random.Generator) -> Strokes:
    return [curve([[0.3, 0.0], [-0.1, -0.6], [-0.08, -0.9], [0.1, -0.95], [0.15, -0.75], [-0.2, -0.35], [-0.15, -0.05],
                   [0.1, -0.02], [0.32, -0.4]])]  # fmt: skip


def _semicolon(rng: np.random.Generator) -> Strokes:
    return [*_comma(rng), _dot(rng, -rng.uniform(0.5, 0.7))]


def _mirrored(draw: Draw) -> Draw:
    return lambda rng: [stroke * (-1, 1) for stroke in draw(rng)]


DRAWN_SIGNS: dict[str, Draw] = {
    ".": _point, ",": _comma, "-": _minus, "+": _plus, "×": _times, "÷": _divided, "/": _slash, "=": _equals,
    ":": _colon, "%": _percent, "(": _open, ")": _close, "$": _dollar, "€": _euro, "£": _pound,
    "[": _bracket, "]": _mirrored(_bracket), "{": brace, "}": _mirrored(brace), "<": _less, ">": _mirrored(_less),
    "√": root, "✓": _tick, "✗": _cross, "→": _arrow, "#": _hash, "*": _star, "!": _exclamation, "?": _question,
    '"': _quote, "'": _apostrophe, "_": _underscore, "~": _wave, "¥": _yen, "@": _at, "&": _ampersand, ";": _semicolon,
}  # fmt: skip
"""By character, what draws it: y down from the baseline, in heights of a digit. x may begin anywhere."""
POINTS = frozenset(".,:;÷")
"""Signs with points, which are pressed."""


def drawn_sign(rng: np.random.Generator, character: str, shaky: float = 0.012) -> StrokeGlyph | None:
    """A sign by hand; None for what is none. shaky: standard deviation of its points, in heights of a digit."""
    draw = DRAWN_SIGNS.get(character)
    if draw is None:
        return None
    strokes = draw(rng)
    if character not in POINTS:
        strokes = [stroke + rng.normal(0, shaky, 2) for stroke in strokes]
    weight = POINT_WEIGHT * float(rng.uniform(0.9, 1.5)) if character in ".,:" else 1.0
    return StrokeGlyph(tuple(strokes), weight=weight)
