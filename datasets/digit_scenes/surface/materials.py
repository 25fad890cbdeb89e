"""Reliefs of what things are made of. One short function for each."""

from __future__ import annotations

import cv2
import numpy as np

from digit_scenes.surface.paper import smooth_field
from digit_scenes.surface.reliefs import FRACTIONAL_BITS, Relief, curve, mottled, random_grey, random_length_px, tiled


def wood(rng: np.random.Generator, side: int) -> Relief:
    """Grain along one way, often cut into boards."""
    field = smooth_field(rng, (side, max(side // 8, 4)), int(rng.integers(4, 16)))
    rings = np.sin(field * np.float32(rng.uniform(3, 25))) * np.float32(rng.uniform(8, 40)) + random_grey(rng, 80, 190)
    canvas: Relief = cv2.resize(cv2.convertScaleAbs(rings), (side, side), interpolation=cv2.INTER_LINEAR)
    fibres = rng.integers(110, 146, (side, max(side // 24, 2)), dtype=np.uint8)
    canvas = cv2.multiply(canvas, cv2.resize(fibres, (side, side)), scale=1 / 128)
    if rng.uniform() < 0.6:
        h, w = random_length_px(rng, 16, 130), 2 * side
        boards = np.full((h, w), 128, np.uint8)
        boards[: max(1, h // 24)] = random_grey(rng, 20, 90)
        canvas = cv2.multiply(canvas, tiled(rng, boards, side), scale=1 / 128)
    return canvas


def cloth(rng: np.random.Generator, side: int) -> Relief:
    """Threads over and under each other, from linen to wickerwork, at times with checks."""
    p = max(random_length_px(rng, 3, 26), 3)
    thread = np.tile(np.sin(np.pi * (np.arange(p) + 0.5) / p)[:, None], (1, p))
    along = thread * (0.75 + 0.25 * np.sin(np.pi * (np.arange(p) + 0.5) / p))[None, :]
    tile = np.block([[along, along.T], [along.T, along]])
    low, high = sorted(rng.integers(0, 256, 2).tolist())
    canvas = tiled(rng, (low + (high - low) * tile).astype(np.uint8), side)
    if rng.uniform() < 0.3:
        check = random_length_px(rng, 2 * p, 12 * p)
        plaid = np.full((2 * check, 2 * check), 128, np.uint8)
        plaid[:check] -= random_grey(rng, 0, 60)
        plaid[:, :check] -= random_grey(rng, 0, 60)
        canvas = cv2.multiply(canvas, tiled(rng, plaid, side), scale=1 / 128)
    return canvas


def gravel(rng: np.random.Generator, side: int) -> Relief:
    """Stones, pebbles, beans, asphalt: a heap of lumps, each lit from the same side."""
    radius = random_length_px(rng, 3, 30)
    count = min(3 * side * side // (4 * radius * radius), 380)
    canvas = mottled(rng, side, max(side // radius, 4), random_grey(rng, 30, 200), 60)
    corners = int(rng.integers(4, 9))
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False) + rng.uniform(0, 6, (count, 1))
    radii = radius * rng.uniform(0.5, 1.3, (count, 1)) * rng.uniform(0.75, 1.1, (count, corners))
    outline = np.stack([np.cos(angles), np.sin(angles)], -1) * radii[..., None]  # (count, corners, 2)
    centres = rng.uniform(0, side, (count, 1, 2))
    drop = rng.uniform(-0.25, 0.25, 2) * radius
    levels = np.clip(rng.normal(random_grey(rng, 60, 200), rng.uniform(8, 50), count), 10, 245).astype(int).tolist()
    for under, upper, level in zip(
        (centres + outline).astype(np.int32), (centres + drop + outline * 0.7).astype(np.int32), levels, strict=True
    ):
        cv2.fillConvexPoly(canvas, under, level * 2 // 3)
        cv2.fillConvexPoly(canvas, upper, level)
    return np.asarray(cv2.blur(canvas, (3, 3)))


def foliage(rng: np.random.Generator, side: int) -> Relief:
    """Grass, leaves, straw, sticks, needles: slender things over one another, in a heap that leaves nothing blank."""
    length = random_length_px(rng, 24, 130)
    width = max(length * rng.uniform(0.02, 0.13), side * side / (1000 * length))
    count = int(2 * side * side / (length * width))
    spread = rng.choice([0.25, 0.8, 3.2])
    angle = rng.uniform(0, 2 * np.pi) + rng.uniform(-spread, spread, count)
    way = np.stack([np.cos(angle), np.sin(angle)], 1) * (length * rng.uniform(0.6, 1.4, count))[:, None]
    normal = np.stack([-way[:, 1], way[:, 0]], 1) / length * width
    start = rng.uniform(-0.1, 1.1, (count, 2)) * side
    bend = normal * rng.uniform(-2, 2, (count, 1))
    blades = np.stack([start, start + way / 2 + normal + bend, start + way, start + way / 2 - normal + bend], 1)
    levels = np.clip(rng.normal(random_grey(rng, 60, 190), rng.uniform(15, 60), count), 0, 255).astype(int).tolist()
    canvas = mottled(rng, side, max(side // length, 3), random_grey(rng, 20, 160), 40)
    for blade, level in zip(np.round(blades * 8).astype(np.int32), levels, strict=True):
        cv2.fillConvexPoly(canvas, blade, level, cv2.LINE_AA, FRACTIONAL_BITS)
    return canvas


def concrete(rng: np.random.Generator, side: int) -> Relief:
    """Plaster and concrete with pores, long cracks and families of scratches."""
    middle = random_grey(rng, 60, 200)
    ground = mottled(rng, side, int(rng.integers(3, 20)), middle, int(rng.integers(3, 25)))
    pores = mottled(rng, side, max(side // random_length_px(rng, 2, 6), 4), middle, 50)
    canvas: Relief = cv2.addWeighted(ground, 0.6, pores, 0.4, 0)
    for _ in range(int(rng.integers(0, 7))):  # cracks, from side to side
        steps = rng.normal(0, 1, (side // 6 + 1, 2)) * 3 + np.array([7, 0])
        walk = np.cumsum(steps, 0) + np.array([-10, rng.uniform(0, side)])
        curve(canvas, walk if rng.uniform() < 0.5 else walk[:, ::-1], random_grey(rng, 0, 60), int(rng.integers(1, 3)))
    count = int(rng.integers(0, 60))
    angle = rng.uniform(0, np.pi) + rng.normal(0, rng.choice([0.05, 0.6]), count)
    middles, reach = rng.uniform(0, side, (count, 2)), rng.uniform(0.3, 1.0, (count, 1)) * side
    half = np.stack([np.cos(angle), np.sin(angle)], 1) * reach
    level = int(np.clip(middle + rng.choice([-1, 1]) * rng.uniform(15, 60), 0, 255))
    for start, end in zip(middles - half, middles + half, strict=True):
        curve(canvas, np.stack([start, end]), level, 1)
    return canvas


def shine(rng: np.random.Generator, side: int) -> Relief:
    """Polished, brushed or rippled: reflections with smooth and with sudden ends, metal brushed one way."""
    field = smooth_field(rng, (side // 2, side // 2), int(rng.integers(2, 9))) * np.float32(rng.uniform(0.4, 1.6))
    canvas: Relief = cv2.convertScaleAbs(np.sin(field), alpha=rng.uniform(20, 110), beta=128)
    canvas = cv2.resize(canvas, (side, side), interpolation=cv2.INTER_LINEAR)
    if rng.uniform() < 0.5:
        brushed = rng.integers(100, 156, (side, max(side // random_length_px(rng, 20, 200), 1)), dtype=np.uint8)
        canvas = cv2.multiply(canvas, cv2.resize(brushed, (side, side)), scale=1 / 128)
    return canvas
