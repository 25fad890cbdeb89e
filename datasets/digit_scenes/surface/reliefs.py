"""Surfaces full of bars, rings, holes and edges, none of which is a digit: what textures are made of.

Each kind is a function of a generator and a side, and gives a relief: grey levels, uint8 (side, side). Bars and rings
come in rows, grids or heaps, never alone: a lone stroke on blank ground is a 1. One short function each, so that the
file is long but can be read anywhere.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from digit_scenes.surface.paper import smooth_field

Relief = NDArray[np.uint8]
Kind = Callable[[np.random.Generator, int], Relief]
_FINE = 3  # bits of sub-pixel places in OpenCV's drawing


def _scale(rng: np.random.Generator, low: float, high: float) -> int:
    """A length in pixels, as often between 10 and 20 as between 40 and 80."""
    return round(float(np.exp(rng.uniform(np.log(low), np.log(high)))))


def _level(rng: np.random.Generator, low: int = 0, high: int = 256) -> int:
    return int(rng.integers(low, high))


def _mottled(rng: np.random.Generator, side: int, cells: int, middle: int, swing: int) -> Relief:
    """An uneven ground, `cells` spots across."""
    spots = rng.integers(max(middle - swing, 0), min(middle + swing, 255) + 1, (cells, cells), dtype=np.uint8)
    return cv2.resize(spots, (side, side), interpolation=cv2.INTER_CUBIC)


def _spread(rng: np.random.Generator, tile: Relief, side: int) -> Relief:
    """A tile repeated all over, from a random place on."""
    height, width = tile.shape
    y, x = int(rng.integers(height)), int(rng.integers(width))
    return np.tile(tile, (side // height + 2, side // width + 2))[y : y + side, x : x + side].copy()


def _curve(canvas: Relief, points: NDArray[np.float64], level: int, thickness: int) -> None:
    """A polyline through points (N, 2): x, y."""
    fixed = np.round(points * (1 << _FINE)).astype(np.int32).reshape(-1, 1, 2)
    cv2.polylines(canvas, [fixed], False, level, thickness, cv2.LINE_AA, _FINE)


def _disc(canvas: Relief, x: float, y: float, rx: float, ry: float, level: int, thickness: int = -1) -> None:
    one = 1 << _FINE
    centre, axes = (round(x * one), round(y * one)), (max(round(rx * one), one), max(round(ry * one), one))
    cv2.ellipse(canvas, centre, axes, 0, 0, 360, level, thickness, cv2.LINE_AA, _FINE)


def mesh(rng: np.random.Generator, side: int) -> Relief:
    """Wire mesh, fences, lattices, trusses: families of bars that cross and catch the light."""
    h = _scale(rng, 8, 90)
    w = h if rng.uniform() < 0.5 else _scale(rng, 8, 90)
    thick = max(1, round(min(h, w) * rng.uniform(0.07, 0.35)))
    upright = [(-w, h // 2, 2 * w, h // 2), (w // 2, -h, w // 2, 2 * h)]
    slanted = [(-w, -h, 2 * w, 2 * h), (-w, 2 * h, 2 * w, -h)]
    tile = np.full((h, w), _level(rng), np.uint8)
    shade, lit = _level(rng), _level(rng)
    for x0, y0, x1, y1 in (upright, slanted, upright + slanted, [*upright, slanted[0]])[int(rng.integers(4))]:
        cv2.line(tile, (x0, y0), (x1, y1), shade, thick, cv2.LINE_AA)
        if thick > 2:
            cv2.line(tile, (x0 - thick // 4, y0 - thick // 4), (x1 - thick // 4, y1 - thick // 4), lit, thick // 3)
    return _spread(rng, tile, side)


def perforated(rng: np.random.Generator, side: int) -> Relief:
    """Sheets with round holes, slots or studs, in a grid or staggered, each with a bright and a dark rim."""
    h = _scale(rng, 9, 100)
    w = max(round(h * rng.uniform(0.35, 1.6)), 5)
    ry = h * rng.uniform(0.2, 0.47)
    rx = min(ry * rng.choice([1.0, 1.0, rng.uniform(0.12, 0.6)]), w * 0.46)
    tile = np.full((2 * h, w), _level(rng), np.uint8)
    rim, depth = _level(rng), rng.uniform(-0.3, 0.3, 2)
    hole = (int(tile[0, 0]) + _level(rng, 50, 206)) % 256  # apart from the sheet, else the rims would be rings: 0s
    lower = [0.0, float(w)] if rng.uniform() < 0.5 else [w / 2]
    square = rng.uniform() < 0.25
    for x, y in [(w / 2, h / 2), *((x, 1.5 * h) for x in lower)]:
        for level, share, shift in ((rim, 1.0, 0.0), (hole, 0.8, 1.0)):
            u, v = x + depth[0] * rx * shift, y + depth[1] * rx * shift
            if square:
                corners = (round(u - rx * share), round(v - ry * share)), (round(u + rx * share), round(v + ry * share))
                cv2.rectangle(tile, *corners, level, -1)
            else:
                _disc(tile, u, v, rx * share, ry * share, level)
    return _spread(rng, tile, side)


def grating(rng: np.random.Generator, side: int) -> Relief:
    """Blinds, corrugated sheets, radiators, gratings: one profile repeated, at times with rods across."""
    period = max(_scale(rng, 4, 80), 4)
    t = np.arange(period) / period
    edge = rng.uniform(0.15, 0.85)
    profiles = (np.sin(np.pi * t), t, t < edge, np.abs(2 * t - 1), np.where(t < edge, t / edge, 0))
    low, high = sorted(rng.integers(0, 256, 2).tolist())
    profile = low + (high - low) * profiles[int(rng.integers(len(profiles)))]
    canvas = _spread(rng, profile.astype(np.uint8)[None], side)
    if rng.uniform() < 0.4:
        pitch, rod = _scale(rng, 12, 120), _level(rng)
        for y in range(int(rng.integers(pitch)), side, pitch):
            canvas[y : y + max(1, pitch // 8)] = rod
    return canvas


def stripes(rng: np.random.Generator, side: int) -> Relief:
    """Bars of all widths side by side: book spines, page edges, bar codes, striped cloth."""
    widths = 1 + rng.gamma(1.5, rng.uniform(1, 14), 400).astype(int)
    levels = np.where(rng.uniform() < 0.4, rng.choice([_level(rng), _level(rng)], 400), rng.integers(0, 256, 400))
    row = np.repeat(levels.astype(np.uint8), widths)
    return np.tile(np.resize(row, side), (side, 1))


def _joints(rng: np.random.Generator, h: int, w: int, shift: int) -> Relief:
    """Two rows of cells, (2h, w), 128 on their faces: joints, bevels and at times frames or caps in other levels."""
    joint = max(1, round(min(h, w) * rng.uniform(0.02, 0.25)))
    gap, lit, shade = (
        int(rng.choice([_level(rng, 10, 90), _level(rng, 160, 240)])),
        _level(rng, 128),
        _level(rng, 60, 128),
    )
    cell = np.full((h, w), gap, np.uint8)
    cv2.rectangle(cell, (joint, joint), (w - 1, h - 1), 128, -1)
    kind = rng.uniform()
    if kind < 0.5:  # light from above
        bevel = max(1, joint // 2)
        cv2.line(cell, (joint, joint), (w - 1, joint), lit, bevel)
        cv2.line(cell, (joint, h - 1), (w - 1, h - 1), shade, bevel)
        cv2.line(cell, (w - 1, joint), (w - 1, h - 1), shade, bevel)
    if kind < 0.25:  # key caps, panels
        inset = joint + max(2, min(h, w) // 6)
        cv2.rectangle(cell, (inset, inset - joint // 2), (max(w - inset, inset), max(h - inset, inset)), lit, -1)
    elif kind > 0.8:  # windows: panes in a frame
        inset = joint + max(2, min(h, w) // 5)
        cv2.rectangle(cell, (inset, inset), (max(w - inset, inset), max(h - inset, inset)), shade // 2 + 10, -1)
        cv2.rectangle(cell, (inset, inset), (max(w - inset, inset), max(h - inset, inset)), lit, max(1, joint // 3))
        cv2.line(cell, (inset, h // 2), (max(w - inset, inset), h // 2), lit, max(1, joint // 3))
        cv2.line(cell, ((w + joint) // 2, inset), ((w + joint) // 2, max(h - inset, inset)), lit, max(1, joint // 3))
    return np.concatenate([cell, np.roll(cell, -shift, 1)])


def masonry(rng: np.random.Generator, side: int) -> Relief:
    """Bricks, tiles, paving, keyboards without legends, fronts of houses: cells, each with its own shade."""
    h = _scale(rng, 8, 110)
    w = max(round(h * np.exp(rng.uniform(-0.5, 1.4))), 5)
    shift = int(w * rng.choice([0.0, 0.5, rng.uniform()]))
    shades = np.clip(rng.normal(_level(rng, 70, 190), rng.uniform(0, 45), (side // h + 1, side // w + 3)), 20, 235)
    places = np.arange(side)
    rows = shades.astype(np.uint8)[places // h]  # (side, columns of cells)
    moved = ((places // h) % 2 == 1)[:, None]
    faces = np.where(moved, rows[:, (places + shift) // w], rows[:, places // w])
    joints = np.tile(_joints(rng, h, w, shift), (side // (2 * h) + 1, side // w + 1))[:side, :side]
    return cv2.multiply(faces, joints, scale=1 / 128)


def wood(rng: np.random.Generator, side: int) -> Relief:
    """Grain along one way, often cut into boards."""
    field = smooth_field(rng, (side, max(side // 8, 4)), int(rng.integers(4, 16)))
    rings = np.sin(field * np.float32(rng.uniform(3, 25))) * np.float32(rng.uniform(8, 40)) + _level(rng, 80, 190)
    canvas = cv2.resize(cv2.convertScaleAbs(rings), (side, side), interpolation=cv2.INTER_LINEAR)
    fibres = rng.integers(110, 146, (side, max(side // 24, 2)), dtype=np.uint8)
    canvas = cv2.multiply(canvas, cv2.resize(fibres, (side, side)), scale=1 / 128)
    if rng.uniform() < 0.6:
        h, w = _scale(rng, 16, 130), 2 * side
        boards = np.full((h, w), 128, np.uint8)
        boards[: max(1, h // 24)] = _level(rng, 20, 90)
        canvas = cv2.multiply(canvas, _spread(rng, boards, side), scale=1 / 128)
    return canvas


def cloth(rng: np.random.Generator, side: int) -> Relief:
    """Threads over and under each other, from linen to wickerwork, at times with checks."""
    p = max(_scale(rng, 3, 26), 3)
    thread = np.tile(np.sin(np.pi * (np.arange(p) + 0.5) / p)[:, None], (1, p))
    along = thread * (0.75 + 0.25 * np.sin(np.pi * (np.arange(p) + 0.5) / p))[None, :]
    tile = np.block([[along, along.T], [along.T, along]])
    low, high = sorted(rng.integers(0, 256, 2).tolist())
    canvas = _spread(rng, (low + (high - low) * tile).astype(np.uint8), side)
    if rng.uniform() < 0.3:
        check = _scale(rng, 2 * p, 12 * p)
        plaid = np.full((2 * check, 2 * check), 128, np.uint8)
        plaid[:check] -= _level(rng, 0, 60)
        plaid[:, :check] -= _level(rng, 0, 60)
        canvas = cv2.multiply(canvas, _spread(rng, plaid, side), scale=1 / 128)
    return canvas


def gravel(rng: np.random.Generator, side: int) -> Relief:
    """Stones, pebbles, beans, asphalt: a heap of lumps, each lit from the same side."""
    radius = _scale(rng, 3, 30)
    count = min(3 * side * side // (4 * radius * radius), 380)
    canvas = _mottled(rng, side, max(side // radius, 4), _level(rng, 30, 200), 60)
    corners = int(rng.integers(4, 9))
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False) + rng.uniform(0, 6, (count, 1))
    radii = radius * rng.uniform(0.5, 1.3, (count, 1)) * rng.uniform(0.75, 1.1, (count, corners))
    outline = np.stack([np.cos(angles), np.sin(angles)], -1) * radii[..., None]  # (count, corners, 2)
    centres = rng.uniform(0, side, (count, 1, 2))
    drop = rng.uniform(-0.25, 0.25, 2) * radius
    levels = np.clip(rng.normal(_level(rng, 60, 200), rng.uniform(8, 50), count), 10, 245).astype(int).tolist()
    for under, upper, level in zip(
        (centres + outline).astype(np.int32), (centres + drop + outline * 0.7).astype(np.int32), levels, strict=True
    ):
        cv2.fillConvexPoly(canvas, under, level * 2 // 3)
        cv2.fillConvexPoly(canvas, upper, level)
    return cv2.blur(canvas, (3, 3))


def foliage(rng: np.random.Generator, side: int) -> Relief:
    """Grass, leaves, straw, sticks, needles: slender things over one another, in a heap that leaves nothing blank."""
    length = _scale(rng, 24, 130)
    width = max(length * rng.uniform(0.02, 0.13), side * side / (1000 * length))
    count = int(2 * side * side / (length * width))
    spread = rng.choice([0.25, 0.8, 3.2])
    angle = rng.uniform(0, 2 * np.pi) + rng.uniform(-spread, spread, count)
    way = np.stack([np.cos(angle), np.sin(angle)], 1) * (length * rng.uniform(0.6, 1.4, count))[:, None]
    normal = np.stack([-way[:, 1], way[:, 0]], 1) / length * width
    start = rng.uniform(-0.1, 1.1, (count, 2)) * side
    bend = normal * rng.uniform(-2, 2, (count, 1))
    blades = np.stack([start, start + way / 2 + normal + bend, start + way, start + way / 2 - normal + bend], 1)
    levels = np.clip(rng.normal(_level(rng, 60, 190), rng.uniform(15, 60), count), 0, 255).astype(int).tolist()
    canvas = _mottled(rng, side, max(side // length, 3), _level(rng, 20, 160), 40)
    for blade, level in zip(np.round(blades * 8).astype(np.int32), levels, strict=True):
        cv2.fillConvexPoly(canvas, blade, level, cv2.LINE_AA, _FINE)
    return canvas


def concrete(rng: np.random.Generator, side: int) -> Relief:
    """Plaster and concrete with pores, long cracks and families of scratches."""
    middle = _level(rng, 60, 200)
    canvas = _mottled(rng, side, int(rng.integers(3, 20)), middle, int(rng.integers(3, 25)))
    canvas = cv2.addWeighted(canvas, 0.6, _mottled(rng, side, max(side // _scale(rng, 2, 6), 4), middle, 50), 0.4, 0)
    for _ in range(int(rng.integers(0, 7))):  # cracks, from side to side
        steps = rng.normal(0, 1, (side // 6 + 1, 2)) * 3 + np.array([7, 0])
        walk = np.cumsum(steps, 0) + np.array([-10, rng.uniform(0, side)])
        _curve(canvas, walk if rng.uniform() < 0.5 else walk[:, ::-1], _level(rng, 0, 60), int(rng.integers(1, 3)))
    count = int(rng.integers(0, 60))
    angle = rng.uniform(0, np.pi) + rng.normal(0, rng.choice([0.05, 0.6]), count)
    middles, reach = rng.uniform(0, side, (count, 2)), rng.uniform(0.3, 1.0, (count, 1)) * side
    half = np.stack([np.cos(angle), np.sin(angle)], 1) * reach
    level = int(np.clip(middle + rng.choice([-1, 1]) * rng.uniform(15, 60), 0, 255))
    for start, end in zip(middles - half, middles + half, strict=True):
        _curve(canvas, np.stack([start, end]), level, 1)
    return canvas


def cables(rng: np.random.Generator, side: int) -> Relief:
    """Cables, pipes, ropes, hoses: long round things from edge to edge, several of them."""
    canvas = _mottled(rng, side, int(rng.integers(2, 9)), _level(rng, 20, 235), 20)
    x = np.linspace(-20, side + 20, 40)
    wave = rng.uniform(0, 0.25)
    for _ in range(int(rng.integers(4, 16))):
        thick = _scale(rng, 3, 30)
        low, high = sorted(rng.integers(0, 256, 2).tolist())
        bends = np.interp(x, np.linspace(-20, side + 20, 6), rng.normal(0, wave * side, 6))
        y = rng.uniform(-0.2, 1.2) * side + np.convolve(np.pad(bends, 4, "edge"), np.ones(9) / 9, "valid")
        for share in (1.0, 0.75, 0.5, 0.25):
            points = np.stack([x, y - thick * 0.3 * (1 - share)], 1)
            _curve(canvas, points, round(high + (low - high) * share), max(round(thick * share), 1))
    return canvas


def chains(rng: np.random.Generator, side: int) -> Relief:
    """Chains, coils, spiral bindings, strings of beads, side by side."""
    canvas = _mottled(rng, side, int(rng.integers(2, 9)), _level(rng, 20, 235), 20)
    link = _scale(rng, 8, 70)
    slim, thick = rng.uniform(0.3, 1.0), max(1, round(link * rng.uniform(0.06, 0.2)))
    shade, lit = _level(rng), _level(rng)
    closed = rng.uniform() < 0.4
    pitch = link * (rng.uniform(0.7, 1.8) if closed else rng.uniform(0.45, 0.8))  # open links, parted, would be 0s
    for y in np.arange(rng.uniform(0, 1) * link, side + link, link * rng.uniform(0.9, 3.5)):
        for x in np.arange(-rng.uniform(0, 1) * pitch, side + pitch, pitch):
            _disc(canvas, x, y, link / 2, link / 2 * slim, shade, -1 if closed else thick)
            if closed:
                _disc(canvas, x - link * 0.1, y - link * 0.1 * slim, link * 0.25, link * 0.25 * slim, lit)
            elif thick > 2:
                _disc(canvas, x - thick * 0.2, y - thick * 0.2, link / 2, link / 2 * slim, lit, thick // 3)
    return canvas


def screws(rng: np.random.Generator, side: int) -> Relief:
    """Screws, bolts, knobs, washers on a plate: round heads with a shadow, a gleam and a slot, cross or star."""
    canvas = _mottled(rng, side, int(rng.integers(3, 40)), _level(rng, 40, 215), 20)
    radius = _scale(rng, 5, 50)
    pitch = max(radius * rng.uniform(2.1, 6), 14)
    jitter, head = rng.choice([0.0, 0.25]) * pitch, _level(rng, 90, 220)
    kind = int(rng.integers(5))
    for y in np.arange(rng.uniform(0, pitch), side + radius, pitch):
        for x in np.arange(rng.uniform(0, pitch), side + radius, pitch):
            u, v = x + rng.uniform(-jitter, jitter), y + rng.uniform(-jitter, jitter)
            for level, share, shift in ((head // 4, 1.08, 0.12), (head * 3 // 4, 1.0, 0.0), (head, 0.75, -0.12)):
                _disc(canvas, u + radius * shift, v + radius * shift, radius * share, radius * share, level)
            if kind == 3:
                _disc(canvas, u, v, radius * 0.5, radius * 0.5, head // 5)
            angle = rng.uniform(0, np.pi)
            for turn in {0: [0.0], 1: [0.0, np.pi / 2], 2: [0.0, np.pi / 3, -np.pi / 3]}.get(kind, []):
                half = np.array([np.cos(angle + turn), np.sin(angle + turn)]) * radius * (1.0 if kind == 0 else 0.5)
                _curve(
                    canvas,
                    np.array([[u - half[0], v - half[1]], [u + half[0], v + half[1]]]),
                    head // 5,
                    max(1, radius // 6),
                )
    return canvas


def room(rng: np.random.Generator, side: int) -> Relief:
    """Furniture, walls, doors out of focus: large soft blocks with straight edges."""
    small = max(side // 4, 16)
    canvas = _mottled(rng, small, int(rng.integers(2, 5)), _level(rng, 40, 215), 30)
    for _ in range(int(rng.integers(4, 16))):
        centre, reach = rng.uniform(0, small, 2), rng.uniform(0.08, 0.5, 2) * small
        corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * reach + rng.uniform(-0.06, 0.06, (4, 2)) * small
        cv2.fillConvexPoly(canvas, (centre + corners).astype(np.int32), _level(rng), cv2.LINE_AA)
    canvas = cv2.GaussianBlur(canvas, (0, 0), rng.uniform(0.4, 5))
    return cv2.resize(canvas, (side, side), interpolation=cv2.INTER_LINEAR)


def papers(rng: np.random.Generator, side: int) -> Relief:
    """Sheets, envelopes, books on a heap: large bright blocks over one another, with the shadows of their edges."""
    canvas = _mottled(rng, side, int(rng.integers(2, 12)), _level(rng, 20, 235), 25)
    for _ in range(int(rng.integers(2, 7))):
        centre, reach = rng.uniform(0, side, 2), rng.uniform(0.2, 0.7, 2) * side
        angle, level = rng.normal(0, 0.5), _level(rng, 120, 250)
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        corners = (np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * reach) @ turn + centre
        sheets, step = int(rng.integers(3, 14)) if rng.uniform() < 0.35 else 1, rng.uniform(-4, 4, 2)
        for k in range(sheets):  # a pile shows the edges of all its sheets
            place = np.round((corners + step * k) * 8).astype(np.int32)
            cv2.polylines(canvas, [place.reshape(-1, 1, 2)], True, level // 2, int(rng.integers(1, 4)), cv2.LINE_AA, 3)
            cv2.fillConvexPoly(canvas, place, max(level - int(rng.integers(0, 25)), 0), cv2.LINE_AA, _FINE)
    return canvas


def cardboard(rng: np.random.Generator, side: int) -> Relief:
    """The edge of corrugated board, one or many layers: waves between straight liners."""
    layer = max(_scale(rng, 8, 70), 8)
    canvas = _mottled(rng, side, int(rng.integers(3, 30)), _level(rng, 60, 200), 15)
    x = np.arange(-4.0, side + 8.0, 2.0)
    period, thick, level = layer * rng.uniform(0.6, 2.0), max(1, layer // 10), _level(rng)
    for y in np.arange(rng.uniform(0, layer), side + layer, layer * rng.choice([1.0, rng.uniform(1, 3)])):
        wave = y + (layer / 2 - thick) * np.sin(2 * np.pi * x / period + rng.uniform(0, 6))
        _curve(canvas, np.stack([x, wave], 1), level, thick)
        for edge in (y - layer / 2, y + layer / 2):
            _curve(canvas, np.array([[-4.0, edge], [side + 4.0, edge]]), level, thick)
    return canvas


def shine(rng: np.random.Generator, side: int) -> Relief:
    """Polished, brushed or rippled: reflections with smooth and with sudden ends, metal brushed one way."""
    field = smooth_field(rng, (side // 2, side // 2), int(rng.integers(2, 9))) * np.float32(rng.uniform(0.4, 1.6))
    canvas = cv2.convertScaleAbs(np.sin(field), alpha=rng.uniform(20, 110), beta=128)
    canvas = cv2.resize(canvas, (side, side), interpolation=cv2.INTER_LINEAR)
    if rng.uniform() < 0.5:
        brushed = rng.integers(100, 156, (side, max(side // _scale(rng, 20, 200), 1)), dtype=np.uint8)
        canvas = cv2.multiply(canvas, cv2.resize(brushed, (side, side)), scale=1 / 128)
    return canvas


SCREENS: tuple[Kind, ...] = (mesh, mesh, perforated, grating, masonry)  # to look through
# How often each is drawn, to be divided by their sum.
KINDS: dict[Kind, float] = {
    mesh: 3,
    perforated: 3,
    grating: 2,
    stripes: 1,
    masonry: 4,
    wood: 2,
    cloth: 1.5,
    gravel: 1.5,
    foliage: 2,
    concrete: 2,
    cables: 1.5,
    chains: 1,
    screws: 2,
    room: 2,
    papers: 2,
    cardboard: 1,
    shine: 1,
}
