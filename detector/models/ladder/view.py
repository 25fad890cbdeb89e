"""How rungs 1-8 see a picture: ink 1 on 0, float32 (1, 28, W), as MNIST has it, whatever was photographed.

A picture that has this form already passes unchanged: 28 high, dark paper, a width that fits.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

SIDE = 28  # of an MNIST picture
BODY = 20  # of the digit in it
MARGIN = (SIDE - BODY) // 2
STEP = 4  # widths are multiples of this where any width will do
WIDEST = 64 * SIDE  # a line of 64 digits; what is longer is squeezed
DARK = 10  # of 255: paper up to here is black
BRIGHT = 100  # of 255: ink on black paper that is at least this bright somewhere is left as it is
FAINT = 24  # of 255: what differs from the paper by less is no ink
INK = 0.25  # from here on a pixel of a view counts as ink, so that a blurred edge does not widen a box

Grey = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class View:
    """What a rung sees, and where that lies in the picture.

    pixels: float32 (1, 28, W). A point (x, y) of the view is (left + x * across, top + y * down) in the picture.
    """

    pixels: Tensor
    left: float = 0.0
    top: float = 0.0
    across: float = 1.0
    down: float = 1.0

    def boxes(self, parts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Boxes (N, 4), in pixels of the picture, of what is written in parts of the view: columns from, to (N, 2).

        As wide as the ink in the part, or as the part where there is none, and all as high as the ink of the whole
        view: digits that are read as one row have boxes in one row, and keep their order.
        """
        ink = np.asarray(self.pixels[0].numpy() >= INK)  # (28, W)
        y0, y1 = _extent(np.asarray(ink.any(1)), 0, len(ink))
        columns = np.asarray(ink.any(0))
        spans = [_extent(columns, x0, x1) for x0, x1 in parts]
        boxes = np.array([(x0, y0, x1, y1) for x0, x1 in spans], np.float64).reshape(-1, 4)
        scale, shift = (self.across, self.down) * 2, (self.left, self.top) * 2
        return boxes * scale + shift  # (N, 4)

    def columns_of_ink(self) -> tuple[float, float]:
        """From which column to which there is ink; all of them where there is none."""
        columns = self.pixels[0].numpy().max(0) >= INK  # (W,)
        return _extent(columns, 0, len(columns))


def see(image: Tensor, width: int | None) -> View:
    """A picture float32 (3, H, W) in [0, 1] as a rung sees it. width: of its views; None for any multiple of STEP.

    Ink becomes light: the paper is the median of the border. A picture of the right form is taken as it is, a narrower
    one of the right height is continued to the right, one of the right proportions is scaled. From any other the ink is
    cut out and brought to MNIST's form: a single digit (width 28) to 20 pixels of its larger side, centred by mass; a
    row of digits to a height of 20 pixels, from the left.
    """
    rgb = image.permute(1, 2, 0).mul(255).round().clamp(0, 255).byte().cpu().numpy()  # (H, W, 3)
    grey = np.asarray(cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY), np.uint8)
    ink = _light_ink(grey)
    height, across = grey.shape
    if height == SIDE and across <= (width or WIDEST):
        return View(_as_pixels(ink, _fitting(across, width)))
    if width is not None and width > SIDE and abs(across / height / (width / SIDE) - 1) < 0.05:
        return View(_as_pixels(_scaled(ink, width, SIDE), width), across=across / width, down=height / SIDE)
    box = _box_of_ink(ink)
    if box is None:
        blank = np.zeros((SIDE, SIDE), np.float32)
        view_width = _fitting(SIDE, width)
        return View(_as_pixels(blank, view_width), across=across / view_width, down=height / SIDE)
    return _centred(ink, box) if width == SIDE else _in_a_row(ink, box, width)


def _light_ink(grey: Grey) -> Floats:
    """float32 (H, W): 0 for paper, up to 1 for ink. Bright ink on black paper is left as it is."""
    paper = float(np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])))
    if paper <= DARK and grey.max() >= BRIGHT:
        return grey.astype(np.float32) / np.float32(255)
    brighter, darker = float(grey.max()) - paper, paper - float(grey.min())
    span = max(brighter, darker)
    if span < FAINT:
        return np.zeros(grey.shape, np.float32)
    ink = (grey.astype(np.float32) - paper) * (1 if brighter > darker else -1) / span
    return np.clip((ink - 0.15) / 0.7, 0, 1)  # the grain of the paper to 0, the body of a stroke to 1


def _box_of_ink(ink: Floats) -> tuple[int, int, int, int] | None:
    """x, y, width and height of what Otsu's threshold takes for ink; None where there is none."""
    if ink.max() < FAINT / 255:
        return None
    _, mask = cv2.threshold((ink * 255).astype(np.uint8), 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    x, y, width, height = cv2.boundingRect(mask)
    return (x, y, width, height) if width and height else None


def _centred(ink: Floats, box: tuple[int, int, int, int]) -> View:
    """The ink in the box as an MNIST digit: 28x28, its larger side 20 pixels, its centre of mass in the middle."""
    x, y, width, height = box
    larger = max(width, height)
    w, h = max(1, round(BODY * width / larger)), max(1, round(BODY * height / larger))
    digit = _stretched(_scaled(ink[y : y + height, x : x + width], w, h))
    mass = digit.sum()
    left = round(SIDE / 2 - float((digit.sum(0) * (np.arange(w) + 0.5)).sum() / mass))
    top = round(SIDE / 2 - float((digit.sum(1) * (np.arange(h) + 0.5)).sum() / mass))
    return _laid(digit, min(max(left, 0), SIDE - w), min(max(top, 0), SIDE - h), SIDE, box)


def _in_a_row(ink: Floats, box: tuple[int, int, int, int], width: int | None) -> View:
    """The ink in the box as a row of digits 20 pixels high, from the left; squeezed where it would be too wide."""
    x, y, across, height = box
    w = max(1, min(round(BODY * across / height), (width or WIDEST) - 2 * MARGIN))
    row = _stretched(_scaled(ink[y : y + height, x : x + across], w, BODY))
    return _laid(row, MARGIN, MARGIN, _fitting(w + 2 * MARGIN, width), box)


def _laid(piece: Floats, left: int, top: int, width: int, box: tuple[int, int, int, int]) -> View:
    """A view (28, width) with a piece (h, w) of ink, which was the box x, y, width, height in the picture."""
    h, w = piece.shape
    canvas = np.zeros((SIDE, width), np.float32)
    canvas[top : top + h, left : left + w] = piece
    across, down = box[2] / w, box[3] / h
    return View(_as_pixels(canvas, width), box[0] - left * across, box[1] - top * down, across, down)


def _fitting(width: int, wanted: int | None) -> int:
    return wanted or max(SIDE, -(-width // STEP) * STEP)


def _scaled(ink: Floats, width: int, height: int) -> Floats:
    smaller = width * height < ink.size
    scaled = cv2.resize(ink, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
    return np.asarray(scaled, np.float32)


def _stretched(ink: Floats) -> Floats:
    """Ink that scaling down has made faint, or that was, brought to full strength."""
    return ink / np.float32(max(float(ink.max()), 1e-6))


def _as_pixels(ink: Floats, width: int) -> Tensor:
    """(28, w) -> (1, 28, width), continued to the right with paper."""
    return torch.from_numpy(np.pad(ink, ((0, 0), (0, width - ink.shape[1])))).float()[None]


def _extent(marked: NDArray[np.bool_], start: float, end: float) -> tuple[float, float]:
    """From the first to behind the last mark between start and end; start and end themselves where there is none."""
    first, last = int(np.floor(start)), int(np.ceil(end))
    marks = np.flatnonzero(marked[first:last])
    if not len(marks):
        return start, end
    return max(start, float(first + marks[0])), min(end, float(first + marks[-1] + 1))
