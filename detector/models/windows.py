"""The windows of a SlidingWindow: where they lie, how they describe boxes, and what they learn from patches."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

WINDOW_PX = 32  # height and width of a window
STRIDE_PX = 4  # between neighbouring windows
DIGIT_PX = 20.0  # longer side of a digit that fits its window: MNIST's own size
CENTRED_PX = 3.0  # a window is that of a digit up to this distance of their centres, along x and along y
NEARLY_CENTRED_PX = 5.5  # a window further off shows no digit; one in between is not learned from
FITTING_OCTAVES = 0.35  # likewise for the digit's longer side and DIGIT_PX
NEARLY_FITTING_OCTAVES = 0.6
PATCH_PX = WINDOW_PX + 19 * STRIDE_PX  # side of the patches to learn from: 20 x 20 windows
IGNORED_MARGIN_PX = 4  # windows centred up to here beside an ignored digit are not learned from


class PatchTarget(NamedTuple):
    """What is truly in a patch, in its pixels. boxes: (G, 4). labels: int64 (G,), 0-9. ignored: boxes (I, 4)."""

    boxes: Tensor
    labels: Tensor
    ignored: Tensor


def patch_start(start: int, side: int, length: int) -> int:
    """Where a patch starts: as near to `start` as is possible if it sticks out of the image by half a window at most.

    side: of the patch in the image. length: of the image. A patch that is larger than the image shows all of it.
    """
    margin = side * WINDOW_PX // (2 * PATCH_PX)
    low, high = sorted((-margin, length + margin - side))
    return min(max(start, low), high)


def cut(picture: Tensor, left: int, top: int, side: int) -> Tensor:
    """A square (3, side, side) of a picture (3, H, W); what lies outside of the picture is background."""
    height, width = picture.shape[1:]
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + side, width), min(top + side, height)
    square = picture.new_zeros(3, side, side)
    if x0 < x1 and y0 < y1:
        square[:, y0 - top : y1 - top, x0 - left : x1 - left] = picture[:, y0:y1, x0:x1]
    return square


def scaled(pictures: Tensor, height: int, width: int) -> Tensor:
    """(..., 3, H, W) -> (..., 3, height, width), each pixel the mean of what it covers."""
    batch = pictures if pictures.dim() == 4 else pictures[None]
    if batch.shape[2:] != (height, width):
        batch = F.interpolate(batch, (height, width), mode="bilinear", align_corners=False, antialias=True)
    return batch if pictures.dim() == 4 else batch[0]


def framed(pictures: Tensor) -> Tensor:
    """(B, 3, H, W) with background around, so that the centres of windows reach from edge to edge."""
    height, width = pictures.shape[2:]
    right, below = (WINDOW_PX // 2 + -side % STRIDE_PX for side in (width, height))
    framed = F.pad(pictures, (WINDOW_PX // 2, right, WINDOW_PX // 2, below))
    return framed.contiguous(memory_format=torch.channels_last)


def window_centres(rows: int, columns: int, device: torch.device) -> Tensor:
    """x, y of the centres of windows, row by row: (rows * columns, 2), pixels from the first window's corner."""
    y = torch.arange(rows, device=device) * STRIDE_PX + WINDOW_PX / 2
    x = torch.arange(columns, device=device) * STRIDE_PX + WINDOW_PX / 2
    return torch.stack([x.expand(rows, -1), y[:, None].expand(-1, columns)], 2).flatten(0, 1)


def encode(boxes: Tensor, centres: Tensor) -> Tensor:
    """Boxes (..., n, 4) in pixels as deltas from windows with these centres (n, 2). The reverse of decode."""
    sides = (boxes[..., 2:] - boxes[..., :2]).clamp(min=1e-3)
    middles = (boxes[..., 2:] + boxes[..., :2]) / 2
    return torch.cat([(middles - centres) / DIGIT_PX, (sides / DIGIT_PX).log()], -1)


def decode(deltas: Tensor, centres: Tensor) -> Tensor:
    """Deltas (..., n, 4) from windows with these centres (n, 2) as boxes in pixels. See WindowClassifier."""
    middles = centres + deltas[..., :2] * DIGIT_PX
    sides = deltas[..., 2:].clamp(-3.0, 1.5).exp() * DIGIT_PX
    return torch.cat([middles - sides / 2, middles + sides / 2], -1)


def assign(target: PatchTarget, centres: Tensor) -> tuple[Tensor, Tensor]:
    """What windows with these centres (n, 2) learn: labels (n,), and boxes (n, 4), which count where there is a digit.

    A label is digit + 1 where a digit is centred and fits, and 0 where none nearly is or does. It is -1, and not
    learned, in between and around ignored digits.
    """
    boxes, m = target.boxes, IGNORED_MARGIN_PX
    labels = torch.zeros(len(centres), dtype=torch.int64, device=centres.device)
    if len(boxes):
        off = (centres[:, None] - (boxes[:, :2] + boxes[:, 2:]) / 2).abs().amax(2)  # (n, G)
        octaves = ((boxes[:, 2:] - boxes[:, :2]).amax(1) / DIGIT_PX).log2().abs()  # (G,)
        labels[((off <= NEARLY_CENTRED_PX) & (octaves <= NEARLY_FITTING_OCTAVES)).any(1)] = -1
        nearest, index = torch.where(octaves <= FITTING_OCTAVES, off, torch.inf).min(1)  # (n,) each
        digit = nearest <= CENTRED_PX
        labels[digit] = target.labels[index[digit]] + 1
        wanted = boxes[index]
    else:
        wanted = boxes.new_zeros(len(centres), 4)
    for x0, y0, x1, y1 in target.ignored.tolist():
        inside = (centres[:, 0] >= x0 - m) & (centres[:, 0] <= x1 + m)
        inside &= (centres[:, 1] >= y0 - m) & (centres[:, 1] <= y1 + m)
        labels[inside & (labels == 0)] = -1
    return labels, wanted
