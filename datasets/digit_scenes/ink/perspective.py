"""How a flat page lies in a picture: its slope, its perspective, and where what stands on it comes to lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PaperPlacement:
    """Where a sheet of paper lies in the picture."""

    size: tuple[float, float]
    """Height and width of the page, the part of the paper that may be written on, in pixels of the page."""
    matrix: Matrix
    """(3, 3), homography from the page to the picture; its scale is about 1."""
    margin: float = 0.04
    """How far the paper goes on beyond the page on each side, relative to the page."""

    def in_picture(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points (N, 2) of the paper, x and y from 0 to 1, as points of the picture, pixels."""
        return transform(self.matrix, (points * (1 + 2 * self.margin) - self.margin) * self.size[::-1])


def place_page(
    rng: np.random.Generator, canvas: tuple[int, int], slope: float, perspective: float, spill: float
) -> PaperPlacement:
    """A page of the canvas's shape, put under the camera.

    canvas: height and width of the picture, pixels. slope: degrees clockwise. perspective: how far a corner may move,
    relative to the canvas. spill: 0 for a page that lies wholly on the canvas, more for one that reaches over its
    borders.
    """
    height, width = canvas
    angle = np.deg2rad(slope)
    cos, sin = np.cos(angle), np.sin(angle)
    # the largest rectangle of the canvas's shape that, turned, still lies within it
    fit = min(width / (width * abs(cos) + height * abs(sin)), height / (width * abs(sin) + height * abs(cos)))
    fit = fit * (1 - 1.5 * perspective) * (1 + spill)
    page = (height * fit, width * fit)
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (page[1] / 2, page[0] / 2)  # (4, 2)
    turned = corners @ np.array([[cos, sin], [-sin, cos]]) + (width / 2, height / 2)
    turned = turned + rng.uniform(-1, 1, (4, 2)) * perspective * min(canvas) * 0.5
    flat = np.add(corners, (page[1] / 2, page[0] / 2))
    return PaperPlacement(page, homography(flat, turned))


def homography(source: Matrix, target: Matrix) -> Matrix:
    """The (3, 3) projective map that takes four points (4, 2) to four others."""
    rows, right = [], []
    for (x, y), (u, v) in zip(source.tolist(), target.tolist(), strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    return np.append(np.linalg.solve(np.array(rows), np.array(right)), 1.0).reshape(3, 3)


def transform(matrix: Matrix, points: Matrix) -> Matrix:
    """Points (N, 2) through a homography (3, 3)."""
    mapped = points @ matrix[:, :2].T + matrix[:, 2]  # (N, 3)
    return mapped[:, :2] / mapped[:, 2:]


def localise(page: Matrix, affine: Matrix, x: float, y: float) -> Matrix:
    """An affine map (2, 3) to the page continued to the canvas: the homography is replaced by its tangent at (x, y).

    A digit is small against the page, so its own perspective is invisible; and one map means one interpolation.
    """
    (p, q, r), (s, t, o), (g, h, k) = page.tolist()
    w = g * x + h * y + k
    u, v = (p * x + q * y + r) / w, (s * x + t * y + o) / w
    jacobian = np.array([[p - u * g, q - u * h], [s - v * g, t - v * h]]) / w  # (2, 2)
    mapped: Matrix = jacobian @ (affine - [[0, 0, x], [0, 0, y]])  # (2, 3)
    mapped[:, 2] += (u, v)
    return mapped
