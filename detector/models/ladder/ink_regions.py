"""Where a digit may be, without learning: connected pieces of ink, their cuts, and what MSER finds stable.

R-CNN and Fast R-CNN take their regions from such a method: selective search, which merges small segments step by step
(Uijlings et al. 2013). On ink it is simpler: a digit is one piece of ink as a rule, and a part of a piece where digits
touch. A region that covers a digit by half (IoU) is near enough, the heads move it; what has no region, they never see.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torchvision.ops import nms

from detector.models.boxes import BatchBoxes, BatchTargets, batch_boxes
from detector.models.feature_table import FeatureTable
from detector.types import BoolArray, FloatArray

Grey = NDArray[np.uint8]

SHARP = 15  # pixels; ink is lighter than its neighbourhood of this side, by as much as Otsu says
BROAD, STEP = 31, 8  # the same for wider pens and fainter ink: lighter by so many grey levels
EROSIONS = (0, 2, 3)  # pixels taken off the ink: digits that barely touch come apart
SMALLEST = (2, 6)  # least width and height of a region, pixels
SLIMMEST, WIDEST = 12.0, 3.0  # most height for its width, most width for its height
NOT_ALL = 0.95  # a region as wide and as high as this share of the picture is the page
CUT_FROM = 10  # pixels: shorter sides are not cut
CUTS = 2  # how often a piece is cut at most: two cuts leave three digits
MIDDLE = 0.25  # a cut leaves at least this share on either side
JOINT = 0.3  # share of the height (or width) that is ink where a cut goes through: digits touch by less
MOST_CUT = 40  # largest pieces of a mask that are cut: pages have thousands of specks
CUT_COST = 0.5  # what a cut through ink all along takes from a region's worth
KNOWN_HEIGHT = 24  # pixels, from which height says nothing more about worth
SAME = 0.75  # of regions that overlap more than this (IoU), the most worthy is kept


def ink_regions(grey: Grey, most: int) -> FloatArray:
    """Boxes float32 (K, 4) in pixels, K <= most, around what may be a digit in uint8 (H, W), the likeliest first.

    Ink may be lighter or darker than what is around it.
    """
    whole, parts = [stable_regions(grey)], []
    for light in (grey, cv2.bitwise_not(grey)):
        for mask in masks(light):
            whole += [pieces(mask, erosion) for erosion in EROSIONS]
            parts += list(cuts_of_pieces(mask))
    cut = np.array(parts, np.float32).reshape(-1, 5)  # boxes and what cutting them out cost
    height, width = grey.shape
    boxes = np.concatenate([*whole, cut[:, :4]]).clip(0, np.array([width, height] * 2, np.float32))
    cost = np.concatenate([np.zeros(len(boxes) - len(cut)), cut[:, 4]])  # (K,)
    likely = plausible(boxes, height, width)
    boxes, worth = boxes[likely], visibility(grey, boxes[likely]) - CUT_COST * cost[likely]
    kept = nms(torch.from_numpy(boxes), torch.from_numpy(worth.astype(np.float32)), SAME)[:most]
    return boxes[kept.numpy()]


def masks(light: Grey) -> Iterator[Grey]:
    """Two opinions of what is ink in a picture with light ink: each uint8 (H, W), 255 where it is."""
    above = cv2.subtract(light, cv2.blur(light, (SHARP, SHARP)))
    yield cv2.threshold(above, 0, 255, cv2.THRESH_OTSU)[1]
    calm = cv2.medianBlur(light, 3)  # paper has grain
    yield cv2.adaptiveThreshold(calm, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, BROAD, -STEP)


def pieces(mask: Grey, erosion: int) -> FloatArray:
    """Boxes (K, 4) of the connected pieces of ink that are left when `erosion` pixels are taken off, and given back."""
    if erosion:
        mask = cv2.erode(mask, np.ones((erosion, erosion), np.uint8)).astype(np.uint8)
    _, _, table, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    before, after = erosion // 2, max(0, erosion - 1) // 2
    boxes = table[1:, :4].astype(np.float32)  # x, y, width, height; row 0 is what is no ink
    boxes[:, 2:] += boxes[:, :2] + after
    boxes[:, :2] -= before
    return boxes


def stable_regions(grey: Grey) -> FloatArray:
    """Boxes (K, 4) of maximally stable extremal regions, which hardly change over many thresholds.

    Matas et al., "Robust Wide Baseline Stereo from Maximally Stable Extremal Regions" (2002).
    """
    if min(grey.shape) < 3:  # OpenCV refuses them
        return np.zeros((0, 4), np.float32)
    _, found = cv2.MSER.create(delta=2, min_area=20, max_area=grey.size // 4 + 21).detectRegions(grey)
    boxes = np.array(found, np.float32).reshape(-1, 4)  # x, y, width, height
    boxes[:, 2:] += boxes[:, :2]
    return boxes


def cuts_of_pieces(mask: Grey) -> Iterator[tuple[float, ...]]:
    """Parts of the largest pieces of ink, cut apart where least ink is in the way. See cuts."""
    _, names, table, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    order = 1 + np.argsort(-table[1:, cv2.CC_STAT_AREA], kind="stable")[:MOST_CUT]
    for name in order.tolist():
        x, y, width, height = table[name, :4].tolist()
        if width < NOT_ALL * mask.shape[1] and height < NOT_ALL * mask.shape[0]:
            yield from cuts(names[y : y + height, x : x + width] == name, x, y, CUTS)


def cuts(ink: BoolArray, x: int, y: int, depth: int, cost: float = 0.0) -> Iterator[tuple[float, ...]]:
    """Parts of ink (h, w) whose corner lies at x, y, cut left from right and top from bottom, `depth` times over.

    A recursive X-Y cut: Nagy and Seth, "Hierarchical representation of optically scanned documents" (1984). Yields
    x0, y0, x1, y1 tight to the part's ink, and the shares of ink that its cuts went through.
    """
    for axis, side in enumerate(ink.shape):
        low, high = int(side * MIDDLE), side - int(side * MIDDLE)
        if side < CUT_FROM:
            continue
        profile = ink.sum(1 - axis)  # (side,), ink on each line across
        place = low + int(profile[low:high].argmin())
        joint = profile[place] / ink.shape[1 - axis]
        if joint > JOINT:
            continue
        for start, part in zip((0, place), np.split(ink, [place], axis), strict=True):
            columns, rows = np.flatnonzero(part.any(0)), np.flatnonzero(part.any(1))
            if len(columns) == 0:
                continue
            x0, x1, y0, y1 = columns[0], columns[-1] + 1, rows[0], rows[-1] + 1
            left, top = x + x0 + start * (axis == 1), y + y0 + start * (axis == 0)
            yield left, top, left + x1 - x0, top + y1 - y0, cost + joint
            if depth > 1:
                yield from cuts(part[y0:y1, x0:x1], left, top, depth - 1, cost + joint)


def plausible(boxes: FloatArray, height: int, width: int) -> BoolArray:
    """Which boxes (K, 4) have the size and shape of a digit in a picture of this height and width: (K,)."""
    w, h = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    page = (w > NOT_ALL * width) & (h > NOT_ALL * height)
    return (w >= SMALLEST[0]) & (h >= SMALLEST[1]) & (h <= SLIMMEST * w) & (w <= WIDEST * h) & ~page


def visibility(grey: Grey, boxes: FloatArray) -> NDArray[np.float64]:
    """How much stands out in each box (K, 4): the spread of its grey levels, about 0-1, less for small boxes: (K,)."""
    x0, y0, x1, y1 = boxes.astype(np.int64).T  # (K,) each
    count = ((x1 - x0) * (y1 - y0)).clip(1)
    sums, squares = cv2.integral2(grey)

    def mean(table: NDArray[np.float64]) -> NDArray[np.float64]:
        return (table[y1, x1] - table[y0, x1] - table[y1, x0] + table[y0, x0]) / count

    spread = np.sqrt((mean(squares) - mean(sums) ** 2).clip(0)) / 128
    return spread * ((y1 - y0) / KNOWN_HEIGHT).clip(0, 1)


class InkRegions(nn.Module):
    """In the place of a ProposalNetwork: regions from the picture alone, without cells and with nothing to learn."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def forward(
        self, batch: Tensor, limits: Tensor, features: FeatureTable, truths: BatchTargets | None = None
    ) -> tuple[BatchBoxes, dict[str, Tensor]]:
        """Regions in pixels of the batch (B, 3, H, W), and no losses: what does not learn cannot be wrong."""
        pictures = batch.float().mean(1).cpu().numpy()  # (B, H, W)
        found = []
        for picture, (width, height) in zip(
            pictures, limits.expand(len(pictures), -1)[:, :2].int().tolist(), strict=True
        ):
            grey = as_grey(picture[:height, :width])
            found.append(torch.from_numpy(ink_regions(grey, self.most)).to(batch.device))
        return batch_boxes(found), {}


def as_grey(picture: FloatArray) -> Grey:
    """Any values (H, W) -> uint8, darkest 0 and lightest 255; all 0 where there is but one value."""
    low, high = float(picture.min()), float(picture.max())
    return ((picture - low) * (255 / max(high - low, 1e-6))).round().astype(np.uint8)
