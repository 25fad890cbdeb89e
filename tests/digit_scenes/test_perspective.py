"""How a page lies in the picture: maps against OpenCV's and against independent arithmetic."""

from __future__ import annotations

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from digit_scenes.ink.layout import Slot
from digit_scenes.ink.perspective import homography, localise, place_page, transform

seeds = st.integers(0, 2**32 - 1)


@given(seeds)
def test_the_homography_is_opencvs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    source = np.array([[0, 0], [300, 0], [300, 200], [0, 200]]) + rng.uniform(-40, 40, (4, 2))
    target = np.array([[0, 0], [300, 0], [300, 200], [0, 200]]) + rng.uniform(-40, 40, (4, 2))
    ours, theirs = (
        homography(source, target),
        cv2.getPerspectiveTransform(source.astype(np.float32), target.astype(np.float32)),
    )
    points = rng.uniform(0, 200, (5, 2))
    expected = cv2.perspectiveTransform(points[None], theirs)[0]
    np.testing.assert_allclose(transform(ours, points), expected, atol=1e-2)


@given(seeds)
def test_localise_is_the_tangent_of_the_page(seed: int) -> None:
    rng = np.random.default_rng(seed)
    page = place_page(rng, (300, 400), float(rng.uniform(-15, 15)), 0.1, 0.0).matrix
    x, y = rng.uniform(50, 250, 2).tolist()
    slot = Slot(0, x, y, float(rng.uniform(10, 60)), 1.1, 0.2, 0.1)
    affine = slot.matrix(np.array([6, 4, 20, 24], np.float32))
    local = localise(page, affine, slot.x, slot.y)
    centre = np.linalg.solve(affine[:, :2], np.array([slot.x, slot.y]) - affine[:, 2])  # (2,) field pixels
    step = 1e-3
    for offset in ([0, 0], [step, 0], [0, step]):
        through_the_page = transform(page, (affine[:, :2] @ (centre + offset) + affine[:, 2])[None])[0]
        np.testing.assert_allclose(local[:, :2] @ (centre + offset) + local[:, 2], through_the_page, atol=1e-6)


@given(seeds, st.floats(-15, 15))
def test_a_page_that_does_not_spill_lies_on_the_canvas(seed: int, slope: float) -> None:
    size = (240, 400)
    page = place_page(np.random.default_rng(seed), size, slope, 0.1, 0.0)
    height, width = page.size
    corners = transform(page.matrix, np.array([[0, 0], [width, 0], [width, height], [0, height]], float))
    assert (corners >= -1e-6).all()
    assert (corners <= np.array(size[::-1]) + 1e-6).all()
