"""Rulings between neighbouring digits, however the picture lies."""

from __future__ import annotations

import numpy as np
import pytest

from detector.reading.ruled_gaps import with_rulings
from detector.rotation import turned_boxes, turned_picture
from detector.types import RIGHT_ANGLES_DEG, Detections
from tests.fakes import blank, draw_blobs

BOXES = [[20, 20, 34, 40], [60, 20, 74, 40], [100, 22, 114, 42], [20, 70, 34, 90]]


def page() -> tuple[np.ndarray, Detections]:
    """Three digits in a row and one below; a ruling between the first two."""
    image = draw_blobs(blank(110, 140), BOXES, [4, 2, 3, 5])
    image[:60, 46] = 0
    scores = np.full(4, 0.9, np.float32)
    return image, Detections(np.array(BOXES, np.float32), np.array([4, 2, 3, 5]), scores)


@pytest.mark.parametrize("turned", RIGHT_ANGLES_DEG)
def test_a_ruling_is_seen_where_it_is(turned: int) -> None:
    image, found = page()
    lying = np.ascontiguousarray(turned_picture(image, -turned % 360))
    boxes = turned_boxes(found.boxes, -turned % 360, image.shape[1], image.shape[0])
    seen = with_rulings(lying, Detections(boxes, found.labels, found.scores, turned))
    assert len(seen.ruled) == 1
    room = turned_boxes(seen.ruled[:, :4], turned, lying.shape[1], lying.shape[0])[0]
    np.testing.assert_allclose(room, [34, 20, 60, 40], atol=1)
    assert seen.ruled[0, 4] > 0.6
    np.testing.assert_array_equal(seen[:2].ruled, seen.ruled)
    np.testing.assert_array_equal(seen.digits().ruled, seen.ruled)


def test_grey_pictures_tell_as_much() -> None:
    image, found = page()
    np.testing.assert_allclose(with_rulings(image[..., 0], found).ruled, with_rulings(image, found).ruled, atol=0.05)


def test_nothing_one_digit_and_digits_far_apart() -> None:
    image, found = page()
    for few in (found[:0], found[:1], found[[1, 3]]):
        assert not len(with_rulings(image, few).ruled)
