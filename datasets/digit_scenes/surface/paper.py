"""What numbers are written on, and the light that falls on it.

Everything is drawn straight into a uint8 (H, W, 3) RGB picture. Rulings lie on the page, so they go through its
homography; textures and light do not need to.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from digit_scenes.ink.perspective import PaperPlacement, transform

Picture = NDArray[np.uint8]
Colour = NDArray[np.float64]
"""(3,), RGB 0-255."""
NOISE_SIDE_PX = 1024
"""Side of the noise that grain is cut from."""
NOISE_DEVIATION_GREY = 64
"""Standard deviation of that noise."""


class Colours(NamedTuple):
    """The colours of a page."""

    paper: Colour
    """Of what is written on."""
    ink: Colour
    """Of what is written with."""


@lru_cache(maxsize=1)
def _noise() -> NDArray[np.int16]:
    """White noise, int16 (NOISE_SIDE_PX, NOISE_SIDE_PX, 3): drawing it anew for each scene would cost 10 ms."""
    noise = np.random.default_rng(20240301).standard_normal((NOISE_SIDE_PX, NOISE_SIDE_PX, 3), np.float32)
    return np.clip(noise * NOISE_DEVIATION_GREY, -400, 400).astype(np.int16)


def colours(rng: np.random.Generator, light_on_dark: float) -> Colours:
    """A paper and an ink that can be told apart. light_on_dark: the share of those where the ink is the lighter one."""
    if rng.uniform() < light_on_dark:
        paper = rng.choice([rng.uniform(0, 30), rng.uniform(20, 110)]) + rng.normal(0, 8, 3)
        ink = np.clip(paper.mean() + rng.uniform(80, 220), 110, 255) + rng.normal(0, 12, 3)
    else:
        paper = rng.choice([rng.uniform(225, 255), rng.uniform(130, 245)]) + rng.normal(0, 7, 3)
        if rng.uniform() < 0.15:  # coloured paper
            paper = paper - rng.uniform(0, 70, 3)
        ink = np.clip(paper.mean() - rng.uniform(80, 230), 0, 150) + rng.normal(0, 10, 3)
        kind = rng.uniform()
        if kind < 0.3:  # blue
            ink = ink + np.array([-15.0, 0.0, rng.uniform(30, 110)])
        elif kind < 0.38:  # red
            ink = ink + np.array([rng.uniform(40, 110), 0.0, 0.0])
    return Colours(np.clip(paper, 0, 255), np.clip(ink, 0, 255))


def faded(rng: np.random.Generator, paper: Colour, ink: Colour) -> Colour:
    """An ink that differs from its paper by 45 to 90 of 255 at most, in the mean of the channels."""
    contrast = abs(float((ink - paper).mean()))
    return paper + (ink - paper) * min(1.0, rng.uniform(45, 90) / max(contrast, 1.0))


def smooth_field(rng: np.random.Generator, size: tuple[int, int], cells: int) -> NDArray[np.float32]:
    """A smooth random field, float32 (H, W), of about unit variance; `cells` blobs across."""
    coarse = rng.standard_normal((cells + 1, cells + 1), np.float32)
    return np.asarray(cv2.resize(coarse, (size[1], size[0]), interpolation=cv2.INTER_CUBIC))


def add_grain(rng: np.random.Generator, picture: Picture, strength: float, coloured: bool, coarse: bool) -> Picture:
    """A picture with noise of standard deviation `strength`, of 255, fine or coarse: fibres, or a camera's sensor."""
    height, width = picture.shape[:2]
    step = 2 if coarse else 1
    h, w = min(-(-height // step), NOISE_SIDE_PX), min(-(-width // step), NOISE_SIDE_PX)
    y, x = int(rng.integers(0, NOISE_SIDE_PX - h + 1)), int(rng.integers(0, NOISE_SIDE_PX - w + 1))
    noise = _noise()[y : y + h, x : x + w]
    if not coloured:
        noise = cv2.merge([noise[..., 0]] * 3)
    if noise.shape[:2] != (height, width):
        noise = cv2.resize(noise, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.addWeighted(picture, 1.0, noise, strength / NOISE_DEVIATION_GREY, 0.0, dtype=cv2.CV_8U))


def flat(size: tuple[int, int], colour: Colour) -> Picture:
    """A picture (H, W, 3) of one colour. By channels: NumPy takes ten times as long to broadcast a colour."""
    return np.asarray(
        cv2.merge([np.full(size, channel, np.uint8) for channel in np.clip(colour, 0, 255).astype(np.uint8)])
    )


def blank(rng: np.random.Generator, size: tuple[int, int], paper: Colour) -> Picture:
    """Paper without anything on it: of one colour, or with stains."""
    picture = flat(size, paper)
    if rng.uniform() < 0.25:
        field = smooth_field(rng, (size[0] // 4 + 1, size[1] // 4 + 1), int(rng.integers(2, 12)))
        stain = np.clip(field - rng.uniform(-1.0, 1.2), 0, 1) * rng.uniform(-60, 60)
        layer = (stain[..., None] * rng.uniform(0.5, 1.0, 3)).astype(np.float32)
        layer = cv2.resize(layer, (size[1], size[0]), interpolation=cv2.INTER_LINEAR)
        picture = cv2.add(picture, layer, dtype=cv2.CV_8U)
    return picture


def _polylines(picture: Picture, lines: list[NDArray[np.float64]], colour: Colour, thickness: int) -> None:
    """Draw lines through points (N, 2) each, in place; lines that reach far beyond the picture are left out."""
    shift = 3  # fractional bits, so that thin lines do not jump from pixel to pixel
    fixed = [
        np.round(line * (1 << shift)).astype(np.int32).reshape(-1, 1, 2) for line in lines if np.abs(line).max() < 30000
    ]
    cv2.polylines(picture, fixed, False, colour.tolist(), thickness, cv2.LINE_AA, shift)


def _line_colour(rng: np.random.Generator, colours: Colours) -> Colour:
    """Between paper and ink, mostly nearer the paper; often bluish, greenish or reddish."""
    paper, ink = colours
    colour = paper + (ink - paper) * rng.uniform(0.12, 0.7)
    return np.clip(colour + rng.normal(0, 25, 3), 0, 255)


def rulings(
    rng: np.random.Generator, picture: Picture, page: PaperPlacement, colours: Colours, digit_height: float
) -> None:
    """Ruled lines, squares or a table over the page. digit_height: of a typical one, pixels, for the spacing."""
    height, width = page.size
    colour, thickness = _line_colour(rng, colours), int(rng.choice([1, 1, 1, 2, 3]))
    kind = rng.choice(["ruled", "squared", "table"], p=[0.45, 0.35, 0.2])
    pitch = digit_height * (
        rng.uniform(1.1, 2.2) if kind == "ruled" else rng.uniform(0.5, 1.4) if kind == "squared" else 1.0
    )
    reach = np.array([-0.3, 1.3])  # rulings go on beyond the page
    if kind == "table":
        down, across = pitch * rng.uniform(1.3, 2.6), pitch * rng.uniform(2.0, 6.0)
        reach = np.array([rng.uniform(-0.1, 0.1), rng.uniform(0.8, 1.1)])
    else:
        down = across = max(pitch, 7.0)
    rows = np.arange(reach[0] * height + rng.uniform(0, down), reach[1] * height, down)[:150]
    lines = [np.array([[reach[0] * width, y], [reach[1] * width, y]]) for y in rows]
    if kind != "ruled":
        columns = np.arange(reach[0] * width + rng.uniform(0, across), reach[1] * width, across)[:150]
        lines += [np.array([[x, reach[0] * height], [x, reach[1] * height]]) for x in columns]
    elif rng.uniform() < 0.3:  # a margin
        x = rng.uniform(0.02, 0.25) * width
        lines.append(np.array([[x, reach[0] * height], [x, reach[1] * height]]))
    if lines:
        ends = transform(page.matrix, np.concatenate(lines)).reshape(-1, 2, 2)
        _polylines(picture, list(ends), colour, thickness)


def form_boxes(
    rng: np.random.Generator,
    picture: Picture,
    boxes: list[tuple[float, float, float, float]],
    page: PaperPlacement,
    colours: Colours,
) -> None:
    """Frames (x0, y0, x1, y1 on the page, pixels) as printed on forms: whole boxes, combs, or a line to write on."""
    colour, thickness = _line_colour(rng, colours), int(rng.choice([1, 1, 2, 2, 3]))
    kind = rng.choice(["box", "comb", "underline"], p=[0.6, 0.2, 0.2])
    lines = []
    for x0, y0, x1, y1 in boxes:
        points = {
            "box": [[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]],
            "comb": [[x0, (y0 + y1) / 2], [x0, y1], [x1, y1], [x1, (y0 + y1) / 2]],
            "underline": [[x0, y1], [x1, y1]],
        }[str(kind)]
        lines.append(transform(page.matrix, np.array(points)))
    _polylines(picture, lines, colour, thickness)


def cell_borders(rng: np.random.Generator, picture: Picture, page: PaperPlacement, colours: Colours) -> None:
    """Rulings along some sides of a page that is one cell: most often at the right and at the bottom."""
    height, width = page.size
    colour, thickness = _line_colour(rng, colours), int(rng.choice([1, 1, 2, 2, 3]))
    lines = []
    for (x, y), along, share in (((1, 0), 1, 0.5), ((0, 1), 0, 0.6), ((0, 0), 1, 0.3), ((0, 0), 0, 0.3)):
        if rng.uniform() > share:
            continue
        inset = rng.uniform(0.0, 0.14) * height * (-1 if x + y else 1)
        at = (x * width + inset) if along else (y * height + inset)
        for offset in (0.0, thickness + 2.0)[: 1 + int(rng.uniform() < 0.1)]:
            ends = [[at + offset, -0.3 * height], [at + offset, 1.3 * height]]
            lines.append(np.array(ends if along else [[-0.3 * width, at + offset], [1.3 * width, at + offset]]))
    _polylines(picture, [transform(page.matrix, line) for line in lines], colour, thickness)


def security_pattern(rng: np.random.Generator, picture: Picture, colours: Colours) -> None:
    """Families of waves and lines as on cheques and tickets (guilloche), hatching, or a raster of dots."""
    height, width = picture.shape[:2]
    paper, ink = colours
    colour = np.clip(paper + (ink - paper) * rng.uniform(0.08, 0.4) + rng.normal(0, 20, 3), 0, 255)
    if rng.uniform() < 0.2:
        cell = int(rng.integers(3, 9))
        dot, half = 1 + cell // 4, cell // 2
        tile = np.zeros((cell, 2 * cell), np.uint8)
        tile[:dot, :dot] = tile[half : half + dot, cell : cell + dot] = 1
        dots = np.tile(tile, (height // cell + 1, width // (2 * cell) + 1))[:height, :width]
        cv2.copyTo(flat((height, width), colour), dots, picture)
        return
    for _ in range(int(rng.integers(1, 3))):
        length = float(np.hypot(height, width))
        along = np.linspace(-length / 2, length / 2, 48)
        pitch, wave = rng.uniform(4, 22), rng.uniform(20, 160)
        swing, drift = rng.uniform(0, 14), rng.uniform(0, 0.6)
        angle = rng.uniform(0, np.pi)
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        lines = []
        for k in range(int(min(length / pitch, 70))):
            across = (k - length / pitch / 2) * pitch + swing * np.sin(along * 2 * np.pi / wave + k * drift)
            lines.append(np.stack([along, across], 1) @ turn + (width / 2, height / 2))
        _polylines(picture, lines, colour, 1)


def light(rng: np.random.Generator, picture: Picture, darkest: float) -> Picture:
    """Uneven light: a gradient, a vignette, the soft or hard edges of shadows, never under `darkest`. A new picture."""
    height, width = picture.shape[:2]
    h, w = max(height // 4, 8), max(width // 4, 8)
    rows = np.linspace(-1, 1, h, dtype=np.float32)[:, None]
    columns = np.linspace(-1, 1, w, dtype=np.float32)[None, :]
    field = np.ones((h, w), np.float32)
    if rng.uniform() < 0.7:
        angle = rng.uniform(0, 2 * np.pi)
        field *= 1 + rng.uniform(0, 0.3) * (np.float32(np.cos(angle)) * columns + np.float32(np.sin(angle)) * rows)
    if rng.uniform() < 0.2:
        field *= 1 - rng.uniform(0, 0.25) * (columns**2 + rows**2)
    if rng.uniform() < 0.45:
        for _ in range(int(rng.integers(1, 3))):
            shadow = np.ones((h, w), np.float32)
            centre, radius = rng.uniform(0, 1, 2) * (w, h), rng.uniform(0.3, 1.2) * max(w, h)
            angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 7))))
            corners = centre + np.stack([np.cos(angles), np.sin(angles)], 1) * radius
            cv2.fillPoly(shadow, [corners.astype(np.int32)], rng.uniform(0.35, 0.9))
            softness = float(rng.choice([0.6, rng.uniform(1, 12)]))
            field *= cv2.GaussianBlur(shadow, (0, 0), softness)
    if rng.uniform() < 0.15:  # creases: a bright and a dark side
        slope = np.tanh((columns * rng.uniform(-1, 1) + rows * rng.uniform(-1, 1) - rng.uniform(-0.5, 0.5)) * 25)
        field *= 1 + rng.uniform(0.02, 0.12) * slope.astype(np.float32)
    field = cv2.min(cv2.max(field, darkest), 1.6)
    full = cv2.resize(field, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.multiply(picture, cv2.merge([full, full, full]), dtype=cv2.CV_8U))


def desk(rng: np.random.Generator, picture: Picture, page: PaperPlacement, world: Picture | None = None) -> None:
    """What lies beyond the paper's edge in a photograph: another colour and texture outside of the page's outline.

    world: what can be seen there, uint8 (H, W, 3), instead of a surface of one colour.
    """
    height, width = picture.shape[:2]
    page_height, page_width = page.size
    left, top, right, bottom = rng.uniform(0.0, 0.06, 4) * max(page.size)
    corners = np.array(
        [
            [-left, -top],
            [page_width + right, -top],
            [page_width + right, page_height + bottom],
            [-left, page_height + bottom],
        ]
    )
    outside = np.ones((height, width), np.uint8)
    cv2.fillPoly(outside, [transform(page.matrix, corners).astype(np.int32)], 0)
    if world is not None:
        cv2.copyTo(world, outside, picture)
        return
    surface = flat((height, width), rng.uniform(10, 230) + rng.normal(0, 25, 3))
    stretch = rng.uniform(0.02, 1.0)  # wood is stretched, cloth is not
    field = smooth_field(rng, (height, max(int(width * stretch), 4)), int(rng.integers(6, 40)))
    field = cv2.resize(field, (width, height), interpolation=cv2.INTER_LINEAR) * np.float32(rng.uniform(2, 22))
    surface = cv2.add(surface, cv2.merge([field, field, field]), dtype=cv2.CV_8U)
    cv2.copyTo(surface, outside, picture)
