"""The world behind and around paper: photographs of surfaces, without any digit or letter.

A relief is put under a camera and gets colours, light and grain; surfaces meet, or are seen through one another.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from digit_scenes.surface import materials, structures
from digit_scenes.surface.paper import Picture, add_grain
from digit_scenes.surface.reliefs import Kind, Relief

SCREENS: tuple[Kind, ...] = (
    structures.mesh,
    structures.mesh,
    structures.perforated,
    structures.grating,
    structures.masonry,
)
"""What other surfaces are seen through; mesh stands here twice, as it is drawn twice as often as the others."""
KINDS: dict[Kind, float] = {
    structures.mesh: 3,
    structures.perforated: 3,
    structures.grating: 2,
    structures.stripes: 1,
    structures.masonry: 4,
    materials.wood: 2,
    materials.cloth: 1.5,
    materials.gravel: 1.5,
    materials.foliage: 2,
    materials.concrete: 2,
    structures.cables: 1.5,
    structures.chains: 1,
    structures.screws: 2,
    structures.room: 2,
    structures.papers: 2,
    structures.cardboard: 1,
    materials.shine: 1,
}
"""How often each is drawn, to be divided by their sum. Their order is part of every scene: it never changes."""
MIN_RELIEF_SIDE_PX = 64
"""Side of the smallest relief: a smaller picture is a part of it."""
_SHARES = np.array(list(KINDS.values())) / sum(KINDS.values())


def _view(rng: np.random.Generator, side: int, size: tuple[int, int]) -> NDArray[np.float64]:
    """A camera: the homography (3, 3) from the pixels of a picture to those of a relief."""
    height, width = size
    angle = rng.choice([0, np.pi / 2]) + (rng.normal(0, 0.12) if rng.uniform() < 0.6 else rng.uniform(0, np.pi))
    zoom, tilt = np.exp(rng.uniform(-0.7, 0.15)), rng.uniform(-0.5, 0.5, 2) * (rng.uniform() < 0.6)
    cosine, sine = np.cos(angle) * zoom, np.sin(angle) * zoom
    centred = np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1.0]])
    turned = np.array([[cosine, -sine, 0], [sine, cosine, 0], [*(tilt / max(size)), 1]])
    return np.asarray(np.array([[1, 0, side / 2], [0, 1, side / 2], [0, 0, 1.0]]) @ turned @ centred)


def _colours(rng: np.random.Generator) -> Picture:
    """A colour for each grey level, (256, 1, 3): two to four colours, more often muted than loud, and those between."""
    count = int(rng.integers(2, 5))
    tint = rng.choice([0.0, 6.0, 18.0, 45.0], p=[0.2, 0.4, 0.3, 0.1])
    centre, contrast = rng.uniform(50, 205), rng.uniform(20, 230)
    greys = np.clip(centre + np.linspace(-0.5, 0.5, count) * contrast * rng.choice([-1, 1]), 0, 255)
    stops = greys[:, None] + rng.normal(0, tint, 3) * 0.7 + rng.normal(0, tint, (count, 3)) * 0.5
    ramp = [np.interp(np.arange(256), np.linspace(0, 255, count), stop) for stop in stops.T]
    return np.asarray(np.clip(np.stack(ramp, -1), 0, 255).astype(np.uint8)[:, None])


def _seen(rng: np.random.Generator, kind: Kind, size: tuple[int, int]) -> Relief:
    """A relief of one kind through the camera: grey levels (H, W)."""
    side = max(*size, MIN_RELIEF_SIDE_PX)
    relief = kind(rng, side)
    if rng.uniform() < 0.6:
        relief = cv2.normalize(relief, None, 0, 255, cv2.NORM_MINMAX)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpPerspective(relief, _view(rng, side, size), size[::-1], flags=flags, borderMode=cv2.BORDER_REFLECT)
    )


def _surface(rng: np.random.Generator, size: tuple[int, int]) -> Picture:
    """One kind in its own colours and light, in focus or not."""
    seen = _seen(rng, list(KINDS)[int(rng.choice(len(KINDS), p=_SHARES))], size)
    if rng.uniform() < 0.3:
        seen = cv2.GaussianBlur(seen, (0, 0), float(np.exp(rng.uniform(-0.7, 1.4))))
    if rng.uniform() < 0.6:
        lights = rng.integers(int(rng.integers(50, 120)), 150, (2, int(rng.integers(2, 4))), dtype=np.uint8)
        seen = cv2.multiply(seen, cv2.resize(lights, size[::-1], interpolation=cv2.INTER_LINEAR), scale=1 / 128)
    return np.asarray(cv2.applyColorMap(seen, _colours(rng)))


def _part(rng: np.random.Generator, size: tuple[int, int]) -> Relief:
    """Where a second surface lies over a first: on one side of a line, or the bars of a lattice; 0 elsewhere."""
    if rng.uniform() < 0.3:
        lattice = _seen(rng, SCREENS[int(rng.integers(len(SCREENS)))], size)
        return np.asarray(cv2.threshold(lattice, int(lattice.mean()), 255, cv2.THRESH_BINARY)[1])
    angle, far = rng.uniform(0, 2 * np.pi), 4 * max(size)
    along = np.array([np.cos(angle), np.sin(angle)]) * far
    away = np.array([-along[1], along[0]])
    start = rng.uniform(0.2, 0.8, 2) * (size[1], size[0])
    part = np.zeros(size, np.uint8)
    corners = np.array([start - along, start + along, start + along + away, start - along + away])
    return np.asarray(cv2.fillConvexPoly(part, corners.astype(np.int32), 255))


def texture(rng: np.random.Generator, size: tuple[int, int]) -> Picture:
    """A picture of the world without any digit or letter: uint8 (H, W, 3), RGB. size: height and width, pixels.

    One surface, or several that meet at straight edges or are seen through one another.
    """
    picture = _surface(rng, size)
    while rng.uniform() < 0.35:
        cv2.copyTo(_surface(rng, size), _part(rng, size), picture)
    if rng.uniform() < 0.5:
        strength, coloured, coarse = float(rng.uniform(1, 10)), bool(rng.uniform() < 0.5), bool(rng.uniform() < 0.3)
        picture = add_grain(rng, picture, strength, coloured, coarse)
    return picture
