"""Ink on a canvas: which digit each pixel belongs to, and hence the tight box of every digit."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.types import Target
from digit_scenes.glyphs.digits import MIN_INK_GREY
from digit_scenes.ink import pens
from digit_scenes.surface import paper

AROUND_PX = 2
"""How far around a digit's box its paper is looked at."""


class Sheet:
    """Ink as it is put on: a layer for what is written, one for clutter, and which digit each pixel belongs to."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.size = size
        self.written = np.zeros(size, np.uint8)
        self.clutter = np.zeros(size, np.uint8)
        self.owner = np.zeros(size, np.int32)  # index + 1 of the digit that came last; 0 where there is none
        self.boxes: list[tuple[int, int, int, int]] = []
        self.labels: list[int] = []
        self.inked: list[int] = []  # pixels of ink of each digit, off the canvas too
        self.untold: list[tuple[int, int, int, int]] = []  # boxes of what is no digit, of which no label is known

    def _clip(self, ink: pens.Ink) -> tuple[slice, slice, NDArray[np.uint8]] | None:
        height, width = ink.alpha.shape
        x0, y0 = max(ink.x, 0), max(ink.y, 0)
        x1, y1 = min(ink.x + width, self.size[1]), min(ink.y + height, self.size[0])
        if x0 >= x1 or y0 >= y1:
            return None
        return slice(y0, y1), slice(x0, x1), ink.alpha[y0 - ink.y : y1 - ink.y, x0 - ink.x : x1 - ink.x]

    def visible(self, ink: pens.Ink) -> float:
        """How much of an ink lies on the canvas, from 0 to 1."""
        clipped = self._clip(ink)
        whole = int(np.count_nonzero(ink.alpha > MIN_INK_GREY))
        return int(np.count_nonzero(clipped[2] > MIN_INK_GREY)) / max(whole, 1) if clipped else 0.0

    def write_digit(self, ink: pens.Ink | None, label: int) -> bool:
        """Add a digit, sign or letter; False where none of it can be seen."""
        clipped = self._clip(ink) if ink else None
        if ink is None or clipped is None:
            return False
        rows, columns, alpha = clipped
        level = min(MIN_INK_GREY, int(ink.alpha.max()) // 2)
        mask = alpha > level  # not cv2.compare, which takes 4x1 pixels for a scalar
        x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
        if width < 1 or height < 1:
            return False
        cv2.max(self.written[rows, columns], alpha, self.written[rows, columns])
        self.boxes.append((columns.start + x, rows.start + y, columns.start + x + width, rows.start + y + height))
        self.labels.append(label)
        self.inked.append(int(np.count_nonzero(ink.alpha > level)))
        self.owner[rows, columns][mask] = len(self.boxes)
        return True

    def add_clutter(self, ink: pens.Ink | None) -> bool:
        """Add clutter where no digit is; False where it would not fit."""
        clipped = self._clip(ink) if ink else None
        if clipped is None:
            return False
        rows, columns, alpha = clipped
        if self.owner[rows, columns].any():
            return False
        cv2.max(self.clutter[rows, columns], alpha, self.clutter[rows, columns])
        self._leave_untold(rows, columns, alpha)
        return True

    def write_sign(self, ink: pens.Ink | None) -> bool:
        """Add ink of the writer's pen that is no digit but may touch some; False where it would cover them."""
        clipped = self._clip(ink) if ink else None
        if clipped is None:
            return False
        rows, columns, alpha = clipped
        own = alpha > MIN_INK_GREY
        if np.count_nonzero(own & (self.owner[rows, columns] > 0)) > 0.3 * np.count_nonzero(own):
            return False
        cv2.max(self.written[rows, columns], alpha, self.written[rows, columns])
        self._leave_untold(rows, columns, alpha)
        return True

    def _leave_untold(self, rows: slice, columns: slice, alpha: NDArray[np.uint8]) -> None:
        x, y, width, height = cv2.boundingRect((alpha > MIN_INK_GREY).view(np.uint8))
        if width and height:
            x, y = columns.start + x, rows.start + y
            self.untold.append((x, y, x + width, y + height))

    def contrasts(self, picture: NDArray[np.uint8]) -> NDArray[np.float64]:
        """How much the ink of each digit differs from the paper around, in the channel that shows it best: (N,).

        picture: (H, W, 3). 255 where there is no paper around.
        """
        where = np.flatnonzero(self.owner)
        owner, count = self.owner.ravel()[where], len(self.boxes) + 1
        inked = np.maximum(np.bincount(owner, minlength=count)[1:], 1)
        bare = (self.owner == 0).astype(np.uint8)
        reach = np.array([-AROUND_PX, -AROUND_PX, AROUND_PX, AROUND_PX])
        boxes = np.array(self.boxes, np.int64).reshape(-1, 4) + reach
        height, width = self.size
        x0, y0, x1, y1 = boxes.clip(0, (width, height, width, height)).T

        def inside(layer: NDArray[np.uint8]) -> NDArray[np.float64]:
            sums = cv2.integral(layer)
            return np.asarray(sums[y1, x1] - sums[y0, x1] - sums[y1, x0] + sums[y0, x0], np.float64)

        papers = inside(bare)
        most = np.zeros(len(self.boxes))
        for channel in cv2.split(picture):
            ink = np.bincount(owner, weights=channel.ravel()[where], minlength=count)[1:] / inked
            around = inside(cv2.multiply(channel, bare)) / np.maximum(papers, 1)
            most = np.maximum(most, np.abs(ink - around))
        return np.where(papers > 0, most, 255.0)

    def target(self, faint: NDArray[np.bool_] | None = None) -> Target:
        """What was written. Digits of which less than half can be seen are ignored, those wholly hidden left out.

        faint: (N,), which others are ignored, since nobody could make them out.
        """
        untold = np.array(self.untold, np.float32).reshape(-1, 4)
        if not self.boxes:
            return replace(Target.empty(), untold=untold)
        visible = np.bincount(self.owner.ravel(), minlength=len(self.boxes) + 1)[1:]
        seen = visible > 0
        target = np.array(self.boxes, np.float32)[seen], np.array(self.labels, np.int64)[seen]
        ignored = visible < 0.5 * np.array(self.inked)
        return Target(*target, (ignored if faint is None else ignored | faint)[seen], untold)


def blend(picture: NDArray[np.uint8], alpha: NDArray[np.uint8], ink: NDArray[np.float64]) -> None:
    """Put ink of one colour over a picture (H, W, 3), in place. alpha: uint8 (H, W)."""
    x, y, width, height = cv2.boundingRect(alpha)
    if width == 0:
        return
    place = picture[y : y + height, x : x + width]
    # NumPy's arithmetic: OpenCV takes the scalar beside a picture of 4x1 pixels for another such picture.
    cover = alpha[y : y + height, x : x + width] * np.float32(1 / 255)
    place[:] = cv2.blendLinear(paper.flat((height, width), ink), place, cover, 1 - cover)
