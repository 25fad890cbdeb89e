"""Where a digit may be, without learning: connected pieces of ink, their cuts, and what MSER finds stable.

R-CNN and Fast R-CNN take their regions from such a method: selective search, which merges small segments step by step
(Uijlings et al., 2013). On ink it is simpler: as a rule, a digit is one piece of ink, or a part of one where digits
touch. A region is near enough when it overlaps a digit by half (IoU), since the heads move it. They never see a digit
that has no region.
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

SHARP_MEAN_PX = 15  # side of the neighbourhood that thin ink is lighter than, by as much as Otsu's threshold says
BROAD_MEAN_PX = 31  # the same for wider pens and fainter ink,
BROAD_MARGIN_GREY = 8  # which is lighter by so much
EROSIONS_PX = (0, 2, 3)  # taken off the ink, so that digits that barely touch come apart
MIN_SIZE_PX = (2, 6)  # width and height of a region
MAX_HEIGHT_PER_WIDTH = 12.0
MAX_WIDTH_PER_HEIGHT = 3.0
PAGE_SHARE = 0.95  # a region with this share of the picture's width and height is the page
MIN_CUT_SIDE_PX = 10  # shorter sides are not cut
MAX_CUTS = 2  # of a piece: two cuts leave three digits
MIN_CUT_SHARE = 0.25  # of a side that a cut leaves on either hand
MAX_JOINT_SHARE = 0.3  # of a cut's length that goes through ink: digits touch by less
MAX_PIECES_CUT = 40  # of a mask, the largest ones: pages have thousands of specks
CUT_COST = 0.5  # taken from a region's worth for a cut that goes through ink all along
FULL_WORTH_HEIGHT_PX = 24  # lower regions are worth less
NMS_IOU = 0.75  # of regions that overlap more than this, the one of most worth is kept


def ink_regions(grey: Grey, most: int) -> FloatArray:
    """Boxes float32 (K, 4), pixels, around what may be a digit in a picture uint8 (H, W), the likeliest first.

    most: of boxes. Ink may be lighter or darker than what is around it.
    """
    whole, parts = [stable_regions(grey)], []
    for light in (grey, cv2.bitwise_not(grey)):
        for mask in masks(light):
            whole += [pieces(mask, erosion) for erosion in EROSIONS_PX]
            parts += list(cuts_of_pieces(mask))
    cut = np.array(parts, np.float32).reshape(-1, 5)  # boxes and what it cost to cut them out
    height, width = grey.shape
    boxes = np.concatenate([*whole, cut[:, :4]]).clip(0, np.array([width, height] * 2, np.float32))
    cost = np.concatenate([np.zeros(len(boxes) - len(cut)), cut[:, 4]])  # (K,)
    likely = plausible(boxes, height, width)
    boxes, worth = boxes[likely], visibility(grey, boxes[likely]) - CUT_COST * cost[likely]
    kept: Tensor = nms(torch.from_numpy(boxes), torch.from_numpy(worth.astype(np.float32)), NMS_IOU)[:most]
    chosen: FloatArray = boxes[kept.numpy()]
    return chosen


def masks(light: Grey) -> Iterator[Grey]:
    """Two opinions of what is ink in a picture with light ink: each uint8 (H, W), 255 where it is."""
    above = cv2.subtract(light, cv2.blur(light, (SHARP_MEAN_PX, SHARP_MEAN_PX)))
    yield cv2.threshold(above, 0, 255, cv2.THRESH_OTSU)[1]
    calm = cv2.medianBlur(light, 3)  # paper has grain
    yield cv2.adaptiveThreshold(
        calm, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, BROAD_MEAN_PX, -BROAD_MARGIN_GREY
    )


def pieces(mask: Grey, erosion: int) -> FloatArray:
    """Boxes (K, 4) of the connected pieces of ink.

    erosion: pixels that are taken off the ink first; the boxes are as large as without.
    """
    if erosion:
        mask = cv2.erode(mask, np.ones((erosion, erosion), np.uint8)).astype(np.uint8)
    _, _, table, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    before, after = erosion // 2, max(0, erosion - 1) // 2
    boxes: FloatArray = table[1:, :4].astype(np.float32)  # x, y, width, height; row 0 is the background
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
    """Parts of the largest pieces of ink, cut apart where there is least ink. See cuts."""
    _, labels, table, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    order = 1 + np.argsort(-table[1:, cv2.CC_STAT_AREA], kind="stable")[:MAX_PIECES_CUT]
    for label in order.tolist():
        x, y, width, height = table[label, :4].tolist()
        if width < PAGE_SHARE * mask.shape[1] and height < PAGE_SHARE * mask.shape[0]:
            yield from cuts(labels[y : y + height, x : x + width] == label, x, y, MAX_CUTS)


def cuts(ink: BoolArray, x: int, y: int, depth: int, cost: float = 0.0) -> Iterator[tuple[float, ...]]:
    """Parts of a piece of ink (h, w), cut left from right and top from bottom, `depth` times over.

    x, y: its corner in the picture. cost: of the cuts that were made before. Yields x0, y0, x1, y1, tight to the part's
    ink, and the cost: the shares of ink along all cuts, summed. A recursive X-Y cut: Nagy and Seth, "Hierarchical
    representation of optically scanned documents" (1984).
    """
    for axis, side in enumerate(ink.shape):
        low, high = int(side * MIN_CUT_SHARE), side - int(side * MIN_CUT_SHARE)
        if side < MIN_CUT_SIDE_PX:
            continue
        profile = ink.sum(1 - axis)  # (side,), ink on each line across
        place = low + int(profile[low:high].argmin())
        joint = profile[place] / ink.shape[1 - axis]
        if joint > MAX_JOINT_SHARE:
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
    """Which boxes (K, 4) have the size and shape of a digit in a picture of this height and width: bool (K,)."""
    w, h = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    page = (w > PAGE_SHARE * width) & (h > PAGE_SHARE * height)
    return (
        (w >= MIN_SIZE_PX[0])
        & (h >= MIN_SIZE_PX[1])
        & (h <= MAX_HEIGHT_PER_WIDTH * w)
        & (w <= MAX_WIDTH_PER_HEIGHT * h)
        & ~page
    )


def visibility(grey: Grey, boxes: FloatArray) -> NDArray[np.float64]:
    """How much stands out in each box (K, 4): the spread of its grey levels, about 0-1, less for low boxes: (K,)."""
    x0, y0, x1, y1 = boxes.astype(np.int64).T  # (K,) each
    count = ((x1 - x0) * (y1 - y0)).clip(1)
    sums, squares = cv2.integral2(grey)

    def mean(table: NDArray[np.float64]) -> NDArray[np.float64]:
        means: NDArray[np.float64] = (table[y1, x1] - table[y0, x1] - table[y1, x0] + table[y0, x0]) / count
        return means

    spread = np.sqrt((mean(squares) - mean(sums) ** 2).clip(0)) / 128
    weighted: NDArray[np.float64] = spread * ((y1 - y0) / FULL_WORTH_HEIGHT_PX).clip(0, 1)
    return weighted


class InkRegions(nn.Module):
    """In place of a ProposalNetwork: regions from the picture alone, without features and with nothing to learn."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def forward(
        self, batch: Tensor, limits: Tensor, features: FeatureTable, targets: BatchTargets | None = None
    ) -> tuple[BatchBoxes, dict[str, Tensor]]:
        """Regions in pixels of the batch (B, 3, H, W), and no losses."""
        pictures = batch.float().mean(1).cpu().numpy()  # (B, H, W)
        found = []
        for picture, (width, height) in zip(
            pictures, limits.expand(len(pictures), -1)[:, :2].int().tolist(), strict=True
        ):
            grey = as_grey(picture[:height, :width])
            found.append(torch.from_numpy(ink_regions(grey, self.most)).to(batch.device))
        return batch_boxes(found), {}


def as_grey(picture: FloatArray) -> Grey:
    """Any values (H, W) -> uint8, from 0 for the lowest to 255 for the highest; all 0 where they are equal."""
    low, high = float(picture.min()), float(picture.max())
    return ((picture - low) * (255 / max(high - low, 1e-6))).round().astype(np.uint8)
