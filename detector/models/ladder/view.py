"""How rungs 1-8 see a picture: float32 (1, 28, W), ink 1 on paper 0, as MNIST has it, whatever was photographed.

A picture that has this form already passes unchanged: 28 pixels high, dark paper, a width that fits.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

MNIST_SIDE_PX = 28  # of an MNIST picture; the height of every view
INK_SIZE_PX = 20  # larger side of the digit in it
INK_MARGIN_PX = (MNIST_SIDE_PX - INK_SIZE_PX) // 2
WIDTH_STEP_PX = 4  # widths are multiples of this where a rung takes any width
MAX_WIDTH_PX = 64 * MNIST_SIDE_PX  # a line of 64 digits; a longer one is squeezed
SAME_ASPECT = 0.05  # relative difference up to which a picture has the proportions of a view

# Grey levels, 0-255.
MAX_BLACK_GREY = 10  # paper up to here is black
MIN_BRIGHT_GREY = 100  # on black paper, a picture whose ink is somewhere this bright is left as it is
MIN_CONTRAST_GREY = 24  # what differs less from the paper is no ink

MIN_INK_VALUE = 0.25  # of a view: darker pixels are no ink, so that a blurred edge does not widen a box

Grey = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class View:
    """What a rung sees, and where that lies in the picture.

    pixels: float32 (1, 28, W). left, top: of the view, in pixels of the picture. across, down: pixels of the picture
    for one of the view. So (x, y) in the view is (left + x * across, top + y * down) in the picture.
    """

    pixels: Tensor
    left: float = 0.0
    top: float = 0.0
    across: float = 1.0
    down: float = 1.0

    def boxes(self, parts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Boxes (N, 4), in pixels of the picture, of what is written in parts of the view.

        parts: the first column of each and the one behind its last (N, 2). A box is as wide as the ink in its part, or
        as the part where there is none. All are as high as the ink of the whole view, so that digits read as one row
        have boxes in one row.
        """
        ink = np.asarray(self.pixels[0].numpy() >= MIN_INK_VALUE)  # (28, W)
        y0, y1 = _extent(np.asarray(ink.any(1)), 0, len(ink))
        columns = np.asarray(ink.any(0))
        spans = [_extent(columns, x0, x1) for x0, x1 in parts]
        boxes = np.array([(x0, y0, x1, y1) for x0, x1 in spans], np.float64).reshape(-1, 4)
        scale, shift = (self.across, self.down) * 2, (self.left, self.top) * 2
        scaled: NDArray[np.float64] = boxes * scale + shift  # (N, 4)
        return scaled

    def columns_of_ink(self) -> tuple[float, float]:
        """From which column to which there is ink; all of them where there is none."""
        columns = self.pixels[0].numpy().max(0) >= MIN_INK_VALUE  # (W,)
        return _extent(columns, 0, len(columns))


def see(image: Tensor, width: int | None) -> View:
    """A picture float32 (3, H, W) in [0, 1] as a rung sees it.

    width: of the view, pixels; None for any multiple of WIDTH_STEP_PX. Ink becomes light, whatever differs from the
    paper, which is the median of the border. A picture that has the form of a view is taken as it is. A narrower one of
    the right height is continued to the right, and one of the right proportions is scaled. From any other the ink is
    cut out and brought to MNIST's form. A single digit (width 28) gets a larger side of 20 pixels, and its centre of
    mass in the middle. A row of digits gets a height of 20 pixels, and begins at the left.
    """
    rgb = image.permute(1, 2, 0).mul(255).round().clamp(0, 255).byte().cpu().numpy()  # (H, W, 3)
    grey = np.asarray(cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY), np.uint8)
    ink = _light_ink(grey)
    height, across = grey.shape
    if height == MNIST_SIDE_PX and across <= (width or MAX_WIDTH_PX):
        return View(_as_pixels(ink, _fitting(across, width)))
    if width is not None and width > MNIST_SIDE_PX and abs(across / height / (width / MNIST_SIDE_PX) - 1) < SAME_ASPECT:
        return View(
            _as_pixels(_scaled(ink, width, MNIST_SIDE_PX), width), across=across / width, down=height / MNIST_SIDE_PX
        )
    box = _box_of_ink(ink)
    if box is None:
        blank = np.zeros((MNIST_SIDE_PX, MNIST_SIDE_PX), np.float32)
        view_width = _fitting(MNIST_SIDE_PX, width)
        return View(_as_pixels(blank, view_width), across=across / view_width, down=height / MNIST_SIDE_PX)
    return _centred(ink, box) if width == MNIST_SIDE_PX else _in_a_row(ink, box, width)


def _light_ink(grey: Grey) -> Floats:
    """float32 (H, W), from 0 for paper to 1 for ink. Bright ink on black paper is left as it is."""
    paper = float(np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])))
    if paper <= MAX_BLACK_GREY and grey.max() >= MIN_BRIGHT_GREY:
        return grey.astype(np.float32) / np.float32(255)
    brighter, darker = float(grey.max()) - paper, paper - float(grey.min())
    span = max(brighter, darker)
    if span < MIN_CONTRAST_GREY:
        return np.zeros(grey.shape, np.float32)
    ink = (grey.astype(np.float32) - paper) * (1 if brighter > darker else -1) / span
    clipped: Floats = np.clip((ink - 0.15) / 0.7, 0, 1)  # the grain of paper becomes 0, the body of a stroke 1
    return clipped


def _box_of_ink(ink: Floats) -> tuple[int, int, int, int] | None:
    """x, y, width and height of the ink by Otsu's threshold; None where there is none."""
    if ink.max() < MIN_CONTRAST_GREY / 255:
        return None
    _, mask = cv2.threshold((ink * 255).astype(np.uint8), 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    x, y, width, height = cv2.boundingRect(mask)
    return (x, y, width, height) if width and height else None


def _centred(ink: Floats, box: tuple[int, int, int, int]) -> View:
    """The ink in a box as an MNIST digit: 28x28, its larger side 20 pixels, its centre of mass in the middle."""
    x, y, width, height = box
    larger = max(width, height)
    w, h = max(1, round(INK_SIZE_PX * width / larger)), max(1, round(INK_SIZE_PX * height / larger))
    digit = _stretched(_scaled(ink[y : y + height, x : x + width], w, h))
    mass = digit.sum()
    left = round(MNIST_SIDE_PX / 2 - float((digit.sum(0) * (np.arange(w) + 0.5)).sum() / mass))
    top = round(MNIST_SIDE_PX / 2 - float((digit.sum(1) * (np.arange(h) + 0.5)).sum() / mass))
    return _laid(digit, min(max(left, 0), MNIST_SIDE_PX - w), min(max(top, 0), MNIST_SIDE_PX - h), MNIST_SIDE_PX, box)


def _in_a_row(ink: Floats, box: tuple[int, int, int, int], width: int | None) -> View:
    """The ink in a box as a row of digits 20 pixels high, from the left; squeezed where it would be too wide."""
    x, y, across, height = box
    w = max(1, min(round(INK_SIZE_PX * across / height), (width or MAX_WIDTH_PX) - 2 * INK_MARGIN_PX))
    row = _stretched(_scaled(ink[y : y + height, x : x + across], w, INK_SIZE_PX))
    return _laid(row, INK_MARGIN_PX, INK_MARGIN_PX, _fitting(w + 2 * INK_MARGIN_PX, width), box)


def _laid(piece: Floats, left: int, top: int, width: int, box: tuple[int, int, int, int]) -> View:
    """A view (28, width) with a piece (h, w) of ink at left, top.

    box: x, y, width and height of the piece in the picture.
    """
    h, w = piece.shape
    canvas = np.zeros((MNIST_SIDE_PX, width), np.float32)
    canvas[top : top + h, left : left + w] = piece
    across, down = box[2] / w, box[3] / h
    return View(_as_pixels(canvas, width), box[0] - left * across, box[1] - top * down, across, down)


def _fitting(width: int, wanted: int | None) -> int:
    return wanted or max(MNIST_SIDE_PX, -(-width // WIDTH_STEP_PX) * WIDTH_STEP_PX)


def _scaled(ink: Floats, width: int, height: int) -> Floats:
    smaller = width * height < ink.size
    scaled = cv2.resize(ink, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
    return np.asarray(scaled, np.float32)


def _stretched(ink: Floats) -> Floats:
    """Ink brought to full strength, as scaling down makes it faint."""
    return ink / np.float32(max(float(ink.max()), 1e-6))


def _as_pixels(ink: Floats, width: int) -> Tensor:
    """(28, w) -> (1, 28, width), filled up with paper at the right."""
    return torch.from_numpy(np.pad(ink, ((0, 0), (0, width - ink.shape[1])))).float()[None]


def _extent(marked: NDArray[np.bool_], start: float, end: float) -> tuple[float, float]:
    """From the first mark between start and end to behind the last; start and end themselves where there is none."""
    first, last = int(np.floor(start)), int(np.ceil(end))
    marks = np.flatnonzero(marked[first:last])
    if not len(marks):
        return start, end
    return max(start, float(first + marks[0])), min(end, float(first + marks[-1] + 1))
