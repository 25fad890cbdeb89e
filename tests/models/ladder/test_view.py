"""How rungs 1-8 see a picture: MNIST's form unchanged, everything else brought to it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from detector.models.ladder.view import INK_MARGIN_PX, INK_SIZE_PX, MAX_WIDTH_PX, MNIST_SIDE_PX, see
from digit_scenes import Scenes
from digit_scenes.glyphs.digits import load_digits
from tests.tiny import as_input

DIGITS = load_digits("val")
WIDTHS = (28, 140, None)


def rgb(grey: np.ndarray) -> np.ndarray:
    return np.repeat(grey[..., None], 3, axis=2)


def photographed(digit: np.ndarray, scale: float, paper: int, ink: int, margin: int) -> np.ndarray:
    """A digit of MNIST uint8 (28, 28), larger, in a given ink on given paper, with more paper around it: uint8 RGB."""
    share = cv2.resize(digit, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR) / 255
    share = np.pad(share, margin)
    return rgb(np.rint(paper + (ink - paper) * share).astype(np.uint8))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("shape", [(1, 1), (28, 28), (1, 300), (300, 1), (64, 90), (28, 2000), (2000, 28)])
@pytest.mark.parametrize("value", [0, 255, 128])
def test_nothing_is_seen_on_an_empty_picture(width: int | None, shape: tuple[int, int], value: int) -> None:
    view = see(as_input(np.full((*shape, 3), value, np.uint8)), width)
    assert view.pixels.shape[:2] == (1, MNIST_SIDE_PX)
    assert view.pixels.shape[2] == width or width is None
    assert not view.pixels.any()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("shape", [(1, 2), (2, 1), (3, 3), (2, 3000), (3000, 2), (28, 28)])
def test_a_single_dot_is_seen_whatever_surrounds_it(width: int | None, shape: tuple[int, int]) -> None:
    image = np.full((*shape, 3), 255, np.uint8)
    image[shape[0] // 2, shape[1] // 2] = 0
    view = see(as_input(image), width)
    assert view.pixels.shape[2] <= MAX_WIDTH_PX
    assert torch.isfinite(view.pixels).all()
    assert view.pixels.max() <= 1


@pytest.mark.parametrize("index", range(20))
def test_mnist_passes_unchanged(index: int) -> None:
    digit = DIGITS.images[index]
    truth = torch.from_numpy(digit).float() / 255
    assert torch.equal(see(as_input(rgb(digit)), 28).pixels[0], truth)
    for width in (140, None):  # a strip of one digit
        view = see(as_input(rgb(digit)), width)
        assert torch.equal(view.pixels[0, :, :28], truth)
        assert not view.pixels[0, :, 28:].any()


@pytest.mark.parametrize("width", [140, None])
def test_strips_pass_unchanged(width: int | None) -> None:
    for preset in ("strips", "short-strips", "loose-strips"):
        image = Scenes(preset, "val")[3].image
        assert torch.equal(see(as_input(image), width).pixels, as_input(image)[:1])


def test_a_strip_of_the_right_proportions_keeps_its_cells() -> None:
    image = Scenes("strips", "val")[0].image
    larger = cv2.resize(image, None, fx=3, fy=3, interpolation=cv2.INTER_NEAREST)
    view = see(as_input(larger), 140)
    assert torch.allclose(view.pixels, as_input(image)[:1], atol=1e-6)
    assert (view.left, view.top, view.across, view.down) == (0, 0, 3, 3)


@given(
    index=st.integers(0, 200),
    scale=st.floats(0.8, 12),
    dark_ink=st.booleans(),
    strength=st.integers(90, 200),
    margin=st.integers(2, 60),
)
def test_a_photographed_digit_comes_back_to_its_form(
    index: int, scale: float, dark_ink: bool, strength: int, margin: int
) -> None:
    paper = 230 if dark_ink else 25
    image = photographed(DIGITS.images[index], scale, paper, paper - strength if dark_ink else paper + strength, margin)
    seen = see(as_input(image), 28).pixels[0].numpy()
    ink = seen > 0.3
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    longest = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
    assert INK_SIZE_PX - 2 <= longest <= INK_SIZE_PX
    truth = DIGITS.images[index] / 255
    overlap = max(
        np.corrcoef(np.roll(seen, (dy, dx), (0, 1)).ravel(), truth.ravel())[0, 1]
        for dy in (-1, 0, 1)
        for dx in (-1, 0, 1)
    )
    assert overlap > 0.8


@pytest.mark.parametrize("width", [140, None])
def test_a_photographed_row_is_brought_to_mnists_height(width: int | None) -> None:
    row = np.hstack([DIGITS.images[i][:, 4:24] for i in range(4)])
    image = photographed(row, 5, paper=240, ink=30, margin=40)
    view = see(as_input(image), width)
    ink = view.pixels[0].numpy() > 0.3
    rows = np.flatnonzero(ink.any(1))
    assert rows[0] in (INK_MARGIN_PX, INK_MARGIN_PX + 1)
    assert rows[-1] in (MNIST_SIDE_PX - INK_MARGIN_PX - 1, MNIST_SIDE_PX - INK_MARGIN_PX - 2)
    assert view.pixels.shape[2] % 4 == 0
    first, last = view.columns_of_ink()
    box = view.boxes(np.array([[first, last]]))[0]
    truth = np.flatnonzero((image[..., 0] < 135).any(0))
    assert abs(box[0] - truth[0]) < 8
    assert abs(box[2] - truth[-1] - 1) < 8


def test_faint_ink_on_black_is_brought_to_full_strength() -> None:
    image = rgb(DIGITS.images[0] // 4)
    view = see(as_input(image), 28)
    assert view.pixels.max() == 1


def test_a_row_that_is_too_long_is_squeezed() -> None:
    row = np.hstack([DIGITS.images[i] for i in range(12)])
    view = see(as_input(rgb(row)), 140)
    assert view.pixels.shape == (1, 28, 140)
    assert view.columns_of_ink()[1] <= 140 - INK_MARGIN_PX


def test_boxes_are_as_wide_as_the_ink_in_their_part_and_as_high_as_all_of_it() -> None:
    grey = np.zeros((28, 140), np.uint8)
    grey[5:9, 10:15] = 255
    grey[12:26, 100:103] = 255
    boxes = see(as_input(rgb(grey)), 140).boxes(np.array([[0.0, 28.0], [40.0, 60.5], [84.0, 101.5]]))
    assert boxes.tolist() == [[10, 5, 15, 26], [40, 5, 60.5, 26], [100, 5, 101.5, 26]]
