"""Reliefs of what people build and leave about. One short function for each."""

from __future__ import annotations

import cv2
import numpy as np

from digit_scenes.surface.reliefs import (
    FRACTIONAL_BITS,
    Relief,
    curve,
    disc,
    mottled,
    random_grey,
    random_length_px,
    tiled,
)


def mesh(rng: np.random.Generator, side: int) -> Relief:
    """Wire mesh, fences, lattices, trusses: families of bars that cross and catch the light."""
    h = random_length_px(rng, 8, 90)
    w = h if rng.uniform() < 0.5 else random_length_px(rng, 8, 90)
    thick = max(1, round(min(h, w) * rng.uniform(0.07, 0.35)))
    upright = [(-w, h // 2, 2 * w, h // 2), (w // 2, -h, w // 2, 2 * h)]
    slanted = [(-w, -h, 2 * w, 2 * h), (-w, 2 * h, 2 * w, -h)]
    tile = np.full((h, w), random_grey(rng), np.uint8)
    shade, lit = random_grey(rng), random_grey(rng)
    for x0, y0, x1, y1 in (upright, slanted, upright + slanted, [*upright, slanted[0]])[int(rng.integers(4))]:
        cv2.line(tile, (x0, y0), (x1, y1), shade, thick, cv2.LINE_AA)
        if thick > 2:
            cv2.line(tile, (x0 - thick // 4, y0 - thick // 4), (x1 - thick // 4, y1 - thick // 4), lit, thick // 3)
    return tiled(rng, tile, side)


def perforated(rng: np.random.Generator, side: int) -> Relief:
    """Sheets with round holes, slots or studs, in a grid or staggered, each with a bright and a dark rim."""
    h = random_length_px(rng, 9, 100)
    w = max(round(h * rng.uniform(0.35, 1.6)), 5)
    ry = h * rng.uniform(0.2, 0.47)
    rx = min(ry * rng.choice([1.0, 1.0, rng.uniform(0.12, 0.6)]), w * 0.46)
    tile = np.full((2 * h, w), random_grey(rng), np.uint8)
    rim, depth = random_grey(rng), rng.uniform(-0.3, 0.3, 2)
    hole = (int(tile[0, 0]) + random_grey(rng, 50, 206)) % 256  # apart from the sheet, else the rims would be rings: 0s
    lower = [0.0, float(w)] if rng.uniform() < 0.5 else [w / 2]
    square = rng.uniform() < 0.25
    for x, y in [(w / 2, h / 2), *((x, 1.5 * h) for x in lower)]:
        for level, share, shift in ((rim, 1.0, 0.0), (hole, 0.8, 1.0)):
            u, v = x + depth[0] * rx * shift, y + depth[1] * rx * shift
            if square:
                corners = (round(u - rx * share), round(v - ry * share)), (round(u + rx * share), round(v + ry * share))
                cv2.rectangle(tile, *corners, level, -1)
            else:
                disc(tile, u, v, rx * share, ry * share, level)
    return tiled(rng, tile, side)


def grating(rng: np.random.Generator, side: int) -> Relief:
    """Blinds, corrugated sheets, radiators, gratings: one profile repeated, at times with rods across."""
    period = max(random_length_px(rng, 4, 80), 4)
    t = np.arange(period) / period
    edge = rng.uniform(0.15, 0.85)
    profiles = (np.sin(np.pi * t), t, t < edge, np.abs(2 * t - 1), np.where(t < edge, t / edge, 0))
    low, high = sorted(rng.integers(0, 256, 2).tolist())
    profile = low + (high - low) * profiles[int(rng.integers(len(profiles)))]
    canvas = tiled(rng, profile.astype(np.uint8)[None], side)
    if rng.uniform() < 0.4:
        pitch, rod = random_length_px(rng, 12, 120), random_grey(rng)
        for y in range(int(rng.integers(pitch)), side, pitch):
            canvas[y : y + max(1, pitch // 8)] = rod
    return canvas


def stripes(rng: np.random.Generator, side: int) -> Relief:
    """Bars of all widths side by side: book spines, page edges, bar codes, striped cloth."""
    widths = 1 + rng.gamma(1.5, rng.uniform(1, 14), 400).astype(int)
    levels = np.where(
        rng.uniform() < 0.4, rng.choice([random_grey(rng), random_grey(rng)], 400), rng.integers(0, 256, 400)
    )
    row = np.repeat(levels.astype(np.uint8), widths)
    return np.tile(np.resize(row, side), (side, 1))


def _joints(rng: np.random.Generator, h: int, w: int, shift: int) -> Relief:
    """Two rows of cells, (2h, w), 128 on their faces: joints, bevels and at times frames or caps in other levels."""
    joint = max(1, round(min(h, w) * rng.uniform(0.02, 0.25)))
    gap, lit, shade = (
        int(rng.choice([random_grey(rng, 10, 90), random_grey(rng, 160, 240)])),
        random_grey(rng, 128),
        random_grey(rng, 60, 128),
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
    h = random_length_px(rng, 8, 110)
    w = max(round(h * np.exp(rng.uniform(-0.5, 1.4))), 5)
    shift = int(w * rng.choice([0.0, 0.5, rng.uniform()]))
    shades = np.clip(rng.normal(random_grey(rng, 70, 190), rng.uniform(0, 45), (side // h + 1, side // w + 3)), 20, 235)
    places = np.arange(side)
    rows = shades.astype(np.uint8)[places // h]  # (side, columns of cells)
    moved = ((places // h) % 2 == 1)[:, None]
    faces = np.where(moved, rows[:, (places + shift) // w], rows[:, places // w])
    joints = np.tile(_joints(rng, h, w, shift), (side // (2 * h) + 1, side // w + 1))[:side, :side]
    return np.asarray(cv2.multiply(faces, joints, scale=1 / 128))


def cables(rng: np.random.Generator, side: int) -> Relief:
    """Cables, pipes, ropes, hoses: long round things from edge to edge, several of them."""
    canvas = mottled(rng, side, int(rng.integers(2, 9)), random_grey(rng, 20, 235), 20)
    x = np.linspace(-20, side + 20, 40)
    wave = rng.uniform(0, 0.25)
    for _ in range(int(rng.integers(4, 16))):
        thick = random_length_px(rng, 3, 30)
        low, high = sorted(rng.integers(0, 256, 2).tolist())
        bends = np.interp(x, np.linspace(-20, side + 20, 6), rng.normal(0, wave * side, 6))
        y = rng.uniform(-0.2, 1.2) * side + np.convolve(np.pad(bends, 4, "edge"), np.ones(9) / 9, "valid")
        for share in (1.0, 0.75, 0.5, 0.25):
            points = np.stack([x, y - thick * 0.3 * (1 - share)], 1)
            curve(canvas, points, round(high + (low - high) * share), max(round(thick * share), 1))
    return canvas


def chains(rng: np.random.Generator, side: int) -> Relief:
    """Chains, coils, spiral bindings, strings of beads, side by side."""
    canvas = mottled(rng, side, int(rng.integers(2, 9)), random_grey(rng, 20, 235), 20)
    link = random_length_px(rng, 8, 70)
    slim, thick = rng.uniform(0.3, 1.0), max(1, round(link * rng.uniform(0.06, 0.2)))
    shade, lit = random_grey(rng), random_grey(rng)
    closed = rng.uniform() < 0.4
    pitch = link * (rng.uniform(0.7, 1.8) if closed else rng.uniform(0.45, 0.8))  # open links, parted, would be 0s
    for y in np.arange(rng.uniform(0, 1) * link, side + link, link * rng.uniform(0.9, 3.5)):
        for x in np.arange(-rng.uniform(0, 1) * pitch, side + pitch, pitch):
            disc(canvas, x, y, link / 2, link / 2 * slim, shade, -1 if closed else thick)
            if closed:
                disc(canvas, x - link * 0.1, y - link * 0.1 * slim, link * 0.25, link * 0.25 * slim, lit)
            elif thick > 2:
                disc(canvas, x - thick * 0.2, y - thick * 0.2, link / 2, link / 2 * slim, lit, thick // 3)
    return canvas


def screws(rng: np.random.Generator, side: int) -> Relief:
    """Screws, bolts, knobs, washers on a plate: round heads with a shadow, a gleam and a slot, cross or star."""
    canvas = mottled(rng, side, int(rng.integers(3, 40)), random_grey(rng, 40, 215), 20)
    radius = random_length_px(rng, 5, 50)
    pitch = max(radius * rng.uniform(2.1, 6), 14)
    jitter, head = rng.choice([0.0, 0.25]) * pitch, random_grey(rng, 90, 220)
    kind = int(rng.integers(5))
    for y in np.arange(rng.uniform(0, pitch), side + radius, pitch):
        for x in np.arange(rng.uniform(0, pitch), side + radius, pitch):
            u, v = x + rng.uniform(-jitter, jitter), y + rng.uniform(-jitter, jitter)
            for level, share, shift in ((head // 4, 1.08, 0.12), (head * 3 // 4, 1.0, 0.0), (head, 0.75, -0.12)):
                disc(canvas, u + radius * shift, v + radius * shift, radius * share, radius * share, level)
            if kind == 3:
                disc(canvas, u, v, radius * 0.5, radius * 0.5, head // 5)
            angle = rng.uniform(0, np.pi)
            for turn in {0: [0.0], 1: [0.0, np.pi / 2], 2: [0.0, np.pi / 3, -np.pi / 3]}.get(kind, []):
                half = np.array([np.cos(angle + turn), np.sin(angle + turn)]) * radius * (1.0 if kind == 0 else 0.5)
                curve(
                    canvas,
                    np.array([[u - half[0], v - half[1]], [u + half[0], v + half[1]]]),
                    head // 5,
                    max(1, radius // 6),
                )
    return canvas


def room(rng: np.random.Generator, side: int) -> Relief:
    """Furniture, walls, doors out of focus: large soft blocks with straight edges."""
    small = max(side // 4, 16)
    canvas = mottled(rng, small, int(rng.integers(2, 5)), random_grey(rng, 40, 215), 30)
    for _ in range(int(rng.integers(4, 16))):
        centre, reach = rng.uniform(0, small, 2), rng.uniform(0.08, 0.5, 2) * small
        corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * reach + rng.uniform(-0.06, 0.06, (4, 2)) * small
        cv2.fillConvexPoly(canvas, (centre + corners).astype(np.int32), random_grey(rng), cv2.LINE_AA)
    canvas = cv2.GaussianBlur(canvas, (0, 0), rng.uniform(0.4, 5))
    return np.asarray(cv2.resize(canvas, (side, side), interpolation=cv2.INTER_LINEAR))


def papers(rng: np.random.Generator, side: int) -> Relief:
    """Sheets, envelopes, books on a heap: large bright blocks over one another, with the shadows of their edges."""
    canvas = mottled(rng, side, int(rng.integers(2, 12)), random_grey(rng, 20, 235), 25)
    for _ in range(int(rng.integers(2, 7))):
        centre, reach = rng.uniform(0, side, 2), rng.uniform(0.2, 0.7, 2) * side
        angle, level = rng.normal(0, 0.5), random_grey(rng, 120, 250)
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        corners = (np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * reach) @ turn + centre
        sheets, step = int(rng.integers(3, 14)) if rng.uniform() < 0.35 else 1, rng.uniform(-4, 4, 2)
        for k in range(sheets):  # a pile shows the edges of all its sheets
            place = np.round((corners + step * k) * 8).astype(np.int32)
            cv2.polylines(canvas, [place.reshape(-1, 1, 2)], True, level // 2, int(rng.integers(1, 4)), cv2.LINE_AA, 3)
            cv2.fillConvexPoly(canvas, place, max(level - int(rng.integers(0, 25)), 0), cv2.LINE_AA, FRACTIONAL_BITS)
    return canvas


def cardboard(rng: np.random.Generator, side: int) -> Relief:
    """The edge of corrugated board, one or many layers: waves between straight liners."""
    layer = max(random_length_px(rng, 8, 70), 8)
    canvas = mottled(rng, side, int(rng.integers(3, 30)), random_grey(rng, 60, 200), 15)
    x = np.arange(-4.0, side + 8.0, 2.0)
    period, thick, level = layer * rng.uniform(0.6, 2.0), max(1, layer // 10), random_grey(rng)
    for y in np.arange(rng.uniform(0, layer), side + layer, layer * rng.choice([1.0, rng.uniform(1, 3)])):
        wave = y + (layer / 2 - thick) * np.sin(2 * np.pi * x / period + rng.uniform(0, 6))
        curve(canvas, np.stack([x, wave], 1), level, thick)
        for edge in (y - layer / 2, y + layer / 2):
            curve(canvas, np.array([[-4.0, edge], [side + 4.0, edge]]), level, thick)
    return canvas
