"""Worn paper, dry pens and displays: any size, the same every time, and nothing that could be read is added."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digit_scenes.glyphs.digits import load_digits
from digit_scenes.ink.perspective import PaperPlacement, place_page
from digit_scenes.page_recipes import PAGES
from digit_scenes.scene import page_scene
from digit_scenes.surface import wear
from digit_scenes.surface.paper import Picture
from digit_scenes.surface.screens import screen

SIDES, SEEDS = st.integers(1, 80), st.integers(0, 2**32)
INK = np.array([20.0, 30.0, 90.0])
Effect = Callable[[np.random.Generator, Picture], Picture]


def page_of(rng: np.random.Generator, size: tuple[int, int]) -> PaperPlacement:
    return place_page(rng, size, rng.uniform(-30, 30), rng.uniform(0, 0.2), rng.uniform(-0.6, 0.2))


def creased(rng: np.random.Generator, picture: Picture) -> Picture:
    return wear.crease(rng, picture, page_of(rng, picture.shape[:2]))


def shone_through(rng: np.random.Generator, picture: Picture) -> Picture:
    picture = picture.copy()
    wear.show_through(rng, picture, picture[..., 0].copy(), INK, page_of(rng, picture.shape[:2]))
    return picture


def speckles(seed: int, *shape: int) -> Picture:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("effect", [creased, shone_through, screen])
@settings(max_examples=40, deadline=None)
@given(height=SIDES, width=SIDES, seed=SEEDS)
def test_any_size_and_the_same_every_time(effect: Effect, height: int, width: int, seed: int) -> None:
    picture = speckles(seed, height, width, 3)
    before = picture.copy()
    once, again = (effect(np.random.default_rng(seed), picture) for _ in range(2))
    assert once.dtype == np.uint8
    assert once.shape == picture.shape
    assert once.flags.c_contiguous
    np.testing.assert_array_equal(once, again)
    np.testing.assert_array_equal(picture, before)


@settings(max_examples=60, deadline=None)
@given(SIDES, SIDES, SEEDS, st.floats(4, 200))
def test_broken_strokes_lose_ink_but_no_pixel_of_it(height: int, width: int, seed: int, digit: float) -> None:
    alpha = speckles(seed, height, width) * (speckles(seed + 1, height, width) > 128)
    before = alpha.copy()
    worn, again = (wear.break_strokes(np.random.default_rng(seed), alpha, digit) for _ in range(2))
    np.testing.assert_array_equal(worn, again)
    np.testing.assert_array_equal(alpha, before)
    assert worn.dtype == np.uint8
    assert worn.shape == alpha.shape
    assert (worn <= alpha).all()
    np.testing.assert_array_equal(worn > 0, alpha > 0)
    assert worn.sum(dtype=np.int64) >= (wear.MIN_INK_SHARE - 0.01) * alpha.sum(dtype=np.int64)


def test_strokes_are_broken_in_earnest() -> None:
    alpha = np.zeros((120, 120), np.uint8)
    alpha[20:100, 50:62] = 255
    kept = [wear.break_strokes(np.random.default_rng(seed), alpha, 80).sum() / alpha.sum() for seed in range(40)]
    assert np.median(kept) < 0.85


def test_nothing_written_is_nothing_broken_or_shining_through() -> None:
    empty, picture = np.zeros((40, 50), np.uint8), speckles(1, 40, 50, 3)
    for seed in range(10):
        rng = np.random.default_rng(seed)
        assert not wear.break_strokes(rng, empty, 20.0).any()
        after = picture.copy()
        wear.show_through(rng, after, empty, INK, page_of(rng, (40, 50)))
        np.testing.assert_array_equal(after, picture)


@settings(max_examples=40, deadline=None)
@given(SIDES, SIDES, SEEDS)
def test_the_other_side_is_far_fainter_than_ink(height: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    picture = np.full((height, width, 3), 230, np.uint8)
    wear.show_through(rng, picture, np.full((height, width), 255, np.uint8), INK, page_of(rng, (height, width)))
    assert (230 - picture.astype(float) <= wear.SHOW_THROUGH_SHARES[1] * (230 - INK) + 2).all()


def test_the_other_side_is_mirrored() -> None:
    alpha = np.zeros((100, 200), np.uint8)
    alpha[40:60, 10:60] = 255
    alpha[30:40, 10:20] = 255  # an L lying on its back: its short arm is at the left
    page = PaperPlacement((100.0, 200.0), np.eye(3))
    arms = []
    for seed in range(40):
        picture = np.full((100, 200, 3), 255, np.uint8)
        wear.show_through(np.random.default_rng(seed), picture, alpha, INK, page)
        dark = 255.0 - picture[..., 0]
        top, bottom = dark[: int(np.nonzero(dark.sum(1) > dark.sum(1).max() / 8)[0][0]) + 5], dark
        columns = np.arange(200)
        arms.append((top.sum(0) @ columns) / top.sum() - (bottom.sum(0) @ columns) / bottom.sum())
    assert np.median(arms) > 5


def test_creases_shade_both_ways_and_stay_moderate() -> None:
    picture = np.full((96, 128, 3), 128, np.uint8)
    shades = [creased(np.random.default_rng(seed), picture) for seed in range(40)]
    assert sum(np.ptp(shade) > 4 for shade in shades) > 35
    assert all(abs(shade.astype(float).mean() - 128) < 30 for shade in shades)


def test_screens_keep_brightness_and_have_a_grid() -> None:
    picture = np.full((96, 128, 3), 128, np.uint8)
    for seed in range(20):
        shown = screen(np.random.default_rng(seed), picture).astype(float)
        assert abs(shown.mean() - 128) < 20
        assert np.abs(np.diff(shown, axis=1)).mean() > 0.5


@pytest.mark.parametrize(
    ("record", "field"),
    [("paper", "creased"), ("paper", "shown_through"), ("camera", "screened"), ("pen", "broken")],
)
def test_wear_changes_the_picture(record: str, field: str) -> None:
    digits = load_digits("val")
    recipe = PAGES.changed(
        text={"digit_heights": (20, 40), "blank": 0.0},
        paper={"light_on_dark": 0.0},
        camera={"size": (160, 160)},
    )
    changed = 0
    for seed in range(6):
        plain = page_scene(np.random.default_rng(seed), digits, recipe)
        worn = page_scene(np.random.default_rng(seed), digits, recipe.changed(**{record: {field: 1.0}}))
        np.testing.assert_array_equal(plain.target.boxes, worn.target.boxes)
        np.testing.assert_array_equal(plain.target.labels, worn.target.labels)
        assert plain.lines == worn.lines
        changed += not np.array_equal(plain.image, worn.image)
    assert changed >= 5
