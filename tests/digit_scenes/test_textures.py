"""The world around paper: every kind, any size, no lone strokes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digit_scenes.surface.reliefs import Kind
from digit_scenes.surface.textures import KINDS, SCREENS, texture


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (2, 1), (4, 1), (1, 4), (3, 500), (500, 3), (5, 7), (64, 65)])
def test_any_size_is_filled(size: tuple[int, int]) -> None:
    for seed in range(25):
        picture = texture(np.random.default_rng(seed), size)
        assert picture.dtype == np.uint8
        assert picture.shape == (*size, 3)


@settings(max_examples=25)
@given(st.integers(1, 150), st.integers(1, 150), st.integers(0, 2**32))
def test_the_same_generator_gives_the_same_texture(height: int, width: int, seed: int) -> None:
    once, again = (texture(np.random.default_rng(seed), (height, width)) for _ in range(2))
    assert once.shape == (height, width, 3)
    np.testing.assert_array_equal(once, again)


def test_textures_differ_and_hold_more_than_one_colour() -> None:
    rng = np.random.default_rng(1)
    pictures = [texture(rng, (96, 128)) for _ in range(60)]
    assert len({picture.tobytes() for picture in pictures}) == len(pictures)
    assert sum(picture.std() > 4 for picture in pictures) > 45  # a smooth wall is a texture, too, but not most are
    assert {picture.flags.c_contiguous for picture in pictures} == {True}
    assert any(np.ptp(picture.mean((0, 1))) > 10 for picture in pictures), "none has a colour"


def test_light_and_dark_come_both() -> None:
    rng = np.random.default_rng(2)
    means = np.array([texture(rng, (48, 48)).mean() for _ in range(80)])
    assert means.min() < 80
    assert means.max() > 175


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("side", [64, 65, 211])
def test_a_relief_is_a_square_of_grey_levels(kind: Kind, side: int) -> None:
    varied = 0
    for seed in range(8):
        relief = kind(np.random.default_rng(seed), side)
        assert relief.dtype == np.uint8
        assert relief.shape == (side, side)
        assert relief.flags.owndata or relief.flags.writeable
        np.testing.assert_array_equal(relief, kind(np.random.default_rng(seed), side))
        varied += bool(np.ptp(relief) > 10)
    assert varied >= 6


@pytest.mark.parametrize("kind", [*SCREENS], ids=lambda kind: kind.__name__)
def test_bars_and_holes_come_many_at_a_time(kind: Kind) -> None:
    """One alone could be read as a 1 or a 0, so what stands out stands there in numbers or is long."""
    side = 256
    for seed in range(30):
        relief = kind(np.random.default_rng(seed), side)
        marked = np.asarray(relief != np.bincount(relief.ravel()).argmax()).view(np.uint8)
        count, _, stats, _ = cv2.connectedComponentsWithStats(marked)
        if count == 2:  # one thing: only what goes from edge to edge
            assert max(stats[1, cv2.CC_STAT_WIDTH], stats[1, cv2.CC_STAT_HEIGHT]) > side * 0.7
        assert count >= 2
